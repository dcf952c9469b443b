"""One measurement: so many requests to one door, timed by the caller, and the processor time that they took."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from benchmarks.servers import PROJECT, THREADS, TICK_SECONDS, Server, cpu_seconds

#: As many as the server has threads: it is never idle, and no request waits for a thread.
CONNECTIONS: Final = THREADS
#: A round takes two seconds; on a machine that is busy with other things, several times as long.
_ROUND_SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Something that is measured.

    Attributes:
        name: in the table.
        server: where it is served.
        requests: as many as are asked for.
        expected: the status of every answer.
    """

    name: str
    server: Server
    requests: Iterator[str] = field(repr=False)
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One door in one round.

    Attributes:
        rate: requests a second.
        server_ms: processor time of the server for each request, in milliseconds.
        others_ms: the same of database and broker.
        times: seconds of each request.
    """

    rate: float
    server_ms: float
    others_ms: float
    times: list[float] = field(repr=False)


def measure(door: Door, *, requests: int, others: Iterable[int]) -> Measured:
    """Send so many requests to a door.

    Args:
        door: which one.
        requests: how many, all of them made before the clock runs.
        others: processes of the database and the broker.
    """
    job = {
        "port": door.server.port,
        "connections": CONNECTIONS,
        "requests": list(itertools.islice(door.requests, requests)),
        "expected": door.expected,
    }
    own_before, others_before = cpu_seconds([door.server.pid]), cpu_seconds(others)
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
        timeout=_ROUND_SECONDS,
    )
    if ended.returncode != 0:
        raise SystemExit(f"{door.name}: {ended.stderr}")
    seen = json.loads(ended.stdout)
    return Measured(
        rate=requests / seen["seconds"],
        # A few requests may take less than the kernel's clock sees: up to one tick of it, then, not nothing.
        server_ms=max(cpu_seconds([door.server.pid]) - own_before, TICK_SECONDS) / requests * 1000,
        others_ms=(cpu_seconds(others) - others_before) / requests * 1000,
        times=seen["times"],
    )
