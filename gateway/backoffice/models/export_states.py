"""How an export may move, from the question to the day on which its file is thrown away."""

from typing import Final

from django.db import models

from gateway.lifecycles import Lifecycle


class ExportStatus(models.TextChoices):
    """Where an export is in its life."""

    QUEUED = "queued", "waits for a worker"
    RUNNING = "running", "its rows are being written"
    DONE = "done", "its file can be downloaded"
    FAILED = "failed", "it could not be made"
    CANCELLED = "cancelled", "called off; nothing of it is kept"
    EXPIRED = "expired", "its file was thrown away after its time"


S = ExportStatus

EXPORT: Final = Lifecycle(
    name="export",
    initial=frozenset({S.QUEUED}),
    moves={
        S.QUEUED: frozenset({S.RUNNING, S.FAILED, S.CANCELLED}),
        # To itself: another worker begins it anew, because the first one died.
        S.RUNNING: frozenset({S.RUNNING, S.DONE, S.FAILED, S.CANCELLED}),
        S.DONE: frozenset({S.EXPIRED}),
        S.FAILED: frozenset(),
        S.CANCELLED: frozenset(),
        S.EXPIRED: frozenset(),
    },
)

#: Exports that a worker has to do with.
UNDER_WAY: Final = frozenset({S.QUEUED, S.RUNNING})
#: Exports of which nothing is kept but what was asked for, and by whom.
WITHOUT_FILE: Final = frozenset({S.FAILED, S.CANCELLED, S.EXPIRED})
