"""GET /ledger-entries: every change of the product's own accounts, newest first, and nobody's words."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from balances import accounts, holds
from balances.accounts import AccountKey
from balances.journals import ProviderMoney
from balances.kinds import JournalKind
from balances.models import Entry, Journal
from balances.posting import NewJournal, credit, debit, post
from gateway import ids
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests import roles
from tests.balances.past import BY_CLOCK, DAY, moved, post_at
from tests.conftest import Api, fund
from tests.two_persons import decided

pytestmark = pytest.mark.usefixtures("disguised")

BANK = accounts.bank("test", "INR")
MEMBERS = {
    "id",
    "object",
    "account",
    "sequence",
    "currency",
    "amount",
    "balance_after",
    "journal",
    "kind",
    "subject",
    "reverses",
    "cause",
    "mode",
    "created_at",
}


@pytest.fixture
def available(product: Product) -> AccountKey:
    return accounts.available(product.pk, "test", "INR")


@pytest.fixture
def mine(product: Product, new_api: Callable[..., Api]) -> Api:
    """The product's client in test mode; it has no money yet."""
    return new_api(product)


def listed(api: Api, **query: Any) -> list[dict[str, Any]]:
    answer = api.get("ledger-entries", **query)
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["data"]
    for row in rows:
        assert set(row) == MEMBERS
        assert re.fullmatch(ids.pattern("ent"), row["id"])
        assert re.fullmatch(ids.pattern("jnl"), row["journal"])
    return rows


def changes(api: Api, **query: Any) -> list[str]:
    return [f"{row['kind']}: {row['account']} {row['amount']} = {row['balance_after']}" for row in listed(api, **query)]


def test_amounts_are_what_was_added_to_each_account(
    product: Product, account: ProviderAccount, mine: Api, available: AccountKey
) -> None:
    owed, savings = accounts.receivable(product.pk, "test", "INR"), accounts.savings(product.pk, "test", "INR")
    money = ProviderMoney(account=account.pk, payment_system="p", mode="test", currency="INR", amount=Decimal(100))
    post(moved(money.balance, available, "100", kind="receipt_credited"))
    order = ids.new_id()
    wanted = ids.encode("wd", order)
    holds.hold(order, wanted, product=product, mode="test", currency="INR", amount=Decimal("30.5"), cause=BY_CLOCK)
    post(moved(money.savings, savings, "7", kind="savings_observed"))
    post(moved(available, accounts.fee_income(product.pk, "test", "INR"), "2", kind="product_fee"))
    holds.release(wanted, BY_CLOCK)
    post(moved(owed, BANK, "5"))
    post(moved(available, owed, "5", kind="receivable_repaid"))
    assert changes(mine) == [
        "receivable_repaid: owed -5.00 = 0.00",
        "receivable_repaid: available -5.00 = 93.00",
        "adjusted: owed 5.00 = 5.00",
        "withdrawal_released: held -30.50 = 0.00",
        "withdrawal_released: available 30.50 = 98.00",
        "product_fee: available -2.00 = 67.50",
        "savings_observed: savings 7.00 = 7.00",
        "withdrawal_held: held 30.50 = 30.50",
        "withdrawal_held: available -30.50 = 69.50",
        "receipt_credited: available 100.00 = 100.00",
    ]
    held = listed(mine, kind="withdrawal_held")
    assert {row["subject"] for row in held} == {wanted}
    assert len({row["journal"] for row in held}) == 1
    assert [row["sequence"] for row in listed(mine, account="available")] == [5, 4, 3, 2, 1]
    # The last balance of each account is what GET /balances tells.
    [balance] = mine.get("balances").json()["data"]
    for name in ("available", "held", "savings", "owed"):
        assert listed(mine, account=name)[0]["balance_after"] == balance[name]


def test_an_entry_is_told_whole_and_without_anybody_s_words(mine: Api, available: AccountKey) -> None:
    first = moved(BANK, available, "0.0001")
    second = NewJournal(
        kind=JournalKind.REVERSED,
        reference="reference-of-ours",
        legs=(debit(available, Decimal("0.0001")), credit(BANK, Decimal("0.0001"))),
        cause=decided("a reason of somebody"),
        document="document-of-ours",
        subject="dep_01h455vb4pex5vsknk084sn02q",
        reverses=first.id,
    )
    post(first)
    post(second)
    answer = mine.get("ledger-entries", limit=1)
    entry = Entry.objects.get(journal=second.id, balance_after__isnull=False)
    assert answer.json()["data"] == [
        {
            "id": ids.encode("ent", entry.pk),
            "object": "ledger_entry",
            "account": "available",
            "sequence": 2,
            "currency": "INR",
            "amount": "-0.0001",
            "balance_after": "0.00",
            "journal": ids.encode("jnl", second.id),
            "kind": "reversed",
            "subject": "dep_01h455vb4pex5vsknk084sn02q",
            "reverses": ids.encode("jnl", first.id),
            "cause": "person",
            "mode": "test",
            "created_at": entry.created_at.isoformat(),
        }
    ]
    for word in ("somebody", "reason", "of-ours"):
        assert word not in answer.content.decode()
    [other] = listed(mine, cursor=answer.json()["next_cursor"])
    assert (other["subject"], other["reverses"]) == (None, None)


def test_another_product_s_and_mode_s_entries_never_appear(product: Product, mine: Api, new_api: Any) -> None:
    other = Product.objects.create(name="other")
    fund(product, "INR", amount="1")
    fund(product, "INR", mode=Mode.LIVE, amount="20")
    fund(other, "INR", amount="300")
    shown = {
        name: [row["amount"] for row in listed(api)]
        for name, api in {
            "mine": mine,
            "live": new_api(product, Mode.LIVE),
            "other": new_api(other),
            "other, live": new_api(other, Mode.LIVE),
        }.items()
    }
    assert shown == {"mine": ["1.00"], "live": ["20.00"], "other": ["300.00"], "other, live": []}
    # Nor by the cursor of somebody else's page.
    theirs = listed(new_api(other))[0]["id"]
    assert [row["amount"] for row in listed(mine, cursor=theirs)] == ["1.00"]
    assert {row["mode"] for row in listed(mine)} == {"test"}


def test_each_filter_shows_what_fits_and_nothing_else(product: Product, mine: Api, available: AccountKey) -> None:
    held = accounts.held(product.pk, "test", "INR")
    fund(product, "BDT", amount="4")
    post_at(DAY, moved(BANK, available, "1", subject="dep_1"))
    post_at(DAY + timedelta(seconds=1), moved(available, held, "1", subject="wd_1"))

    def found(**query: Any) -> list[str]:
        return [f"{row['account']} {row['amount']} {row['currency']}" for row in listed(mine, **query)]

    everything = ["held 1.00 INR", "available -1.00 INR", "available 1.00 INR", "available 4.00 BDT"]
    assert found() == everything
    assert found(currency="BDT") == everything[3:]
    assert found(currency="PKR") == []
    assert found(account="held") == everything[:1]
    assert found(account="available") == everything[1:]
    assert found(account="savings") == []
    assert found(account="held", currency="BDT") == []
    assert found(kind="adjusted") == everything[:3]
    assert found(kind="product_funded") == everything[3:]
    assert found(subject="wd_1") == everything[:2]
    assert found(subject="wd_1", account="available") == everything[1:2]
    assert found(subject="wd_") == []


def test_times_are_compared_exactly(mine: Api, available: AccountKey) -> None:
    post(moved(BANK, available, "1"))
    post(moved(BANK, available, "2"))
    second, first = (datetime.fromisoformat(row["created_at"]) for row in listed(mine))
    step = timedelta(microseconds=1)

    def found(**query: datetime) -> list[str]:
        return [row["amount"] for row in listed(mine, **{name: at.isoformat() for name, at in query.items()})]

    assert found(created_after=first) == ["2.00"]
    assert found(created_after=first - step) == ["2.00", "1.00"]
    assert found(created_before=second) == ["1.00"]
    assert found(created_before=second + step, created_after=first) == ["2.00"]
    assert found(created_after=second) == found(created_before=first) == []


def test_pages_have_every_entry_once(mine: Api, available: AccountKey) -> None:
    for amount in range(1, 6):
        post(moved(BANK, available, str(amount)))
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = mine.get("ledger-entries", limit=2, **cursor).json()
        pages.append([row["amount"] for row in page["data"]])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        post(moved(BANK, available, "9"))
    assert pages == [["5.00", "4.00"], ["3.00", "2.00"], ["1.00"]]


def test_a_list_costs_the_same_number_of_queries_however_long(
    product: Product, mine: Api, available: AccountKey, django_assert_num_queries: Any
) -> None:
    fund(product, "BDT", "PKR")
    listed(mine)  # the key is remembered from now on
    for _ in range(2):
        for _ in range(20):
            post(moved(BANK, available, "1"))
        with django_assert_num_queries(3):  # the key, the accounts, the entries
            assert len(listed(mine, limit=100)) in {22, 42}


#: Entries of the plans' test. Each tenth is the product's own, and each hundredth of those is of another currency.
MANY = 100_000
FILL = """
    INSERT INTO balances_journal (
        id, kind, mode, reference, subject, cause, cause_id, detail, document, request_id, xact, begun_at, created_at
    ) SELECT ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'product_fee', 'test', 'many ' || n,
        'dep_' || n, 'clock', '', '', '', '', 0, now(), now() FROM generate_series(1, %(many)s) AS n;
    INSERT INTO balances_entry (
        id, journal_id, account_id, amount, currency, mode, product_id, sequence, balance_after, created_at
    ) SELECT (lpad(to_hex((extract(epoch FROM %(day)s::timestamptz) * 1000)::bigint + n * 1000), 12, '0')
            || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
        ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        CASE WHEN n %% 10 > 0 THEN %(theirs)s::uuid WHEN n %% 1000 = 0 THEN %(rare)s ELSE %(often)s END, -1,
        CASE WHEN n %% 1000 = 0 THEN 'BDT' ELSE 'INR' END, 'test',
        CASE WHEN n %% 10 > 0 THEN %(other)s::uuid ELSE %(product)s END, n, n,
        %(day)s::timestamptz + n * interval '1 second'
    FROM generate_series(1, %(many)s) AS n;
"""


@pytest.fixture(scope="module")
def _room_again(django_db_setup: None) -> Iterator[None]:
    yield
    roles.clear_away("balances_entry", "balances_journal")


@pytest.mark.usefixtures("_room_again")
def test_each_question_is_answered_by_an_index_however_many_entries_there_are(
    product: Product, mine: Api, available: AccountKey
) -> None:
    other = Product.objects.create(name="other")
    fund(product, "INR", "BDT")
    fund(other, "INR")
    values: dict[str, Any] = {
        "many": MANY,
        "day": DAY,
        "often": available.id,
        "rare": accounts.available(product.pk, "test", "BDT").id,
        "product": product.pk,
        "theirs": accounts.available(other.pk, "test", "INR").id,
        "other": other.pk,
    }
    with roles.undisguised() as cursor:
        cursor.execute(FILL, values)
        cursor.execute("ANALYZE balances_entry, balances_journal, balances_account")

    def read(rows: int, **query: Any) -> tuple[str, int]:
        """The plan, and how many entries it reads."""
        with CaptureQueriesContext(connection) as asked:
            assert len(listed(mine, **query)) == rows
        [statement] = [one["sql"] for one in asked if 'FROM "balances_entry"' in one["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Seq Scan on balances_entry" not in plan, plan
        assert "Seq Scan on balances_journal" not in plan, plan
        scans = re.findall(r"(?:on balances_entry|on entries_\w+).*?actual rows=([0-9.]+) loops=(\d+)", plan)
        removed = re.findall(r"Rows Removed by Filter: (\d+)", plan)
        return plan, round(sum(float(n) * int(loops) for n, loops in scans)) + sum(map(int, removed))

    for query in ({}, {"limit": 100}, {"account": "available"}, {"currency": "INR"}, {"kind": "product_fee"}):
        plan, seen = read(int(query.get("limit", 20)), **query)
        assert "entries_of_a_product" in plan, plan
        assert "Sort" not in plan, plan
        assert seen <= 250, (query, plan)
    at = {hours: (DAY + timedelta(hours=hours)).isoformat() for hours in (14, 14.01, 240)}
    plan, seen = read(20, cursor=listed(mine, limit=1, created_before=at[14])[0]["id"])
    assert "Sort" not in plan, plan
    assert seen <= 250, plan
    # Of a currency with few entries those are read, and of an order its own.
    assert read(100, currency="BDT", limit=100)[1] <= 300
    assert read(1, subject=f"dep_{MANY // 2}")[1] <= 10
    assert read(0, subject=f"dep_{MANY // 2 + 1}")[1] <= 10
    # Half a minute in the middle costs no more than the hours around it, of 360 entries each.
    assert read(3, created_after=at[14], created_before=at[14.01])[1] <= 2 * 360 + 50
    # What came before is looked for from there on, and not from today.
    assert read(20, created_before=at[14])[1] <= 10 * 360 + 250
    # Of a time with a single entry that one alone.
    assert read(1, created_after=at[240], currency="INR")[1] <= 10
    assert Journal.objects.count() == MANY + 3
