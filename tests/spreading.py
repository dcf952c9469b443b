"""How a whole run is spread over processes: how many, which tests stay together, and which begin first.

Loaded with ``-p tests.spreading`` (pyproject.toml); but for the order it has a say only where pytest-xdist is asked to
(``-n``), as ``make test`` does for a whole run. What the processes share and what not: ``tests/real_parts.py``.
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
    "tests/stories/",  # the one stack
    "tests/browser/",  # a stack of its own, and a browser
    "tests/gateway/api/test_real_server.py",  # a web server, one test after the other
    "tests/gateway/api/test_chunked.py",  # another one
    "tests/benchmarks/test_ledger.py",  # a PostgreSQL of its own
)

#: What takes ten seconds and more by itself. It begins before all others: where one of these were left at the end, most
#: of the machine would wait for it.
LONG: Final = (
    "tests/gateway/backoffice/lists/test_list_plans.py::",
    "tests/gateway/backoffice/test_permission_matrix.py::test_each_role_comes_where_it_may_and_nowhere_else",
    "tests/benchmarks/test_benchmarks.py::test_one_small_round_goes_through_every_door",
    "tests/money/test_machine.py::test_whatever_happens_the_books_are_right",
    "tests/money/test_opening.py::test_rows_of_before_are_opened",
    "tests/house/test_squashed.py::test_a_new_database_is_as_one_that_was_migrated_in_turn",
    "tests/races/test_hold_races.py::test_writers_that_are_killed_leave_whole_journals",
    "tests/postbacks/test_floods.py::test_10000_forged_or_rewrapped_letters_move_nothing_and_cost_little",
    "tests/gateway/test_sheets.py::test_no_text_is_ever_a_formula_or_a_number",
    "tests/gateway/backoffice/first_page/test_first_page_plans.py::",
    "tests/faults/test_crash_sweep.py::",
    "tests/gateway/database/test_roles.py::",
    "tests/gateway/stack/test_manage.py::",
    "tests/money/test_crashes.py::",
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


def place_of(test: str) -> int:
    """When the test begins: by groups, one after the other, then what is long, then everything else."""
    group = group_of(test)
    return TOGETHER.index(group) if group in TOGETHER else len(TOGETHER) + (not test.startswith(LONG))


@pytest.hookimpl(trylast=True)  # after the others have shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # In a run of one process, too: what the tests of a group share lasts as long as one follows the other.
    items.sort(key=lambda item: place_of(item.nodeid))


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """What ``-n auto`` means here."""
    return min(_PROCESSES_PER_CORE * len(os.sched_getaffinity(0)), _MOST_PROCESSES)
