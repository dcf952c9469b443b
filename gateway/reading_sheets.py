"""Tables that people send, as CSV and XLSX, read exactly: each cell is the text that stands in it, or is refused.

Nothing is guessed. A spreadsheet program turns what looks like a number or a date into one, and shows it differently
from what it keeps; what it may have changed is refused with a sentence that says how to send it.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import openpyxl
from openpyxl.cell.read_only import EmptyCell

from gateway.weighing_sheets import LAST_LINE, Unreadable, weigh

#: Longest text of a cell; the longest field that anybody reads from one has 500 characters.
CELL_MAX_CHARS: Final = 2_000
#: Most columns: the fields of a row and a product's own notes.
COLUMNS_MAX: Final = 100
_NO_UTF8: Final = 'The file is no UTF-8 text; save it as "CSV UTF-8".'
#: A spreadsheet program keeps so many digits of a number and makes zeros of the others.
_EXACT_DIGITS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of a spreadsheet: whole, and short enough that no program has rounded it."""

    digits: str


#: What stands in a cell; None: nothing.
Cell = str | Number | Unreadable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row that is not empty, with its number as a spreadsheet program counts them."""

    number: int
    cells: list[Cell]


def read_csv(raw: bytes, *, max_lines: int) -> list[Line]:
    """The rows of a CSV file: UTF-8 with or without its mark, separated by commas, or by semicolons as its header is.

    Args:
        raw: the file.
        max_lines: more rows than this are refused, the header included.

    Raises:
        Unreadable: the file as a whole.
    """
    if b"\0" in raw or raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(_NO_UTF8)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(_NO_UTF8) from None
    first = text.split("\n", 1)[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return _bounded(
            ((reader.line_num, [_text(one) if one else None for one in cells]) for cells in reader), max_lines
        )
    except csv.Error as error:
        raise Unreadable(f"The file is no CSV: line {reader.line_num}, {error}.") from None


def read_xlsx(raw: bytes, *, max_lines: int) -> list[Line]:
    """The rows of the one sheet of an XLSX file.

    Text is text. A number is taken where it is whole and has at most 15 digits. Formulas, dates, fractions, errors and
    logical values are `Unreadable` in their place: what is shown there is not what is kept.

    Args:
        raw: the file.
        max_lines: as of `read_csv`.

    Raises:
        Unreadable: the file as a whole.
    """
    try:
        # What openpyxl builds of a part is many times larger, and slower, than the part.
        weigh(raw)
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, keep_links=False)
        return _bounded(_lines(book), max_lines)
    except Unreadable:
        raise
    except Exception:  # noqa: BLE001 - whatever the libraries make of what is no workbook
        raise Unreadable("The file is no XLSX workbook that can be read; save it anew, or send CSV.") from None


def _lines(book: openpyxl.Workbook) -> Iterator[tuple[int, list[Cell]]]:
    if len(book.worksheets) != 1 or len(book.sheetnames) != 1:
        raise Unreadable("Send a workbook with one sheet.")
    # Not as far as it says itself that it goes, which may be anything.
    rows = book.worksheets[0].iter_rows(max_row=LAST_LINE + 1, max_col=COLUMNS_MAX + 1)
    for number, row in enumerate(rows, 1):
        yield number, [_cell(one) for one in row]


def _bounded(rows: Iterable[tuple[int, list[Cell]]], max_lines: int) -> list[Line]:
    found: list[Line] = []
    for number, cells in rows:
        if number > LAST_LINE:
            raise Unreadable(f"The file goes beyond line {LAST_LINE:,}; delete what is below its rows.")
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        if len(cells) > COLUMNS_MAX:
            raise Unreadable(f"Line {number} has more than {COLUMNS_MAX} cells.")
        if len(found) == max_lines:
            raise Unreadable(f"The file has more than {max_lines - 1:,} rows; send several files.")
        found.append(Line(number=number, cells=cells))
    return found


def _text(text: str) -> Cell:
    if len(text) > CELL_MAX_CHARS:
        return Unreadable(f"Send at most {CELL_MAX_CHARS:,} characters.")
    return text


def _cell(cell: Any) -> Cell:
    if isinstance(cell, EmptyCell) or cell.value is None:
        return None
    value = cell.value
    if cell.data_type == "f":
        return Unreadable("Send the value itself, not a formula.")
    if cell.data_type == "e":
        return Unreadable("The cell holds an error.")
    match value:
        case str():
            return _text(value) if value else None
        case bool():
            return Unreadable("Send a text, not a logical value.")
        case datetime() | date() | time() | timedelta():
            return Unreadable("The spreadsheet keeps a date here; format the column as text.")
        case int():
            return _number(value)
        case float() if value.is_integer() and abs(value) < 10**_EXACT_DIGITS:
            return _number(int(value))
    return Unreadable("The spreadsheet keeps this number as a binary fraction; format the column as text.")


def _number(value: int) -> Cell:
    if abs(value) >= 10**_EXACT_DIGITS:
        return Unreadable("The number has more digits than a spreadsheet keeps; format the column as text.")
    return Number(digits=str(value))
