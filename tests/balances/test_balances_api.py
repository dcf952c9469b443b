"""GET /balances: what a product has, all of one moment, now or as of an instant."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from balances import accounts, holds, reading
from balances.accounts import AccountKey
from balances.posting import post
from gateway import ids
from gateway.products.models import Mode, Product
from tests.balances.past import BY_CLOCK, DAY, known, moved, post_at
from tests.conftest import Api, fund
from tests.gateway.api.refusals import assert_refused
from tests.two_persons import overdraft

pytestmark = pytest.mark.usefixtures("disguised")

BANK = accounts.bank("test", "INR")
STEP = timedelta(microseconds=1)


@pytest.fixture
def available(product: Product) -> AccountKey:
    return accounts.available(product.pk, "test", "INR")


@pytest.fixture
def held(product: Product) -> AccountKey:
    return accounts.held(product.pk, "test", "INR")


@pytest.fixture
def mine(product: Product, new_api: Callable[..., Api]) -> Api:
    """The product's client in test mode; it has no money yet."""
    return new_api(product)


def figures(api: Api, **query: str) -> dict[str, list[str]]:
    """Available, held, savings and owed by currency."""
    answer = api.get("balances", **query)
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"object", "data", "mode", "as_of", "final"}
    for row in answer.json()["data"]:
        assert set(row) == {"object", "currency", "available", "held", "savings", "owed"}
        assert row["object"] == "balance"
    names = ("available", "held", "savings", "owed")
    return {row["currency"]: [row[name] for name in names] for row in answer.json()["data"]}


def test_each_figure_of_each_currency_in_its_decimals(product: Product, mine: Api) -> None:
    assert figures(mine) == {}
    fund(product, "INR", amount="1000")
    known("JPY", "KWD")
    fund(product, "JPY", amount="70")
    fund(product, "KWD", amount="1.5")
    order = ids.new_id()
    holds.hold(
        order,
        ids.encode("wd", order),
        product=product,
        mode="test",
        currency="INR",
        amount=Decimal("218.5"),
        cause=BY_CLOCK,
    )
    post(moved(BANK, accounts.savings(product.pk, "test", "INR"), "3"))
    post(moved(accounts.receivable(product.pk, "test", "INR"), BANK, "0.0001"))
    post(moved(accounts.available(product.pk, "test", "INR"), accounts.fee_income(product.pk, "test", "INR"), "1"))
    assert figures(mine) == {
        "INR": ["780.50", "218.50", "3.00", "0.0001"],
        "JPY": ["70", "0", "0", "0"],
        "KWD": ["1.500", "0.000", "0.000", "0.000"],
    }
    assert figures(mine, currency="JPY") == {"JPY": ["70", "0", "0", "0"]}
    assert figures(mine, currency="PKR") == {"PKR": ["0.00", "0.00", "0.00", "0.00"]}


def test_an_overdraft_is_below_zero(product: Product, mine: Api, available: AccountKey) -> None:
    fund(product, "INR", amount="1")
    overdraft(product, "50")
    post(moved(available, BANK, "31.25"))
    assert figures(mine)["INR"][0] == "-30.25"


def test_another_product_s_and_mode_s_money_is_not_shown(product: Product, mine: Api, new_api: Any) -> None:
    other = Product.objects.create(name="other")
    fund(product, "INR", amount="1")
    fund(product, "INR", mode=Mode.LIVE, amount="20")
    fund(other, "INR", "BDT", amount="300")
    assert figures(mine) == {"INR": ["1.00", "0.00", "0.00", "0.00"]}
    live, theirs = new_api(product, Mode.LIVE), new_api(other)
    assert figures(live) == {"INR": ["20.00", "0.00", "0.00", "0.00"]}
    assert live.get("balances").json()["mode"] == "live"
    assert {currency: row[0] for currency, row in figures(theirs).items()} == {"BDT": "300.00", "INR": "300.00"}
    # As of an instant, too.
    at = theirs.get("balances").json()["as_of"]
    assert figures(mine, as_of=at) == {"INR": ["1.00", "0.00", "0.00", "0.00"]}


def test_as_of_an_instant_what_came_up_to_then_counts(mine: Api, available: AccountKey, held: AccountKey) -> None:
    post_at(DAY, moved(BANK, available, "100"))
    post_at(DAY + timedelta(hours=1), moved(available, held, "30"))
    post_at(DAY + timedelta(hours=2), moved(held, BANK, "30"))

    def there(at: datetime) -> list[str]:
        return figures(mine, as_of=at.isoformat())["INR"][:2]

    assert there(DAY - STEP) == ["0.00", "0.00"]
    assert there(DAY) == ["100.00", "0.00"]
    assert there(DAY + timedelta(hours=1) - STEP) == ["100.00", "0.00"]
    assert there(DAY + timedelta(hours=1)) == ["70.00", "30.00"]
    assert there(DAY + timedelta(hours=2)) == figures(mine)["INR"][:2] == ["70.00", "0.00"]
    assert figures(mine, as_of="2026-01-15T18:30:00+05:30") == figures(mine, as_of="2026-01-15T13:00:00Z")


def test_a_journal_counts_whole_from_its_last_leg_on(mine: Api, available: AccountKey, held: AccountKey) -> None:
    hour = timedelta(hours=1)
    post_at(DAY, moved(BANK, available, "100"))
    # Two of one transaction, whose legs are interleaved: the order of the accounts' locks.
    post_at(DAY + hour, moved(available, held, "30"), moved(available, held, "7"), apart=2 * STEP)
    post_at(DAY + 2 * hour, moved(held, available, "5"), apart=STEP)
    for at in (DAY + hour, DAY + hour + STEP):
        assert figures(mine, as_of=at.isoformat())["INR"][:2] == ["100.00", "0.00"]
    assert figures(mine, as_of=(DAY + hour + 2 * STEP).isoformat())["INR"][:2] == ["63.00", "37.00"]
    assert figures(mine, as_of=(DAY + 2 * hour).isoformat())["INR"][:2] == ["63.00", "37.00"]
    assert figures(mine, as_of=(DAY + 2 * hour + STEP).isoformat())["INR"][:2] == ["68.00", "32.00"]


def test_an_answer_tells_its_instant_and_whether_it_will_stay(product: Product, mine: Api) -> None:
    fund(product, "INR", amount="1")
    first = mine.get("balances").json()
    second = mine.get("balances").json()
    assert datetime.fromisoformat(first["as_of"]) < datetime.fromisoformat(second["as_of"])
    assert first["final"] is False
    again = mine.get("balances", as_of=first["as_of"]).json()
    assert (again["as_of"], again["final"], again["data"]) == (first["as_of"], False, first["data"])
    now = datetime.fromisoformat(second["as_of"])
    for ago, is_final in ((timedelta(minutes=4, seconds=50), False), (timedelta(minutes=5), True)):
        at = (now - ago).isoformat()
        assert (mine.get("balances", as_of=at).json()["as_of"], mine.get("balances", as_of=at).json()["final"]) == (
            at,
            is_final,
        )
    assert mine.get("balances", as_of="2026-01-15T18:30:00+05:30").json()["as_of"] == "2026-01-15T13:00:00+00:00"


@pytest.mark.parametrize(
    "at",
    [
        "",
        "now",
        "2026-01-15",
        "2026-01-15T12:00:00",
        "2026-01-15 12:00:00Z",
        "2026-01-15T12:00:00 00:00",
        "2026-01-15T12:00:00z",
        "2026-01-15T12:00Z",
        "2026-13-15T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-01-15T24:00:01Z",
        "2026-01-15T12:00:00.1234567Z",
        "2026-01-15T12:00:00+25:00",
        "\u0662026-01-15T12:00:00Z",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2099-01-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_or_not_yet_there_is_refused(mine: Api, at: str) -> None:
    assert_refused(mine.get("balances", as_of=at), 400, "invalid_request", "/as_of")


def test_an_instant_just_ahead_of_the_database_s_clock_is_refused(mine: Api) -> None:
    now = datetime.fromisoformat(mine.get("balances").json()["as_of"])
    assert mine.get("balances", as_of=now.isoformat()).status_code == 200
    document = assert_refused(
        mine.get("balances", as_of=(now + timedelta(minutes=1)).isoformat()), 400, "invalid_request", "/as_of"
    )
    assert document["detail"] == "/as_of: Send an instant that is over, or leave it out for now."


@pytest.mark.parametrize("currency", ["inr", "INRR", "IN", "\uff29NR", "*"])
def test_what_is_no_currency_is_refused(mine: Api, currency: str) -> None:
    assert_refused(mine.get("balances", currency=currency), 400, "invalid_request", "/currency")


@pytest.mark.parametrize("as_of", [None, DAY])
def test_however_many_currencies_it_is_one_statement(
    product: Product, as_of: datetime | None, django_assert_num_queries: Any
) -> None:
    known("JPY")
    fund(product, "INR", "BDT", "PKR", "JPY")
    with django_assert_num_queries(1):
        assert len(reading.balances_at(product.pk, "test", as_of=as_of).balances) == 4


@pytest.mark.django_db(transaction=True)
def test_available_and_held_never_mix_two_moments(product: Product, available: AccountKey, held: AccountKey) -> None:
    with transaction.atomic():
        post(moved(BANK, available, "100"))
    ended, began = threading.Event(), threading.Event()

    def move_to_and_fro() -> None:
        try:
            for _ in range(150):
                with transaction.atomic():
                    post(moved(available, held, "60"))
                began.set()
                with transaction.atomic():
                    post(moved(held, available, "60"))
        finally:
            ended.set()
            connection.close()

    writer = threading.Thread(target=move_to_and_fro)
    writer.start()
    assert began.wait(60)
    seen = set()
    while not ended.is_set():
        now = reading.balances_at(product.pk, "test", currencies=["INR"])
        then = reading.balances_at(product.pk, "test", as_of=now.as_of)
        for found in (now, then):
            [row] = found.balances
            seen.add((row.available, row.held))
    writer.join(60)
    assert seen <= {(Decimal(100), Decimal(0)), (Decimal(40), Decimal(60))}
    assert len(seen) == 2
