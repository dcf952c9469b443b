"""What the ledger says about the rows of a list of money, and the totals at the end of its file."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model, Sum

from balances.kinds import JournalKind
from balances.models import Entry, Journal
from gateway import ids
from gateway.money import format_amount
from gateway.sheets import Cell, Row
from payments.models import Receipt
from payments.states import ReceiptStatus
from withdrawals.models import Withdrawal
from withdrawals.states import WithdrawalStatus

J = JournalKind
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class InLedger:
    """How the ledger knows the orders of a list.

    Attributes:
        title: of the column with the ledger's own sum.
        prefix: of the ids by which its journals refer to them.
        adds: journals that make the sum larger by what they move.
        takes: journals that take it back.
        counted: the status in which an order's amount is the ledger's sum.
    """

    title: str
    prefix: str
    adds: frozenset[JournalKind]
    takes: frozenset[JournalKind]
    counted: str


_KNOWN: Final[Mapping[type[Model], InLedger]] = {
    Receipt: InLedger(
        title="credited, by the ledger",
        prefix=ids.RECEIPT,
        adds=frozenset({J.RECEIPT_CREDITED, J.SUSPENSE_CREDITED}),
        takes=frozenset({J.RECEIPT_REVERSED}),
        counted=ReceiptStatus.CREDITED,
    ),
    Withdrawal: InLedger(
        title="paid, by the ledger",
        prefix=ids.WITHDRAWAL,
        adds=frozenset({J.WITHDRAWAL_PAID, J.WITHDRAWAL_PROVED_PAID}),
        takes=frozenset({J.WITHDRAWAL_RETURNED}),
        counted=WithdrawalStatus.PAID,
    ),
}


class Totals:
    """Adds up the rows of one list as they are written, and gives the columns that only the ledger knows."""

    def __init__(self, model: type[Model]) -> None:
        self._in_ledger = _KNOWN.get(model)
        self._is_journals = model is Journal
        names = {field.name for field in model._meta.concrete_fields}  # noqa: SLF001 - Django's documented model API
        self._has_amounts = {"amount", "currency"} <= names
        self._has_status = "status" in names
        self._rows = 0
        #: By currency and status: rows, amounts, sums of the ledger. Of journals: rows, debits, credits.
        self._sums: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, _NOTHING, _NOTHING])

    @property
    def titles(self) -> Sequence[str]:
        """Of the columns that `more` gives."""
        if self._is_journals:
            return ("amount", "currency", "second amount", "second currency")
        return () if self._in_ledger is None else (self._in_ledger.title,)

    def more(self, page: Sequence[Any]) -> list[Row]:
        """The cells of these columns for each row of a page, which is counted by it. Two questions, at most."""
        self._rows += len(page)
        if self._is_journals:
            return self._of_journals(page)
        sums = {} if self._in_ledger is None else _posted(self._in_ledger, page)
        cells: list[Row] = []
        for row in page:
            posted = sums.get(row.pk, _NOTHING)
            if self._has_amounts and row.amount is not None:
                found = self._sums[row.currency, row.status if self._has_status else ""]
                found[0] += 1
                found[1] += row.amount
                found[2] += posted
            cells.append(() if self._in_ledger is None else (shown(posted, row.currency),))
        return cells

    def _of_journals(self, page: Sequence[Any]) -> list[Row]:
        legs = Entry.objects.filter(journal__in=[row.pk for row in page]).values_list("journal", "currency", "amount")
        debits: dict[Any, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for journal, currency, amount in legs.order_by("id"):
            found = self._sums[currency, ""]
            found[1 if amount > 0 else 2] += abs(amount)
            debits[journal][currency] += max(amount, _NOTHING)
        cells: list[Row] = []
        for row in page:
            sums = debits[row.pk]
            for currency in sums:
                self._sums[currency, ""][0] += 1
            # An exchange has two currencies, and no journal has more.
            pairs = [cell for currency, amount in sums.items() for cell in (shown(amount, currency), currency)]
            cells.append((*pairs, None, None, None, None)[: len(self.titles)])
        return cells

    def rows(self) -> Iterator[Row]:
        """The block of totals: of each currency, by status where there is one."""
        yield ("Rows", Decimal(self._rows))
        if not self._sums:
            return
        if self._is_journals:
            yield ("Totals", "currency", "", "journals", "debits", "credits", "difference")
            for (currency, _), (count, debits, credit) in sorted(self._sums.items()):
                figures = (shown(debits, currency), shown(credit, currency), shown(debits - credit, currency))
                yield ("", currency, "all", Decimal(count), *figures)
            return
        ledger = () if self._in_ledger is None else (self._in_ledger.title,)
        yield ("Totals", "currency", "status", "rows", "amount", *ledger)
        for currency in sorted({currency for currency, _ in self._sums}):
            yield from self._of_currency(currency)

    def _of_currency(self, currency: str) -> Iterator[Row]:
        found = {status: sums for (of, status), sums in sorted(self._sums.items()) if of == currency}
        if self._has_status:
            for status, sums in found.items():
                yield self._total(currency, status, sums)
        together = [sum(column) for column in zip(*found.values(), strict=True)]
        yield self._total(currency, "all", together)
        if self._in_ledger is not None:
            counted = found.get(self._in_ledger.counted, [0, _NOTHING, _NOTHING])
            difference = shown(counted[1] - Decimal(together[2]), currency)
            yield ("", currency, f"{self._in_ledger.counted} less the ledger", None, difference)

    def _total(self, currency: str, status: str, sums: Sequence[Any]) -> Row:
        posted: tuple[Cell, ...] = () if self._in_ledger is None else (shown(Decimal(sums[2]), currency),)
        return ("", currency, status, Decimal(sums[0]), shown(Decimal(sums[1]), currency), *posted)


def _posted(known: InLedger, page: Iterable[Any]) -> dict[Any, Decimal]:
    """What the ledger moved for each of these orders, by their keys: what was posted, less what was taken back."""
    named = {ids.encode(known.prefix, row.pk): row.pk for row in page}
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    kinds = known.adds | known.takes
    for journal, sign in (("journal", 1), ("journal__reverses", -1)):
        legs = Entry.objects.filter(
            **{f"{journal}__kind__in": kinds, f"{journal}__reference__in": list(named), "amount__gt": 0}
        )
        grouped = legs.order_by().values_list(f"{journal}__kind", f"{journal}__reference")
        for kind, reference, amount in grouped.annotate(amount=Sum("amount")):
            sums[named[reference]] += amount * sign * (1 if kind in known.adds else -1)
    return sums


def shown(amount: Decimal, currency: str) -> Decimal:
    """An amount with all decimals of its currency, and more where it has more."""
    return Decimal(format_amount(amount, currency))
