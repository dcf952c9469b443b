"""The doorbell: tells a worker that rows are due, after the transaction that made them due has committed.

Nothing depends on it: the sweeps in ``gateway/celery.py`` find the same rows some seconds later.
"""

import queue
import threading
import time
from collections.abc import Collection
from typing import Final

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from gateway import task_messages

log = structlog.get_logger(__name__)

#: After a failed ring the broker is left alone this long, so that a request never waits for a dead broker twice
#: in a row; the sweeps come every few seconds anyway.
_SILENCE_SECONDS: Final = 5.0

#: A ring that no worker heard in this time is thrown away: the sweeps ring again, and a long stop of the workers must
#: not leave thousands of rings for the same rows.
_EXPIRES_SECONDS: Final = 60

#: How long the ringer gathers rings before it sends them together: short against any call of the provider, and a busy
#: second has 50 round trips to the broker and not thousands.
_GATHER_SECONDS: Final = 0.02
#: Rings that may wait for the ringer. More wait only while the broker hangs; what is too much is left to the sweeps.
_WAITING_MAX: Final = 10_000

_silent_until = 0.0


def ring(task: str, *ids: str) -> None:
    """Send the task of that name, ids only, once the open transaction has committed (at once where none is open).

    By name, because the actions that ring lie below the tasks that call them.
    """
    transaction.on_commit(lambda: _ringer.hand_over([(task, ids)]), robust=True)


def ring_each(task: str, ids: Collection[str]) -> None:
    """Send the task once for each id, like `ring`, but all of them in one trip to the broker."""
    if ids:
        transaction.on_commit(lambda: _ringer.hand_over([(task, (one,)) for one in ids]), robust=True)


def ring_in_background() -> None:
    """From now on nobody in this process waits for the broker: a thread sends what was rung for a moment later.

    For the web's processes. A worker rings by itself, for it may end right after its task.
    """
    _ringer.begin()


class _Ringer:
    """Who sends the rings: the callers themselves, until `begin`; then one thread for all of them."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[str, tuple[str, ...]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._ring_for_ever, name="ringer", daemon=True)
        self._thread.start()

    def hand_over(self, rings: Collection[tuple[str, tuple[str, ...]]]) -> None:
        if self._thread is None:
            _send(rings)
            return
        for one in rings:
            if self._waiting.qsize() < _WAITING_MAX:
                self._waiting.put(one)

    def _ring_for_ever(self) -> None:
        while True:
            rings = [self._waiting.get()]
            time.sleep(_GATHER_SECONDS)
            while not self._waiting.empty():
                rings.append(self._waiting.get())
            # The same ring twice wakes a worker for nothing: all of them were rung after their rows were committed.
            _send(dict.fromkeys(rings))


_ringer = _Ringer()


def _send(rings: Collection[tuple[str, tuple[str, ...]]]) -> None:
    global _silent_until  # noqa: PLW0603 - one broker a process
    if time.monotonic() < _silent_until:
        return
    try:
        task_messages.push(current_app, rings, expires_seconds=_EXPIRES_SECONDS)
    except (OperationalError, RedisError, OSError) as error:
        _silent_until = time.monotonic() + _SILENCE_SECONDS
        log.warning("doorbell_failed", tasks=sorted({task for task, _ in rings}), error=type(error).__name__)
