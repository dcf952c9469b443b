"""What is true of the ledger whoever wrote to it at once, looked at after each race about money."""

from decimal import Decimal

from django.db.models import Sum

from balances.kinds import DEBIT_NORMAL
from balances.models import Account, Entry, Hold


def assert_sound() -> None:
    """The ledger agrees with itself: everything sums to zero, and each kept balance is that of its entries."""
    assert Entry.objects.exists()  # of an empty one all of it would be true
    assert not Entry.objects.values("mode", "currency").annotate(total=Sum("amount")).exclude(total=0).exists()
    for account in Account.objects.filter(balance__isnull=False):
        total = account.entries.aggregate(total=Sum("amount"))["total"] or Decimal(0)
        assert account.balance == (total if account.kind in DEBIT_NORMAL else -total), account
        assert account.entry_count == account.entries.count()
    for held in Account.objects.filter(kind="held"):
        open_holds = Hold.objects.filter(
            product=held.product_id, mode=held.mode, currency=held.currency, status="open"
        ).aggregate(total=Sum("amount"))["total"]
        assert held.balance == (open_holds or 0), held
