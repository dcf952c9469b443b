"""Tables of figures as pages show them: cells with the rows behind them, and as far as their reader may see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure, or several below each other.

    Attributes:
        lines: what is shown; nothing is shown as a dash.
        href: the rows behind it; "" where they are not for this person, or there are none.
        note: in small letters below.
        tone: ``""``, ``"good"``, ``"warn"`` or ``"bad"``: shown as a shape before the words, never by colour alone.
        is_number: stands to the right, in digits of one width.
    """

    lines: Sequence[str] = ()
    href: str = ""
    note: str = ""
    tone: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a column."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells; the first cell of each says what the row is about.

    Attributes:
        caption: what the table is, for whoever cannot see where it stands.
        nothing: said where there are no rows.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    nothing: str = "Nothing."


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One part of a page.

    Attributes:
        key: its anchor.
        title: of the part.
        note: what it means, or how fresh it is.
        tables: of the part; one that is not for its reader has none, and says so in ``note``.
        is_wide: it takes the whole width; others stand in pairs where there is room.
    """

    key: str
    title: str
    note: str = ""
    tables: Sequence[Table] = field(default=())
    is_wide: bool = False


def text(*lines: str, href: str = "", note: str = "", tone: str = "") -> Cell:
    """Words."""
    return Cell(lines=[line for line in lines if line], href=href, note=note, tone=tone)


def number(*lines: str, href: str = "", note: str = "", tone: str = "") -> Cell:
    """Figures, which are compared by their right ends."""
    return Cell(lines=[line for line in lines if line], href=href, note=note, tone=tone, is_number=True)


def words(*titles: str) -> list[Column]:
    """Columns of words."""
    return [Column(title=title) for title in titles]


def numbers(*titles: str) -> list[Column]:
    """Columns of figures."""
    return [Column(title=title, is_number=True) for title in titles]


NOT_FOR_YOU: Final = "This part is not for you: it takes the permission to view {}."


def not_for_you(key: str, title: str, what: str) -> Panel:
    """In place of a part that its reader may not see: no figure, and no zero either."""
    return Panel(key=key, title=title, note=NOT_FOR_YOU.format(what))
