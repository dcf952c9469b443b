"""Waiting for waiters: races are set up by what PostgreSQL says of its locks, never by sleeping."""

import time
from typing import Final

from django.db import connection

DEADLINE_SECONDS: Final = 20


def until_waiting(count: int) -> None:
    """Return once so many sessions of this database wait for a lock."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    with connection.cursor() as cursor:
        while True:
            # A transaction goes on seeing the sessions of its first look, and the next waiter may be a new one.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            if cursor.fetchone() == (count,):
                return
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.01)
