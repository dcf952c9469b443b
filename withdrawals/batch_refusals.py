"""Why a row of an accepted batch is not made after all.

Between the acceptance and the turn of a row things change. So who asked, and what its payment system takes, is looked
at once more in the transaction that would make its withdrawal, by what a call of its own would be checked with
(`batch_wishes.checked`).
"""

from django.contrib.auth import get_user_model
from rest_framework.exceptions import ValidationError

from gateway.api.problems import Problem, told
from gateway.lifecycles import CauseKind
from gateway.products.models import ApiKey, Scope
from withdrawals.models import WithdrawalBatch


class AskerEnded(Exception):  # noqa: N818 - reads as the fact it reports
    """Whoever asked for the batch could not ask for a withdrawal any more. The message is a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


#: What is no surprise: the row is refused with its code, and the next one is made.
Refusal = Problem | ValidationError | AskerEnded


def check_asker(batch: WithdrawalBatch) -> None:
    """Look whether whoever asked for a locked batch might still ask for its withdrawals.

    A stolen key is revoked so that nothing more comes of it; what it had asked for together is no exception.

    Raises:
        AskerEnded: with a code of its own.
    """
    if not batch.product.is_active:
        raise AskerEnded("product_inactive", "The product is switched off.")
    if batch.asked_by == CauseKind.API_KEY:
        key = ApiKey.objects.select_related("product").filter(pk=batch.asked_by_id).first()
        if key is None or not key.is_usable() or Scope.WITHDRAWALS_WRITE not in key.scopes:
            raise AskerEnded("key_revoked", "The API key that sent the batch has ended, or may not withdraw any more.")
    if batch.asked_by == CauseKind.PERSON:
        people = get_user_model().objects.filter(pk=batch.asked_by_id, is_active=True, is_staff=True)
        if not people.exists():
            raise AskerEnded("person_inactive", "The person who sent the batch may not log in any more.")


def in_words(refusal: Refusal) -> tuple[str, str]:
    """Code and sentence, as a call of its own would be told."""
    if isinstance(refusal, ValidationError):
        code, sentence, _ = told(refusal)
        return code, sentence
    if isinstance(refusal, Problem):
        return refusal.code, refusal.sentence
    return refusal.code, str(refusal)
