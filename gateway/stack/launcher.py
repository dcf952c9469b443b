"""What the user starts: refuses what cannot work, locks the directory, keeps the supervisor on a leash.

It does nothing else, so that there is nothing left to do when it is killed: the supervisor, in a session of
its own, sees the pipe close and stops everything.
"""

import contextlib
import fcntl
import io
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gateway.stack.console import Console
from gateway.stack.credentials import Credentials
from gateway.stack.leftovers import end_leftovers
from gateway.stack.ports import any_free, is_free
from gateway.stack.private_files import write_private
from gateway.stack.processes import adopt_orphans, die_with_parent, reap_adopted
from gateway.stack.refusal import CannotStartError
from gateway.stack.services import SANDBOX_HOST, Facts, Plan
from gateway.stack.settings import HIGHEST_PORT, Settings, read_settings
from gateway.stack.summary import remove_info
from gateway.stack.supervisor import HURRY, STOP, Supervisor

#: A killed launcher's supervisor stops everything in this time: services, then databases.
_LAST_RUN_SECONDS: Final = 60.0
_LOCK_POLL_SECONDS: Final = 0.2
#: How often it is asked whether make was interrupted.
_MAKE_POLL_SECONDS: Final = 0.5
#: A terminal and make may both pass the same Ctrl-C on; a person's second one comes later.
_SAME_REQUEST_SECONDS: Final = 1.0
#: Field of /proc/PID/stat after name and state: when the process started, in ticks since boot.
_START_TIME_FIELD: Final = 18

_REQUESTS_TO_STOP: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def launch(
    environment: Mapping[str, str],
    working_directory: Path,
    make_plan: Callable[[Facts], Plan],
) -> int:
    """Run the stack in the foreground until it is asked to stop.

    Args:
        environment: The user's variables (``settings``).
        working_directory: What a relative ``STACK_DIR`` is relative to.
        make_plan: What to run on top of the databases.

    Returns:
        The exit code: 0 after Ctrl-C or SIGTERM, 1 with a sentence on standard error if it cannot start.
    """
    leash = _Leash()
    try:
        settings = read_settings(environment, working_directory)
        _make_directory(settings.directory)
        with _hold_lock(settings):
            credentials = Credentials.load(settings.directory)
            remove_info(settings.directory)
            end_leftovers(credentials.stack_mark)
            sandbox_port = _choose_ports(settings)
            adopt_orphans()
            supervisor = os.fork()
            if supervisor == 0:
                _become_supervisor(leash, settings, credentials, sandbox_port, make_plan)
            code = leash.hold(supervisor)
            if code < 0:
                # It was killed. The kernel has told its services; whoever did not listen is ended here.
                end_leftovers(credentials.stack_mark)
                reap_adopted()
                remove_info(settings.directory)
                sys.stderr.write("The supervisor of the stack was killed; everything was stopped.\n")
                return 1
            return code
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1


class _Leash:
    """The pipe by which the supervisor hears that it shall stop: from us, or by our end."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()
        self._asked_at: float | None = None
        for number in _REQUESTS_TO_STOP:
            signal.signal(number, lambda *_: self._ask())
        self._under_make = "MAKELEVEL" in os.environ
        if self._under_make:
            # Whoever kills make means us.
            die_with_parent(signal.SIGTERM)

    def hold(self, supervisor: int) -> int:
        """Wait for the supervisor's end; negative if a signal ended it."""
        os.close(self.read_end)
        handle = os.pidfd_open(supervisor)
        while not select.select([handle], [], [], _MAKE_POLL_SECONDS)[0]:
            if self._under_make and self._asked_at is None and _make_was_interrupted():
                self._ask()
        os.close(handle)
        return os.waitstatus_to_exitcode(os.waitpid(supervisor, 0)[1])

    def take_other_end(self) -> int:
        """In the supervisor: keep the read end only, or it would never see the pipe close."""
        os.close(self._write_end)
        return self.read_end

    def _ask(self) -> None:
        now = time.monotonic()
        if self._asked_at is not None and now - self._asked_at < _SAME_REQUEST_SECONDS:
            return
        word = STOP if self._asked_at is None else HURRY
        self._asked_at = now
        with contextlib.suppress(BrokenPipeError):
            os.write(self._write_end, word)


def _make_was_interrupted() -> bool:
    """Whether our parent is a make that got a SIGINT which did not come to us as well.

    A terminal sends Ctrl-C to both. A SIGINT sent to make alone it keeps to itself, and waits for us; while
    it waits it blocks further ones, which the kernel shows.
    """
    try:
        status = Path(f"/proc/{os.getppid()}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    blocked = int(fields.get("SigBlk", "0"), 16)
    return "make" in fields.get("Name", "") and bool(blocked & 1 << signal.SIGINT - 1)


def _become_supervisor(
    leash: _Leash,
    settings: Settings,
    credentials: Credentials,
    sandbox_port: int,
    make_plan: Callable[[Facts], Plan],
) -> None:
    """Never returns: the process ends here, whatever happens."""
    code = 1
    try:
        # Out of the launcher's session: what kills its group, or closes its terminal, leaves us to tidy up.
        os.setsid()
        adopt_orphans()
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        console = Console(sys.stdout, [*credentials.values(), *(settings.live.values() if settings.live else ())])
        supervisor = Supervisor(
            settings=settings,
            credentials=credentials,
            sandbox_port=sandbox_port,
            make_plan=make_plan,
            console=console,
            leash=leash.take_other_end(),
        )
        for number in _REQUESTS_TO_STOP:
            # A handler, not SIG_IGN: that one every service would inherit.
            signal.signal(number, lambda *_: supervisor.ask_to_stop())
        try:
            code = supervisor.run()
        finally:
            console.close()
    except BaseException:  # noqa: BLE001 - nothing may run on in a copy of the launcher
        traceback.print_exc()
    finally:
        os._exit(code)


def _make_directory(directory: Path) -> None:
    try:
        # Root's PostgreSQL runs as another user, and has to pass; every file in it is private.
        directory.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStartError(f"The data directory {directory} cannot be made: {error.strerror}.") from None
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise CannotStartError(
            f"The data directory {directory} belongs to another user. Set STACK_DIR to one of yours.",
        )


@contextlib.contextmanager
def _hold_lock(settings: Settings) -> Iterator[None]:
    """Hold the directory's lock; the supervisor inherits it, so it is free when both are gone."""
    path = settings.directory / "lock"
    deadline = time.monotonic() + _LAST_RUN_SECONDS
    with path.open("a+", encoding="utf-8") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = _read_holder(path)
            if _start_time(holder.get("process")) == holder.get("started") or time.monotonic() > deadline:
                raise CannotStartError(
                    f"A stack is already running on {settings.directory} (process {holder.get('process')}, "
                    f"{holder.get('url')}). Stop it first, or set another STACK_DIR and PORT.",
                )
            # Its launcher was killed, and its supervisor is stopping everything.
            time.sleep(_LOCK_POLL_SECONDS)
        holder = {"process": os.getpid(), "started": _start_time(os.getpid()), "url": settings.public_url}
        lock.truncate(0)
        lock.write(json.dumps(holder))
        lock.flush()
        yield


def _read_holder(path: Path) -> dict[str, Any]:
    try:
        holder: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}  # it is writing this very moment
    return holder


def _start_time(process: int | None) -> str | None:
    """When a process started; with its number it names it for good. None if it is dead, reaped or not."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state == "Z" else fields[_START_TIME_FIELD]


def _choose_ports(settings: Settings) -> int:
    """Make sure of the web server's port and choose the sandbox's: the last one, the next one, or any."""
    _require_free("PORT", settings.host, settings.port)
    if settings.sandbox_port is not None:
        if settings.sandbox_port == settings.port:
            raise CannotStartError("PORT and SANDBOX_PORT must differ.")
        _require_free("SANDBOX_PORT", SANDBOX_HOST, settings.sandbox_port)
        return settings.sandbox_port
    note = settings.directory / "sandbox-port"
    wanted = [settings.port + 1]
    with contextlib.suppress(FileNotFoundError, ValueError):
        wanted.insert(0, int(note.read_text(encoding="utf-8")))
    usable = (p for p in wanted if p not in {settings.port, HIGHEST_PORT + 1} and is_free(SANDBOX_HOST, p))
    port = next(usable, None) or any_free(SANDBOX_HOST)
    write_private(note, str(port))
    return port


def _require_free(variable: str, host: str, port: int) -> None:
    try:
        free = is_free(host, port)
    except OSError as error:
        raise CannotStartError(f"{variable}={port} cannot be used on {host}: {error.strerror}.") from None
    if not free:
        raise CannotStartError(
            f"Port {port} on {host} is taken by another program. Stop that one, or choose another port: "
            f"{variable}=... make up",
        )
