"""What limits, duplicates, blocks and caps ask is found by an index, however much there was before."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests import roles
from tests.conftest import Api
from tests.withdrawals.orders import order
from tests.withdrawals.ruling import cap, limit
from withdrawals import limits, outflow, pending
from withdrawals.models import OutflowCap, Withdrawal, WithdrawalLimit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]

ROWS = 200_000


@pytest.fixture(scope="module", autouse=True)
def _room_again(django_db_setup: None) -> Iterator[None]:
    yield
    roles.clear_away("withdrawals_withdrawal")


@pytest.fixture
def many(api: Api, product: Product, account: ProviderAccount, catalogue: None) -> Withdrawal:
    """A withdrawal after 200,000 others of a year: a third of this product, each fifth failed."""
    made, other = order(api), Product.objects.create(name="another large one")
    with roles.undisguised() as cursor:
        columns = [str(field.column) for field in Withdrawal._meta.concrete_fields]
        own = {
            "id": "gen_random_uuid()",
            "reference": "'many-' || number",
            "product_id": "CASE number %% 3 WHEN 0 THEN product_id ELSE %(other)s::uuid END",
            "customer_id": "CASE number %% 1000 WHEN 0 THEN customer_id ELSE gen_random_uuid() END",
            "recipient_hashes": "ARRAY[encode(sha256(number::text::bytea), 'hex')]",
            "amount": "100 + number %% 5000",
            "status": "CASE number %% 5 WHEN 0 THEN 'failed' ELSE 'paid' END",
            "sent_at": "now() - number * interval '157 seconds'",
            "created_at": "now() - number * interval '157 seconds'",
            "next_at": "NULL",
            **dict.fromkeys(("recipient", "body"), "''::bytea"),
            **dict.fromkeys(("metadata",), "'{}'::jsonb"),
        }
        values = ", ".join(own.get(name, f"one.{name}") for name in columns)
        cursor.execute(
            f"INSERT INTO withdrawals_withdrawal ({', '.join(columns)})"  # noqa: S608 - our own columns
            f" SELECT {values} FROM withdrawals_withdrawal AS one, generate_series(1, {ROWS}) AS number",
            {"other": str(other.pk)},
        )
        # A year of orders is in the index. Of one INSERT some waits in a list that is read besides, which at times is
        # long enough for the planner to take another way.
        cursor.execute("SELECT gin_clean_pending_list('withdrawals_by_account')")
        cursor.execute("ANALYZE withdrawals_withdrawal")
    return made


def test_every_question_is_answered_by_an_index(many: Withdrawal, product: Product, account: ProviderAccount) -> None:
    hashes = many.account_hashes
    many.created_at = timezone.now()
    for per in ("product", "customer", "recipient", "payment_system"):
        limit(product, per=per, count=1)
    cap(product, 1)
    cap(account, 1)
    by = {one.per: limits.counted_together(one, many, hashes) for one in WithdrawalLimit.objects.all()}
    plans = {
        **{per: rows.explain() for per, rows in by.items()},
        "duplicates": limits.duplicates_of(many, hashes, 60).explain(),
        **{f"cap {one.pk}": outflow.counted(one, but=many).explain() for one in OutflowCap.objects.all()},
    }
    for name, plan in plans.items():
        assert "Seq Scan" not in plan, (name, plan)
    assert "withdrawals_that_count" in plans["product"]
    assert "withdrawals_that_count" in plans["payment_system"]
    assert "customer" in plans["customer"] or "withdrawals_that_count" in plans["customer"]
    assert "withdrawals_by_account" in plans["recipient"]
    # In an hour there may be fewer orders of the product than there ever were to the account, or more.
    assert "withdrawals_by_account" in plans["duplicates"] or "withdrawals_that_count" in plans["duplicates"]
    for name, plan in plans.items():
        if name.startswith("cap"):
            assert "withdrawals_that_are_out" in plan, plan


def test_what_a_full_page_of_approvals_may_double_is_found_by_the_index_of_accounts(many: Withdrawal) -> None:
    page = [many] * 50
    with CaptureQueriesContext(connection) as seen:
        assert pending._similar(page) == {many.pk: []}
    looked_for = seen.captured_queries[0]["sql"]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + looked_for.replace("%", "%%"))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert plan.count("withdrawals_by_account") == len(page), plan
    assert "Seq Scan" not in plan
