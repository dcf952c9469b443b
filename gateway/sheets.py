"""Tables for people, as CSV and XLSX. No cell of them is ever a formula, whatever text comes in.

A cell is a text, a number (`Decimal`, shown with exactly its decimals), a point in time, or nothing.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, BinaryIO, Final, TextIO

import xlsxwriter

Cell = str | Decimal | datetime | None
Row = Sequence[Cell]

#: What a spreadsheet program reads a formula after (OWASP, "CSV Injection"), and what some of them take for the same:
#: the wide letters of East Asian keyboards, small and raised ones, and the minus of typesetters.
_SIGNS: Final = r"=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a\u207c\u208a\u208c\u2212"
#: What a program may take away before it looks: blanks of all kinds, control characters, quotes, and what has no width.
_UNSEEN: Final = r"[\s\"\x00-\x1f\x7f\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
#: A cell of a CSV file that a spreadsheet program might read as a formula, or begin anew.
_FORMULA: Final = re.compile(rf"{_UNSEEN}*[{_SIGNS}]|[\t\r\n]")
#: The same where a program that separates by semicolons or tabs begins a cell in the midst of ours. To quote the whole
#: of it is of no use there: to that program the quote stands in the midst of a cell, too, where it is a character.
_INNER_BEGINNING: Final = re.compile(rf"([;\t\r\n])(?={_UNSEEN}*[{_SIGNS}])")
#: Rows that a sheet of XLSX has, by its specification.
XLSX_MAX_ROWS: Final = 1_048_576
#: A spreadsheet program keeps its numbers as binary fractions and so many digits of them: a longer number is written as
#: a text, for it would be rounded silently.
_XLSX_MAX_DIGITS: Final = 15
#: Wide enough for an id, the longest that stands in most columns.
_COLUMN_WIDTH: Final = 32
_TIME_FORMAT: Final = "yyyy-mm-dd hh:mm:ss.000"


def write_csv(file: TextIO, rows: Iterable[Row]) -> None:
    """RFC 4180, with numbers in plain decimals and times by RFC 3339.

    A text that a spreadsheet program would take for a formula, once it took away what is not seen, is prefixed with an
    apostrophe, and so is any part of it that would begin a cell where cells are separated by semicolons or tabs.
    Numbers never are: a minus is all that they can begin with.

    Args:
        file: opened with ``newline=""``.
        rows: from the first line on.
    """
    writer = csv.writer(file)
    for row in rows:
        writer.writerow([_in_csv(cell) for cell in row])


def _in_csv(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}"
        case datetime():
            return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    inside = _INNER_BEGINNING.sub(r"\1'", cell)
    return f"'{inside}" if _FORMULA.match(cell) else inside


def write_xlsx(file: BinaryIO, rows: Iterable[Row], *, title: str, created: datetime) -> None:
    """One sheet. Texts are texts, numbers are numbers, times are times in UTC, to the millisecond.

    Args:
        file: where it goes, once all rows are there; until then they lie in a temporary file.
        rows: from the first line on, at most `XLSX_MAX_ROWS`.
        title: of the document and of the sheet; at most 31 letters, digits and blanks.
        created: what the document calls its time, so that the same rows give the same bytes.
    """
    # Closed also where a row is refused: its temporary file goes, and nobody keeps what was written so far.
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        book.set_properties({"title": title, "created": created.astimezone(UTC).replace(tzinfo=None)})
        sheet = book.add_worksheet(title)
        times = book.add_format({"num_format": _TIME_FORMAT})
        decimals = cache(lambda places: book.add_format({"num_format": f"0.{'0' * places}" if places else "0"}))
        columns = 1
        for number, row in enumerate(rows):
            columns = max(columns, len(row))
            for column, cell in enumerate(row):
                _write(sheet, (number, column), cell, times, decimals)
        # Those that are used: to set all 16,384 takes 40 ms.
        sheet.set_column(0, columns - 1, _COLUMN_WIDTH)


def _write(sheet: Any, place: tuple[int, int], cell: Cell, times: Any, decimals: Any) -> None:
    match cell:
        case None:
            return
        case Decimal() if len(cell.as_tuple().digits) <= _XLSX_MAX_DIGITS:
            refused = sheet.write_number(*place, cell, decimals(_places_of(cell)))
        case Decimal():
            refused = sheet.write_string(*place, f"{cell:f}")
        case datetime():
            at = cell.astimezone(UTC).replace(tzinfo=None)
            # Cut off, not rounded: the last instant of a year stays in it.
            refused = sheet.write_datetime(*place, at.replace(microsecond=at.microsecond // 1000 * 1000), times)
        case str():
            refused = sheet.write_string(*place, cell)
    if refused:
        raise ValueError(f"cell {place} does not fit into a sheet")


def _places_of(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "finite numbers only"
    return max(-exponent, 0)
