"""Who asks money to move with a parameter that the call does not know is refused, and nothing moves."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.products.models import Product
from tests.conftest import Api
from tests.gateway.api.bodies import withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.gateway.refunds.stage import credited, refund_body
from tests.withdrawals.approving import APPROVING_SCOPES, REASON, waiting
from tests.withdrawals.batch_stage import batch_body
from tests.withdrawals.orders import order

pytestmark = pytest.mark.django_db

CALLS: dict[str, Callable[[Api], tuple[str, Any]]] = {
    "a withdrawal": lambda _: ("withdrawals", withdrawal_body()),
    "a refund": lambda api: (f"deposits/{credited(api).public_id}/refunds", refund_body()),
    "cancelling": lambda api: (f"withdrawals/{order(api).public_id}/cancel", {}),
    "cancelling a batch": lambda api: (
        f"withdrawal-batches/{api.post('withdrawal-batches', batch_body()).json()['id']}/cancel",
        {},
    ),
}


def assert_it_is_refused(api: Api, path: str, body: Any) -> None:
    with nothing_changes():
        assert_refused(api.post(f"{path}?dry_run=true", body), 400, "invalid_request", "/dry_run")
    # Without it, it is taken.
    assert api.post(path, body).status_code in {200, 201}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_moves_money_ignores_no_parameter(api: Api, call: Callable[[Api], tuple[str, Any]]) -> None:
    assert_it_is_refused(api, *call(api))


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_nor_does_a_decision(api: Api, product: Product, new_api: Callable[..., Api], decision: str) -> None:
    withdrawal = waiting(api)
    deciding = new_api(product, scopes=APPROVING_SCOPES)
    assert_it_is_refused(deciding, f"withdrawals/{withdrawal.public_id}/{decision}", {"reason": REASON})
