"""The one gate through which an export changes its status: table, sequence, history, and what is kept of its file."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from gateway import due_work
from gateway.after_commit import ring
from gateway.backoffice.models import Export, ExportChunk, ExportMove
from gateway.backoffice.models.export_states import EXPORT, WITHOUT_FILE, ExportStatus
from gateway.backoffice.models.exports import FAILURE_MAX_LENGTH
from gateway.lifecycles import Cause, CauseKind
from gateway.moving import moved

BY_CLOCK = Cause(kind=CauseKind.CLOCK)


def lock_export(export_id: uuid.UUID) -> Export:
    """The export, locked until the transaction ends."""
    found: Export = due_work.lock(Export.objects.all(), export_id)
    return found


@transaction.atomic(savepoint=False)
def move_export(export: Export, to_status: ExportStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked export, together with the columns that change with it.

    Raises:
        IllegalMove: the table does not allow it; nothing was written.
    """
    moved(EXPORT, ExportMove, export, to_status, cause, **changes)
    if to_status in WITHOUT_FILE:
        # After the status: the database keeps the parts of a file that may still be downloaded.
        ExportChunk.objects.filter(export=export).delete()


@transaction.atomic(savepoint=False)
def end_without_file(export: Export, status: ExportStatus, cause: Cause, failure: str = "") -> None:
    """End a locked export of which nothing is kept."""
    ended = {"next_at": None, "token": None, "finished_at": timezone.now()}
    move_export(export, status, cause, failure=failure[:FAILURE_MAX_LENGTH], **ended)


def ring_for(export: Export) -> None:
    """Hurry a worker to the export, once the transaction is committed."""
    ring("gateway.backoffice.tasks.work_on_export", str(export.pk))
