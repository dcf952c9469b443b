"""What a withdrawal has to pass once more, in the moment in which it would be sent."""

from typing import Any, Final

from django.db import transaction

from gateway import due_work
from gateway.lifecycles import Cause, CauseKind
from withdrawals import blocklist, outflow
from withdrawals.failures import FailureCode
from withdrawals.models import Withdrawal
from withdrawals.moves import move_withdrawal
from withdrawals.states import REVIEW_DELAYS_SECONDS, WithdrawalStatus

_BLOCKED: Final = "its recipient is blocked"


def may_leave(withdrawal: Withdrawal, claimed: Withdrawal) -> bool:
    """Whether a locked withdrawal may be sent as things are. Called in the transaction that marks it, before the mark.

    Where it may not, it is dealt with: called off where its recipient was blocked since it was made (one that the
    provider may know is left as it is, or to a person), put back where a cap leaves no room for it. What the cap is
    about pauses once the transaction has committed; should that be lost, the next one that is to be sent pauses it.

    Args:
        withdrawal: as read under its lock.
        claimed: the same row as the worker claimed it.
    """
    if blocklist.is_blocked(withdrawal):
        _stop(withdrawal)
        return False
    reached = outflow.reached_by(withdrawal)
    if reached is None:
        return True
    due_work.put_back(claimed)
    transaction.on_commit(lambda: outflow.pause(reached, withdrawal))
    return False


def _stop(withdrawal: Withdrawal) -> None:
    cause = Cause(kind=CauseKind.CLOCK, detail=_BLOCKED)
    match withdrawal.status:
        case WithdrawalStatus.QUEUED:
            move_withdrawal(
                withdrawal,
                WithdrawalStatus.CANCELLED,
                cause,
                failure_code=FailureCode.RECIPIENT_BLOCKED,
                next_at=None,
                token=None,
            )
        case WithdrawalStatus.WAITING_FUNDS | WithdrawalStatus.UNKNOWN:
            # The provider has seen its id, or may have: that nothing comes of it is for people to say.
            move_withdrawal(withdrawal, WithdrawalStatus.MANUAL_REVIEW, cause, **_for_people())
        case WithdrawalStatus.MANUAL_REVIEW:
            # Two persons let it go out again before somebody blocked it; the later word counts.
            Withdrawal.objects.filter(pk=withdrawal.pk).update(**_for_people())


def _for_people() -> dict[str, Any]:
    return {
        "contradiction": f"It was to be sent once more, and {_BLOCKED} now.",
        "send_again": False,
        "resend_allowed_by": None,
        "next_at": due_work.after(REVIEW_DELAYS_SECONDS, 1),
        "attempts": 0,
        "token": None,
    }
