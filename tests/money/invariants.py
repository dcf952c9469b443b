"""What is true of the money after every step, whatever happened: checked on the rows, by sums of the test's own."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from django.db.models import Sum

from balances import reading
from balances.kinds import DEBIT_NORMAL
from balances.models import Account, Entry, Hold
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from payments.models import Receipt, Savings
from tests.money.provider_books import ProviderBooks
from withdrawals.models import Withdrawal
from withdrawals.states import UNPAID

_NOTHING: Final = Decimal(0)
#: Where the money of a receipt stands, by its status: sums of all that was posted for it, debits above zero.
#: ``product`` is what it may spend together with what it owes.
_RECEIPTS: Final[dict[str, dict[str, int]]] = {
    "credited": {"provider_balance": 1, "product": -1},
    "in_review": {"provider_balance": 1, "suspense": -1},
    "suspense": {"provider_balance": 1, "suspense": -1},
    "written_off": {"provider_balance": 1, "write_off": -1},
    "returned": {},
    "reversed": {},
}
#: The same of withdrawals that have ended; all others have their amount held.
_WITHDRAWALS: Final[dict[str, dict[str, int]]] = {
    "paid": {"provider_balance": -1, "product": 1},
    "reversed": {},
    "rejected": {},
    "failed": {},
    "cancelled": {},
}
_HELD: Final = {"held": -1, "product": 1}


def figures(product: Product) -> reading.ProductBalance:
    """What the product sees of its rupees."""
    [row] = reading.product_balances(product.pk, "test", currencies=["INR"])
    return row


def saved(account: ProviderAccount) -> dict[str, Decimal]:
    """What each customer has saved up by our rows, by label."""
    return {one.customer.label: one.saved for one in Savings.objects.filter(account=account).select_related("customer")}


def check_sums_are_zero() -> None:
    for row in Entry.objects.values("mode", "currency").annotate(total=Sum("amount")):
        assert row["total"] == 0, row


def check_balances_are_their_entries(product: Product) -> None:
    for account in Account.objects.filter(product=product, balance__isnull=False):
        sign = 1 if account.kind in DEBIT_NORMAL else -1
        balance, count = _NOTHING, 0
        for entry in account.entries.order_by("sequence"):
            balance, count = balance + sign * entry.amount, count + 1
            assert (entry.sequence, entry.balance_after) == (count, balance), f"{account}: the chain is broken"
        assert (account.balance, account.entry_count) == (balance, count), account


def check_holds(product: Product) -> None:
    holds = dict(Hold.objects.filter(product=product, status="open").values_list("order_id", "amount"))
    orders = Withdrawal.objects.filter(product=product).exclude(status__in=_WITHDRAWALS)
    assert holds == {one.public_id: one.amount for one in orders}, "the open holds are not those of the open orders"
    assert figures(product).held == sum(holds.values()), "held is not the sum of the open holds"


def check_receipts_have_one_posting(account: ProviderAccount) -> None:
    receipts = list(Receipt.objects.filter(account=account))
    posted = _posted_for(one.public_id for one in receipts)
    for one in receipts:
        wanted = {(name, one.currency): sign * one.amount for name, sign in _RECEIPTS[one.status].items()}
        assert posted.get(one.public_id, {}) == wanted, f"{one.status}: {one}"


def check_withdrawals_have_one_posting(product: Product) -> None:
    orders = list(Withdrawal.objects.filter(product=product).defer("body", "recipient"))
    posted = _posted_for(one.public_id for one in orders)
    for one in orders:
        wanted = {(name, one.currency): sign * one.amount for name, sign in _WITHDRAWALS.get(one.status, _HELD).items()}
        assert posted.get(one.public_id, {}) == wanted, f"{one.status}: {one}"


def _posted_for(references: Iterable[str]) -> dict[str, dict[tuple[str, str], Decimal]]:
    # That savings became a receipt is posted under its name, but it is no posting of its money.
    entries = Entry.objects.filter(journal__reference__in=list(references)).exclude(journal__kind="savings_released")
    sums: dict[str, dict[tuple[str, str], Decimal]] = {}
    for reference, kind, currency, amount in entries.values_list(
        "journal__reference", "account__kind", "currency", "amount"
    ):
        name = "product" if kind in {"available", "product_receivable"} else kind
        total = sums.setdefault(reference, {})
        total[name, currency] = total.get((name, currency), _NOTHING) + amount
    return {one: {name: total for name, total in totals.items() if total} for one, totals in sums.items()}


def check_items_are_in_one_place(account: ProviderAccount, books: ProviderBooks) -> None:
    known = {one.number: one for one in books.items}
    receipts = list(Receipt.objects.filter(account=account))
    numbers = Counter(one.transaction_id for one in receipts)
    assert set(numbers.values()) <= {1}, "an item of the provider was taken for two"
    for one in receipts:
        item = known[one.transaction_id]  # nothing is believed that the provider does not have
        assert (one.amount, one.currency, one.wallet_type) == (item.amount, item.currency, item.system)
        assert item.is_there == (one.status not in {"returned", "reversed"})


def check_nothing_is_paid_twice(product: Product, books: ProviderBooks) -> None:
    for name, payout in books.payouts.items():
        assert payout.times == 1, f"{name} was taken {payout.times} times"
    for order in Withdrawal.objects.filter(product=product, status__in=["paid", "reversed", *UNPAID]):
        known = books.payouts.get(order.public_id)
        is_paid = known is not None and known.status == 1
        assert is_paid == (order.status in {"paid", "reversed"}), f"{order.public_id} is {order.status}: {known}"


def check_savings(product: Product, account: ProviderAccount, expected: dict[str, list[Decimal]]) -> None:
    """Each customer's are one of the sums that the provider's words allow; the ledger has exactly these."""
    rows = saved(account)
    for label, row in rows.items():
        assert row in expected[label], f"{row} saved, the provider said {expected[label]}"
    total = sum(rows.values(), _NOTHING)
    seen = figures(product)
    observed = Entry.objects.filter(account__kind="savings_observed", account__provider_account=account)
    assert seen.savings == total == (observed.aggregate(sum=Sum("amount"))["sum"] or 0), "savings"


def check_product_has_what_is_its_own(product: Product, funded: dict[str, Decimal]) -> None:
    """Available is what was funded and credited without what was paid and is held; what is missing, it owes."""
    wanted = defaultdict(Decimal, funded)
    for receipt in Receipt.objects.filter(product=product, status="credited"):
        wanted[receipt.currency] += receipt.amount
    for order in Withdrawal.objects.filter(product=product).exclude(status__in=[*UNPAID, "reversed"]):
        wanted[order.currency] -= order.amount
    for row in reading.product_balances(product.pk, "test", currencies=wanted):
        assert row.available - row.owed == wanted[row.currency], f"{row}, wanted {wanted}"
        assert not (row.available and row.owed), f"{row}: what is owed is repaid first"


def check_provider_has_what_we_think(account: ProviderAccount, books: ProviderBooks) -> None:
    """Once everything was asked about: the provider's balance by its books and by ours."""
    ours: Any = Entry.objects.filter(account__kind="provider_balance", account__provider_account=account)
    for currency in ("INR", "USD"):
        total = ours.filter(currency=currency).aggregate(sum=Sum("amount"))["sum"] or 0
        assert total == books.balance(currency), f"{currency}: we think {total}, it has {books.balance(currency)}"
