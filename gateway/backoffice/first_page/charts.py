"""The chart of one currency: a pair of bars for each day, drawn by the browser from plain elements.

Nothing is drawn by scripts (docs/adr/charts-are-drawn-without-scripts.md): the heights stand in the page, so the chart
is there without JavaScript, on paper, and in any width; a table with the same figures stands below it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from balances.kinds import JournalKind
from gateway.backoffice import readable
from gateway.backoffice.first_page.tables import Cell, Table, number, numbers, text, words
from gateway.backoffice.first_page.volumes import CAME_BACK, IN, OUT, TAKEN_BACK, CurrencyVolume, Volume
from gateway.money import shown_amount

#: So many days at most are named below the bars: four names fit on a phone.
_NAMED_DAYS: Final = 4
#: Where the journals of some kinds and days are listed; all kinds where none is named.
RowsOf = Callable[[Sequence[JournalKind], date, date], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One day: how high its bars are, in hundredths of the highest one, and what they say."""

    day: date
    name: str
    money_in: str
    money_out: str
    said: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One currency.

    Attributes:
        currency: ISO 4217 code.
        money_in: in all days together.
        money_out: likewise.
        money_in_rows: where that is listed.
        money_out_rows: likewise.
        today_in: of it, today.
        today_out: likewise.
        top: how much the highest bar is, in a few digits.
        half: half of that, for the line in the middle.
        bars: oldest first.
        summary: the chart in a sentence.
        table: the same figures.
    """

    currency: str
    money_in: str
    money_out: str
    money_in_rows: str
    money_out_rows: str
    today_in: str
    today_out: str
    top: str
    half: str
    bars: Sequence[Bars]
    summary: str
    table: Table


def chart(volume: CurrencyVolume, rows_of: RowsOf) -> Chart:
    """Of one currency; ``rows_of`` gives the list behind a figure, or ""."""
    code = volume.currency
    days = list(volume.days.items())
    first, last = days[0][0], days[-1][0]
    highest = max(max(one.money_in, one.money_out) for one in volume.days.values())
    step = -(-len(days) // _NAMED_DAYS)
    named = {day for place, (day, _) in enumerate(reversed(days)) if place % step == 0}
    return Chart(
        currency=code,
        money_in=shown_amount(volume.total.money_in, code),
        money_out=shown_amount(volume.total.money_out, code),
        money_in_rows=rows_of(IN, first, last),
        money_out_rows=rows_of(OUT, first, last),
        today_in=shown_amount(volume.days[last].money_in, code),
        today_out=shown_amount(volume.days[last].money_out, code),
        top=readable.short(highest),
        half=readable.short(highest / 2),
        bars=[
            Bars(
                day=day,
                name=f"{day:%-d %b}" if day in named else "",
                money_in=_height(one.money_in, highest),
                money_out=_height(one.money_out, highest),
                said=(
                    f"{day:%Y-%m-%d}: in {shown_amount(one.money_in, code)}, out {shown_amount(one.money_out, code)}"
                ),
                href=rows_of((*IN, *OUT), day, day),
            )
            for day, one in days
        ],
        summary=(
            f"{code} by day from {first:%Y-%m-%d} to {last:%Y-%m-%d}:"
            f" in {shown_amount(volume.total.money_in, code)},"
            f" out {shown_amount(volume.total.money_out, code)}. The table below has the same figures."
        ),
        table=_table(volume, rows_of),
    )


def _height(amount: Decimal, highest: Decimal) -> str:
    """In per cent; what is not nothing is seen, however little it is."""
    if amount <= 0 or highest <= 0:
        return "0"
    return f"{max(100 * amount / highest, Decimal(1)):.1f}"


def _table(volume: CurrencyVolume, rows_of: RowsOf) -> Table:
    """Day by day, the latest first, and all of them."""
    first, *_, last = volume.days

    def row(name: str, one: Volume, since: date, until: date) -> list[Cell]:
        def money(amount: Decimal, *kinds: JournalKind) -> Cell:
            href = rows_of(kinds, since, until) if amount else ""
            return number(shown_amount(amount, volume.currency), href=href)

        return [
            text(name),
            money(one.money_in, *IN),
            number(f"{one.receipts:,}"),
            money(one.taken_back, *TAKEN_BACK),
            money(one.money_out, *OUT),
            number(f"{one.payouts:,}"),
            money(one.came_back, *CAME_BACK),
            money(one.provider_fees, JournalKind.PROVIDER_FEE),
            money(one.product_fees, JournalKind.PRODUCT_FEE),
        ]

    rows = [row(f"{day:%Y-%m-%d}", one, day, day) for day, one in reversed(volume.days.items())]
    rows.append(row("All days", volume.total, first, last))
    return Table(
        caption=f"{volume.currency} by day",
        columns=[
            *words("Day (UTC)"),
            *numbers("In", "Receipts", "Taken back", "Out", "Payouts", "Came back", "Provider fees", "Product fees"),
        ],
        rows=rows,
    )
