"""What people may make of money that waits for them: each is one move of the receipt, with its journal.

Two persons decide each of them (`payments.verbs`); the database insists on it.
"""

import uuid

from django.db import transaction

from gateway import due_work
from gateway.in_words import in_words
from gateway.lifecycles import Cause
from gateway.products.models import Product
from payments.calling_off import lock_sessions_of
from payments.crediting import settle, weigh_again
from payments.models import Deposit, Receipt
from payments.moves import lock_deposit, move_receipt
from payments.states import RECEIPT, DepositStatus, ReceiptStatus


class Unresolvable(Exception):  # noqa: N818 - reads as the fact it reports
    """It cannot be done with this receipt; the message is a sentence for the person."""


@transaction.atomic(savepoint=False)
def attach(receipt_id: uuid.UUID, deposit_id: uuid.UUID, cause: Cause) -> Receipt:
    """Credit suspended money to a deposit, whatever its amount or currency; its own deposit, or another one's.

    Raises:
        Unresolvable: it is not suspended, or the deposit is of another mode or provider account, or was reversed.
    """
    deposit, receipt = _locked(receipt_id, deposit_id)
    _refuse_unless(receipt, ReceiptStatus.CREDITED)
    before = receipt.deposit_id
    if deposit is None or deposit.account_id != receipt.account_id:
        raise Unresolvable("The deposit was made through another provider account, or in another mode.")
    if deposit.status == DepositStatus.REVERSED:
        raise Unresolvable("The deposit was reversed; credit the product instead.")
    receipt.contradiction = ""
    if before != deposit.pk:
        receipt.deposit, receipt.confirmation = deposit, None
    settle(deposit, receipt, cause, by_person=True)
    if before is not None and before != deposit.pk:
        _leave(before, cause)
    return receipt


@transaction.atomic(savepoint=False)
def credit_product(receipt_id: uuid.UUID, product: Product, cause: Cause) -> Receipt:
    """Credit suspended money to a product without a deposit of its own.

    Raises:
        Unresolvable: it is not suspended.
    """
    return _end(receipt_id, ReceiptStatus.CREDITED, cause, product=product)


@transaction.atomic(savepoint=False)
def give_back(receipt_id: uuid.UUID, cause: Cause) -> Receipt:
    """The provider took suspended money back, or gave it back to whoever paid.

    Raises:
        Unresolvable: it is not suspended.
    """
    return _end(receipt_id, ReceiptStatus.RETURNED, cause)


@transaction.atomic(savepoint=False)
def write_off(receipt_id: uuid.UUID, cause: Cause) -> Receipt:
    """Keep suspended money that is nobody's.

    Raises:
        Unresolvable: it is not suspended.
    """
    return _end(receipt_id, ReceiptStatus.WRITTEN_OFF, cause)


@transaction.atomic(savepoint=False)
def reverse_receipt(receipt_id: uuid.UUID, cause: Cause) -> Receipt:
    """The provider took credited money back. What the product no longer has, it owes.

    Raises:
        Unresolvable: it is not credited.
    """
    return _end(receipt_id, ReceiptStatus.REVERSED, cause)


def _end(receipt_id: uuid.UUID, to_status: ReceiptStatus, cause: Cause, *, product: Product | None = None) -> Receipt:
    deposit, receipt = _locked(receipt_id, None)
    _refuse_unless(receipt, to_status)
    if to_status != ReceiptStatus.REVERSED:
        # What becomes of it is not the deposit's affair any more. Reversed money stays where it was credited.
        receipt.deposit = receipt.confirmation = None
        receipt.contradiction = ""
    move_receipt(receipt, to_status, cause, product=product)
    if deposit is not None:
        _weigh(deposit, cause)
    return receipt


def _locked(receipt_id: uuid.UUID, deposit_id: uuid.UUID | None) -> tuple[Deposit | None, Receipt]:
    deposits, receipt = lock(receipt_id, deposit_id)
    wanted = deposit_id or receipt.deposit_id
    return (None if wanted is None else deposits[wanted]), receipt


def lock(receipt_id: uuid.UUID, deposit_id: uuid.UUID | None = None) -> tuple[dict[uuid.UUID, Deposit], Receipt]:
    """The receipt and, by their ids, its own deposit and the one that it may go to; locked until the end.

    Raises:
        Unresolvable: there is no such receipt or deposit, or the receipt just went to another deposit.
    """
    # Sessions first, then deposits, each in the order of their ids, then the receipt: every path to one takes them so.
    known = Receipt.objects.filter(pk=receipt_id).values_list("deposit_id", flat=True).first()
    wanted = sorted({one for one in (known, deposit_id) if one is not None})
    lock_sessions_of(*wanted)
    try:
        deposits = {one: lock_deposit(one) for one in wanted}
        receipt: Receipt = due_work.lock(Receipt.objects.select_related("account", "deposit__product"), receipt_id)
    except Deposit.DoesNotExist:
        raise Unresolvable("There is no such deposit.") from None
    except Receipt.DoesNotExist:
        raise Unresolvable("There is no such receipt.") from None
    if receipt.deposit_id != known:
        raise Unresolvable("The receipt was just attached to another deposit; look at it again.")
    return deposits, receipt


def _refuse_unless(receipt: Receipt, to_status: ReceiptStatus) -> None:
    if not RECEIPT.may(receipt.status, to_status):
        raise Unresolvable(f"The receipt is {in_words(receipt.status)}; it cannot become {in_words(to_status)}.")


def _leave(deposit_id: uuid.UUID, cause: Cause) -> None:
    """The money turned out not to be this deposit's."""
    _weigh(lock_deposit(deposit_id), cause)


def _weigh(deposit: Deposit, cause: Cause) -> None:
    if deposit.status == DepositStatus.REVERSED:
        return  # what came after its end and leaves again changes nothing about it
    was_credited = deposit.status == DepositStatus.CREDITED
    weigh_again(deposit, cause, without=DepositStatus.REVERSED if was_credited else DepositStatus.FAILED)
