"""Orders of money out, found by everything that they are called by: each way is an index."""

from typing import Any

from django.db.models import QuerySet

from gateway import ids
from gateway.products.finding import of_customer, of_reference
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch


def withdrawals(term: str) -> "list[QuerySet[Any]]":
    """Withdrawals by the product's reference, the customer, or the recipient's account in full."""
    rows = Withdrawal.objects.all()
    ways = [of_reference(Withdrawal, term), *of_customer(Withdrawal, term), rows.filter(Withdrawal.with_account(term))]
    if (key := ids.decode(ids.DEPOSIT, term)) is not None:
        ways.append(rows.filter(refund_of=key))
    return ways


def batches(term: str) -> "list[QuerySet[Any]]":
    """Batches by the product's reference."""
    return [of_reference(WithdrawalBatch, term)]


def batch_rows(term: str) -> "list[QuerySet[Any]]":
    """Rows by their own reference, by their withdrawal or their batch."""
    rows = BatchRow.objects.all()
    ways = [rows.filter(reference=term), rows.filter(batch__in=of_reference(WithdrawalBatch, term).values("pk"))]
    if (key := ids.decode(ids.BATCH, term)) is not None:
        ways.append(rows.filter(batch=key))
    if (key := ids.decode(ids.WITHDRAWAL, term)) is not None:
        ways.append(rows.filter(withdrawal=key))
    return ways
