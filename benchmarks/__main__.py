"""``make bench``: starts what it needs, measures, and says how it went. Exit code 1 where a bar is missed.

The two endpoints of the service are measured beside a bare one (`benchmarks.bare`) in the same minute on the same
machine, round after round in turn: what counts is how they stand to each other.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psycopg
import redis

from benchmarks import callers, report
from benchmarks.rounds import Door, Measured, measure
from benchmarks.servers import PROJECT, parent_of, serving
from gateway.stack.throwaway import throwaway_parts

#: An odd number, so that the median is a round that took place; five would do.
_ROUNDS: Final = 7
#: Of each door in each round: a second or two of work.
_REQUESTS: Final = 1_000
#: Before the first round: every import is made, every statement planned, every customer met.
_WARM_UP: Final = 300


def main() -> int:
    """Measure, print, keep the table where that is asked for; 0 where every bar is met or none was to be."""
    asked = _arguments()
    with throwaway_parts({}) as parts, _doors(os.environ | parts) as doors:
        others = _others(parts)
        for door in doors:
            measure(door, requests=asked.warm_up, others=others)
        rounds = [_round(number, doors, asked.requests, others) for number in range(1, asked.rounds + 1)]
        machine = report.machine(parts["DATABASE_URL"])
    result = report.Result(machine=machine, requests=asked.requests, rounds=rounds)
    sys.stdout.write(f"\n{result.text()}\n")
    if asked.keep:
        report.keep(asked.keep, result.text())
    missed = [] if asked.no_bars else result.missed()
    for sentence in missed:
        sys.stderr.write(f"Missed: {sentence}\n")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--requests", type=int, default=_REQUESTS, help="of each door in each round")
    parser.add_argument("--warm-up", type=int, default=_WARM_UP, help="requests of each door before the first round")
    parser.add_argument("--no-bars", action="store_true", help="measure only; always end with 0")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write the table between the marks of this file")
    return parser.parse_args()


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


def _others(parts: Mapping[str, str]) -> list[int]:
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


if __name__ == "__main__":
    sys.exit(main())
