"""The one frame in which every thing moves: the table, the sequence, the columns, a line in the log, the history row.

What else a move means (money, news, a file) is said by the app that calls it, in its own `moves`. All of it happens in
the caller's transaction, with the thing locked by the caller.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from django.utils import timezone

from gateway import logs
from gateway.lifecycles import Cause, CauseKind, Lifecycle, Move, recorded

log = structlog.get_logger(__name__)


def moved(
    lifecycle: Lifecycle,
    history: type[Move],
    subject: Any,
    to_status: str,
    cause: Cause,
    *,
    also_saved: Sequence[str] = (),
    **changes: Any,
) -> str:
    """Put a locked thing into its next status, with why; gives the status it had.

    Args:
        lifecycle: the table of its kind.
        history: the model of its moves.
        subject: the thing.
        to_status: where to.
        cause: why.
        also_saved: columns that the caller has set already, written with the move.
        changes: columns that change with it.

    Raises:
        IllegalMove: the table does not allow it; nothing was written, and the thing is as it was.
    """
    from_status: str = subject.status
    lifecycle.check(from_status, to_status)
    subject.status = to_status
    subject.sequence += 1
    for name, value in changes.items():
        setattr(subject, name, value)
    subject.save(update_fields=["status", "sequence", *also_saved, *changes])
    record(history, subject, from_status, cause)
    return from_status


def record(history: type[Move], subject: Any, from_status: str, cause: Cause) -> None:
    """Write the history row of where a thing is now, and a line in the log; ``""`` is where it came from at first."""
    log_move(subject, from_status, cause)
    recorded(
        history,
        subject=subject,
        from_status=from_status,
        cause=cause,
        request_id=logs.request_id.get(),
        at=getattr(subject, "updated_at", None) or timezone.now(),
    )


def log_move(subject: Any, from_status: str, cause: Cause) -> None:
    """Say in the log where a thing came from; it says itself where it is."""
    name = getattr(subject, "public_id", str(subject.pk))  # what no product sees has its key alone
    # What people write may hold a customer's data, and a log is read by many: their words stand in the history alone.
    said = {} if cause.kind == CauseKind.PERSON else {"detail": cause.detail}
    log.info("moved", id=name, before=from_status, now=subject.status, cause=cause.kind, **said)
