"""Statements as files, of a kind that people open: CSV and XLSX."""

import io
from typing import BinaryIO, Final

from django.db import models

from balances.statements import FRAME_ROWS, Statement
from gateway.sheets import XLSX_MAX_ROWS, write_csv, write_xlsx


class FileKind(models.TextChoices):
    """What kind of file it is; the value is the end of its name."""

    CSV = "csv", "text/csv; charset=utf-8"
    XLSX = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    @property
    def media_type(self) -> str:
        """For the header Content-Type."""
        return str(self.label)


#: How many movements a file of each kind holds, where that is limited.
MAX_MOVEMENTS: Final = {FileKind.XLSX: XLSX_MAX_ROWS - FRAME_ROWS}


def write(statement: Statement, kind: FileKind, file: BinaryIO) -> None:
    """Write a statement, row by row as they come from the database."""
    if kind == FileKind.XLSX:
        write_xlsx(file, statement.rows(), title="Statement", created=statement.end)
        return
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    write_csv(text, statement.rows())
    text.detach()  # flushed; the file stays its owner's to close


def name_of(statement: Statement, kind: FileKind) -> str:
    """A name that says what is inside."""
    begin, end = (f"{at:%Y%m%dT%H%M%SZ}" for at in (statement.begin, statement.end))
    return f"statement-{statement.mode}-{statement.currency}-{begin}-{end}.{kind.value}"
