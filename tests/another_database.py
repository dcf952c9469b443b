"""A database beside that of the tests, for processes of their own that migrate it (`roles.environment`)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests import roles

ROOT: Final = Path(__file__).parents[1]
#: To migrate takes half a minute, and some of these run together with others.
_SECONDS: Final = 300


@contextmanager
def empty_database(purpose: str) -> Iterator[str]:
    """Its name; it is gone afterwards. The database of the tests has to be there.

    Args:
        purpose: a word that no other test uses at the same time.
    """
    name = f"{purpose}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with roles.owner() as server, roles.superuser(autocommit=True) as superuser:
        superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        server.execute(f"CREATE DATABASE {name}".encode())
        yield name
        # Processes have been the superuser, too, and their last connections may be about to end.
        superuser.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def run_there(database: str, *arguments: str) -> str:
    """What a Python process says that uses the database; it has to end well."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **roles.environment(database)},
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
