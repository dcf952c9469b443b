"""A story is found by indexes, however much happened to other orders."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from balances.models import Journal
from gateway.providers.models import ProviderAccount, ProviderCall
from gateway.webhooks.models import Event
from payments.models import DepositMove
from postbacks.models import Letter, LetterItem
from tests.at_commit import committed
from tests.conftest import Api
from tests.gateway.backoffice.story.test_receipt_page import LOOK, page_of, text
from tests.payments.paid import Paid
from tests.payments.stage import money
from tests.roles import clear_away, undisguised
from tests.staff import logged_in
from tests.two_persons import by_two_persons
from tests.withdrawals.orders import order
from withdrawals.models import WithdrawalMove

#: A loaded machine takes several times as long to make the rows.
pytestmark = [pytest.mark.usefixtures("disguised"), pytest.mark.django_db, pytest.mark.timeout(600)]

#: The bar of the blueprint.
ROWS: Final = 200_000
#: Everything that grows with orders, with what tells the copies of a row from it. Deposits, receipts, withdrawals and
#: holds are found by their keys; moves of receipts and confirmations as those of deposits are; batches, confirmations
#: and pictures by foreign keys with indexes of their own.
COPIED: Final = {
    "providers_providercall": "'subject', 'dep_' || n, 'also_about', '[]'::jsonb",
    "postbacks_letteritem": "'order_id', 'cnf_' || n, 'letter_id', gen_random_uuid()",
    "webhooks_event": "'subject', 'dep_' || n",
    "balances_journal": "'subject', 'dep_' || n, 'reference', 'rcp_' || n",
    "balances_instruction": "'parameters', jsonb_build_object('receipt', 'rcp_' || n)",
    "payments_depositmove": "'subject_id', gen_random_uuid()",
    "withdrawals_withdrawalmove": "'subject_id', gen_random_uuid()",
    "api_idempotencykey": "'key', 'key-' || n, 'object_id', gen_random_uuid(),"
    " 'created_at', now() - interval '10 minutes' - n * interval '1 second'",
    "backoffice_note": "'subject', 'dep_' || lpad(n::text, 26, '0')",
}


@pytest.fixture(scope="module", autouse=True)
def _room_again(django_db_setup: None) -> Iterator[None]:
    yield
    clear_away(*COPIED)


def copy(cursor: Any, table: str, changes: str) -> None:
    """So many rows like one of the table's own, under other ids."""
    cursor.execute(
        "SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = 'id'", [table]
    )
    key = "gen_random_uuid()" if cursor.fetchone() == ("uuid",) else "n + 1000000"
    cursor.execute(
        f"INSERT INTO {table} SELECT made.*"  # noqa: S608 - the tables and changes above
        f" FROM (SELECT own FROM {table} AS own LIMIT 1) AS the (one), generate_series(1, {ROWS}) AS n,"
        f" LATERAL jsonb_populate_record(one, jsonb_build_object('id', {key}, {changes})) AS made"
    )
    cursor.execute(f"ANALYZE {table}")


def test_each_part_of_a_story_is_found_by_an_index(
    paid: Paid, api: Api, account: ProviderAccount, subtests: pytest.Subtests
) -> None:
    paid.arrives(money(amount="1"))
    receipt = paid.deposit.receipts.get()
    by_two_persons("receipt_attached", {"receipt": receipt.public_id, "deposit": paid.deposit.public_id})
    letter = Letter.objects.create(
        account=account, body=b"{}", signed_digest="0" * 64, envelope_agrees=True, variant="plain", key_index=0
    )
    LetterItem.objects.create(letter=letter, account=account, position=0, order_id=paid.order)
    ProviderCall.objects.create(account=account, operation="pullpostbacks", subject="dep_x", also_about=[paid.order])
    withdrawal = order(api)
    orders: tuple[Any, ...] = (paid.deposit, receipt, withdrawal)
    views = (*LOOK, "view_depositmove", "view_withdrawalmove", "view_event", "view_hold", "view_approval", "view_note")
    ada = logged_in("ada", *views, "add_note")
    for row in (orders[0], orders[2]):
        noted = f"{page_of(row).removesuffix('change/')}note/"
        assert ada.post(noted, {"text": "x", "note_id": str(row.pk)}).status_code == 302
    committed()  # what the ledger asks at COMMIT it is asked now: so many rows take their time
    with undisguised() as cursor:
        for table, changes in COPIED.items():
            copy(cursor, table, changes)
    for row in orders:
        for statement in asked(ada, page_of(row)):
            with subtests.test(statement[:200], page=str(row)):
                plan = plan_of(statement)
                assert [table for table in COPIED if f"Seq Scan on {table}" in plan] == [], plan
    assert (DepositMove.objects.count(), WithdrawalMove.objects.count()) > (ROWS, ROWS)
    assert min(Journal.objects.count(), Event.objects.count()) > ROWS


def asked(client: Client, address: str) -> list[str]:
    """What the page asks of the tables that grow."""
    with CaptureQueriesContext(connection) as captured:
        text(client.get(address))
    found = [one["sql"] for one in captured if any(f'"{table}"' in one["sql"] for table in COPIED)]
    assert found
    return found


def plan_of(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
        return "\n".join(line for (line,) in cursor.fetchall())
