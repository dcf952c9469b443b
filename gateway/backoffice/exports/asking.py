"""Asking for a file, calling it off, taking it, and throwing it away after its time."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import AbstractBaseUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from gateway.backoffice.exports import lists as export_lists
from gateway.backoffice.exports import statements as export_statements
from gateway.backoffice.exports.lists import UnknownList
from gateway.backoffice.exports.moves import BY_CLOCK, end_without_file, lock_export, move_export, ring_for
from gateway.backoffice.models import Export, ExportChunk, ExportDownload, ExportMove, FileFormat
from gateway.backoffice.models.export_states import UNDER_WAY, ExportStatus
from gateway.backoffice.models.exports import STATEMENT
from gateway.encryption import UnreadableColumn, readable_or
from gateway.lifecycles import Cause, CauseKind
from gateway.moving import record
from gateway.people import check_permission
from gateway.sheets import XLSX_MAX_ROWS

#: Who may have files made, and take them. Whose rows somebody may see is asked of each list besides.
MAY_EXPORT: Final = "backoffice.export_rows"
#: Who sees, and calls off, the exports of others. Nobody takes another one's file.
SEES_ALL: Final = "backoffice.view_export"
#: Files that one person may have under way: enough to ask for a month's lists and go on working, and the two workers
#: come to somebody else's within minutes.
UNDER_WAY_MAX: Final = 3
#: A second click, or a page that was sent again: the same file, asked for by the same person so shortly after.
SAME_WITHIN: Final = timedelta(seconds=30)
#: Lines around the rows of a list: titles and the block of totals, which has at most some dozens of lines for each of
#: the two hundred currencies that there are.
FRAME_ROWS: Final = 4_576
#: Rows that an XLSX file has room for.
XLSX_ROWS_MAX: Final = XLSX_MAX_ROWS - FRAME_ROWS
#: Longest address of a list that is kept: what web servers take.
_QUERY_MAX_LENGTH: Final = 8_000
#: Files thrown away in one transaction.
_AT_ONCE: Final = 50


class Refused(Exception):  # noqa: N818 - reads as the fact it reports
    """No file is made; the message says why, to the person who asked."""


def too_long_for_xlsx(rows: str) -> str:
    """Said before a file is made, and by the worker where rows came in between."""
    return f"There are {rows} rows, and an XLSX file has room for {XLSX_ROWS_MAX:,}. Export them as CSV."


def exporter(by: AbstractBaseUser, *, lock: bool = False) -> User:
    """The person as they are now (`gateway.people.check_permission`).

    Raises:
        PermissionDenied: they may not export, or not any more.
    """
    person = check_permission(by, MAY_EXPORT, lock=lock)
    assert isinstance(person, User), "our people are Django's own"
    return person


def ask_for_list(by: AbstractBaseUser, subject: str, query: str, mode: str, kind: FileFormat) -> Export:
    """Have a list made into a file: every row that it shows this person with these filters, in this mode.

    Args:
        by: who asks.
        subject: the list, as ``app.model``.
        query: its address, behind the question mark.
        mode: which money its page showed.
        kind: of file.

    Raises:
        PermissionDenied: the person may not export, or may not see the list.
        Refused: with the reason.
    """
    person = exporter(by)
    if len(query) > _QUERY_MAX_LENGTH:
        raise Refused("There are too many filters. Take some away, and export again.")
    try:
        kept = export_lists.kept_query(query)
        pages = export_lists.pages_of(subject)
        rows, rows_mode = export_lists.rows_of(export_lists.request_of(person, pages, kept, mode), pages)
        if rows_mode != mode:
            # The file is of the mode that its rows are of, whatever the page showed beside them.
            kept, mode = export_lists.kept_query(query, but_mode=True), rows_mode
    except UnknownList:
        raise Refused("The list does not know these filters. Choose them again.") from None
    if kind == FileFormat.XLSX and rows[: XLSX_ROWS_MAX + 1].count() > XLSX_ROWS_MAX:
        raise Refused(too_long_for_xlsx(f"more than {XLSX_ROWS_MAX:,}"))
    return _keep(person, subject, kept, mode, kind)


def ask_for_statement(by: AbstractBaseUser, wish: export_statements.Wish, kind: FileFormat) -> Export:
    """Have a statement made into a file.

    Raises:
        PermissionDenied: the person may not export, or may not see the ledger.
        Refused: its period is not final, or it does not fit into such a file.
    """
    person = exporter(by)
    export_statements.check_may_see(person)
    try:
        export_statements.check(wish, kind)
    except export_statements.NoStatement as refusal:
        raise Refused(str(refusal)) from None
    return _keep(person, STATEMENT, wish.query(), wish.mode, kind)


@transaction.atomic(durable=True)
def _keep(by: User, subject: str, query: str, mode: str, kind: FileFormat) -> Export:
    # Under the lock of the person, so that two clicks come one after the other.
    person = exporter(by, lock=True)
    mine = Export.objects.filter(asked_by=person)
    under_way = list(mine.filter(status__in=UNDER_WAY).order_by("id"))
    wish = (subject, query, mode, kind.value)
    lately = mine.filter(status=ExportStatus.DONE, created_at__gte=timezone.now() - SAME_WITHIN)
    for one in (*under_way, *lately):
        if (one.subject, readable_or(one, "query", None), one.mode, one.format) == wish and (
            one.created_at >= timezone.now() - SAME_WITHIN
        ):
            return one
    if len(under_way) >= UNDER_WAY_MAX:
        raise Refused(f"You have {len(under_way)} exports under way. Wait for one of them, or call one off.")
    made = Export.objects.create(
        asked_by=person, subject=subject, query=query, mode=mode, format=kind, next_at=timezone.now()
    )
    record(ExportMove, made, "", _by(person))
    ring_for(made)
    return made


@transaction.atomic(durable=True)
def cancel(by: AbstractBaseUser, export_id: uuid.UUID) -> Export:
    """Call an export off, for who asked for it, or sees those of others. What has ended stays as it is.

    Raises:
        PermissionDenied: it is somebody else's.
    """
    person = exporter(by)
    export = lock_export(export_id)
    if export.asked_by_id != person.pk and not person.has_perm(SEES_ALL):
        raise PermissionDenied("It is somebody else's export.")
    if export.status in UNDER_WAY:
        end_without_file(export, ExportStatus.CANCELLED, _by(person))
    return export


@transaction.atomic(durable=True)
def take(by: AbstractBaseUser, export_id: uuid.UUID) -> tuple[Export, Iterator[bytes]]:
    """The file of an export, part by part, for who asked for it and may still see what is in it.

    It is written down before the first part is read.

    Raises:
        PermissionDenied: they may not, or not any more.
        Refused: there is no file, with the reason.
    """
    person = exporter(by)
    # Locked, so that it is not thrown away between here and its first part.
    export = lock_export(export_id)
    if export.asked_by_id != person.pk:
        raise PermissionDenied("It is somebody else's export.")
    check_may_see(person, export)
    if export.status != ExportStatus.DONE or export.expires_at is None or export.expires_at <= timezone.now():
        raise Refused(f"There is no file: {ExportStatus(_ended(export)).label}.")
    first = ExportChunk.objects.filter(export=export, number=1).first()
    if first is not None and readable_or(first, "content", None) is None:
        raise Refused("The file cannot be decrypted with the present keys. Export it again.")
    ExportDownload.objects.create(export=export, by=person)
    return export, _parts_of(export)


def _ended(export: Export) -> str:
    return ExportStatus.EXPIRED if export.status == ExportStatus.DONE else export.status


def _parts_of(export: Export) -> Iterator[bytes]:
    number = 1
    # One after the other: a part is all that is ever in memory. Where it goes in between, the download breaks off
    # before its length, which browsers notice.
    while (part := ExportChunk.objects.filter(export=export, number=number).first()) is not None:
        yield part.content
        number += 1


def check_may_see(person: User, export: Export) -> None:
    """Refuse who may not see what is in it: asked as it is made, and once more as it is taken.

    Raises:
        PermissionDenied: with a sentence.
    """
    if export.subject == STATEMENT:
        export_statements.check_may_see(person)
        return
    try:
        pages = export_lists.pages_of(export.subject)
    except UnknownList:
        raise PermissionDenied("The list is not there any more.") from None
    if not pages.has_view_permission(export_lists.request_of(person, pages, "", export.mode)):
        raise PermissionDenied(f"{person.get_username()} may not see {pages.opts.verbose_name_plural}.")


def told_by(export: Export) -> list[tuple[str, str]]:
    """What was asked for, in words: each filter with its value."""
    try:
        told = QueryDict(export.query)
    except UnreadableColumn:
        return [("filters", "cannot be decrypted")]
    return [(name.removesuffix("__exact").replace("__", " "), ", ".join(told.getlist(name))) for name in told]


def due_exports() -> list[uuid.UUID]:
    """Exports that are due: the sweep rings for them."""
    return list(Export.objects.filter(next_at__lte=timezone.now()).order_by("next_at").values_list("pk", flat=True))


def forget_exports() -> None:
    """Throw away every file whose time is over; the row says for ever who asked for what."""
    while _forget_some():
        pass


@transaction.atomic(durable=True)
def _forget_some() -> bool:
    over = Export.objects.filter(status=ExportStatus.DONE, expires_at__lte=timezone.now())
    some = list(over.order_by("expires_at").select_for_update(skip_locked=True, of=("self",))[:_AT_ONCE])
    for export in some:
        move_export(export, ExportStatus.EXPIRED, BY_CLOCK)
    return bool(some)


def _by(person: User) -> Cause:
    return Cause(kind=CauseKind.PERSON, id=str(person.pk))
