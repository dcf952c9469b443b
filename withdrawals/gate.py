"""What a withdrawal has to pass once more, in the moment in which it would be sent."""

from typing import Any, Final

import structlog
from django.db import transaction

from gateway import due_work
from gateway.lifecycles import Cause, CauseKind
from withdrawals import blocklist, outflow
from withdrawals.failures import FailureCode
from withdrawals.frozen_requests import differences
from withdrawals.last_words import says_that_it_knows_it
from withdrawals.models import Withdrawal, kept_contradiction
from withdrawals.moves import move_withdrawal
from withdrawals.states import REVIEW_DELAYS_SECONDS, WithdrawalStatus

log = structlog.get_logger(__name__)

_BLOCKED: Final = "its recipient is blocked"


def may_leave(withdrawal: Withdrawal, claimed: Withdrawal) -> bool:
    """Whether a locked withdrawal may be sent as things are. Called in the transaction that marks it, before the mark.

    Where it may not, it is dealt with: given to a person where its request is not the one of its row, or the provider
    knows what was never sent (`is_known_before`), called off where its recipient was blocked since it was made (one
    that the provider may know is given to a person), put back where a cap leaves no room for it. What the cap is
    about pauses once the transaction has committed; should that be lost, the next one that is to be sent pauses it.

    Args:
        withdrawal: as read under its lock.
        claimed: the same row as the worker claimed it.
    """
    if names := differences(withdrawal):
        log.error("withdrawal_differs_from_its_request", withdrawal=withdrawal.public_id, names=names)
        _give_to_people(withdrawal, f"its request differs from its row in {', '.join(names)}")
        return False
    if is_known_before(withdrawal):
        log.error("withdrawal_known_before_it_was_sent", withdrawal=withdrawal.public_id)
        _give_to_people(withdrawal, "the provider knows it already")
        return False
    if blocklist.is_blocked(withdrawal):
        _stop(withdrawal)
        return False
    reached = outflow.reached_by(withdrawal)
    if reached is None:
        return True
    due_work.put_back(claimed)
    transaction.on_commit(lambda: outflow.pause(reached, withdrawal))
    return False


def is_known_before(withdrawal: Withdrawal) -> bool:
    """Whether the provider, asked last, knew what our book says was never sent: a backup was restored, say.

    It said so while the withdrawal waited for approval; of one that is queued `outcomes.record_word` makes an unknown
    one at once.
    """
    return withdrawal.status == WithdrawalStatus.QUEUED and says_that_it_knows_it(withdrawal.last_answer)


def _stop(withdrawal: Withdrawal) -> None:
    if withdrawal.status != WithdrawalStatus.QUEUED:
        # The provider has seen its id, or may have: that nothing comes of it is for people to say.
        _give_to_people(withdrawal, f"{_BLOCKED} now")
        return
    move_withdrawal(
        withdrawal,
        WithdrawalStatus.CANCELLED,
        Cause(kind=CauseKind.CLOCK, detail=_BLOCKED),
        failure_code=FailureCode.RECIPIENT_BLOCKED,
    )


def _give_to_people(withdrawal: Withdrawal, why: str) -> None:
    again = "" if withdrawal.status == WithdrawalStatus.QUEUED else " once more"
    changes: dict[str, Any] = {
        "contradiction": kept_contradiction(f"It was to be sent{again}, and {why}."),
        "failure_code": FailureCode.OUTCOME_UNKNOWN,
        "send_again": False,
        "resend_allowed_by": None,
        "next_at": due_work.after(REVIEW_DELAYS_SECONDS, 1),
        "attempts": 0,
        "token": None,
    }
    if withdrawal.status == WithdrawalStatus.MANUAL_REVIEW:
        # Two persons let it go out again before this was known; the later word counts.
        Withdrawal.objects.filter(pk=withdrawal.pk).update(**changes)
    else:
        cause = Cause(kind=CauseKind.CLOCK, detail=why)
        move_withdrawal(withdrawal, WithdrawalStatus.MANUAL_REVIEW, cause, **changes)
