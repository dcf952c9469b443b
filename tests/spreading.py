"""How a whole run is spread over processes: how many, and which tests stay together.

Loaded with ``-p tests.spreading`` (pyproject.toml); has a say only where pytest-xdist is asked to (``-n``), as
``make test`` does for a whole run. What the processes share and what not: ``tests/real_parts.py``.
"""

import os
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Half of the suite's time is waiting for other processes: two test processes keep a core busy.
_PROCESSES_PER_CORE: Final = 2
#: A Valkey has 16 numbered databases, and more processes than this have too little to do.
_MOST_PROCESSES: Final = 8

#: Files and folders whose tests share something that takes long to start: each is worked through by one process, the
#: longest first. The first that fits counts; every other test is dealt out by itself.
TOGETHER: Final = (
    "tests/stories/test_live_account.py",  # a stack of its own, with a live account
    "tests/stories/",  # the one stack
    "tests/gateway/api/test_real_server.py",  # a web server, one test after the other
    "tests/gateway/api/test_chunked.py",  # another one
    "tests/benchmarks/test_ledger.py",  # a PostgreSQL of its own
)


def group_of(test: str) -> str:
    """What the test (its node id) belongs to: itself, if nothing else."""
    return next((one for one in TOGETHER if test.startswith(one)), test)


class Dealing(LoadScopeScheduling):  # type: ignore[misc] # of a package without type information
    """Deals out groups, those with most tests first, then test by test to whoever has run out.

    ``--dist=loadgroup`` would do the same by marks; with pytest 9.2 it silently does not (pytest-xdist issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Dealing:
    return Dealing(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """What ``-n auto`` means here."""
    return min(_PROCESSES_PER_CORE * len(os.sched_getaffinity(0)), _MOST_PROCESSES)
