"""An installation from before the ledger: its rows get journals, from which every figure can be derived."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests import roles
from tests.another_database import empty_database, run_there
from tests.catalogue import catalogue, differences
from tests.money import page
from tests.money.page import Leg, Posted
from tests.money.test_document import OPENING, in_any_order_of_legs


@pytest.fixture
def database(django_db_setup: None) -> Iterator[str]:
    """The name of an empty database beside that of the tests."""
    with empty_database("opened_ledger") as name:
        yield name


@pytest.mark.django_db  # it is compared with the database of the tests
def test_rows_of_before_are_opened(database: str, subtests: pytest.Subtests) -> None:
    said = run_there(database, "-m", "tests.money.upgrade")
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert told["sum"] == "0.0000"
    with subtests.test("every sort of order"):
        shop = told["shop"]
        # 500 came in; 100, 450, 30 and 5 went out or are reserved, 85 more than there was; 5 of them came back.
        assert shop["balances"] == ["5.0000", "480.0000", "60.0000", "85.0000"]
        assert shop["receipts"] == ["credited", "in_review", "in_review", "suspense"]
        assert shop["moves"] == 4
        assert shop["holds"] == ["spent", "released", "open", "released", "spent", "open"]
        assert (shop["suspense"], shop["provider"]) == ("50.0000", "450.0000")
        # Once the accepted one is paid.
        assert told["later"] == ["5.0000", "30.0000", "60.0000", "85.0000"]
    with subtests.test("as the page says"):
        is_opened_as_the_page_says(told["page"])
    with subtests.test("as a new database is"), roles.owner(database) as upgraded, roles.owner() as new:
        assert differences(catalogue(upgraded), catalogue(new)) == []


def in_any_order(journals: list[Posted]) -> list[tuple[str, list[Leg]]]:
    """Whether money in or money out is opened first is the migrations' affair."""
    return sorted(in_any_order_of_legs(journals), key=lambda one: (one[0], [leg.amount for leg in one[1]]))


def is_opened_as_the_page_says(told: dict[str, Any]) -> None:
    posted = [
        Posted(kind, tuple(Leg(name, system, Decimal(amount), currency) for name, system, amount, currency in legs))
        for kind, legs in told["journals"]
    ]
    [event] = [one for one in page.events() if one.heading == OPENING]
    assert in_any_order(posted) == in_any_order(list(event.journals))
    figures = zip(("available", "held", "savings", "owed"), map(Decimal, told["balances"]), strict=True)
    assert {(name, "INR"): figure for name, figure in figures if figure} == event.changes
