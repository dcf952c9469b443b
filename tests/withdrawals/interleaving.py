"""Threads that begin together, and locks that can be taken off, to show what they are there for."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, connections

#: A thread that waits longer than this for another one hangs.
DEADLINE_SECONDS = 20.0

_LOCK = re.compile(r' FOR (?:NO KEY )?UPDATE(?: OF "\w+")?(?: SKIP LOCKED)?')


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, from one starting line; what it returned or raised."""
    line = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            line.wait(DEADLINE_SECONDS)
            return work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@contextlib.contextmanager
def unlocked(*pauses: Callable[[], Any]) -> Iterator[None]:
    """In this thread no query locks a row; after the first that would have, the first pause is made, and so on."""
    left = iter(pauses)

    def execute_without(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        bare = _LOCK.sub("", sql)
        result = execute(bare, params, many, context)
        if bare != sql:
            next(left, _go_on)()
        return result

    with connection.execute_wrapper(execute_without):
        yield


@contextlib.contextmanager
def paused_after(start: str, pause: Callable[[], Any]) -> Iterator[None]:
    """In this thread the pause is made after the first query that begins so."""
    left = iter([pause])

    def execute_and_pause(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith(start):
            next(left, _go_on)()
        return result

    with connection.execute_wrapper(execute_and_pause):
        yield


def eventually(condition: Callable[[], Any]) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.005)


def until_someone_waits() -> None:
    """Until a session of this database waits for another one's lock."""
    # A session of its own: inside a transaction PostgreSQL shows one and the same picture again and again.
    with contextlib.closing(connections.create_connection("default")) as looking:
        eventually(lambda: _waiting(looking))


def _waiting(looking: Any) -> int:
    with looking.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        found: int = cursor.fetchone()[0]
    return found


def _go_on() -> None:
    pass
