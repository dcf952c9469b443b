"""What a product may send out, and what looks like the same withdrawal twice."""

from withdrawals.models import Withdrawal
from withdrawals.states import HoldReason


def reasons_to_hold(withdrawal: Withdrawal) -> list[HoldReason]:
    """Why a person has to look at a withdrawal that is about to be made. Called in its transaction.

    Raises:
        Problem: 422 where it may not be made at all.
    """
    assert withdrawal.pk
    return []
