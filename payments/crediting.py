"""What the receipts of a deposit make of it, and it of them: credited together, or waiting for a person."""

from decimal import Decimal
from typing import Final

from gateway.lifecycles import Cause
from gateway.products.models import UnderpaymentPolicy
from payments import saved_up
from payments.calling_off import call_off_siblings
from payments.failures import FailureCode
from payments.models import Deposit, Receipt
from payments.moves import move_deposit, move_receipt
from payments.states import LATE, SHOWN, AmountCheck, DepositStatus, ReceiptStatus

_NOTHING: Final = Decimal(0)


def settle(deposit: Deposit, receipt: Receipt, cause: Cause, *, by_person: bool = False) -> None:
    """Settle a receipt that was just attached to its deposit, and with it all that waited for it.

    Args:
        deposit: locked, with product, customer and payment system.
        receipt: locked; its deposit, confirmation and contradiction are set and not yet saved.
        cause: the pull, or the person.
        by_person: a person has decided that it is credited, whatever its amount.
    """
    savings = saved_up.lock_for(deposit, receipt)
    others = deposit.receipts.select_for_update(of=("self",)).select_related("account").exclude(pk=receipt.pk)
    certain = [one for one in others.order_by("id") if _counts(one)]
    if not receipt.contradiction:
        certain.append(receipt)
    check = _check(certain, receipt, deposit)
    may_be_credited = by_person or check not in {AmountCheck.UNDER, ""} or _takes_less(deposit)
    is_credited = not receipt.contradiction and may_be_credited and deposit.status != DepositStatus.REVERSED
    if is_credited or deposit.status not in {DepositStatus.CREDITED, DepositStatus.REVERSED}:
        # What was credited rightly stays so: then only the doubtful receipt itself is in review.
        receipt.save(update_fields=["deposit", "confirmation", "contradiction"])  # for the news, which lists it
        move_deposit(
            deposit,
            DepositStatus.CREDITED if is_credited else DepositStatus.IN_REVIEW,
            cause,
            received_amount=_total(certain, deposit) or None,
            amount_check=check,
            late=deposit.late or deposit.status in LATE,
            failure_code="",
            deadline_at=None,
        )
    if is_credited:
        call_off_siblings(deposit, cause)
    # Last, because from here on everybody waits who posts to this product's money; and the currencies in one order, so
    # that two who credit money of the same two do not wait for each other.
    if is_credited:
        for one in sorted(certain, key=lambda one: (one.money.available(deposit.product_id).lock_rank, one.pk)):
            if one.status != ReceiptStatus.CREDITED:
                move_receipt(one, ReceiptStatus.CREDITED, cause)
    elif receipt.status != ReceiptStatus.IN_REVIEW:
        move_receipt(receipt, ReceiptStatus.IN_REVIEW, cause)
    if savings is not None:
        saved_up.release(savings, receipt, cause)


def weigh_again(deposit: Deposit, cause: Cause, *, without: DepositStatus) -> None:
    """After a receipt was taken away: what is left of the deposit, which becomes ``without`` where nothing is."""
    if deposit.status == DepositStatus.REVERSED:
        return  # It is over; what becomes of money that came afterwards changes nothing about it.
    left = [one for one in deposit.receipts.order_by("id") if one.status in SHOWN]
    certain = [one for one in left if _counts(one)]
    status = without
    if any(one.status == ReceiptStatus.CREDITED for one in left):
        status = DepositStatus.CREDITED
    elif left and deposit.status == DepositStatus.IN_REVIEW:
        status = DepositStatus.IN_REVIEW
    check = _check(certain, left[-1], deposit) if left else ""
    total = _total(certain, deposit) or None
    if (status, total, check) != (deposit.status, deposit.received_amount, deposit.amount_check):
        failure = FailureCode.MONEY_RETURNED if status in {DepositStatus.FAILED, DepositStatus.REVERSED} else ""
        changes = {"received_amount": total, "amount_check": check, "failure_code": failure}
        move_deposit(deposit, status, cause, **changes)


def _counts(receipt: Receipt) -> bool:
    """True where nothing speaks against the receipt, though it may wait for more."""
    waits = receipt.status == ReceiptStatus.IN_REVIEW and not receipt.contradiction
    return receipt.status == ReceiptStatus.CREDITED or waits


def _total(certain: list[Receipt], deposit: Deposit) -> Decimal:
    return sum((one.amount for one in certain if one.currency == deposit.currency), _NOTHING)


def _takes_less(deposit: Deposit) -> bool:
    return deposit.product.underpayment == UnderpaymentPolicy.CREDIT or deposit.status == DepositStatus.CREDITED


def _check(certain: list[Receipt], latest: Receipt, deposit: Deposit) -> AmountCheck | str:
    if any(one.currency != deposit.currency for one in certain):
        return AmountCheck.OTHER_CURRENCY
    total = _total(certain, deposit)
    if not total:
        # Only doubtful money so far: of another currency, or of somebody else.
        return AmountCheck.OTHER_CURRENCY if latest.currency != deposit.currency else ""
    if total == deposit.amount:
        return AmountCheck.EXACT
    return AmountCheck.OVER if total > deposit.amount else AmountCheck.UNDER
