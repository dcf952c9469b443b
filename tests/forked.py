"""Processes to be killed. They are forked from one that has loaded the product, so that a start takes milliseconds.

Each has the database and the broker of the test that starts it, and shares nothing else with its process.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing import connection as ends
from multiprocessing.context import ForkServerProcess
from typing import Final

from django.db import connection

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.loaded"])


def started(work: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """A process that does this and ends.

    Args:
        work: a function of a module that needs nothing of the tests to be loaded.
        arguments: for it; they are pickled.
    """
    process = _CONTEXT.Process(target=_work, args=(connection.settings_dict["NAME"], work, arguments), daemon=True)
    process.start()
    return process


def wait_for_end(process: ForkServerProcess, seconds: float) -> None:
    """Return when it is dead, or late. In any thread, while another one waits for its exit code with ``join``."""
    ends.wait([process.sentinel], seconds)


def _work(database: str, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    connection.settings_dict["NAME"] = database
    work(*arguments)
