"""The stage of the tests of payments."""

from tests.payments.conftest import book, clock, opened, paid

__all__ = ["book", "clock", "opened", "paid"]
