"""What a withdrawal costs the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import Api
from tests.withdrawals.orders import IMPS


def test_a_withdrawal_of_a_known_customer_takes_twelve_statements(api: Api) -> None:
    assert api.post("withdrawals", {**IMPS, "reference": "first"}).status_code == 201
    with CaptureQueriesContext(connection) as captured:
        assert api.post("withdrawals", {**IMPS, "reference": "second"}).status_code == 201
    # The test's own transaction turns the action's BEGIN and COMMIT into a savepoint.
    statements = [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert statements == [
        *("SELECT", "SELECT"),  # the key, the payment system
        "WITH",  # the idempotency key, or the earlier answer under it
        *("SELECT", "SELECT"),  # the provider account, the customer
        "SELECT",  # the slabs of approval; in live mode they are held still before that
        *("INSERT", "INSERT"),  # the withdrawal with its hashes, and its first move
        "WITH",  # the news, and who takes it
        *("INSERT", "SELECT", "SELECT"),  # the hold, its journal, and whether something is owed
    ]
