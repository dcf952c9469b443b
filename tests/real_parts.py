"""A real PostgreSQL and a real Valkey for the whole test session, started before Django reads its settings.

Loaded with ``-p tests.real_parts`` (pyproject.toml), in the process that was started and, when a run is spread over
several (``tests/spreading.py``), again in each of those. They share the servers of the first and none of the contents:
each has its own PostgreSQL database (pytest-django names it after the process) and its own numbered database of Valkey.
``DATABASE_URL`` or ``REDIS_URL`` in the environment swaps the part.
"""

import contextlib
import os
from collections.abc import Generator
from urllib.parse import urlsplit, urlunsplit

import pytest

from gateway.stack.throwaway import throwaway_parts

_running = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    # A wrapper runs before every plain implementation of the hook; pytest-django reads the settings in one.
    if (process := os.environ.get("PYTEST_XDIST_WORKER")) is None:
        os.environ.update(_running.enter_context(throwaway_parts(os.environ)))
    else:
        # One of several: what the first one started is in our environment already.
        number = 1 + int(process.removeprefix("gw"))
        os.environ["REDIS_URL"] = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}"))
    return (yield)


def pytest_unconfigure() -> None:
    _running.close()
