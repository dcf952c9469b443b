"""A granian that serves one application, and what processes have taken of the processor."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.stack.ports import any_free
from gateway.stack.processes import POLL_SECONDS, Child, Command

PROJECT: Final = Path(__file__).resolve().parent.parent
#: One worker: on two cores the second belongs to the database and the caller, and two workers would measure how the
#: kernel shares the cores out.
WORKERS: Final = 1
#: Enough to work while others wait for the database; more would only take turns.
THREADS: Final = 4
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
#: What the processor time of processes is counted in.
TICK_SECONDS: Final = 1 / _TICKS_A_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers.

    Attributes:
        port: on the loopback interface.
        pid: the process whose descendants do the work.
    """

    port: int
    pid: int


@contextlib.contextmanager
def serving(application: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve an application of this project as `gateway.stack.services` serves the gateway; stop it on leaving."""
    port = any_free("127.0.0.1")
    child = Child(
        Command(
            arguments=[
                *(sys.executable, "-m", "granian", "--interface", "wsgi", application),
                *("--workers", str(WORKERS), "--blocking-threads", str(THREADS)),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            environment=environment,
            directory=PROJECT,
        ),
        hear=lambda _: None,
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{application} does not start:\n{child.last_words()}")
            time.sleep(POLL_SECONDS)
        yield Server(port=port, pid=child.pid)
    finally:
        child.stop((signal.SIGTERM, _STOP_SECONDS))


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


def cpu_seconds(roots: Iterable[int]) -> float:
    """Processor time of these processes, their descendants, and of what those have waited for."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            # proc_pid_stat(5), from field 3 on: the name before it may hold anything.
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            pid = int(path.parent.name)
            children.setdefault(int(fields[1]), []).append(pid)
            ticks[pid] = sum(map(int, fields[11:15]))
    family, total = list(roots), 0
    while family:
        pid = family.pop()
        total += ticks.get(pid, 0)
        family += children.get(pid, [])
    return total / _TICKS_A_SECOND


def parent_of(pid: int) -> int:
    """The process that started this one."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(text.rpartition(")")[2].split()[1])
