"""Two doors of the service beside a bare endpoint (`benchmarks.bare`), round after round in turn."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import psycopg
import redis

from benchmarks import callers, report
from benchmarks.rounds import Door, Measured, measure
from benchmarks.servers import PROJECT, parent_of, serving

#: An odd number, so that the median is a round that took place; five would do.
ROUNDS: Final = 7
#: Of each door in each round: a second or two of work.
REQUESTS: Final = 1_000
#: Before the first round: every import is made, every statement planned, every customer met.
WARM_UP: Final = 300


def measure_doors(parts: Mapping[str, str], *, rounds: int, requests: int, warm_up: int) -> report.Result:
    """All rounds.

    Args:
        parts: the variables that name database and broker.
        rounds: how many.
        requests: of each door in each round.
        warm_up: of each door, before the first round.
    """
    with _doors(os.environ | parts) as doors:
        databases = others(parts)
        for door in doors:
            measure(door, requests=warm_up, others=databases)
        measured = [_round(number, doors, requests, databases) for number in range(1, rounds + 1)]
    return report.Result(requests=requests, rounds=measured)


@contextlib.contextmanager
def _doors(environment: Mapping[str, str]) -> Iterator[list[Door]]:
    """Databases filled, both servers running, and what is asked of them."""
    environment = {name: value for name, value in environment.items() if name != "DJANGO_SETTINGS_MODULE"}
    secrets = _run("-m", "benchmarks.stage", environment=environment)
    # No migrations of its own: its two tables are made from the models.
    bare_settings = ("--settings", "benchmarks.bare.settings")
    # It knows one role, which makes its tables and uses them.
    of_the_bare = environment | {"DATABASE_URL": environment["MIGRATION_DATABASE_URL"]}
    _run("-m", "django", "migrate", "--run-syncdb", "--verbosity", "0", *bare_settings, environment=of_the_bare)
    known = callers.Doors(**json.loads(secrets))
    with (
        serving("benchmarks.bare.wsgi:application", of_the_bare) as bare,
        serving("gateway.wsgi:application", environment) as gateway,
    ):
        yield [
            Door(name=report.BARE, server=bare, requests=callers.bare_orders(), expected="201"),
            Door(name=report.DEPOSITS, server=gateway, requests=callers.deposits(known), expected="201"),
            Door(name=report.LETTERS, server=gateway, requests=callers.letters(known), expected="200"),
        ]


def _run(*arguments: str, environment: Mapping[str, str]) -> str:
    return subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *arguments], env=environment, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def others(parts: Mapping[str, str]) -> list[int]:
    """The processes of the database and the broker, whose time counts apart."""
    with psycopg.connect(parts["DATABASE_URL"]) as connection:
        postgres = parent_of(connection.info.backend_pid)
    with redis.Redis.from_url(parts["REDIS_URL"]) as client:
        valkey: int = client.info("server")["process_id"]
    return [postgres, valkey]


def _round(number: int, doors: list[Door], requests: int, others: list[int]) -> dict[str, Measured]:
    sys.stdout.write(f"round {number}:")
    measured = {}
    for door in doors:
        measured[door.name] = measure(door, requests=requests, others=others)
        sys.stdout.write(f"  {door.name} {measured[door.name].rate:,.0f}/s")
        sys.stdout.flush()
    sys.stdout.write("\n")
    return measured
