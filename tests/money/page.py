"""docs/money.md as a test reads it: the chart of accounts, and each event with its journals."""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "money.md"

_SEES: Final = "**The product sees** "
_AMOUNT: Final = re.compile(r"([\d,]+\.\d\d) ([A-Z]{3})")
_CHANGE: Final = re.compile(r"(available|held|savings|owed) ([+-][\d,]+\.\d\d) ([A-Z]{3})")
_NEWS: Final = re.compile(r"`([a-z_.]+)`")


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry: on which kind of account, of which payment system; above zero for a debit."""

    account: str
    system: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A journal: its kind, and its legs in the order of the page."""

    kind: str
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One section of the page.

    Attributes:
        heading: what happens.
        journals: what it posts, in order.
        changes: of the product's balances, by balance and currency.
        news: types of the events that the product is told, in order.
    """

    heading: str
    journals: tuple[Posted, ...]
    changes: dict[tuple[str, str], Decimal]
    news: tuple[str, ...]


def chart() -> list[tuple[str, str, str, str]]:
    """Each account: its kind, normal side, how its balance comes about, and what it is."""
    section = PAGE.read_text().partition("\n## The chart of accounts\n")[2].partition("\n## ")[0]
    return [(kind.strip("`"), side, balance, what) for kind, side, balance, what in _rows(section)]


def events() -> list[Event]:
    """Every event of the page, in order."""
    sections = re.split(r"^##+ ", PAGE.read_text(), flags=re.MULTILINE)
    return [_event(section) for section in sections if _SEES in section]


def sections() -> list[str]:
    """The headings of everything that is set as an event is."""
    return re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE)


def _event(section: str) -> Event:
    heading = section.partition("\n")[0]
    rows = _rows(section)
    assert bool(rows) != ("\nNothing is posted.\n" in section), f"{heading}: a table, or nothing is posted"
    journals: list[Posted] = []
    for kind, account, debit, credit in rows:
        if kind:
            journals.append(Posted(kind.strip("`"), ()))
        last = journals.pop()
        journals.append(Posted(last.kind, (*last.legs, _leg(account, debit, credit))))
    sees = re.sub(r"\s+", " ", section.partition(_SEES)[2].partition("\n\n")[0])
    changes = {(name, currency): Decimal(amount.replace(",", "")) for name, amount, currency in _CHANGE.findall(sees)}
    news = tuple(_NEWS.findall(sees))
    told = [*(", ".join(f"{one[0]} {one[1]} {one[2]}" for one in _CHANGE.findall(sees)).split(", ") if changes else [])]
    told += [f"`{one}`" for one in news]
    assert sees.strip() == f"{', '.join(told) or 'nothing'}.", f"{heading}: {sees}"
    return Event(heading, tuple(journals), changes, news)


def _leg(account: str, debit: str, credit: str) -> Leg:
    assert bool(debit) != bool(credit), f"{account}: debit or credit"
    amount, currency = _AMOUNT.fullmatch(debit or credit).groups()  # type: ignore[union-attr]
    kind, _, system = account.partition(" ")
    number = Decimal(amount.replace(",", ""))
    return Leg(kind.strip("`"), system, number if debit else -number, currency)


def _rows(section: str) -> list[tuple[str, str, str, str]]:
    """The cells of the section's table, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    found = []
    for line in lines[2:]:
        one, two, three, four = (cell.strip() for cell in line.strip("|").split("|"))
        found.append((one, two, three, four))
    return found
