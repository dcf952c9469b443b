"""A PostgreSQL server of our own, on a free port of the loopback interface, with a password.

TCP rather than a unix socket: a socket's path may be 107 bytes long, the data may lie deeper than that, and
every driver takes such a URL. The password is made once and is as long as a key.
"""

import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.stack.ports import any_free, is_free
from gateway.stack.postgres_programs import FAST_STOP, IMMEDIATE_STOP, PostgresPrograms, server_user
from gateway.stack.postgres_roles import APPLICATION, OWNER, SUPERUSER, make_roles
from gateway.stack.private_files import write_private
from gateway.stack.processes import POLL_SECONDS, Child, User
from gateway.stack.refusal import CannotStartError

_HOST: Final = "127.0.0.1"
_DATABASE: Final = "gateway"
_PASSWORD_BYTES: Final = 32
#: Two web workers and the Celery processes, each with its pool, come to about 130 at their busiest.
_MAX_CONNECTIONS: Final = 200
#: Recovery after a crash replays at most a checkpoint's worth of log: seconds, unless the disk is very busy.
_START_SECONDS: Final = 60.0
#: initdb writes about 40 MB.
_CREATE_SECONDS: Final = 120.0
#: A fast stop rolls back and writes a checkpoint.
_FAST_STOP_SECONDS: Final = 15.0
#: An immediate stop only kills; the next start recovers.
_IMMEDIATE_STOP_SECONDS: Final = 5.0
#: Ports tried when another program takes the free one between our look and the server's bind.
_PORT_ATTEMPTS: Final = 5
#: The built-in locale provider, the same on every operating system, came with this version.
_FIRST_WITH_BUILTIN_LOCALES: Final = 17
#: Line of postmaster.pid that says whether connections are accepted, counted from 0.
_STATUS_LINE: Final = 7


class EmbeddedPostgres:
    """One cluster in one directory.

    Args:
        directory: Where its data lives; made if it is not there. Nobody else may use it at the same time.
        binaries: Directory of ``postgres`` and ``initdb``; the installed wheel's if None.
        hear: Called with each line of the server's log, from another thread.
        durable: False trades safety against a crash of the machine for speed; for tests.
    """

    def __init__(
        self,
        directory: Path,
        binaries: Path | None = None,
        *,
        hear: Callable[[str], None] = lambda _: None,
        durable: bool = True,
    ) -> None:
        self._directory = directory.resolve()
        self._cluster = self._directory / "cluster"
        self._programs = PostgresPrograms(binaries, reach=self._directory)
        self._hear = hear
        self._durable = durable
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> str:
        """Start the server, making or recovering its data as needed, and its roles.

        Returns:
            The application's URL, ``postgres://…``; holds the password.

        Raises:
            CannotStartError: With the server's last words.
        """
        user = self._prepare_directory()
        self._stop_leftover()
        if not self._cluster.exists():
            self._create_cluster(user)
        self._check_version(user)
        for _ in range(_PORT_ATTEMPTS):
            port = self._choose_port()
            arguments = ("postgres", "-D", str(self._cluster), *self._settings(port))
            self._child = self._programs.run(*arguments, user=user, hear=self._hear)
            if self._wait_until_ready(self._child):
                write_private(self._directory / "port", str(port))
                passwords = {role: self._password(role) for role in (OWNER, APPLICATION)}
                make_roles(self.url(SUPERUSER), _DATABASE, passwords)
                return self.url(APPLICATION)
            if is_free(_HOST, port):
                break  # it did not fail for the port
        raise CannotStartError(f"PostgreSQL did not start. Its last lines:\n{self.last_words()}")

    def url(self, role: str) -> str:
        """The address of the server that was started, for a role; holds its password."""
        port = (self._directory / "port").read_text(encoding="utf-8")
        return f"postgres://{role}:{self._password(role)}@{_HOST}:{port}/{_DATABASE}"

    def poll(self) -> int | None:
        """The exit code of a server that was started and died, or None."""
        return self._child.poll() if self._child else None

    def last_words(self) -> str:
        """The last lines of its log."""
        return self._child.last_words() if self._child else ""

    def stop(self) -> None:
        """Stop it: open transactions are rolled back, the data is left clean."""
        if self._child is not None:
            self._child.stop((FAST_STOP, _FAST_STOP_SECONDS), (IMMEDIATE_STOP, _IMMEDIATE_STOP_SECONDS))

    def _prepare_directory(self) -> User | None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        user = server_user(self._cluster)
        for role in (SUPERUSER, OWNER, APPLICATION):
            if not self._password_file(role).exists():
                write_private(self._password_file(role), secrets.token_urlsafe(_PASSWORD_BYTES))
        if user:
            # Ours alone to give: the server reads its superuser's password and writes its cluster here.
            os.chown(self._directory, user.uid, user.gid)
            os.chown(self._password_file(SUPERUSER), user.uid, user.gid)
        return user

    def _password_file(self, role: str) -> Path:
        return self._directory / ("password" if role == SUPERUSER else f"password-of-{role}")

    def _password(self, role: str) -> str:
        return self._password_file(role).read_text(encoding="utf-8")

    def _create_cluster(self, user: User | None) -> None:
        # Made under another name: a crash in the middle leaves nothing that looks like a cluster.
        draft = self._directory / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        provider = (
            ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
            if self._programs.version(user) >= _FIRST_WITH_BUILTIN_LOCALES
            else ("--locale=C.UTF-8",)
        )
        self._finish(
            self._programs.run(
                *(
                    "initdb",
                    "-D",
                    str(draft),
                    f"--username={SUPERUSER}",
                    f"--pwfile={self._password_file(SUPERUSER)}",
                ),
                *("--auth=scram-sha-256", "--encoding=UTF8", *provider),
                *("--no-instructions", *(() if self._durable else ("--no-sync",))),
                user=user,
            ),
        )
        self._finish(
            self._programs.run(
                *("postgres", "--single", "-D", str(draft), "-c", "log_min_messages=fatal", "template1"),
                user=user,
                standard_input=f"CREATE DATABASE {_DATABASE};\n".encode(),
            ),
        )
        draft.rename(self._cluster)

    def _finish(self, child: Child) -> None:
        code = child.wait(_CREATE_SECONDS)
        if code != 0:
            child.stop((signal.SIGTERM, _IMMEDIATE_STOP_SECONDS))
            raise CannotStartError(f"PostgreSQL could not make its data:\n{child.last_words()}")

    def _check_version(self, user: User | None) -> None:
        of_data = (self._cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
        of_binaries = str(self._programs.version(user))
        if of_data != of_binaries:
            raise CannotStartError(
                f"The data in {self._directory} was made by PostgreSQL {of_data}, and {self._programs.directory} is "
                f"PostgreSQL {of_binaries}. Set PG_BIN to the former, or STACK_DIR to a new directory.",
            )

    def _choose_port(self) -> int:
        with contextlib.suppress(FileNotFoundError, ValueError):
            # The last one again, so that a URL somebody noted keeps working.
            remembered = int((self._directory / "port").read_text(encoding="utf-8"))
            if is_free(_HOST, remembered):
                return remembered
        return any_free(_HOST)

    def _settings(self, port: int) -> list[str]:
        settings = {
            "listen_addresses": _HOST,
            "port": port,
            "unix_socket_directories": "",
            "max_connections": _MAX_CONNECTIONS,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "",
            "log_min_messages": "log",
            "log_checkpoints": "off",
            # A failed statement or its detail would print its values: customers' data.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _pid_file(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _wait_until_ready(self, child: Child) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            lines = self._pid_file()
            if len(lines) > _STATUS_LINE and lines[0] == str(child.pid) and lines[_STATUS_LINE].strip() == "ready":
                return True
            time.sleep(POLL_SECONDS)
        self.stop()
        return False

    def _stop_leftover(self) -> None:
        """Stop a server that outlived whoever started it; forget the note of one that did not."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        for number, seconds in ((FAST_STOP, _FAST_STOP_SECONDS), (IMMEDIATE_STOP, _IMMEDIATE_STOP_SECONDS)):
            if self._is_our_server(pid):
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while self._is_our_server(pid) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        if self._is_our_server(pid):
            raise CannotStartError(f"An earlier PostgreSQL on {self._directory} (process {pid}) does not stop.")
        # Its number may be another program's by now, which PostgreSQL would take for a running server.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _is_our_server(self, pid: int) -> bool:
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return Path(os.fsdecode(arguments[0])).name == "postgres" and os.fsencode(self._cluster) in arguments
