"""What a product can do with money that arrived: send it back."""

import uuid
from decimal import Decimal

import psycopg
from django.db import IntegrityError, transaction
from django.db.models import Sum

from gateway import due_work, ids
from gateway.api.idempotency import Claim
from gateway.api.problems import Problem
from gateway.money import format_amount
from gateway.products.actions import Caller
from payments.models import Deposit, Receipt
from payments.states import ReceiptStatus
from withdrawals.actions import NewWithdrawal, caused_by, explained, open_withdrawal
from withdrawals.models import Withdrawal
from withdrawals.models.refund_guards import WITHIN_RECEIPTS
from withdrawals.states import UNPAID


def create_refund(caller: Caller, deposit_id: uuid.UUID, wish: NewWithdrawal, claim: Claim) -> Withdrawal:
    """Keep a withdrawal to the deposit's customer, linked to the deposit; what is sent and approved is decided as ever.

    Args:
        caller: whose deposit it is.
        deposit_id: the deposit.
        wish: in the deposit's currency, to its customer.
        claim: of the request.

    Raises:
        AlreadyAnswered: the same request was answered before.
        Problem: 422 `refund_exceeds_receipts` where less is left of what was credited; else as `create_withdrawal`.
    """
    try:
        with explained(caller.product, caller.mode, wish):
            return _create(caller, deposit_id, wish, claim)
    except IntegrityError as error:
        # Money was taken back from the deposit after it was counted: the database says so at COMMIT.
        if not isinstance(error.__cause__, psycopg.Error) or error.__cause__.diag.constraint_name != WITHIN_RECEIPTS:
            raise
        raise _exceeds(Deposit.objects.get(pk=deposit_id)) from None


@transaction.atomic(durable=True)
def _create(caller: Caller, deposit_id: uuid.UUID, wish: NewWithdrawal, claim: Claim) -> Withdrawal:
    withdrawal_id = ids.new_id()
    claim.take(object_id=withdrawal_id)
    # Locked before it is counted, until the refund is committed: the next one counts this one, too.
    deposit = due_work.lock(Deposit.objects.all(), deposit_id)
    left = refundable(deposit)
    if wish.amount > left:
        raise _exceeds(deposit)
    return open_withdrawal(caller.product, caller.mode, wish, caused_by(caller), withdrawal_id=withdrawal_id)


def _exceeds(deposit: Deposit) -> Problem:
    shown = format_amount(refundable(deposit), deposit.currency)
    return Problem(
        status=422,
        code="refund_exceeds_receipts",
        detail=f"{shown} {deposit.currency} is left of what was credited for this deposit.",
        pointer="/amount",
        extra={"refundable": shown},
    )


def refundable(deposit: Deposit) -> Decimal:
    """What is credited of the deposit in its currency, less its refunds that are or may still be paid; never below 0.

    Below zero only in the books: what was refunded may be taken back by the provider afterwards.
    """
    credited = Receipt.objects.filter(
        deposit=deposit, status=ReceiptStatus.CREDITED, currency=deposit.currency, product=deposit.product_id
    )
    refunded = Withdrawal.objects.filter(refund_of=deposit.pk).exclude(status__in=UNPAID)
    came, went = (rows.aggregate(sum=Sum("amount"))["sum"] or Decimal(0) for rows in (credited, refunded))
    return max(came - went, Decimal(0))
