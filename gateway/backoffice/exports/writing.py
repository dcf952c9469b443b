"""Writing the file of an export.

One worker at a time has an export, by lease and token, which it renews with every page of rows. What it writes are
parts of a file that nobody may download before the last one is there. A worker that dies leaves an export that is due
again after its lease, and the next one begins it anew.
"""

import hashlib
import io
import itertools
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from gateway import due_work
from gateway.backoffice.exports import lists as export_lists
from gateway.backoffice.exports import statements as export_statements
from gateway.backoffice.exports.asking import XLSX_ROWS_MAX, check_may_see, exporter, too_long_for_xlsx
from gateway.backoffice.exports.columns import columns_of
from gateway.backoffice.exports.lists import UnknownList
from gateway.backoffice.exports.money import Totals
from gateway.backoffice.exports.moves import BY_CLOCK, end_without_file, lock_export, move_export
from gateway.backoffice.models import Export, ExportChunk, FileFormat
from gateway.backoffice.models.export_states import UNDER_WAY, ExportStatus
from gateway.backoffice.models.exports import KEPT_FOR, STATEMENT
from gateway.encryption import UnreadableColumn
from gateway.sheets import Row, write_csv, write_xlsx

log = structlog.get_logger(__name__)

#: How long an export belongs to its worker after a page of rows, which takes a second, and many on a busy machine.
LEASE_SECONDS: Final = 300
#: The same once all rows of a workbook are read, for then it is packed in one go: so many rows in each second besides.
#: A processor packs ten times as many; a busy machine gives it a tenth of one.
PACKED_A_SECOND: Final = 1_000
#: What fails as nothing should, of a database in trouble or a mistake of ours, is tried again so long after.
DELAYS_SECONDS: Final = (10, 60)
#: How often an export is begun: each time its worker died or it failed unexpectedly.
ATTEMPTS_MAX: Final = len(DELAYS_SECONDS) + 1
#: Bytes of one part of a file: encrypted and decrypted in milliseconds, and all that a download has in memory.
CHUNK_BYTES: Final = 256 * 1024
#: Most letters of a cell of a spreadsheet. What is longer is cut there, and says so; in CSV it is whole.
_CELL_MAX_LENGTH: Final = 32_767
_CUT: Final = " … (cut)"


class Lost(Exception):  # noqa: N818 - reads as the fact it reports
    """The export is another worker's meanwhile, or was called off: what is written goes nowhere."""


class _Impossible(Exception):  # noqa: N818 - reads as the fact it reports
    """There will be no such file; the message says why, to who asked."""


def work_on_export(export_id: uuid.UUID) -> None:
    """Write the file of an export that is due, from its first row to its last."""
    due = Export.objects.filter(pk=export_id, status__in=UNDER_WAY)
    for claimed in due_work.claim(due, limit=1, lease_seconds=LEASE_SECONDS):
        try:
            export = _begin(claimed)
            if export is not None:
                _write(export)
        except Lost:
            log.info("export_lost", id=str(export_id))
        except (_Impossible, PermissionDenied, export_statements.NoStatement) as refusal:
            _fail(claimed, str(refusal))
        except UnknownList:
            _fail(claimed, "The list does not know these filters any more. Choose them again.")
        except UnreadableColumn:
            _fail(claimed, "What was asked for cannot be decrypted with the present keys.")
        except Exception:
            # Raised, it would tell nobody: who asked looks at a page.
            log.exception("export_failed", id=str(export_id), attempt=claimed.attempts)
            _try_again(claimed)


@transaction.atomic(durable=True)
def _begin(claimed: Export) -> Export | None:
    """The export with nothing of an earlier attempt; None where it was begun too often."""
    export = _ours(claimed)
    if export.attempts > ATTEMPTS_MAX:
        failure = f"It was begun {ATTEMPTS_MAX} times and never came to its end."
        end_without_file(export, ExportStatus.FAILED, BY_CLOCK, failure)
        return None
    ExportChunk.objects.filter(export=export).delete()
    nothing_yet: dict[str, Any] = {"rows_done": 0, "rows_expected": None, "columns": []}
    move_export(export, ExportStatus.RUNNING, BY_CLOCK, begun_at=timezone.now(), **nothing_yet)
    return export


def _write(export: Export) -> None:
    person = exporter(User.objects.get(pk=export.asked_by_id))
    check_may_see(person, export)
    rows = _statement(export) if export.subject == STATEMENT else _list(export, person)
    file = _Parts(export)
    _write_rows(export, rows, file)
    _finish(export, file)


def _list(export: Export, person: User) -> Iterator[Row]:
    pages = export_lists.pages_of(export.subject)
    request = export_lists.request_of(person, pages, export.query, export.mode)
    found, mode = export_lists.rows_of(request, pages)
    if mode != export.mode:
        # When it was asked for there were others, or none; rows that came meanwhile are not of the mode that it names.
        found = found.none()
    totals = Totals(pages.model)
    columns = columns_of(pages, request, but=frozenset(totals.titles))
    expected = found.count()
    if export.format == FileFormat.XLSX and expected > XLSX_ROWS_MAX:
        raise _Impossible(too_long_for_xlsx(f"{expected:,}"))
    titles = [*(one.title for one in columns), *totals.titles]
    _expect(export, expected, titles)
    yield titles
    for page in export_lists.in_pages(found):
        for row, more in zip(page, totals.more(page), strict=True):
            yield [*(one.cell(row) for one in columns), *more]
        _is_so_far(export, len(page))
    yield ()
    yield from totals.rows()
    assert export.begun_at is not None, "it runs"
    yield ("Of", f"{pages.opts.verbose_name_plural}, {export.mode}")
    yield ("Rows that were there at (UTC)", export.begun_at)
    yield ("Each as it was when it was read, until (UTC)", timezone.now())


def _statement(export: Export) -> Iterator[Row]:
    wish = export_statements.kept_wish(export.query, export.mode)
    statement = export_statements.check(wish, FileFormat(export.format))
    # All of them, however many: what a sheet has no room for was refused just now.
    _expect(export, statement.count(up_to=2**31), [])
    rows = export_statements.rows_of(statement, wish.account)
    while page := list(itertools.islice(rows, export_lists.PAGE_ROWS)):
        yield from page
        _is_so_far(export, len(page))


def _write_rows(export: Export, rows: Iterable[Row], file: "_Parts") -> None:
    assert export.begun_at is not None, "it runs"
    if export.format == FileFormat.CSV:
        text = io.TextIOWrapper(io.BufferedWriter(file, CHUNK_BYTES), encoding="utf-8", newline="")
        write_csv(text, rows)
        text.flush()
        text.detach()
        return
    title = "Statement" if export.subject == STATEMENT else "Export"
    # A workbook is packed from its end, so it lies on the worker's disk for a moment, in a file without a name: nobody
    # else can open it, and it is gone with its process, however that ends.
    with tempfile.TemporaryFile() as packed:
        write_xlsx(packed, map(_fitting, _then_packed(export, rows)), title=title, created=export.begun_at)
        packed.seek(0)
        while part := packed.read(CHUNK_BYTES):
            file.write(part)


def _then_packed(export: Export, rows: Iterable[Row]) -> Iterator[Row]:
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 - the last one is wanted
        yield row
    _renew(export, seconds=LEASE_SECONDS + number // PACKED_A_SECOND)


def _fitting(row: Row) -> Row:
    return [
        cell[: _CELL_MAX_LENGTH - len(_CUT)] + _CUT if isinstance(cell, str) and len(cell) > _CELL_MAX_LENGTH else cell
        for cell in row
    ]


class _Parts(io.RawIOBase):
    """What is written to it becomes encrypted parts of the export's file; the sum of all is kept."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._waiting = bytearray()
        self._hash = hashlib.sha256()
        self._number = 0
        self.size = 0

    def writable(self) -> bool:
        """Nothing else."""
        return True

    def write(self, content: Any) -> int:
        """Keep it; whole parts go to the database."""
        self._hash.update(content)
        self._waiting += content
        self.size += len(content)
        while len(self._waiting) >= CHUNK_BYTES:
            self._keep(CHUNK_BYTES)
        return len(content)

    def end(self) -> str:
        """Keep what is left; the SHA-256 of all of it."""
        if self._waiting:
            self._keep(len(self._waiting))
        return self._hash.hexdigest()

    @transaction.atomic(durable=True)
    def _keep(self, size: int) -> None:
        _ours(self._export)
        self._number += 1
        ExportChunk.objects.create(export=self._export, number=self._number, content=bytes(self._waiting[:size]))
        del self._waiting[:size]


def _expect(export: Export, rows: int, titles: list[str]) -> None:
    _renew(export, rows_expected=rows, columns=titles)


def _is_so_far(export: Export, rows: int) -> None:
    _renew(export, rows_done=F("rows_done") + rows)


def _renew(export: Export, *, seconds: int = LEASE_SECONDS, **changes: Any) -> None:
    """Write down how far it is, and keep the export for another while; raise `Lost` where it is not ours any more."""
    until: datetime = timezone.now() + timedelta(seconds=seconds)
    mine = Export.objects.filter(pk=export.pk, token=export.token, status=ExportStatus.RUNNING)
    if not mine.update(next_at=until, **changes):
        raise Lost


def _ours(claimed: Export) -> Export:
    """The export, locked; raise `Lost` where it is not this worker's any more."""
    export = lock_export(claimed.pk)
    if not export.holds(claimed.token) or export.status not in UNDER_WAY:
        raise Lost
    return export


def _finish(export: Export, file: _Parts) -> None:
    digest = file.end()
    with transaction.atomic(durable=True):
        mine, now = _ours(export), timezone.now()
        kept = {"size": file.size, "digest": digest, "finished_at": now, "expires_at": now + KEPT_FOR}
        move_export(mine, ExportStatus.DONE, BY_CLOCK, next_at=None, token=None, **kept)


@transaction.atomic(durable=True)
def _fail(claimed: Export, failure: str) -> None:
    export = lock_export(claimed.pk)
    if export.holds(claimed.token) and export.status in UNDER_WAY:
        end_without_file(export, ExportStatus.FAILED, BY_CLOCK, failure)


@transaction.atomic(durable=True)
def _try_again(claimed: Export) -> None:
    export = lock_export(claimed.pk)
    if not export.holds(claimed.token) or export.status not in UNDER_WAY:
        return
    again = due_work.after(DELAYS_SECONDS, export.attempts, repeat_last=False)
    if again is None:
        end_without_file(export, ExportStatus.FAILED, BY_CLOCK, "It failed here for a reason of ours. Try it again.")
        return
    export.next_at, export.token = again, None
    export.save(update_fields=["next_at", "token"])
