"""A child process that dies with us, whose lines are read, and whose whole group ends with it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

#: Lines kept of each process, shown when it fails: a Python traceback with its cause fits.
TAIL_LINES: Final = 40
#: How often the state of another process is looked at again; short against any start.
POLL_SECONDS: Final = 0.05
#: How long the last words of a dead process are waited for: they are in the pipe already.
DRAIN_SECONDS: Final = 1.0

#: <linux/prctl.h>
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36

_CHILD_PROGRAM: Final = str(Path(__file__).with_name("child.py"))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The user and group ids to drop to."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and how it wants to be asked to stop.

    Attributes:
        arguments: Absolute path of the program, then its arguments. No secret belongs here: anyone can list
            them.
        environment: The whole environment of the process.
        directory: Where it runs.
        standard_input: Bytes it is given, then end of file; nothing if None.
        death_signal: Sent by the kernel when the process that started it dies.
        user: Whom to become first (only root can); None stays.
        reach: Paths that the program must be able to reach as that user.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    standard_input: bytes | None = None
    death_signal: signal.Signals = signal.SIGTERM
    user: User | None = None
    reach: Sequence[Path] = ()


class Child:
    """A running command in a session of its own.

    Start it from the main thread: the kernel's death signal follows the *thread* that started it.

    Args:
        command: What to run.
        hear: Called with each line of its output, from another thread.
    """

    def __init__(self, command: Command, hear: Callable[[str], None]) -> None:
        user = command.user
        self._hear = hear
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._exit_code: int | None = None
        self._process = subprocess.Popen(  # noqa: S603 - the command is our own
            [
                sys.executable,
                *("-I", "-S", _CHILD_PROGRAM),
                str(os.getpid()),
                str(int(command.death_signal)),
                f"{user.uid}:{user.gid}" if user else "-",
                *(str(len(command.reach)), *map(str, command.reach)),
                *command.arguments,
            ],
            cwd=command.directory,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL if command.standard_input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        if self._process.stdin is not None:
            # A process that died at once is seen by poll(), with its own words.
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(command.standard_input or b"")

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                if text := line.decode(errors="replace").rstrip():
                    self._tail.append(text)
                    self._hear(text)

    def poll(self) -> int | None:
        """The exit code (negative: the signal), or None while it runs. Ends what it leaves in its group."""
        if self._exit_code is None:
            dead = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is not None:
                # Before it is reaped: until then its number, which is the group's too, cannot be given anew.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
                self._exit_code = self._process.wait()
        return self._exit_code

    def wait(self, seconds: float) -> int | None:
        """Like ``poll``, for at most so many seconds."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return code

    def send(self, number: signal.Signals) -> None:
        """Signal the process itself; its children are its own business until it is dead."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def stop(self, *patience: tuple[signal.Signals, float]) -> None:
        """Send each signal in turn and give it its seconds; what remains is killed, group and all."""
        for number, seconds in patience:
            self.send(number)
            if self.wait(seconds) is not None:
                return
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._exit_code = self._process.wait()

    def last_words(self) -> str:
        """The last lines of its output, indented; for the sentence that says why it failed."""
        self._reader.join(timeout=DRAIN_SECONDS)
        return "\n".join(f"    {line}" for line in list(self._tail))


def describe_exit(code: int) -> str:
    """An exit code in words: ``exit code 3`` or ``SIGKILL``."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none escapes or stays a zombie."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: signal.Signals) -> None:
    """Have the kernel send this signal to us when our parent dies."""
    _prctl(_PR_SET_PDEATHSIG, number)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, *(ctypes.c_ulong(argument) for argument in (value, 0, 0, 0)))


def reap_adopted() -> None:
    """Take note of every dead child; call it when no ``Child`` is left to ask about."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
