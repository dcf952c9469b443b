"""What turned out otherwise than it ended: a payout that came back, and one that was paid after all.

Never an edit: each is one more move with its journal. Two persons decide each of them (`withdrawals.verbs`); the
database insists on it.
"""

import uuid

from django.db import transaction

from gateway.in_words import in_words
from gateway.lifecycles import Cause
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal, move_withdrawal
from withdrawals.states import UNPAID, WithdrawalStatus


class Uncorrectable(Exception):  # noqa: N818 - reads as the fact it reports
    """It cannot be done with this withdrawal; the message is a sentence for the person."""


@transaction.atomic(savepoint=False)
def reverse(withdrawal_id: uuid.UUID, cause: Cause) -> Withdrawal:
    """A paid withdrawal came back: the provider has the money again, and the product gets it.

    Raises:
        Uncorrectable: it is not paid.
    """
    withdrawal = lock(withdrawal_id)
    if withdrawal.status != WithdrawalStatus.PAID:
        raise Uncorrectable(f"The withdrawal is {in_words(withdrawal.status)}; only a paid one can come back.")
    move_withdrawal(withdrawal, WithdrawalStatus.REVERSED, cause, contradiction="")
    return withdrawal


@transaction.atomic(savepoint=False)
def prove_paid(withdrawal_id: uuid.UUID, cause: Cause) -> Withdrawal:
    """A withdrawal that had ended unpaid was paid after all. What the product no longer has, it owes.

    Raises:
        Uncorrectable: it has not ended unpaid.
    """
    withdrawal = lock(withdrawal_id)
    if withdrawal.status not in UNPAID:
        raise Uncorrectable(
            f"The withdrawal is {in_words(withdrawal.status)}; only one that ended unpaid can prove paid."
        )
    move_withdrawal(withdrawal, WithdrawalStatus.PAID, cause, failure_code="", contradiction="")
    return withdrawal


def lock(withdrawal_id: uuid.UUID) -> Withdrawal:
    """The withdrawal, locked until the transaction ends.

    Raises:
        Uncorrectable: there is none.
    """
    try:
        return lock_withdrawal(withdrawal_id)
    except Withdrawal.DoesNotExist:
        raise Uncorrectable("There is no such withdrawal.") from None
