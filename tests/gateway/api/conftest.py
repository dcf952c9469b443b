import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Api

pytest.register_assert_rewrite("tests.gateway.api.refusals")

_numbers = itertools.count(1)


def deposit_body(**changes: Any) -> dict[str, Any]:
    """A body that is accepted, each with a reference of its own; ``...`` leaves a field out."""
    body = {
        "payment_system": "upi_l",
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": f"order-{next(_numbers)}",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def withdrawal_body(**changes: Any) -> dict[str, Any]:
    """As `deposit_body`, of a withdrawal."""
    body = {
        "payment_system": "imps_ib",
        "currency": "INR",
        "amount": "1218",
        "customer": "55",
        "reference": f"payout-{next(_numbers)}",
        "recipient": {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"},
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


@pytest.fixture
def new_deposit(api: Api) -> Callable[..., dict[str, Any]]:
    """Creates deposits through the API and gives what was answered."""

    def make(**changes: Any) -> dict[str, Any]:
        answer = api.post("deposits", deposit_body(**changes))
        assert answer.status_code == 201, answer.content
        made: dict[str, Any] = answer.json()
        return made

    return make


@pytest.fixture
def new_withdrawal(api: Api) -> Callable[..., dict[str, Any]]:
    """Creates withdrawals through the API and gives what was answered."""

    def make(**changes: Any) -> dict[str, Any]:
        answer = api.post("withdrawals", withdrawal_body(**changes))
        assert answer.status_code == 201, answer.content
        made: dict[str, Any] = answer.json()
        return made

    return make
