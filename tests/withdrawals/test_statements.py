"""What a withdrawal costs the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.products.models import Product
from tests.conftest import Api
from tests.withdrawals.orders import order
from tests.withdrawals.ruling import window


def statements(api: Api) -> list[str]:
    """The first words of those that another withdrawal takes."""
    with CaptureQueriesContext(connection) as captured:
        order(api)
    # The test's own transaction turns the action's BEGIN and COMMIT into a savepoint.
    return [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]][:-1]


def test_a_withdrawal_of_a_known_customer_takes_thirteen_statements_and_two_where_it_may_be_a_duplicate(
    api: Api, product: Product
) -> None:
    order(api)
    before = [
        *("SELECT", "SELECT"),  # the key, the payment system
        "WITH",  # the idempotency key, or the earlier answer under it
        *("SELECT", "SELECT"),  # the provider account, the customer
        "SELECT",  # the rules that it has to keep to
    ]
    after = [
        "SELECT",  # the slabs of approval; in live mode they are held still before that
        *("INSERT", "INSERT"),  # the withdrawal with its hashes, and its first move
        "WITH",  # the news, and who takes it
        *("INSERT", "SELECT", "SELECT"),  # the hold, its journal, and whether something is owed
    ]
    assert statements(api) == [*before, *after]
    window(product, 60)
    # A turn among those that would be the same, and a look for them. What waits for people says who approved it, in
    # the news and in the answer.
    held = [*after[:3], "SELECT", *after[3:], "SELECT"]
    assert statements(api) == [*before, "SELECT", "SELECT", *held]
