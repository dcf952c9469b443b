"""Rows are the queue: work that is owed to the outside is a row with a due time.

A worker claims by moving the due time forward under ``SKIP LOCKED`` and takes a fresh token; it writes back only
while the token is still its own. A worker that dies leaves a row that becomes due again by itself.
"""

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import models, transaction
from django.utils import timezone


class DueWork(models.Model):
    """Columns of a row with work to do."""

    next_at = models.DateTimeField(null=True, blank=True, help_text="When this row is due; empty: nothing to do.")
    attempts = models.PositiveIntegerField(default=0, help_text="How often the present work was begun.")
    token = models.UUIDField(
        null=True, blank=True, editable=False, help_text="Fences off a worker that lost its lease."
    )

    #: When the row was due, as its claim found it. Not a column: it lives as long as the claim.
    due_at: datetime | None = None

    class Meta:
        abstract = True

    def holds(self, token: uuid.UUID | None) -> bool:
        """True while this row, as read under its lock, still belongs to the worker with the token."""
        return token is not None and self.token == token


_Row = TypeVar("_Row", bound=DueWork)


#: A worker begins no new batch after so long. What a batch may take comes on top, and both together stay below the
#: time at which a task is killed (settings.CELERY_TASK_TIME_LIMIT); the sweep rings for what is left.
WORK_SECONDS: Final = 30


def batches(rows: "models.QuerySet[_Row]", *, limit: int, lease_seconds: int) -> Iterator[list[_Row]]:
    """Claim due rows, a batch at a time, while there are some and the worker has time left."""
    until = time.monotonic() + WORK_SECONDS
    while time.monotonic() < until and (claimed := claim(rows, limit=limit, lease_seconds=lease_seconds)):
        yield claimed


@transaction.atomic(durable=True)
def claim(rows: "models.QuerySet[_Row]", *, limit: int, lease_seconds: int) -> list[_Row]:
    """Take up to ``limit`` due rows of the queryset for ``lease_seconds``.

    The lease is committed before this returns, so before any outside work: a second worker, or a sweep run twice,
    sees the rows as not yet due. The rows come back with their token and the attempt counted.
    """
    now = timezone.now()
    claimed = list(
        rows.filter(next_at__lte=now).order_by("next_at").select_for_update(skip_locked=True, of=("self",))[:limit]
    )
    if not claimed:
        return []
    # One token for all rows of a claim: it fences off another claim, and there is one of those at a time.
    token, until = uuid.uuid4(), now + timedelta(seconds=lease_seconds)
    rows.model._default_manager.filter(pk__in=[row.pk for row in claimed]).update(  # noqa: SLF001 - as below
        token=token, attempts=models.F("attempts") + 1, next_at=until
    )
    for row in claimed:
        row.due_at, row.next_at, row.token = row.next_at, until, token
        row.attempts += 1
    return claimed


def put_back(row: DueWork) -> None:
    """Give a claimed row back as it was found: due since then, so in its old place of the line, and not attempted.

    For work that was not begun. Changes nothing where the claim was lost meanwhile.
    """
    mine = type(row)._default_manager.filter(pk=row.pk, token=row.token)  # noqa: SLF001 - Django's name for it
    mine.update(next_at=row.due_at, token=None, attempts=models.F("attempts") - 1)


def after(delays: Sequence[int], attempt: int, *, repeat_last: bool = True) -> datetime | None:
    """When the next try is due after the given attempt (counted from 1), by a list of delays in seconds.

    A tenth of jitter keeps rows that failed together from coming back together. None where the list is used up and
    its last delay is not to be repeated.
    """
    index = max(attempt, 1) - 1
    if index >= len(delays):
        if not repeat_last:
            return None
        index = len(delays) - 1
    seconds = delays[index]
    return timezone.now() + timedelta(seconds=seconds * (1 + random.random() / 10))  # noqa: S311 - not a secret


def lock(rows: "models.QuerySet[Any]", pk: uuid.UUID) -> Any:
    """The row, locked until the transaction ends. Only its own table is locked, never a joined one."""
    return rows.select_for_update(of=("self",)).get(pk=pk)


#: How often an unproven hint (a letter with a wrong signature) may make one row due: a forger cannot make us ask
#: the provider more than this.
HINT_EVERY = timedelta(minutes=10)


def hint(rows: "models.QuerySet[Any]") -> bool:
    """Make waiting rows due now, unless a hint did so lately; true where it did."""
    now = timezone.now()
    not_lately = models.Q(hinted_at__isnull=True) | models.Q(hinted_at__lte=now - HINT_EVERY)
    return rows.filter(not_lately, next_at__gt=now, token__isnull=True).update(next_at=now, hinted_at=now) > 0
