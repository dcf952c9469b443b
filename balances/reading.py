"""What an account holds: now, or as of an instant. However many entries it has, a handful of rows are read."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Sum

from balances.accounts import AccountKey
from balances.kinds import DEBIT_NORMAL, AccountKind
from balances.models import Account, Entry, Snapshot

_NOTHING: Final = Decimal(0)
#: What belongs to a product, in the order in which it is shown.
PRODUCT_KINDS: Final = (
    AccountKind.AVAILABLE,
    AccountKind.HELD,
    AccountKind.SAVINGS,
    AccountKind.PRODUCT_RECEIVABLE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductBalance:
    """What a product has in one currency, in its units.

    Attributes:
        currency: ISO 4217 code.
        available: what it may pay out; below zero where it uses an overdraft.
        held: what is reserved for withdrawals under way.
        savings: what its customers have saved up at the provider, which nobody may spend.
        owed: what it owes us, and repays first.
    """

    currency: str
    available: Decimal = _NOTHING
    held: Decimal = _NOTHING
    savings: Decimal = _NOTHING
    owed: Decimal = _NOTHING


def key_of(account: Account) -> AccountKey:
    """What an account that was read stands for."""
    return AccountKey(
        kind=AccountKind(account.kind),
        mode=account.mode,
        currency=account.currency,
        product=account.product_id,
        provider_account=account.provider_account_id,
        payment_system=account.payment_system,
    )


def balance_of(key: AccountKey, *, as_of: datetime | None = None) -> Decimal:
    """The balance of one account on its normal side; zero where nobody ever used it.

    Args:
        key: the account.
        as_of: entries up to and with this instant count; all of them if None.
    """
    account = Account.objects.filter(pk=key.id).first()
    return _NOTHING if account is None else balance(account, as_of=as_of)


def balance(account: Account, *, as_of: datetime | None = None) -> Decimal:
    """The same of an account that was read already."""
    if account.balance is None:
        return _counted(account, as_of)
    if as_of is None:
        return Decimal(account.balance)
    before = Entry.objects.filter(account=account.pk, created_at__lte=as_of).order_by("-created_at", "-sequence")
    last: Decimal | None = before.values_list("balance_after", flat=True).first()
    return _NOTHING if last is None else last


def _counted(account: Account, as_of: datetime | None) -> Decimal:
    """Snapshot and tail: the last count that is old enough, and what came since."""
    counts = Snapshot.objects.filter(account=account.pk)
    entries = Entry.objects.filter(account=account.pk)
    if as_of is not None:
        counts, entries = counts.filter(covered_until__lte=as_of), entries.filter(created_at__lte=as_of)
    last = counts.order_by("-covered_until").first()
    if last is not None:
        entries = entries.filter(created_at__gte=last.covered_until)
    total: Decimal = entries.aggregate(total=Sum("amount"))["total"] or _NOTHING
    sign = 1 if account.kind in DEBIT_NORMAL else -1
    return (_NOTHING if last is None else last.balance) + sign * total


def product_balances(
    product: uuid.UUID, mode: str, *, currencies: Iterable[str] | None = None, as_of: datetime | None = None
) -> list[ProductBalance]:
    """What a product has in each currency in which it ever had something, by currency.

    Args:
        product: whose.
        mode: ``live`` or ``test``.
        currencies: only these, each of them also where the product never had any.
        as_of: entries up to and with this instant count; all of them if None.
    """
    rows = Account.objects.filter(product=product, mode=mode, kind__in=PRODUCT_KINDS)
    figures: dict[str, dict[str, Any]] = {}
    if currencies is not None:
        figures = {currency: {} for currency in sorted(set(currencies))}
        rows = rows.filter(currency__in=figures)
    for row in rows.order_by("currency"):
        name = "owed" if row.kind == AccountKind.PRODUCT_RECEIVABLE else row.kind
        figures.setdefault(row.currency, {})[name] = balance(row, as_of=as_of)
    return [ProductBalance(currency=currency, **figure) for currency, figure in figures.items()]
