"""Processes of an earlier run that outlived it, found by a mark in their environment.

Every process of a stack, however deep (Celery's and granian's own children too), inherits
``GATEWAY_STACK_MARK``, a random word of that data directory. Process numbers are given anew and groups can be
left; an environment with our word in it is ours. PostgreSQL is not marked: it has its own note
(``postmaster.pid``) and must not be killed.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.stack.processes import POLL_SECONDS

MARK_VARIABLE: Final = "GATEWAY_STACK_MARK"
#: Between asking and killing: these have lost whoever would wait for their work, and lose nothing by dying.
_GRACE_SECONDS: Final = 0.5


def end_leftovers(mark: str) -> int:
    """End every process that carries the mark: asked first, killed soon after.

    Returns:
        How many there were.
    """
    asked: set[int] = set()
    deadline = time.monotonic() + _GRACE_SECONDS
    # Looked up anew each round: one that dies may have started another.
    while found := set(_marked(mark)):
        late = time.monotonic() > deadline
        for pid in found if late else found - asked:
            _signal_marked(pid, mark, signal.SIGKILL if late else signal.SIGTERM)
        asked |= found
        time.sleep(POLL_SECONDS)
    return len(asked)


def _marked(mark: str) -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and _carries(int(entry.name), mark):
            yield int(entry.name)


def _carries(pid: int, mark: str) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False  # gone, or another user's: not ours
    return f"{MARK_VARIABLE}={mark}".encode() in environment.split(b"\0")


def _signal_marked(pid: int, mark: str, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            # Asked again with the handle held, so that a number given anew meanwhile is not hit.
            if _carries(pid, mark):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
