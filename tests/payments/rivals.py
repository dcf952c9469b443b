"""Two at once, without sleeping: threads, gates in the database, and copies of our code with a wall taken out."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Self

from django.db import connection, connections

from tests import roles

#: A lock is reached in milliseconds, a new process within seconds; a loaded machine takes several times as long.
_PATIENCE_SECONDS: Final = 60.0


def in_thread(step: Callable[[], Any]) -> Callable[[], Any]:
    """Start the step; the function that comes back waits for its result, or for what it raised."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(step())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            outcome.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> Any:
        thread.join(_PATIENCE_SECONDS)
        assert not thread.is_alive(), "it never came to an end"
        return outcome[0]

    return result


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Run the steps in a thread each; their results, or what they raised, in the order of the steps."""
    return [result() for result in [in_thread(step) for step in steps]]


class Gate:
    """Holds everybody who wants to write to a table, until it is opened. Reading goes on."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._holder = roles.superuser()
        # Another connection: inside of a transaction the list of sessions is as it was when first looked at. The
        # application's own would not be told what others wait for.
        self._watcher = roles.superuser(autocommit=True)

    def __enter__(self) -> Self:
        # The name is the test's own.
        self._holder.execute(f"LOCK TABLE {self._table} IN EXCLUSIVE MODE".encode())
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.close()
        self._watcher.close()

    def await_waiting(self, count: int) -> None:
        """Return once so many sessions of this database wait for a lock of any kind."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self._watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            if found is not None and found[0] == count:
                return
            time.sleep(0.002)  # between looks at other sessions, which need the processor to come that far
        raise AssertionError(f"{count} sessions never waited")

    def open(self) -> None:
        """Let them go on."""
        self._holder.rollback()


class CommitGate(Gate):
    """Holds everybody who wants to commit a row that names one of a table: foreign keys are checked last."""

    def __enter__(self) -> Self:
        self._holder.execute(f"SELECT FROM {self._table} FOR UPDATE".encode())
        return self


@contextlib.contextmanager
def constraint_dropped(table: str, name: str) -> Iterator[None]:
    """Do without a unique constraint for a while; what was written to the table meanwhile is thrown away."""
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass",
            [name, table],
        )
        found = cursor.fetchone()
        if found is None:
            cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [name])
            (restore,) = cursor.fetchone()
            cursor.execute(f"DROP INDEX {name}")
        else:
            restore = f"ALTER TABLE {table} ADD CONSTRAINT {name} {found[0]}"
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        roles.past_the_guards(f"TRUNCATE {table} CASCADE")
        with roles.as_owner(), connection.cursor() as cursor:
            cursor.execute(restore)


def copy_of(module: ModuleType, *changes: tuple[str, str], **names: Any) -> Any:
    """A copy of a module of ours with some text replaced: the same step with a wall taken out.

    Args:
        module: what to copy.
        changes: old and new text; the old one has to be there, so that this never copies unchanged code.
        names: what the new text needs.
    """
    assert module.__file__ is not None
    source = Path(module.__file__).read_text()
    for old, new in changes:
        assert old in source, f"{module.__name__} has changed: {old}"
        source = source.replace(old, new)
    copy = ModuleType(f"{module.__name__}_copy")
    copy.__dict__.update(names)
    exec(compile(source, copy.__name__, "exec"), copy.__dict__)  # noqa: S102 - our own source
    return copy


def unlocked(rows: Any, pk: Any) -> Any:
    """`due_work.lock` without the lock."""
    return rows.get(pk=pk)
