"""What an order costs the database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.providers.models import ProviderAccount
from gateway.webhooks.actions import add_endpoint
from gateway.webhooks.models import Delivery
from payments.models import Deposit
from tests.conftest import Api

ORDER = {"payment_system": "upi_l", "currency": "INR", "amount": "10.00", "customer": "55"}


def statements(captured: CaptureQueriesContext) -> list[str]:
    """The first word of each, and which table it is about; the savepoints are the test's own transaction's."""
    return [" ".join(query["sql"].split()[:2]) for query in captured if "SAVEPOINT" not in query["sql"]]


@pytest.mark.parametrize("customer", ["55", "never seen before"])
def test_an_order_takes_three_statements_and_the_next_one_one(api: Api, customer: str) -> None:
    begins = [
        *("SELECT", "SELECT"),  # the key with its product, the payment system: remembered from now on
        "WITH",  # the idempotency key, the customer, the deposit, its first move, the news, who takes it
    ]
    with CaptureQueriesContext(connection) as captured:
        assert api.post("deposits", {**ORDER, "reference": "first"}).status_code == 201
    assert [text.split()[0] for text in statements(captured)] == begins
    add_endpoint(product=Deposit.objects.get().product, mode="test", url="https://shop.example/", event_types=[])
    with CaptureQueriesContext(connection) as captured:
        assert api.post("deposits", {**ORDER, "reference": "second", "customer": customer}).status_code == 201
    assert [text.split()[0] for text in statements(captured)] == ["WITH"]
    assert Delivery.objects.count() == 1


def test_an_order_that_was_made_before_takes_what_it_takes_to_show_it(api: Api) -> None:
    order = {**ORDER, "reference": "first"}
    assert api.post("deposits", order, key="one").status_code == 201
    with CaptureQueriesContext(connection) as captured:
        assert api.post("deposits", order, key="one").headers["Idempotent-Replayed"] == "true"
    # The first try, which finds the key taken; then all three, the earlier answer, the deposit, its receipts.
    assert len(statements(captured)) == 1 + 6


def test_without_an_account_nothing_is_written_and_the_key_stays_free(api: Api, account: ProviderAccount) -> None:
    ProviderAccount.objects.update(is_active=False)
    answer = api.post("deposits", {**ORDER, "reference": "first"}, key="one")
    assert (answer.status_code, answer.json()["code"]) == (409, "mode_not_configured")
    assert not Deposit.objects.exists()
    ProviderAccount.objects.update(is_active=True)
    assert api.post("deposits", {**ORDER, "reference": "first", "amount": "11.00"}, key="one").status_code == 201
