"""The one gate through which a withdrawal changes its status: table, sequence, history, money, news."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import structlog
from django.db import DataError, transaction
from django.utils import timezone

from balances import corrections, fees, holds, journals
from balances.journals import ProviderMoney
from balances.kinds import FeeDirection
from balances.posting import is_no_room, post
from gateway import due_work
from gateway.lifecycles import Cause
from gateway.moving import moved, record
from gateway.webhooks.actions import owe
from withdrawals.models import Withdrawal, WithdrawalMove
from withdrawals.shapes import withdrawal_shape
from withdrawals.states import FINAL, UNPAID, WITHDRAWAL, WithdrawalStatus

log = structlog.get_logger(__name__)

#: Sending is over in a minute and says nothing that a product could act upon.
NO_NEWS = frozenset({WithdrawalStatus.SENDING})
#: Of the columns, what ends with each move: what a withdrawal might have been sent again for was about where it was.
_ENDED_BY_A_MOVE: Final[Mapping[str, Any]] = {"send_again": False, "resend_allowed_by": None}
#: And what ends with it at its end: nothing of it is due, and no worker has it.
_ENDED: Final[Mapping[str, Any]] = {"next_at": None, "token": None}


class NoRoom(Exception):  # noqa: N818 - reads as the fact it reports
    """A product's balance has no room for an amount that would be released; nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            "The product's available balance has no room for the amount that would be released, so the withdrawal stays"
            " as it was. Try again once some of the balance is settled."
        )


@contextmanager
def no_room_is_said(withdrawal_id: Any) -> Iterator[None]:
    """Around the whole transaction of a move that releases money.

    Raises:
        NoRoom: what is available is a number of twenty digits, and these are used up; it is logged.
    """
    try:
        yield
    except DataError as error:
        if not is_no_room(error):
            raise
        log.exception("balance_has_no_room", withdrawal=str(withdrawal_id))
        raise NoRoom from None


@transaction.atomic(savepoint=False)
def begin_withdrawal(withdrawal: Withdrawal, cause: Cause) -> None:
    """Insert a new withdrawal with its first history row and its first news, and reserve its amount.

    Raises:
        InsufficientFunds: the product has too little; the transaction is lost.
    """
    withdrawal.save(force_insert=True)
    record(WithdrawalMove, withdrawal, "", cause)
    _owe_news(withdrawal)
    # Last: from here to the commit all other withdrawals of the product wait.
    holds.hold(
        withdrawal.pk,
        withdrawal.public_id,
        product=withdrawal.product,
        mode=withdrawal.mode,
        currency=withdrawal.currency,
        amount=withdrawal.amount,
        cause=cause,
    )


@transaction.atomic(savepoint=False)
def move_withdrawal(withdrawal: Withdrawal, to_status: WithdrawalStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked withdrawal, together with the columns that change with it; with an end nothing is due any more.

    Raises:
        IllegalMove: the table does not allow it; nothing was written.
    """
    changes = {"updated_at": timezone.now(), **columns_of_a_move(to_status, changes)}
    from_status = moved(WITHDRAWAL, WithdrawalMove, withdrawal, to_status, cause, **changes)
    _owe_news(withdrawal)
    _move_money(withdrawal, from_status, cause)


def columns_of_a_move(to_status: WithdrawalStatus, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Every column that changes with a move, beside those of the move itself: what ends by it, and these changes."""
    return {**_ENDED_BY_A_MOVE, **(_ENDED if to_status in FINAL else {}), **changes}


def _move_money(withdrawal: Withdrawal, from_status: str, cause: Cause) -> None:
    """What the move means for the ledger: most moves leave the hold as it is, whatever is unknown keeps it."""
    money = money_of(withdrawal)
    name, owner = withdrawal.public_id, (withdrawal.product_id, withdrawal.mode, withdrawal.currency)
    match withdrawal.status:
        case WithdrawalStatus.PAID if from_status in UNPAID:
            due = fees.due(FeeDirection.WITHDRAWAL, money, product=withdrawal.product_id)
            taken = corrections.take_back(*owner, withdrawal.amount)
            post(journals.withdrawal_proved_paid(name, money, taken, cause))
            post(*fees.journals_of(due, name, cause, subject=name))
        case WithdrawalStatus.PAID:
            due = fees.due(FeeDirection.WITHDRAWAL, money, product=withdrawal.product_id)
            holds.spend(name, money, cause, *fees.journals_of(due, name, cause, subject=name))
        case WithdrawalStatus.REJECTED | WithdrawalStatus.FAILED | WithdrawalStatus.CANCELLED:
            holds.release(name, cause)
        case WithdrawalStatus.REVERSED:
            post(journals.withdrawal_returned(name, money, withdrawal.product_id, cause))
            corrections.repay(*owner, cause)


def money_of(withdrawal: Withdrawal) -> ProviderMoney:
    """What a withdrawal takes from the provider."""
    return ProviderMoney(
        account=withdrawal.account_id,
        payment_system=withdrawal.payment_system_id,
        mode=withdrawal.mode,
        currency=withdrawal.currency,
        amount=withdrawal.amount,
    )


def lock_withdrawal(withdrawal_id: Any) -> Withdrawal:
    """The withdrawal, locked until the transaction ends, with what its shape shows."""
    found: Withdrawal = due_work.lock(
        Withdrawal.objects.select_related("product", "customer", "account", "payment_system"), withdrawal_id
    )
    return found


def _owe_news(withdrawal: Withdrawal) -> None:
    if withdrawal.status not in NO_NEWS:
        owe(product=withdrawal.product, **news_of(withdrawal))


def news_of(withdrawal: Withdrawal) -> dict[str, Any]:
    """What its product is told of its last move, as `owe` takes it."""
    return {
        "mode": withdrawal.mode,
        "type": f"withdrawal.{withdrawal.status}",
        "subject": withdrawal.public_id,
        "sequence": withdrawal.sequence,
        "data": withdrawal_shape(withdrawal),
    }
