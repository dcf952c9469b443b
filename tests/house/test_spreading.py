"""The run that is spread over processes: nobody starts twice what is meant to be started once."""

from collections import Counter
from pathlib import Path

import pytest

from tests.spreading import LONG, TOGETHER, group_of, place_of

ROOT = Path(__file__).resolve().parents[2]


def test_every_group_is_there() -> None:
    assert [one for one in TOGETHER if not (ROOT / one).exists()] == []


def test_every_long_test_is_there() -> None:
    """A test by its name, or all of a file."""
    for one in LONG:
        file, _, name = one.partition("::")
        assert f"def {name or 'test_'}" in (ROOT / file).read_text(), one


def test_the_stories_of_one_stack_stay_together_and_others_go_where_there_is_room() -> None:
    stories = group_of("tests/stories/test_deposits.py::test_one")
    assert stories == group_of("tests/stories/test_new.py::test_two[x@y]")
    assert stories != group_of("tests/browser/test_new.py::test_one")
    assert group_of("tests/payments/test_asking.py::test_one[a]") == "tests/payments/test_asking.py::test_one[a]"


def test_the_order_of_the_groups_hides_none() -> None:
    for place, one in enumerate(TOGETHER):
        assert group_of(f"{one}::test_one") == one, place


def test_groups_begin_one_after_the_other_and_what_is_long_before_everything_else() -> None:
    assert [place_of(f"{one}::test_one") for one in TOGETHER] == list(range(len(TOGETHER)))
    assert {place_of(f"{one}test_one") for one in LONG} == {len(TOGETHER)}
    assert place_of("tests/payments/test_asking.py::test_one[a]") == len(TOGETHER) + 1


def test_no_two_tests_have_one_id(request: pytest.FixtureRequest) -> None:
    """Of this session, which is all tests in a whole run: of those that share an id, one would be carried out."""
    times = Counter(item.nodeid for item in request.session.items)
    assert [one for one, count in times.items() if count > 1] == []


def test_whoever_shares_a_stack_stays_with_the_others_who_do(request: pytest.FixtureRequest) -> None:
    """Of this session, which is all tests in a whole run."""
    for item in request.session.items:
        if "stack" in getattr(item, "fixturenames", ()):
            assert group_of(item.nodeid) in {"tests/stories/", "tests/browser/"}, item.nodeid
