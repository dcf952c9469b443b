"""A real PostgreSQL and a real Valkey for the whole test session, started before Django reads its settings.

Loaded with ``-p tests.real_parts`` (pyproject.toml). ``DATABASE_URL`` or ``REDIS_URL`` in the environment swaps
the part.
"""

import contextlib
import os
from collections.abc import Generator

import pytest

from gateway.stack.throwaway import throwaway_parts

_running = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    # A wrapper runs before every plain implementation of the hook; pytest-django reads the settings in one.
    os.environ.update(_running.enter_context(throwaway_parts(os.environ)))
    return (yield)


def pytest_unconfigure() -> None:
    _running.close()
