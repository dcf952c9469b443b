"""How much came in and went out, day by day and currency by currency, from what was counted ahead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils import timezone

from balances.kinds import AccountKind, JournalKind
from gateway.backoffice.models import Counted, DayFigure

_NOTHING: Final = Decimal(0)

J = JournalKind

#: Money that arrived at the provider for us, whether its owner was known or not.
IN: Final = (J.RECEIPT_CREDITED, J.RECEIPT_SUSPENDED)
#: Of that, what the provider took back.
TAKEN_BACK: Final = (J.RECEIPT_REVERSED, J.SUSPENSE_RETURNED)
#: Money that the provider paid out for us.
OUT: Final = (J.WITHDRAWAL_PAID, J.WITHDRAWAL_PROVED_PAID)
#: Of that, what came back.
CAME_BACK: Final = (J.WITHDRAWAL_RETURNED,)

#: By the name of a column: which kinds of journals, on which kind of account, and whether debits count for it.
_COLUMNS: Final = {
    "money_in": (IN, AccountKind.PROVIDER_BALANCE, True),
    "taken_back": (TAKEN_BACK, AccountKind.PROVIDER_BALANCE, False),
    "money_out": (OUT, AccountKind.PROVIDER_BALANCE, False),
    "came_back": (CAME_BACK, AccountKind.PROVIDER_BALANCE, True),
    "provider_fees": ((J.PROVIDER_FEE,), AccountKind.PROVIDER_FEES, True),
    "product_fees": ((J.PRODUCT_FEE,), AccountKind.FEE_INCOME, False),
}
#: By what a journal does for them, to look them up.
_BY_LEG: Final = {
    (kind, account): (name, is_debit) for name, (kinds, account, is_debit) in _COLUMNS.items() for kind in kinds
}


@dataclass(slots=True, kw_only=True)
class Volume:
    """What one currency moved, in its units. A fee that was taken back counts against the day on which it was.

    Attributes:
        money_in: arrived.
        taken_back: by the provider, of what had arrived.
        money_out: paid out.
        came_back: of what had been paid out.
        provider_fees: that the provider took.
        product_fees: that products paid.
        receipts: how many items arrived.
        payouts: how many were paid.
    """

    money_in: Decimal = _NOTHING
    taken_back: Decimal = _NOTHING
    money_out: Decimal = _NOTHING
    came_back: Decimal = _NOTHING
    provider_fees: Decimal = _NOTHING
    product_fees: Decimal = _NOTHING
    receipts: int = 0
    payouts: int = 0

    def add(self, figure: DayFigure) -> None:
        """Count one more figure of the same currency."""
        column = _BY_LEG.get((JournalKind(figure.kind), AccountKind(figure.account_kind)))
        if column is None:
            return
        name, is_debit = column
        net = figure.debit - figure.credit if is_debit else figure.credit - figure.debit
        setattr(self, name, getattr(self, name) + net)
        if not figure.is_reversal:
            self.receipts += figure.journals if name == "money_in" else 0
            self.payouts += figure.journals if name == "money_out" else 0


@dataclass(slots=True, kw_only=True)
class CurrencyVolume:
    """One currency over the days.

    Attributes:
        currency: ISO 4217 code.
        days: each day's volume, oldest first, days without any included.
        total: of all of them.
    """

    currency: str
    days: dict[date, Volume]
    total: Volume = field(default_factory=Volume)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volumes:
    """All that moved in one mode over some days.

    Attributes:
        days: oldest first; the last one is today.
        currencies: by how much happened in them, most first.
        counted_at: when the figures of today were last counted; None: never.
        uncounted: days that nobody has counted yet.
    """

    days: Sequence[date]
    currencies: Sequence[CurrencyVolume]
    counted_at: datetime | None
    uncounted: Sequence[date]


def volumes(mode: str, days: int) -> Volumes:
    """Of the last ``days`` days of UTC, today included. Two queries."""
    today = timezone.now().astimezone(UTC).date()
    shown = [today - timedelta(days=back) for back in reversed(range(days))]
    counted = dict(
        Counted.objects.filter(what__in=[day.isoformat() for day in shown]).values_list("what", "counted_at")
    )
    figures = DayFigure.objects.filter(day__in=shown, mode=mode)
    return Volumes(
        days=shown,
        currencies=_by_currency(figures, shown),
        counted_at=counted.get(today.isoformat()),
        uncounted=[day for day in shown if day.isoformat() not in counted],
    )


def _by_currency(figures: Iterable[DayFigure], days: Sequence[date]) -> list[CurrencyVolume]:
    found: dict[str, CurrencyVolume] = {}
    for figure in figures:
        one = found.setdefault(
            figure.currency, CurrencyVolume(currency=figure.currency, days={day: Volume() for day in days})
        )
        one.days[figure.day].add(figure)
        one.total.add(figure)
    moved = [one for one in found.values() if one.total != Volume()]
    return sorted(moved, key=lambda one: (-(one.total.receipts + one.total.payouts), one.currency))
