from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from tests.conftest import Api
from tests.payments.stage import AVAILABLE, Book, Placed, create_path, details, fresh, offered, place, work
from tests.scripted_provider import ScriptedProvider

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still until a test moves it."""
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def book(provider: ScriptedProvider) -> Book:
    """The provider offers UPI, is ready to hand out details, and its book of deposits is empty."""
    provider.script(AVAILABLE, offered(("upi_l", "INR", False)))
    provider.script(create_path("upi_l"), details())
    return Book(provider)


@pytest.fixture
def opened(api: Api, book: Book) -> Placed:
    """Creates deposits and lets the workers open them."""

    def make(**changes: object) -> object:
        deposit = place(api, **changes)
        work()
        return fresh(deposit)

    return make  # type: ignore[return-value]
