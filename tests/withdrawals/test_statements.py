"""What a withdrawal costs the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import Api
from tests.withdrawals.orders import IMPS


def test_a_withdrawal_of_a_known_customer_takes_eleven_statements(api: Api) -> None:
    assert api.post("withdrawals", {**IMPS, "reference": "first"}).status_code == 201
    with CaptureQueriesContext(connection) as captured:
        assert api.post("withdrawals", {**IMPS, "reference": "second"}).status_code == 201
    # The test's own transaction turns the action's BEGIN and COMMIT into a savepoint.
    statements = [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert statements == [
        *("SELECT", "SELECT", "SELECT"),  # the key, an earlier answer, the payment system
        *("WITH", "SELECT"),  # the idempotency key with its patience, and the patience taken back
        *("SELECT", "SELECT"),  # the provider account, the customer
        *("INSERT", "INSERT"),  # the withdrawal with its hashes, and its first move
        *("INSERT", "SELECT"),  # the news, and who takes it
    ]
