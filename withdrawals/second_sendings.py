"""When a withdrawal of unknown outcome may go out again with the same bytes, and when no more.

By itself only where the provider holds ids unique (the account's ``ids_proven_unique``); elsewhere two persons decide
(`withdrawals.decisions`). "Not found" alone proves nothing, so neither happens without that.
"""

from datetime import timedelta
from enum import Enum, auto

from django.db.models import Q
from django.db.models.functions import Now

from balances.instruction_models import Instruction
from gateway.providers.models import may_pay_out
from withdrawals.models import Withdrawal
from withdrawals.states import (
    IN_DOUBT,
    NOT_FOUND_LAG_SECONDS,
    RESEND_ALLOWED_SECONDS,
    SEND_AGAIN_DELAYS_SECONDS,
    WithdrawalStatus,
)


def to_send_again() -> Q:
    """Filter: withdrawals that are to be sent again, once they are due."""
    return Q(send_again=True, status__in=sorted(IN_DOUBT)) & may_pay_out()


def may_be_sent_again(withdrawal: Withdrawal) -> bool:
    """Whether a locked withdrawal may go out again now; looked at in the transaction that marks it."""
    if not withdrawal.send_again:
        return False
    by_itself = withdrawal.status == WithdrawalStatus.UNKNOWN and withdrawal.account.ids_proven_unique
    return by_itself or people_allow_it(withdrawal)


def people_allow_it(withdrawal: Withdrawal) -> bool:
    """Whether two persons decided that it is sent again, within the last hour."""
    if withdrawal.resend_allowed_by is None:
        return False
    # By the clock of the database, which wrote down when they decided.
    since = Now() - timedelta(seconds=RESEND_ALLOWED_SECONDS)
    return Instruction.objects.filter(pk=withdrawal.resend_allowed_by, decided_at__gt=since).exists()


def was_asked_late_enough(withdrawal: Withdrawal) -> bool:
    """Whether the provider's last word came when its book must have known of the sending."""
    return _was_asked_after(withdrawal, NOT_FOUND_LAG_SECONDS)


def _was_asked_after(withdrawal: Withdrawal, seconds: int) -> bool:
    if withdrawal.last_asked_at is None or withdrawal.sent_at is None:
        return False
    return withdrawal.last_asked_at - withdrawal.sent_at >= timedelta(seconds=seconds)


class Next(Enum):
    """What becomes of an unknown one that the provider does not know."""

    WAIT = auto()
    SEND_AGAIN = auto()
    GIVE_UP = auto()


def after_not_found(withdrawal: Withdrawal) -> Next:
    """What "not found", said just now, makes of a locked withdrawal that is unknown, by itself."""
    if not withdrawal.account.ids_proven_unique or withdrawal.send_again:
        return Next.WAIT
    step = min(withdrawal.resends, len(SEND_AGAIN_DELAYS_SECONDS) - 1)
    if not _was_asked_after(withdrawal, SEND_AGAIN_DELAYS_SECONDS[step]):
        return Next.WAIT
    return Next.SEND_AGAIN if withdrawal.resends < len(SEND_AGAIN_DELAYS_SECONDS) else Next.GIVE_UP
