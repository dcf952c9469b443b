"""A PostgreSQL and a Valkey that leave nothing behind: for the tests, and for commands that need some database.

python -m gateway.stack.throwaway COMMAND [ARGUMENT ...]
"""

import base64
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gateway.stack.postgres import EmbeddedPostgres
from gateway.stack.postgres_roles import OWNER, SUPERUSER
from gateway.stack.refusal import CannotStartError
from gateway.stack.valkey import EmbeddedValkey

_PREFIX: Final = "gateway-throwaway-"
#: 256 bits, as Fernet wants.
_KEY_BYTES: Final = 32


@contextlib.contextmanager
def throwaway_parts(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start what the environment does not name, stop it on leaving.

    Both servers die with this process, even by SIGKILL; what such a death leaves on disk the next one takes away.

    Args:
        environment: ``DATABASE_URL`` or ``REDIS_URL`` there swaps the part.

    Yields:
        The variables that the environment lacks, for Django to start with them.
    """
    lacking: dict[str, str] = {}
    with contextlib.ExitStack() as running:
        directory = _scratch_directory(running)
        if not environment.get("DATABASE_URL"):
            postgres = EmbeddedPostgres(directory / "postgres", durable=False)
            running.callback(postgres.stop)
            lacking["DATABASE_URL"] = postgres.start()
            lacking["MIGRATION_DATABASE_URL"] = postgres.url(OWNER)
            lacking["SUPERUSER_DATABASE_URL"] = postgres.url(SUPERUSER)  # the tests'
        if not environment.get("REDIS_URL"):
            valkey = EmbeddedValkey(directory / "valkey", durable=False)
            running.callback(valkey.stop)
            lacking["REDIS_URL"] = valkey.start()
        if not environment.get("SECRET_KEY"):
            lacking["SECRET_KEY"] = secrets.token_urlsafe(_KEY_BYTES)
        if not environment.get("FIELD_ENCRYPTION_KEYS"):
            key = base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES))
            lacking["FIELD_ENCRYPTION_KEYS"] = key.decode()
        if not environment.get("SEARCH_HASH_KEYS"):
            lacking["SEARCH_HASH_KEYS"] = secrets.token_urlsafe(_KEY_BYTES)
        yield lacking


def _scratch_directory(running: contextlib.ExitStack) -> Path:
    """A new directory, locked while this process lives; unlocked ones of dead processes are removed."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (old / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    running.callback(shutil.rmtree, directory, ignore_errors=True)
    if os.geteuid() == 0:
        directory.chmod(0o711)  # PostgreSQL runs as another user then, and has to pass
    # Locked before it has the name that others look for.
    draft = directory / "lock.new"
    lock = running.enter_context(draft.open("w"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    draft.rename(directory / "lock")
    return directory


def _main() -> int:
    # Ctrl-C and SIGTERM are the command's to answer; the parts stop after it.
    try:
        with throwaway_parts(os.environ) as lacking:
            command = subprocess.Popen(sys.argv[1:], env=os.environ | lacking)  # noqa: S603 - the caller's own
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: command.terminate())
            code = command.wait()
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    # As a shell reports it.
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(_main())
