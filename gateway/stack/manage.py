"""``manage.py`` against the local stack: ``python -m gateway.stack.manage COMMAND [ARGUMENT ...]``.

The stack keeps what its Django processes are told in ``environment.json``, which only its user may read. The owner's
address of the database is not in it: whoever alters tables says so by ``MIGRATION_DATABASE_URL``.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from gateway.stack.private_files import write_private
from gateway.stack.services import ABOUT_THE_DATABASE, PROJECT_DIRECTORY
from gateway.stack.settings import stack_directory
from gateway.stack.summary import is_running

_FILE_NAME: Final = "environment.json"


def keep_environment(directory: Path, environment: Mapping[str, str]) -> None:
    """Keep what ``manage.py`` has to be told to speak to this stack; it stays when the stack stops."""
    write_private(directory / _FILE_NAME, json.dumps(dict(environment), indent=2) + "\n")


def _kept_environment(directory: Path) -> dict[str, str]:
    try:
        return dict(json.loads((directory / _FILE_NAME).read_text(encoding="utf-8")))
    except FileNotFoundError:
        sys.exit(f"No stack was started on {directory}. Type `make up` first, or name its STACK_DIR.")
    except PermissionError:
        sys.exit(f"The stack on {directory} belongs to another user, who alone may read its keys.")


def _main() -> NoReturn:
    directory = stack_directory(os.environ, Path.cwd())
    kept = _kept_environment(directory)
    if not is_running(directory):
        sys.stderr.write(f"The stack on {directory} is not running: what needs its database will not find it.\n")
        sys.stderr.flush()
    inherited = {name: value for name, value in os.environ.items() if name not in ABOUT_THE_DATABASE}
    # In the place of this process: signals, the terminal and the exit code are the command's.
    command = [sys.executable, str(PROJECT_DIRECTORY / "manage.py"), *sys.argv[1:]]
    os.execve(sys.executable, command, inherited | kept)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    _main()
