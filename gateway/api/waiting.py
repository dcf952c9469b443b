"""``Prefer: wait=N`` (RFC 7240): hold an answer until something has happened, without holding anything else."""

import re
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.conf import settings
from django.db import connection
from rest_framework.request import Request

#: Longest wait a caller may ask for.
_MAX_SECONDS: Final = 10
#: How often the row is looked at; a wait of 10 s costs 50 cheap look-ups by primary key.
_LOOK_EVERY_SECONDS: Final = 0.2
#: At most half of the threads of a worker may wait; the others go on answering.
_waiters = threading.BoundedSemaphore(max(1, settings.BLOCKING_THREADS // 2))

#: RFC 7240 §2: names in any case, blanks around "=" and quotes are allowed; the first of several counts.
_WAIT: Final = re.compile(r'(?i)(?:^|[,;\s])wait\s*=\s*("?)([0-9]{1,9})\1(?=$|[,;\s])', re.ASCII)

_Row = TypeVar("_Row")


def wait_until(
    request: Request, row: _Row, load: Callable[[], _Row], done: Callable[[_Row], bool]
) -> tuple[_Row, bool]:
    """The row, after the wait that the caller prefers.

    Args:
        request: its ``Prefer`` header says how long.
        row: as it is known already.
        load: reads it afresh.
        done: true once there is something to tell.

    Returns:
        The row as last read, and whether the preference was applied.
    """
    matched = _WAIT.search(request.META.get("HTTP_PREFER", ""))
    seconds = min(int(matched.group(2)), _MAX_SECONDS) if matched else 0
    if not seconds or done(row):
        return row, bool(matched)
    if not _waiters.acquire(blocking=False):
        return row, False
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not done(row):
            # The connection goes back to the pool while we sleep: waiters must not starve workers.
            connection.close()
            time.sleep(_LOOK_EVERY_SECONDS)
            row = load()
    finally:
        _waiters.release()
    return row, True
