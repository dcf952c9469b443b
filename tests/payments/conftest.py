from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from payments.models import Deposit
from tests.conftest import Api
from tests.payments.paid import Paid
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    OK,
    Book,
    Placed,
    create_path,
    details,
    fresh,
    offered,
    place,
    work,
)
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

    def make(**changes: Any) -> Deposit:
        deposit = place(api, **changes)
        work()
        return fresh(deposit)

    return make


@pytest.fixture
def paid(api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller) -> Paid:
    """A UPI deposit of 1000.00 INR whose customer named a reference; the book says nothing of it yet."""
    provider.script(ACTIVATE, OK)
    return Paid(api, opened(), book, clock)
