"""Processes that make transfers, several for each side, and their databases."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from psycopg import sql

from benchmarks.ledger import sides
from benchmarks.servers import PROJECT

#: The largest number of processes that is measured.
PROCESSES: Final = 4
#: Where the libraries are that the ledger is compared with (requirements-bench.txt).
LIBRARIES: Final = PROJECT / ".venv-bench" / "bin" / "python"
_NEEDS_LIBRARIES: Final = (sides.HORDAK, sides.DJANGO_LEDGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The processes of one side, all set up on its database.

    Attributes:
        side: its name.
        accounts: how many there are to debit, and as many to credit.
        database_url: of its own database.
    """

    side: str
    accounts: int
    database_url: str = field(repr=False)
    _workers: list[subprocess.Popen[str]] = field(repr=False)

    def rate(self, processes: int, *, spread: bool, seconds: float) -> float:
        """Transfers a second of so many processes at once.

        Args:
            processes: as many as there are at most.
            spread: over all accounts, or between the same two.
            seconds: of work.
        """
        workers = self._workers[:processes]
        for worker in workers:
            _tell(worker, {"accounts": self.accounts, "spread": spread, "seconds": seconds})
        return sum(float(answer["transfers"] / answer["seconds"]) for answer in map(_hear, workers))

    def take_statistics(self) -> None:
        """Have the server count the rows and plan anew, as autovacuum does within a minute.

        A plan that was made while the tables were empty walks through all rows, and a session keeps it until then:
        what looks up the row behind a foreign key takes longer with each transfer.
        """
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


@contextlib.contextmanager
def crews(
    names: tuple[str, ...], parts: Mapping[str, str], accounts: int, processes: int = PROCESSES
) -> Iterator[list[Crew]]:
    """A fresh database for each side, filled, and its processes; all ended on leaving.

    Args:
        names: of the sides.
        parts: variables that name the database and what else the service needs.
        accounts: to debit, and as many to credit.
        processes: of each side.
    """
    with contextlib.ExitStack() as running:
        made = []
        for name in names:
            there = fresh_database(parts, name)
            url = there["MIGRATION_DATABASE_URL"]
            # The others know one role, which makes its tables and uses them.
            mine = there if name == sides.OURS else {"DATABASE_URL": url}
            workers = [running.enter_context(_worker(name, {**parts, **mine})) for _ in range(processes)]
            _tell(workers[0], {"prepare": accounts})
            _hear(workers[0])
            made.append(Crew(side=name, accounts=accounts, database_url=url, _workers=workers))
        yield made


def fresh_database(parts: Mapping[str, str], name: str) -> dict[str, str]:
    """Make a database beside the service's; gives the variables that name it to the application and to the owner."""
    owner = parts["MIGRATION_DATABASE_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"bench_{name}")))
    names = ("DATABASE_URL", "MIGRATION_DATABASE_URL")
    return {one: f"{parts[one].rpartition('/')[0]}/bench_{name}" for one in names}


@contextlib.contextmanager
def _worker(side: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    python: str | Path = LIBRARIES if side in _NEEDS_LIBRARIES else sys.executable
    if not Path(python).exists():
        raise SystemExit(f"{side} needs {LIBRARIES}: `make bench` makes it")
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    worker = subprocess.Popen(  # noqa: S603 - our own program
        [python, "-m", "benchmarks.ledger.worker", side],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**own, **environment},
        cwd=PROJECT,
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate()


def _tell(worker: subprocess.Popen[str], job: dict[str, Any]) -> None:
    stream = _there(worker.stdin)
    stream.write(json.dumps(job) + "\n")
    stream.flush()


def _hear(worker: subprocess.Popen[str]) -> dict[str, Any]:
    line = _there(worker.stdout).readline()
    if not line:
        raise SystemExit("a process that makes transfers ended; its error stands above")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _there(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
