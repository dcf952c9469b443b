from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body


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
