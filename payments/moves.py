"""The one gate through which a deposit, a confirmation or a receipt changes its status.

Checks the table, counts the sequence, writes the history row, posts the money, owes the news: in the caller's
transaction, with the row locked by the caller. The database insists on each of these once more at COMMIT.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from balances import corrections, fees, journals
from balances.kinds import FeeDirection
from balances.posting import post
from gateway import due_work
from gateway.lifecycles import Cause
from gateway.moving import moved, record
from gateway.products.models import Product
from gateway.webhooks.actions import owe
from payments.models import Confirmation, ConfirmationMove, Deposit, DepositMove, Receipt, ReceiptMove
from payments.shapes import confirmation_shape, deposit_shape
from payments.states import (
    CONFIRMATION,
    DEPOSIT,
    RECEIPT,
    SUSPENDED,
    AmountCheck,
    ConfirmationStatus,
    DepositStatus,
    ReceiptStatus,
)


@transaction.atomic(savepoint=False)
def move_deposit(deposit: Deposit, to_status: DepositStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked deposit, together with the columns that change with it.

    Raises:
        IllegalMove: the table does not allow it; nothing was written.
    """
    moved(DEPOSIT, DepositMove, deposit, to_status, cause, updated_at=timezone.now(), **changes)
    _owe_news(deposit)


def lock_deposit(deposit_id: Any) -> Deposit:
    """The deposit, locked until the transaction ends, with what its shape shows."""
    found: Deposit = due_work.lock(Deposit.objects.select_related("product", "customer", "payment_system"), deposit_id)
    return found


@transaction.atomic(savepoint=False)
def begin_confirmation(confirmation: Confirmation, cause: Cause) -> None:
    """Insert a new confirmation with its first history row. The deposit's own move is the news."""
    confirmation.save(force_insert=True)
    record(ConfirmationMove, confirmation, "", cause)


@transaction.atomic(savepoint=False)
def move_confirmation(confirmation: Confirmation, to_status: ConfirmationStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked confirmation. Only a refusal is news of its own; the rest shows in the deposit."""
    moved(CONFIRMATION, ConfirmationMove, confirmation, to_status, cause, updated_at=timezone.now(), **changes)
    if to_status == ConfirmationStatus.REFUSED:
        deposit = confirmation.deposit
        owe(
            product=deposit.product,
            mode=deposit.mode,
            type="confirmation.refused",
            subject=confirmation.public_id,
            sequence=confirmation.sequence,
            data=confirmation_shape(confirmation),
        )


@transaction.atomic(savepoint=False)
def begin_receipt(receipt: Receipt, cause: Cause) -> None:
    """The first history row of a receipt that was just inserted; it has to be moved on before the transaction ends."""
    record(ReceiptMove, receipt, "", cause)


@transaction.atomic(savepoint=False)
def move_receipt(receipt: Receipt, to_status: ReceiptStatus, cause: Cause, *, product: Product | None = None) -> None:
    """Move a locked receipt, and its money with it.

    Call it last: from here to the commit everybody else who posts to the product's money waits.

    Args:
        receipt: with its deposit, where it has one.
        to_status: where to.
        cause: why.
        product: to whom it is credited; its deposit's if None.

    Raises:
        IllegalMove: the table does not allow it; nothing was written.
    """
    changes: dict[str, Any] = {}
    if to_status == ReceiptStatus.CREDITED:
        changes["product"] = product or (receipt.deposit and receipt.deposit.product)
    found_out = ("product", "deposit", "confirmation", "contradiction")
    from_status = moved(RECEIPT, ReceiptMove, receipt, to_status, cause, also_saved=found_out, **changes)
    _move_money(receipt, from_status, cause)


def _move_money(receipt: Receipt, from_status: str, cause: Cause) -> None:
    money, name = receipt.money, receipt.public_id
    subject = "" if receipt.deposit is None else receipt.deposit.public_id
    match receipt.status:
        case ReceiptStatus.CREDITED:
            assert receipt.product_id is not None
            is_suspended = from_status in SUSPENDED
            # Looked up before anybody has to wait for us. The provider took its fee when the money arrived.
            due = fees.due(FeeDirection.DEPOSIT, money, product=receipt.product_id, taken_by_provider=not is_suspended)
            write = journals.suspense_credited if is_suspended else journals.receipt_credited
            post(write(name, money, receipt.product_id, cause, subject=subject))
            # The fee is of what has just come; and what is left of it covers what the product owes.
            post(*fees.journals_of(due, name, cause, subject=subject))
            corrections.repay(receipt.product_id, money.mode, money.currency, cause)
        case ReceiptStatus.IN_REVIEW | ReceiptStatus.SUSPENSE:
            # From one kind of suspense to the other no money moves.
            if from_status == ReceiptStatus.RECEIVED:
                due = fees.due(FeeDirection.DEPOSIT, money)
                taken_fees = fees.journals_of(due, name, cause, subject=subject)
                post(journals.receipt_suspended(name, money, cause, subject=subject), *taken_fees)
        case ReceiptStatus.RETURNED:
            post(journals.suspense_returned(name, money, cause, subject=subject))
        case ReceiptStatus.WRITTEN_OFF:
            post(journals.suspense_written_off(name, money, cause, subject=subject))
        case ReceiptStatus.REVERSED:
            assert receipt.product_id is not None
            taken = corrections.take_back(receipt.product_id, money.mode, money.currency, money.amount)
            post(journals.receipt_reversed(name, money, taken, cause, subject=subject))


def _owe_news(deposit: Deposit) -> None:
    name = deposit.status
    # A product that serves its customer on "credited" must not do so for another amount than it asked for.
    if deposit.status == DepositStatus.CREDITED and deposit.amount_check != AmountCheck.EXACT:
        name = "credited_with_difference"
    owe(
        product=deposit.product,
        mode=deposit.mode,
        type=f"deposit.{name}",
        subject=deposit.public_id,
        sequence=deposit.sequence,
        data=deposit_shape(deposit),
    )
