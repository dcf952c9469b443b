"""What is done to the parts, and when: drawn from the seed before the storm begins."""

import os
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.storm.parts import Parts


class Blow(StrEnum):
    """What is done."""

    KILL = "kill -9 of a process"
    FLUSH = "FLUSHALL"
    KILL_VALKEY = "kill -9 of Valkey"
    TERMINATE = "pg_terminate_backend"


#: Whom a kill hits: a service and whether it is the service itself or a process that it has started. Half are processes
#: in the middle of a task, which their worker replaces at once; the rest take seconds to start again.
_TARGETS: Final = (
    *(("payouts", True),) * 7,
    *(("money", True),) * 5,
    *(("web", True),) * 3,
    *(("payouts", False),) * 3,
    *(("money", False),) * 2,
    ("news", False),
    ("exports", False),
    ("web", False),
    ("beat", False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One blow.

    Attributes:
        at: seconds after the beginning.
        blow: what is done.
        service: that is hit by a kill.
        is_child: whether a process that the service started is hit.
        draw: from 0 to 1; which of them.
    """

    at: float
    blow: Blow
    service: str
    is_child: bool
    draw: float


def plan_blows(seed: int, counts: Sequence[tuple[Blow, int]], seconds: float) -> list[Planned]:
    """All blows of a storm in the order of their time: the same for the same arguments."""
    draws = random.Random(f"blows {seed}")  # noqa: S311 - it has to be repeatable, not secret
    planned = []
    for blow, count in counts:
        for _ in range(count):
            service, is_child = draws.choice(_TARGETS)
            planned.append(
                Planned(
                    at=draws.uniform(0, seconds), blow=blow, service=service, is_child=is_child, draw=draws.random()
                )
            )
    return sorted(planned, key=lambda one: one.at)


def strike(parts: Parts, planned: Planned) -> bool:
    """Do it; false where there was nothing to hit, because it was down from the last blow."""
    match planned.blow:
        case Blow.KILL:
            part = parts.services[planned.service]
            pids = _children_of(part.pid) if planned.is_child and part.pid else [part.pid]
            return _kill(pids[int(planned.draw * len(pids))] if pids else None)
        case Blow.KILL_VALKEY:
            return _kill(parts.valkey.pid)
        case Blow.FLUSH:
            parts.flush()
            return True
        case Blow.TERMINATE:
            return _terminate(parts, planned.draw)


def _kill(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _children_of(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    except OSError:
        return []
    return sorted(map(int, text.split()))


def _terminate(parts: Parts, draw: float) -> bool:
    with parts.database() as connection:
        pids = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'gateway_application' ORDER BY pid"
        ).fetchall()
        if not pids:
            return False
        connection.execute("SELECT pg_terminate_backend(%s)", pids[int(draw * len(pids))])
    return True
