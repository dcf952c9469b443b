"""Statements: what a product had at the beginning of a period and at its end, and every move in between.

A statement is made of what nobody can change any more, so it is the same whenever it is asked for, and the closing
balance of a period is the opening balance of the next.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Max, OuterRef, QuerySet, Subquery

from balances import accounts
from balances.accounts import AccountKey
from balances.guards import POSTING_SECONDS
from balances.kinds import JournalKind
from balances.models import Entry
from balances.reading import FutureInstant, ProductBalance, balances_at
from gateway import ids
from gateway.lifecycles import CauseKind
from gateway.money import format_amount
from gateway.products.models import Product
from gateway.sheets import Row

#: The finest step of the database's clock: what was before an instant is what was there this much earlier.
_STEP: Final = timedelta(microseconds=1)
#: Entries in one go from the database: a few hundred kilobytes.
_CHUNK_ENTRIES: Final = 2_000
#: Lines around the movements: head, titles of the columns, opening and closing balance.
FRAME_ROWS: Final = 10


class NotYetFinal(Exception):  # noqa: N818 - reads as the fact it reports
    """The period ends so late that something may still be added to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a product had and owed in one currency, from one instant to another: available, held, owed.

    Attributes:
        product: whose.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        begin: the first instant of the period.
        end: the first instant after it.
        opening: the balance just before ``begin``.
        closing: the balance just before ``end``.
    """

    product: Product
    mode: str
    currency: str
    begin: datetime
    end: datetime
    opening: ProductBalance
    closing: ProductBalance
    _accounts: tuple[AccountKey, AccountKey, AccountKey] = field(repr=False)

    def count(self, *, up_to: int) -> int:
        """How many movements there are; where there are more than ``up_to``, one more than that."""
        return self._movements()[: up_to + 1].count()

    def _movements(self) -> "QuerySet[Entry]":
        # A journal belongs to the period in which its last leg was written, as in the balances on both sides. That is
        # within a minute of each of its legs, which keeps the search to the period.
        last_leg = Entry.objects.filter(journal=OuterRef("journal")).order_by().values("journal")
        return (
            Entry.objects.filter(
                account__in=[key.id for key in self._accounts],
                created_at__gte=self.begin - timedelta(seconds=POSTING_SECONDS),
                created_at__lt=self.end,
            )
            .annotate(whole_at=Subquery(last_leg.annotate(at=Max("created_at")).values("at")))
            .filter(whole_at__gte=self.begin, whole_at__lt=self.end)
        )

    def rows(self) -> Iterator[Row]:
        """Its lines, from the first of the head to the closing balance; `FRAME_ROWS` and one for each movement."""
        yield from (
            ("Statement of", self.product.name),
            ("Mode", self.mode),
            ("Currency", self.currency),
            ("From (included)", self.begin),
            ("To (not included)", self.end),
            ("Time zone", "UTC"),
            (),
            _TITLES,
            _balance_row("Opening balance", self.begin, self.opening),
        )
        keys = {key.id: key for key in self._accounts}
        found = self._movements().order_by("created_at", "account__kind", "sequence").values_list(*_COLUMNS, named=True)
        for entry in found.iterator(_CHUNK_ENTRIES):
            yield self._row(entry, keys[entry.account_id])
        yield _balance_row("Closing balance", self.end, self.closing)

    def _row(self, entry: Any, account: AccountKey) -> Row:
        # Each account has two columns: what was added to it, on its normal side, and what was there then.
        figures = (_shown(account.balance(entry.amount), self.currency), _shown(entry.balance_after, self.currency))
        columns = [figures if key is account else (None, None) for key in self._accounts]
        return (
            entry.whole_at,
            JournalKind(entry.journal__kind).label,
            entry.journal__subject,
            CauseKind(entry.journal__cause).label,
            *itertools.chain.from_iterable(columns),
            ids.encode(ids.ENTRY, entry.pk),
            ids.encode(ids.JOURNAL, entry.journal_id),
        )


_COLUMNS: Final = (
    "pk",
    "account_id",
    "journal_id",
    "amount",
    "balance_after",
    "whole_at",
    "journal__kind",
    "journal__subject",
    "journal__cause",
)
_TITLES: Final = (
    "Time",
    "What",
    "Order",
    "Cause",
    "Available",
    "Available after",
    "Held",
    "Held after",
    "Owed",
    "Owed after",
    "Entry",
    "Journal",
)


def _balance_row(title: str, at: datetime, balance: ProductBalance) -> Row:
    available, held, owed = (_shown(one, balance.currency) for one in (balance.available, balance.held, balance.owed))
    return (at, title, None, None, None, available, None, held, None, owed, None, None)


def _shown(amount: Decimal, currency: str) -> Decimal:
    """The amount with all decimals of its currency."""
    return Decimal(format_amount(amount, currency))


def statement_of(product: Product, mode: str, currency: str, begin: datetime, end: datetime) -> Statement:
    """The statement of a period; its movements are read as its rows are.

    Args:
        product: whose.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        begin: the first instant of the period.
        end: the first instant after it, later than ``begin``.

    Raises:
        NotYetFinal: the period has not been over for `balances.reading.SETTLED_AFTER`.
    """
    assert begin < end, "a period has a length"
    try:
        closing = balances_at(product.pk, mode, currencies=[currency], as_of=end - _STEP)
    except FutureInstant:
        raise NotYetFinal from None
    if not closing.is_final:
        raise NotYetFinal
    opening = balances_at(product.pk, mode, currencies=[currency], as_of=begin - _STEP)
    return Statement(
        product=product,
        mode=mode,
        currency=currency,
        begin=begin,
        end=end,
        opening=opening.balances[0],
        closing=closing.balances[0],
        _accounts=(
            accounts.available(product.pk, mode, currency),
            accounts.held(product.pk, mode, currency),
            accounts.receivable(product.pk, mode, currency),
        ),
    )
