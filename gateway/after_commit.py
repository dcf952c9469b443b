"""The doorbell: tells a worker that rows are due, after the transaction that made them due has committed.

Nothing depends on it: the sweeps in ``gateway/celery.py`` find the same rows some seconds later.
"""

import time
from typing import Final

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

#: After a failed ring the broker is left alone this long, so that a request never waits for a dead broker twice
#: in a row; the sweeps come every few seconds anyway.
_SILENCE_SECONDS: Final = 5.0

#: A ring that no worker heard in this time is thrown away: the sweeps ring again, and a long stop of the workers must
#: not leave thousands of rings for the same rows.
_EXPIRES_SECONDS: Final = 60

_silent_until = 0.0


def ring(task: str, *ids: str) -> None:
    """Send the task of that name, ids only, once the open transaction has committed (at once where none is open).

    By name, because the actions that ring lie below the tasks that call them.
    """
    transaction.on_commit(lambda: _send(task, ids), robust=True)


def _send(task: str, ids: tuple[str, ...]) -> None:
    global _silent_until  # noqa: PLW0603 - one broker a process
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task(task, args=ids, retry=False, expires=_EXPIRES_SECONDS)
    except (OperationalError, RedisError, OSError) as error:
        _silent_until = time.monotonic() + _SILENCE_SECONDS
        log.warning("doorbell_failed", task=task, error=type(error).__name__)
