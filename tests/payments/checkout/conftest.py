from typing import Any

import pytest

from tests.conftest import Api
from tests.payments.checkout.visiting import Browser, place
from tests.payments.conftest import book, clock, opened, paid
from tests.payments.stage import Book

__all__ = ["book", "clock", "opened", "paid"]


@pytest.fixture
def browser(api: Api, book: Book, catalogue: Any) -> Browser:
    """A customer on the page of a session of 1000.00 INR; the provider offers UPI."""
    return Browser(place(api))
