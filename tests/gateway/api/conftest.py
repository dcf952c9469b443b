from collections.abc import Callable
from typing import Any

import pytest
from schemathesis.pytest.plugin import SchemathesisFunction

from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body, withdrawal_body


def pytest_itemcollected(item: pytest.Item) -> None:
    """The id of a test that schemathesis makes names its operation, which pytest 9.2 leaves out.

    A process of a spread run (`tests/spreading.py`) carries out one of those that share an id.
    """
    if isinstance(item, SchemathesisFunction):
        item._id = item.id.with_params(item.operation_label)


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
