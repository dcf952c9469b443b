"""What an order costs the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import Api


def test_an_order_of_a_known_customer_takes_eleven_statements(api: Api) -> None:
    order = {"payment_system": "upi_l", "currency": "INR", "amount": "10.00", "customer": "55"}
    assert api.post("deposits", {**order, "reference": "first"}).status_code == 201
    with CaptureQueriesContext(connection) as captured:
        assert api.post("deposits", {**order, "reference": "second"}).status_code == 201
    # The test's own transaction turns the action's BEGIN and COMMIT into a savepoint.
    statements = [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert statements == [
        *("SELECT", "SELECT", "SELECT"),  # the key, an earlier answer, the payment system
        *("WITH", "SELECT"),  # the idempotency key with its patience, and the patience taken back
        *("SELECT", "SELECT"),  # the customer, the provider account
        *("INSERT", "INSERT"),  # the deposit and its first move
        *("INSERT", "SELECT"),  # the news, and who takes it
    ]
