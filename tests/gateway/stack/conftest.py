import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import pytest

from tests.bound import bound
from tests.ports import port_to_serve_on

T = TypeVar("T")

PROJECT = Path(__file__).resolve().parents[3]
#: What takes a second or two on idle cores, and many times that where test processes share them.
DEADLINE_SECONDS = 60.0


def until(condition: Callable[[], T | None]) -> T:
    """The first true answer; fails after the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A shell's background job ignores Ctrl-C and hands that down; what is started here has to hear it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(slots=True)
class Stack:
    """A stack of stand-ins in a process of its own."""

    process: subprocess.Popen[str]
    directory: Path
    port: int
    output: str = ""

    @property
    def info(self) -> dict[str, Any]:
        path = self.directory / "info.json"

        def read() -> dict[str, Any] | None:
            assert self.process.poll() is None, self.finish()
            with contextlib.suppress(FileNotFoundError):
                return dict(json.loads(path.read_text()))
            return None

        return until(read)

    @property
    def mark(self) -> str:
        return str(json.loads((self.directory / "secrets.json").read_text())["stack_mark"])

    def living(self) -> dict[int, str]:
        """Every process of this stack but the launcher and its supervisor, zombies included."""
        mark, found = self.mark.encode(), {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                arguments = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if mark in (entry / "environ").read_bytes() or str(self.directory / "postgres") in arguments:
                    found[int(entry.name)] = arguments
        return found

    def finish(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """The exit code and everything it said, to the last line of the last process that could say anything."""
        if number is not None:
            self.process.send_signal(number)
        self.output += self.process.communicate(timeout=DEADLINE_SECONDS)[0]
        return self.process.returncode, self.output


class StackStarter:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.running = contextlib.ExitStack()
        self.started: list[Stack] = []

    def __call__(
        self, *command: str, own_databases: bool = False, environment: Mapping[str, str] = MappingProxyType({})
    ) -> Stack:
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("MAKE", "PAYKASSMA_"))}
        if own_databases:
            for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"):
                inherited.pop(name, None)
        directory = Path(environment.get("STACK_DIR", self._directory / "stack"))
        port = int(environment.get("PORT", port_to_serve_on()))
        process = subprocess.Popen(
            bound(*(command or (sys.executable, "-m", "tests.gateway.stack.stand_in"))),
            cwd=PROJECT,
            env=inherited | {"STACK_DIR": str(directory), "PORT": str(port), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        stack = Stack(process=process, directory=directory, port=port)
        self.running.callback(_end, stack)
        self.started.append(stack)
        return stack


def _end(stack: Stack) -> None:
    with stack.process:
        if stack.process.poll() is None:
            stack.process.terminate()
            stack.process.communicate(timeout=DEADLINE_SECONDS)


@pytest.fixture
def start_stack(tmp_path: Path) -> Iterator[StackStarter]:
    starter = StackStarter(tmp_path)
    with starter.running:
        yield starter
    started = [stack for stack in starter.started if (stack.directory / "secrets.json").exists()]
    until(lambda: not any(stack.living() for stack in started))
