"""What two persons decide about a withdrawal of which nobody knows what became of it, or that comes to no end.

The provider is asked before they look (`ask_first`); what it said, and when, decides what is open to them. The
database insists on their instruction (`withdrawals.models.doubt_guards`).
"""

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from gateway import due_work
from gateway.after_commit import ring
from gateway.in_words import in_words
from gateway.lifecycles import Cause
from gateway.paykassma.messages import PullState
from withdrawals import asking
from withdrawals.corrections import Uncorrectable, lock
from withdrawals.failures import FailureCode
from withdrawals.last_words import says_that_it_has_it
from withdrawals.models import Withdrawal
from withdrawals.moves import move_withdrawal
from withdrawals.second_sendings import people_allow_it, was_asked_late_enough
from withdrawals.states import (
    ACCEPTED_IS_LATE_SECONDS,
    IN_DOUBT,
    PEOPLE_DECIDE_AFTER_SECONDS,
    REVIEW_DELAYS_SECONDS,
    WithdrawalStatus,
)

#: A word of the provider younger than this is fresh enough to decide by: a person needs some minutes to read and to
#: press the button, and whoever reloads the page must not ask the provider each time. Before anything is really sent
#: it is asked once more.
FRESH_SECONDS: Final = 300
#: A person waits for the page: ten seconds are about as long as anybody does before reloading it. An answer that
#: comes later is lost, and the worker's next question gets it.
_READ_SECONDS: Final = 10.0
#: What the provider may leave as it is for ever: it lost what it had accepted, or is never topped up, or is gone.
_MAY_NEVER_END: Final = frozenset({WithdrawalStatus.ACCEPTED, WithdrawalStatus.WAITING_FUNDS})


def ask_first(withdrawal_id: uuid.UUID) -> None:
    """Ask the provider about it, unless it was asked just now. Called with no transaction open."""
    asked_about = sorted(IN_DOUBT | _MAY_NEVER_END)
    withdrawal = Withdrawal.objects.filter(pk=withdrawal_id, status__in=asked_about).first()
    if withdrawal is not None and not is_fresh(withdrawal):
        asking.ask(withdrawal.account, [withdrawal.public_id], because="asked by a person", read_seconds=_READ_SECONDS)


def people_may_decide(withdrawal: Withdrawal) -> bool:
    """Whether its outcome has been unknown for long enough, or it may never have one."""
    match withdrawal.status:
        case WithdrawalStatus.MANUAL_REVIEW | WithdrawalStatus.WAITING_FUNDS:
            return True
        case WithdrawalStatus.UNKNOWN:
            return timezone.now() >= decided_from(withdrawal)
        case WithdrawalStatus.ACCEPTED:
            return timezone.now() - withdrawal.updated_at >= timedelta(seconds=ACCEPTED_IS_LATE_SECONDS)
    return False


def decided_from(withdrawal: Withdrawal) -> datetime:
    """When people may begin to decide about an unknown one."""
    assert withdrawal.sent_at is not None, "it was sent, or its outcome would be known"
    return withdrawal.sent_at + timedelta(seconds=PEOPLE_DECIDE_AFTER_SECONDS)


@transaction.atomic(savepoint=False)
def allow_resending(withdrawal_id: uuid.UUID, cause: Cause) -> Withdrawal:
    """Let a worker send the same bytes once more; it asks the provider again before it does.

    Raises:
        Uncorrectable: it is too early, or the provider did not say just now that it does not know it.
    """
    withdrawal = lock(withdrawal_id)
    _check_in_doubt(withdrawal)
    if people_allow_it(withdrawal):
        raise Uncorrectable("It was decided already that it is sent again; a worker does so as soon as it can.")
    if not is_fresh(withdrawal):
        raise Uncorrectable("The provider gave no answer about it just now. Try again when it can be asked.")
    if withdrawal.last_answer != PullState.NOT_FOUND:
        raise Uncorrectable(f'Asked just now, the provider said "{withdrawal.last_answer}", not that it has none.')
    if not was_asked_late_enough(withdrawal):
        raise Uncorrectable("It was sent only minutes ago; the provider's book may not know it yet.")
    withdrawal.send_again, withdrawal.resend_allowed_by = True, cause.instruction
    withdrawal.next_at, withdrawal.attempts, withdrawal.token = timezone.now(), 0, None
    withdrawal.save(update_fields=["send_again", "resend_allowed_by", "next_at", "attempts", "token"])
    ring("withdrawals.tasks.send_again", str(withdrawal.pk))
    return withdrawal


@transaction.atomic(savepoint=False)
def declare_failed(withdrawal_id: uuid.UUID, cause: Cause) -> Withdrawal:
    """It was never paid and will not be: the product has its amount again.

    Raises:
        Uncorrectable: it is too early, or the provider has it.
    """
    withdrawal = lock(withdrawal_id)
    if not _comes_to_no_end(withdrawal):
        _check_in_doubt(withdrawal)
    if says_that_it_has_it(withdrawal.last_answer):
        raise Uncorrectable(f'The provider has it: asked last, it said "{withdrawal.last_answer}".')
    _take_over(withdrawal, cause)
    move_withdrawal(
        withdrawal,
        WithdrawalStatus.FAILED,
        cause,
        failure_code=FailureCode.DECLARED_FAILED,
        contradiction="",
    )
    return withdrawal


@transaction.atomic(savepoint=False)
def declare_paid(withdrawal_id: uuid.UUID, cause: Cause) -> Withdrawal:
    """It was paid, by a document: the amount that was held is spent.

    Raises:
        Uncorrectable: it is neither in review nor accepted for long.
    """
    withdrawal = lock(withdrawal_id)
    is_late = withdrawal.status == WithdrawalStatus.ACCEPTED and people_may_decide(withdrawal)
    if withdrawal.status != WithdrawalStatus.MANUAL_REVIEW and not is_late:
        raise Uncorrectable(
            f"The withdrawal is {in_words(withdrawal.status)}; only one in manual review can be declared paid, or one"
            " that is accepted for more than a day."
        )
    _take_over(withdrawal, cause)
    move_withdrawal(withdrawal, WithdrawalStatus.PAID, cause, failure_code="", contradiction="")
    return withdrawal


def _comes_to_no_end(withdrawal: Withdrawal) -> bool:
    return withdrawal.status in _MAY_NEVER_END and people_may_decide(withdrawal)


def _take_over(withdrawal: Withdrawal, cause: Cause) -> None:
    """From what the provider leaves as it is there is no way to an end but through the hands of people."""
    if withdrawal.status in _MAY_NEVER_END:
        again_at = due_work.after(REVIEW_DELAYS_SECONDS, 1)
        move_withdrawal(withdrawal, WithdrawalStatus.MANUAL_REVIEW, cause, next_at=again_at, attempts=0, token=None)


def _check_in_doubt(withdrawal: Withdrawal) -> None:
    if withdrawal.status not in IN_DOUBT:
        raise Uncorrectable(f"The withdrawal is {in_words(withdrawal.status)}; its outcome is not in doubt.")
    if not people_may_decide(withdrawal):
        since = f"{decided_from(withdrawal):%Y-%m-%d %H:%M:%S} UTC"
        raise Uncorrectable(f"The provider is still being asked about it; people may decide from {since} on.")


def is_fresh(withdrawal: Withdrawal) -> bool:
    """Whether the provider said something of it so lately that a person may decide by that."""
    asked_at = withdrawal.last_asked_at
    return asked_at is not None and timezone.now() - asked_at < timedelta(seconds=FRESH_SECONDS)
