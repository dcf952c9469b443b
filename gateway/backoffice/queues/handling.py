"""What one person may do in a work queue, each time with a reason: nothing of it moves money by itself.

Each of them locks the thing, looks again, and writes down who did it (`Handled`). The form's id is the row's: sent
twice, it is done once.
"""

import uuid
from collections.abc import Callable, Iterable
from typing import Final

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from balances import wording
from balances.verb_fields import Refused
from gateway import due_work
from gateway.backoffice import readable
from gateway.backoffice.models import ENDINGS, About, Deed, Handled
from gateway.in_words import status_with_meaning
from gateway.people import check_permission
from payments.models import Confirmation, Screenshot
from postbacks import settling
from postbacks.models import LetterItem
from postbacks.states import ItemStatus
from withdrawals import decisions, probing
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal
from withdrawals.states import IN_DOUBT, WithdrawalStatus

ASK: Final = "backoffice.ask_provider"
SET_ASIDE: Final = "backoffice.set_letter_aside"
JUDGE: Final = "backoffice.judge_screenshot"

#: Withdrawals that the provider may be asked about: it has them, or may have.
ASKABLE: Final = IN_DOUBT | {WithdrawalStatus.ACCEPTED, WithdrawalStatus.WAITING_FUNDS}
#: Items of letters of which people may say that they were looked at.
WAITS_STILL: Final = (ItemStatus.UNCONFIRMED, ItemStatus.CONTRADICTED, ItemStatus.UNUSABLE)


def ask_about_payout(withdrawal_id: uuid.UUID, by: AbstractUser, reason: str, form_id: uuid.UUID) -> str:
    """Ask the provider about a withdrawal now, and give what came of it, in a sentence.

    Raises:
        Refused: it is no longer in doubt.
        PermissionDenied: the person may not.
    """

    def check() -> None:
        withdrawal = lock_withdrawal(withdrawal_id)
        if withdrawal.status not in ASKABLE:
            raise Refused(f"Meanwhile it is {status_with_meaning(withdrawal)}.")

    if _once(check, about=About.WITHDRAWAL, subject=withdrawal_id, deed=Deed.ASKED, by=by, reason=reason, form=form_id):
        # Only now: the provider is called with no transaction open.
        decisions.ask_first(withdrawal_id)
    now = Withdrawal.objects.only("status", "last_answer", "last_asked_at").get(pk=withdrawal_id)
    if now.last_asked_at is None or not decisions.is_fresh(now):
        return f"The provider did not answer. The withdrawal is {status_with_meaning(now)}."
    return (
        f'The provider, asked at {readable.moment(now.last_asked_at)}, said "{now.last_answer}".'
        f" The withdrawal is {status_with_meaning(now)}."
    )


def retry_payout(withdrawal_id: uuid.UUID, by: AbstractUser, reason: str, form_id: uuid.UUID) -> str:
    """Have a withdrawal that waits for the provider's money tried again now.

    Raises:
        Refused: it does not wait any more, or is being tried.
        PermissionDenied: the person may not.
    """
    _once(
        lambda: probing.try_now(withdrawal_id),
        about=About.WITHDRAWAL,
        subject=withdrawal_id,
        deed=Deed.RETRIED,
        by=by,
        reason=reason,
        form=form_id,
    )
    return "A worker tries it within seconds, after those of its account and currency that are older."


def ask_about_letter(item_id: uuid.UUID, by: AbstractUser, reason: str, form_id: uuid.UUID) -> str:
    """Have the provider asked about an item of a letter now.

    Raises:
        Refused: it was settled meanwhile.
        PermissionDenied: the person may not.
    """
    _once(
        lambda: settling.ask_now(item_id),
        about=About.LETTER_ITEM,
        subject=item_id,
        deed=Deed.ASKED,
        by=by,
        reason=reason,
        form=form_id,
    )
    return "A worker asks within seconds. What is confirmed leaves this queue by itself."


def set_letter_aside(item_id: uuid.UUID, by: AbstractUser, reason: str, form_id: uuid.UUID) -> str:
    """Say of an item of a letter that it was looked at.

    Raises:
        Refused: somebody else did so, or it was settled meanwhile.
        PermissionDenied: the person may not.
    """

    def check() -> None:
        item: LetterItem = due_work.lock(LetterItem.objects.all(), item_id)
        if item.status not in WAITS_STILL:
            raise Refused(f"Meanwhile it is {status_with_meaning(item)}.")

    _once(check, about=About.LETTER_ITEM, subject=item_id, deed=Deed.SET_ASIDE, by=by, reason=reason, form=form_id)
    return "It is set aside, and waits for nobody any more."


def judge_screenshot(screenshot_id: int, deed: Deed, by: AbstractUser, reason: str, form_id: uuid.UUID) -> str:
    """Say what to think of a suspicious picture.

    Raises:
        Refused: somebody else did so meanwhile.
        PermissionDenied: the person may not.
    """
    confirmation_id = Screenshot.objects.values_list("confirmation", flat=True).get(pk=screenshot_id)
    _once(
        lambda: due_work.lock(Confirmation.objects.all(), confirmation_id),
        about=About.SCREENSHOT,
        subject=confirmation_id,
        deed=deed,
        by=by,
        reason=reason,
        form=form_id,
    )
    return f"It is written down: {by.get_username()} {deed.label}."


_PERMISSIONS: Final = {
    Deed.ASKED: ASK,
    Deed.RETRIED: ASK,
    Deed.SET_ASIDE: SET_ASIDE,
    Deed.FINE: JUDGE,
    Deed.CONTESTED: JUDGE,
}


@transaction.atomic(durable=True)
def _once(
    do: Callable[[], object],
    *,
    about: About,
    subject: uuid.UUID,
    deed: Deed,
    by: AbstractUser,
    reason: str,
    form: uuid.UUID,
) -> bool:
    """Do it and write it down; false where this form has done so before."""
    check_permission(by, _PERMISSIONS[deed], lock=True)
    reason = wording.reason(reason)
    # The person is locked by now: the same form sent twice at once comes here one after the other.
    if (before := Handled.objects.filter(pk=form).first()) is not None:
        if (before.by_id, before.about, before.subject, before.deed) != (by.pk, about, subject, deed):
            raise Refused("This belongs to another form. Begin anew.")
        return False
    # It locks the thing: of two persons, the second one finds what the first has written.
    do()
    if deed in ENDINGS and (other := ended_by(about, subject)) is not None:
        raise Refused(f"Somebody else decided meanwhile: {sentence(other)}")
    Handled.objects.create(id=form, about=about, subject=subject, deed=deed, reason=reason, by_id=by.pk)
    return True


def ended_by(about: About, subject: uuid.UUID) -> Handled | None:
    """Who has brought it to its end in the queue, if anybody."""
    rows = Handled.objects.filter(about=about, subject=subject, deed__in=ENDINGS)
    return rows.select_related("by").first()


def latest_of(subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, Handled]:
    """What was done last to each of these, by its id. One query."""
    rows = Handled.objects.filter(subject__in=list(subjects)).select_related("by")
    return {one.subject: one for one in rows.order_by("subject", "-at").distinct("subject")}


def sentence(row: Handled) -> str:
    """Who did what, when and why."""
    did = Deed(row.deed).label
    return f"{row.by.get_username()} {did}, {readable.moment(row.at)}: {row.reason}"
