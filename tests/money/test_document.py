"""docs/money.md is what happens: each event is made to happen, and posts what its table says and nothing else."""

from decimal import Decimal
from typing import Final

import pytest

from balances.kinds import DEBIT_NORMAL, LIVE, AccountKind, JournalKind
from tests.money import happenings_by_people, happenings_in, happenings_out, page
from tests.money.happenings import HAPPENINGS
from tests.money.page import Leg, Posted
from tests.money.world import World

# They fill the list of what happens.
assert happenings_by_people
assert happenings_in
assert happenings_out

EVENTS: Final = page.events()
#: Made to happen in a database of its own (`tests/money/test_opening.py`).
OPENING: Final = "Rows of before the ledger are opened"
EXECUTED: Final = [one for one in EVENTS if one.heading != OPENING]


def test_the_chart_is_the_chart_of_the_code() -> None:
    assert page.chart() == [
        (
            kind.value,
            "debit" if kind in DEBIT_NORMAL else "credit",
            "kept" if kind in LIVE else "counted",
            kind.label,
        )
        for kind in AccountKind
    ]


def test_every_event_is_made_to_happen() -> None:
    headings = [one.heading for one in EVENTS]
    assert headings == page.sections()
    assert sorted(headings) == sorted({*HAPPENINGS, OPENING})


def test_every_kind_of_journal_has_its_event() -> None:
    assert {journal.kind for one in EVENTS for journal in one.journals} == set(JournalKind.values)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.heading)
def test_every_table_is_balanced_and_shows_what_the_product_sees(event: page.Event) -> None:
    for journal in event.journals:
        for currency in {leg.currency for leg in journal.legs}:
            assert sum(leg.amount for leg in journal.legs if leg.currency == currency) == 0, journal
    shown = {"available": "available", "held": "held", "savings": "savings", "product_receivable": "owed"}
    changes: dict[tuple[str, str], Decimal] = {}
    for leg in (leg for journal in event.journals for leg in journal.legs if leg.account in shown):
        name = (shown[leg.account], leg.currency)
        sign = 1 if leg.account in DEBIT_NORMAL else -1
        changes[name] = changes.get(name, Decimal(0)) + sign * leg.amount
    assert {name: change for name, change in changes.items() if change} == event.changes


def in_any_order_of_legs(journals: list[Posted]) -> list[tuple[str, list[Leg]]]:
    """Which leg of a journal was written first means nothing."""
    return [
        (one.kind, sorted(one.legs, key=lambda leg: (leg.account, leg.system, leg.currency, leg.amount)))
        for one in journals
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("event", EXECUTED, ids=lambda event: event.heading)
def test_an_event_posts_what_the_page_says_and_nothing_else(event: page.Event, world: World) -> None:
    happening = HAPPENINGS[event.heading](world)
    next(happening)
    posted, balances, news = world.posted(), world.balances(), world.news()

    assert next(happening, "the end") == "the end"

    assert world.posted()[: len(posted)] == posted
    now = in_any_order_of_legs(world.posted()[len(posted) :])
    assert now == in_any_order_of_legs(list(event.journals))
    figures = {name: figure - balances.get(name, 0) for name, figure in world.balances().items()}
    assert {name: change for name, change in figures.items() if change} == event.changes
    assert tuple(world.news()[len(news) :]) == event.news
