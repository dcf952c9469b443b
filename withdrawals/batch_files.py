"""Batches as files: a header of names, and a row for each withdrawal, as JSON would have it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from gateway.api.fields import METADATA_MAX_KEY_LENGTH, is_plain
from gateway.providers.models import PaymentSystem
from gateway.reading_sheets import Cell, Line, Number, read_csv, read_xlsx
from gateway.weighing_sheets import Unreadable
from withdrawals.batch_states import BatchSource

#: Columns that every file has, and those that it may have; a recipient's fields are ``recipient.account_number``.
REQUIRED: Final = ("payment_system", "currency", "amount", "customer", "reference")
_OPTIONAL: Final = ("comment",)
#: Where a number that somebody typed is the text that they meant. An account loses its leading zeros as a number.
_NUMBERS_IN: Final = frozenset({"amount", "customer", "reference"})
_DOTTED: Final = re.compile(r"(recipient|metadata)\.(.+)", re.DOTALL)
_XLSX_BEGINNING: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """What a file says.

    Attributes:
        source: what kind of file it is.
        rows: as in JSON; a cell, or a row, that cannot be read is `Unreadable`.
        lines: of each row, its line in the file.
    """

    source: BatchSource
    rows: list[Any]
    lines: list[int]


def read_file(raw: bytes) -> FileRows:
    """The rows of a CSV or XLSX file, told apart by how it begins.

    Raises:
        Unreadable: the file as a whole, its header included.
    """
    source = BatchSource.XLSX if raw.startswith(_XLSX_BEGINNING) else BatchSource.CSV
    read = read_xlsx if source == BatchSource.XLSX else read_csv
    lines = read(raw, max_lines=settings.BATCH_MAX_ROWS + 1)
    if not lines:
        raise Unreadable("The file is empty; its first row names the columns.")
    columns = _columns(lines[0])
    rows = [_row(columns, line) for line in lines[1:]]
    return FileRows(source=source, rows=rows, lines=[line.number for line in lines[1:]])


def _columns(header: Line) -> list[str]:
    names: list[str] = []
    for cell in header.cells:
        if not isinstance(cell, str):
            raise Unreadable("The first row names the columns, each by a text.")
        names.append(cell.strip())
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Unreadable(f"The column {_named(twice[0])} stands twice.")
    recipients = {
        field["name"] for system in PaymentSystem.objects.filter(pays_out=True) for field in system.recipient_fields
    }
    for name in names:
        if name not in {*REQUIRED, *_OPTIONAL} and not _is_dotted(name, recipients):
            known = ", ".join([*REQUIRED, *_OPTIONAL, *(f"recipient.{one}" for one in sorted(recipients))])
            raise Unreadable(f"There is no column {_named(name)}. Known: {known}, and metadata.….")
    if missing := [name for name in REQUIRED if name not in names]:
        raise Unreadable(f"The column {missing[0]} is missing.")
    return names


def _is_dotted(name: str, recipients: set[str]) -> bool:
    matched = _DOTTED.fullmatch(name)
    if matched is None:
        return False
    group, key = matched.groups()
    return key in recipients if group == "recipient" else len(key) <= METADATA_MAX_KEY_LENGTH and is_plain(key)


def _named(name: str) -> str:
    # What somebody sent is repeated as far as it is a name.
    return f'"{name[:40]}"' if name and is_plain(name) else "without a name"


def _row(columns: Sequence[str], line: Line) -> dict[str, Any] | Unreadable:
    if len(line.cells) > len(columns):
        return Unreadable("The row has more cells than the header.")
    row: dict[str, Any] = {"recipient": {}}
    for name, cell in zip(columns, line.cells, strict=False):
        if cell is None:
            continue
        matched = _DOTTED.fullmatch(name)
        if matched is None:
            row[name] = _value(name, cell)
        else:
            row.setdefault(matched[1], {})[matched[2]] = _value(name, cell)
    return row


def _value(column: str, cell: Cell) -> str | Unreadable:
    if isinstance(cell, Number):
        if column not in _NUMBERS_IN:
            return Unreadable("Format the column as text: as a number it may have lost zeros.")
        return cell.digits
    assert cell is not None, "left out before"
    return cell
