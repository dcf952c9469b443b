"""Staff names the reference of a payment in the customer's place: by the same checks, and the same verb, as the API."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import AbstractUser
from django.core.files.uploadedfile import UploadedFile
from rest_framework.exceptions import ValidationError

from balances import wording
from balances.verb_fields import Refused
from gateway.api.idempotency import Owner, answer_once, claim_of_form
from gateway.api.problems import Problem
from gateway.lifecycles import CAUSE_DETAIL_MAX_LENGTH
from gateway.money import shown_amount
from gateway.people import check_permission
from gateway.providers.models import ReferenceKind, ScreenshotWish
from payments.confirming import CONFIRM_FOR_CUSTOMER, FOR_THE_CUSTOMER, confirm_deposit
from payments.models import Confirmation, Deposit
from payments.serializers import NewConfirmationSerializer
from payments.states import CONFIRMABLE

#: What is left of the history's detail behind the words by which it says that it was done for the customer.
REASON_MAX_LENGTH: Final = CAUSE_DETAIL_MAX_LENGTH - len(FOR_THE_CUSTOMER)


#: What is said to programs of their keys means a form here.
_OF_A_FORM: Final = {
    "idempotency_key_reused": "This form was sent before with something else in it, and that stays. Begin anew.",
    "idempotency_key_in_use": "This form is being worked on just now. Look at the deposit before you send it again.",
}


class Unconfirmed(Exception):  # noqa: N818 - reads as the fact it reports
    """It was not taken. By the names of the form's fields, what is wrong; "" is about all of it."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(one for those in self.errors.values() for one in those))


def may_begin(deposit: Deposit, person: AbstractUser) -> bool:
    """Whether this person finds a form for this deposit; what the verb says of it counts."""
    takes_one = deposit.flow == "activation" and not deposit.in_widget and deposit.status in CONFIRMABLE
    return takes_one and person.has_perm(CONFIRM_FOR_CUSTOMER)


def confirm(
    deposit: Deposit,
    by: AbstractUser,
    told: Mapping[str, str],
    *,
    screenshot: "UploadedFile[Any] | None",
    reason: str,
    form_id: uuid.UUID,
) -> tuple[Confirmation, bool]:
    """Name the reference in the customer's place; the confirmation, and whether this form made it just now.

    Args:
        deposit: with payment system and product.
        by: who does it.
        told: ``provider_reference`` and ``amount`` as they were typed; empty ones are left out.
        screenshot: as it was uploaded.
        reason: why it is done in the customer's place.
        form_id: of the page, so that it makes one confirmation however often it is sent.

    Raises:
        Unconfirmed: it is not taken, for one of the reasons that the API has.
        PermissionDenied: the person may not.
    """
    check_permission(by, CONFIRM_FOR_CUSTOMER, lock=False)  # before anything of the deposit is told to them
    data: dict[str, Any] = {name: text for name, text in told.items() if text}
    if screenshot is not None:
        data["screenshot"] = screenshot
    owner = Owner(product=deposit.product, mode=deposit.mode)
    typed = [f"{name}={text}" for name, text in sorted(told.items())]
    claim = claim_of_form(owner, form_id, deposit.public_id, str(by.pk), *typed)

    def work() -> Confirmation:
        kept = _short(wording.reason(reason))
        wanted = NewConfirmationSerializer(data=data, context={"deposit": deposit})
        wanted.is_valid(raise_exception=True)
        return confirm_deposit(by, deposit.pk, wanted.wish(), claim, reason=kept)

    try:
        made, _, headers = answer_once(claim, work, lambda answered: Confirmation.objects.get(pk=answered))
    except Refused as error:
        raise Unconfirmed({error.field: [str(error)]}) from None
    except ValidationError as error:
        raise Unconfirmed(_sentences(error.detail)) from None
    except Problem as error:
        raise Unconfirmed({(error.pointer or "").lstrip("/"): [_OF_A_FORM.get(error.code, error.sentence)]}) from None
    return made, not headers


def _sentences(detail: Any) -> dict[str, list[str]]:
    """What a serializer says, field by field."""
    return {name: [str(one) for one in those] for name, those in detail.items()}


def _short(reason: str) -> str:
    """The reason, which the history has to keep whole."""
    if len(reason) > REASON_MAX_LENGTH:
        raise Refused(f"Here the reason takes at most {REASON_MAX_LENGTH} characters.", field="reason")
    return reason


def reference_help(deposit: Deposit) -> str:
    """What a reference of the deposit's payment system looks like, in a sentence or two."""
    system = deposit.payment_system
    example = f' For example "{system.reference_example}".' if system.reference_example else ""
    return (
        f"What the customer's bank or wallet calls the payment: {ReferenceKind(system.reference_kind).label}.{example}"
    )


def foresee(deposit: Deposit) -> list[str]:
    """What happens once it is confirmed, in sentences."""
    expected = shown_amount(deposit.amount, deposit.currency)
    return [
        "The provider is asked whether it has the money. Nothing is credited by this: only what the provider says is.",
        f"If it has it, {deposit.product} is credited with what arrived, which should be {expected}.",
        "The history says that you did it for the customer. It counts among the customer's tries of this hour.",
    ]


def wants_screenshot(deposit: Deposit) -> bool:
    """Whether the payment system takes one."""
    return deposit.payment_system.screenshot != ScreenshotWish.NEVER
