"""What an account holds: now, or as of an instant. However many entries it has, a handful of rows are read."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Sum

from balances.accounts import AccountKey
from balances.guards import SNAPSHOT_MARGIN_SECONDS
from balances.kinds import DEBIT_NORMAL, AccountKind
from balances.models import Account, Entry, Snapshot
from gateway import prepared_sql

_NOTHING: Final = Decimal(0)
#: What belongs to a product, in the order in which it is shown.
PRODUCT_KINDS: Final = (
    AccountKind.AVAILABLE,
    AccountKind.HELD,
    AccountKind.SAVINGS,
    AccountKind.PRODUCT_RECEIVABLE,
)
#: A journal counts from the instant it was written, and is seen once its transaction is committed: at most a minute
#: later, or never (`balances.guards`). What is older than this margin is all there, and stays as it is.
SETTLED_AFTER: Final = timedelta(seconds=SNAPSHOT_MARGIN_SECONDS)

#: One statement, so one snapshot of the database: no figure is older than another. The clock is read after the snapshot
#: was taken, so that nothing that is seen is later.
#:
#: As of an instant, journals count whole: from when their last leg was written. The legs of one are microseconds apart,
#: and an amount that has left one account and not yet reached the other one would be missing. Whoever writes an entry
#: keeps the account until the commit, so unfinished journals are among the last entries before the instant, all of the
#: one transaction that was under way.
_PRODUCT_BALANCES: Final = prepared_sql.one_line(
    """
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at)
    SELECT clock.at, account.currency, account.kind,
        CASE WHEN %(as_of)s::timestamptz IS NULL THEN account.balance
            ELSE coalesce(last.balance_after, 0) - coalesce(unfinished.amount, 0)
                * CASE WHEN account.kind = ANY(%(debit_normal)s::text[]) THEN 1 ELSE -1 END
        END
    FROM clock
    LEFT JOIN balances_account AS account
        ON account.product_id = %(product)s::uuid AND account.mode = %(mode)s::text
        AND account.kind = ANY(%(kinds)s::text[])
        AND (%(currencies)s::text[] IS NULL OR account.currency = ANY(%(currencies)s::text[]))
    LEFT JOIN LATERAL (
        SELECT entry.balance_after, journal.begun_at FROM balances_entry AS entry
        JOIN balances_journal AS journal ON journal.id = entry.journal_id
        WHERE entry.account_id = account.id AND entry.created_at <= %(as_of)s::timestamptz
        ORDER BY entry.created_at DESC, entry.sequence DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT sum(entry.amount) AS amount FROM balances_entry AS entry
        WHERE entry.account_id = account.id
            AND entry.created_at >= last.begun_at AND entry.created_at <= %(as_of)s::timestamptz
            AND EXISTS (
                SELECT 1 FROM balances_entry AS leg
                WHERE leg.journal_id = entry.journal_id AND leg.created_at > %(as_of)s::timestamptz
            )
    ) AS unfinished ON true
    ORDER BY account.currency
    """
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


class FutureInstant(Exception):  # noqa: N818 - reads as the fact it reports
    """Balances were asked for as of an instant that the database's clock has not reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductBalances:
    """What a product has, in one snapshot.

    Attributes:
        as_of: every journal up to and with this instant counts that is there.
        is_final: nothing can be added up to then; the same question will always have this answer.
        balances: by currency.
    """

    as_of: datetime
    is_final: bool
    balances: tuple[ProductBalance, ...]


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


def balances_at(
    product: uuid.UUID, mode: str, *, currencies: Iterable[str] | None = None, as_of: datetime | None = None
) -> ProductBalances:
    """What a product has in each currency in which it ever had something.

    Args:
        product: whose.
        mode: ``live`` or ``test``.
        currencies: only these, each of them also where the product never had any.
        as_of: journals count whose last leg is of this instant or older; all of them if None.

    Raises:
        FutureInstant: ``as_of`` is not yet there.
    """
    wanted = None if currencies is None else sorted(set(currencies))
    rows = prepared_sql.run(
        _PRODUCT_BALANCES,
        {
            "product": product,
            "mode": str(mode),
            "kinds": [kind.value for kind in PRODUCT_KINDS],
            "debit_normal": [kind.value for kind in DEBIT_NORMAL],
            "currencies": wanted,
            "as_of": as_of,
        },
    )
    now: datetime = rows[0][0]
    if as_of is not None and as_of > now:
        raise FutureInstant
    figures: dict[str, dict[str, Any]] = {currency: {} for currency in wanted or ()}
    for _, currency, kind, amount in rows:
        if currency is not None:
            name = "owed" if kind == AccountKind.PRODUCT_RECEIVABLE else kind
            figures.setdefault(currency, {})[name] = amount
    return ProductBalances(
        as_of=as_of or now,
        is_final=as_of is not None and as_of < now - SETTLED_AFTER,
        balances=tuple(ProductBalance(currency=currency, **figure) for currency, figure in figures.items()),
    )


def product_balances(
    product: uuid.UUID, mode: str, *, currencies: Iterable[str] | None = None, as_of: datetime | None = None
) -> list[ProductBalance]:
    """The balances alone of `balances_at`."""
    return list(balances_at(product, mode, currencies=currencies, as_of=as_of).balances)
