"""What the queues ask is answered by an index, however many rows there are that wait for nobody."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.backoffice.queues import candidates, catalogue, how_much_waits, reading
from gateway.providers.models import ProviderAccount
from payments.models import Receipt
from tests.gateway.backoffice.queues.test_queues import item
from tests.payments.paid import Paid
from tests.payments.stage import money
from tests.payments.test_suspense import found_by_transaction
from tests.roles import clear_away, undisguised

pytestmark = pytest.mark.usefixtures("disguised")

#: The bar of the blueprint.
MANY: Final = 200_000
#: Ids that grow with time as ours do (UUIDv7), all of them older than any real one.
_ID: Final = "(lpad(to_hex(n), 12, '0') || '7' || right(to_hex(n + 4096), 3) || '8' || lpad(to_hex(n), 15, '0'))::uuid"


@pytest.fixture(scope="module", autouse=True)
def _room_again(django_db_setup: None) -> Iterator[None]:
    yield
    clear_away("postbacks_letteritem", "payments_screenshot", "payments_deposit", "payments_receipt")


def copies(table: str, pk: object, **differs: str) -> None:
    """Many copies of a row, each with what differs, and the statistics that autovacuum would have made."""
    with undisguised() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        names = [name for (name,) in cursor.fetchall()]
        values = ", ".join(differs.get(name, f'one."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} AS one, generate_series(1, {MANY}) AS n"  # noqa: S608
            " WHERE one.id = %s",
            [pk],
        )
        cursor.execute(f"ANALYZE {table}")


def statements_of(work: Callable[[], Any], table: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    found = [one["sql"] for one in queries.captured_queries if re.search(rf'FROM "{table}"', one["sql"])]
    assert found, queries.captured_queries
    return found


def check(statements: list[str], table: str, *indexes: str) -> None:
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert f"Seq Scan on {table} " not in plan, f"{statement}\n{plan}"
        assert any(f"using {index}" in plan or f"on {index}" in plan for index in indexes), f"{statement}\n{plan}"


def asked_of(name: str, table: str, after: str = "") -> list[str]:
    """What the page of a queue and its summary ask of a table."""
    queue = catalogue.named(name)
    assert queue is not None

    def work() -> None:
        reading.page(queue, "test", {}, after)
        how_much_waits._summary(queue, "test")

    return statements_of(work, table)


def test_letters_are_found_by_their_own_index(account: ProviderAccount) -> None:
    one = item(account)
    copies("postbacks_letteritem", one.pk, id=_ID, status="'confirmed'", position="mod(n, 30000)", letter_id=_ID)
    check(asked_of("unconfirmed", "postbacks_letteritem"), "postbacks_letteritem", "letter_items_for_a_person")
    after = asked_of("unconfirmed", "postbacks_letteritem", str(one.pk))
    check(after, "postbacks_letteritem", "letter_items_for_a_person", "postbacks_letteritem_pkey")


def test_pictures_are_found_by_their_own_index(db: None) -> None:
    with undisguised() as cursor:
        cursor.execute(
            "INSERT INTO payments_screenshot"  # noqa: S608
            " (confirmation_id, picture, digest, pixel_digest, look, suspicions, created_at)"
            f" SELECT {_ID}, '', md5(n::text), '', '', '{{}}', now() FROM generate_series(1, {MANY}) AS n"
        )
        cursor.execute("ANALYZE payments_screenshot")
    check(asked_of("screenshots", "payments_screenshot"), "payments_screenshot", "screenshots_for_a_person")


def test_money_is_found_by_the_indexes_of_what_waits(paid: Paid, account: ProviderAccount) -> None:
    found_by_transaction(account, money(transaction_id="T5", amount="70.00"), label=paid.label)
    receipt = Receipt.objects.get()
    copies(
        "payments_receipt",
        receipt.pk,
        id=_ID,
        status="'credited'",
        transaction_id="'grown-' || n",
        deposit_id=f"'{paid.deposit.pk}'::uuid",
        product_id=f"'{paid.deposit.product_id}'::uuid",
    )
    ended = {"status": "'credited'", "reference": "'grown-' || n", "next_at": "NULL", "deadline_at": "NULL"}
    copies("payments_deposit", paid.deposit.pk, id=_ID, customer_id=_ID, **ended)
    check(asked_of("suspense", "payments_receipt"), "payments_receipt", "receipts_for_a_person")
    check(asked_of("differences", "payments_receipt"), "payments_receipt", "receipts_for_a_person")
    check(asked_of("differences", "payments_deposit"), "payments_deposit", "deposits_for_a_person")
    # What is suggested beside it is looked up by key, by customer, or by the time that keys begin with.
    own = ("payments_deposit_pkey", "payments_deposit_customer_id", "deposits_for_a_person", "deposits_by_deadline")
    asked = statements_of(lambda: candidates.for_receipt(receipt), "payments_deposit")
    check(asked, "payments_deposit", *own)
