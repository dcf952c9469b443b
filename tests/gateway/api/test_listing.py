"""Lists: pages that stay put while rows are added, filters that never show more than was asked for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.utils.dateparse import parse_datetime

from gateway import ids
from gateway.products.actions import Caller
from payments import actions
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused

LISTS = ["deposits", "withdrawals", "ledger-entries", "events", "webhook-endpoints"]


def ids_of(api: Api, path: str = "deposits", **query: Any) -> list[str]:
    answer = api.get(path, **query)
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"object", "data", "next_cursor"}
    return [row["id"] for row in answer.json()["data"]]


def pages(api: Api, between: Callable[[], Any] = lambda: None, **query: Any) -> list[list[str]]:
    """Every page, with something happening between two of them."""
    found = []
    while True:
        page = api.get("deposits", **query).json()
        found.append([row["id"] for row in page["data"]])
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]
        between()


def test_newest_first_and_every_row_once(api: Api, new_deposit: Callable[..., Any]) -> None:
    made = [new_deposit()["id"] for _ in range(5)][::-1]
    assert ids_of(api) == made
    assert pages(api, limit=2) == [made[:2], made[2:4], made[4:]]
    assert pages(api, limit=5) == [made]
    assert pages(api, limit=1) == [[one] for one in made]


def test_pages_stay_put_while_rows_are_added(api: Api, new_deposit: Callable[..., Any]) -> None:
    made = [new_deposit()["id"] for _ in range(5)][::-1]
    assert pages(api, between=new_deposit, limit=2) == [made[:2], made[2:4], made[4:]]


def test_twenty_rows_where_no_limit_is_named(api: Api, new_deposit: Callable[..., Any]) -> None:
    made = [new_deposit()["id"] for _ in range(21)][::-1]
    first = api.get("deposits").json()
    assert [row["id"] for row in first["data"]] == made[:20]
    assert ids_of(api, cursor=first["next_cursor"]) == made[20:]
    assert ids_of(api, limit=100) == made


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_is_1_to_100(api: Api, path: str, subtests: pytest.Subtests) -> None:
    for limit in (
        "0",
        "101",
        "-1",
        "1.0",
        "1e1",
        "0x1",
        "x",
        "",
        " 1",
        "1 ",
        "+1",
        "\uff10",
        "\u0661",
        "9" * 5_000,
        "1_0",
        "\0",
    ):
        with subtests.test(limit=ascii(limit)[:20]):
            assert_refused(api.get(path, limit=limit), 400, "invalid_request", "/limit")
    assert api.get(path, limit="100").status_code == api.get(path, limit="001").status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_is_one_that_was_given(api: Api, path: str, subtests: pytest.Subtests) -> None:
    foreign = ids.encode("cus", ids.new_id())
    for cursor in (
        "",
        "x",
        "0",
        "null",
        foreign,
        "dep_" + "z" * 26,
        "dep_",
        "\0",
        "a" * 5_000,
        "\u202e",
        "dep_01h455vb4pex5vsknk084sn02",
    ):
        with subtests.test(cursor=ascii(cursor)[:20]):
            assert_refused(api.get(path, cursor=cursor), 400, "invalid_request", "/cursor")


@pytest.mark.parametrize("path", [*LISTS, "payment-systems", "balances", "reports/statement"])
def test_a_parameter_is_known_and_stands_once(api: Api, path: str) -> None:
    assert_refused(api.get(path, nonsense="1"), 400, "invalid_request", "/nonsense")
    assert_refused(api.get(path, **{"a~b/c": "1"}), 400, "invalid_request", "/a~0b~1c")
    name = "limit" if path in LISTS else "currency"
    assert_refused(api.client.get(f"/api/v1/{path}?{name}=1&{name}=1"), 400, "invalid_request", f"/{name}")


_ORDER = ["status", "payment_system", "currency", "customer", "reference", "amount", "created_after", "created_before"]
FILTERS = {
    "deposits": [*_ORDER, "provider_reference"],
    "withdrawals": _ORDER,
    "ledger-entries": ["currency", "account", "kind", "subject", "created_after", "created_before"],
    "events": ["type", "subject"],
}


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in FILTERS.items() for name in names])
def test_a_filter_without_a_value_is_refused_and_not_ignored(
    api: Api, path: str, name: str, subtests: pytest.Subtests
) -> None:
    for value in ("", " ", " a", "a\0", "\u202ea", "a" * 191, "%ff", "%ed%a0%80", "\ue000"):
        with subtests.test(value=ascii(value)[:20]):
            query = value if value.startswith("%") else quote(value)
            assert_refused(api.client.get(f"/api/v1/{path}?{name}={query}"), 400, "invalid_request", f"/{name}")


@pytest.mark.parametrize("path", ["deposits", "withdrawals", "ledger-entries"])
def test_odd_values_are_refused(api: Api, path: str, subtests: pytest.Subtests) -> None:
    odd = {
        "status": ["nonsense", "CREATED", "created,failed"],
        "amount": [
            "NaN",
            "sNaN",
            "Infinity",
            "-1",
            "1e2",
            "1_000",
            "1e999999",
            "1e-999999",
            "0x1",
            "١",
            "1,0",
            ".5",
            "5.",
            "01",
            "1.00000",
            "99999999999999",
        ],
        "created_after": [
            "x",
            "2024",
            "2024-13-01T00:00:00Z",
            "2024-01-01T25:00:00Z",
            "١024-01-01T00:00:00Z",
            "99999-01-01",
        ],
    }
    odd["created_before"] = odd["created_after"]
    if path == "ledger-entries":
        del odd["status"], odd["amount"]
        odd |= {"account": ["product_receivable", "fee_income", "AVAILABLE"], "kind": ["nonsense"]}
    for name, values in odd.items():
        for value in values:
            with subtests.test(name=name, value=ascii(value)):
                assert_refused(api.get(path, **{name: value}), 400, "invalid_request", f"/{name}")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00Z"])
def test_times_at_the_ends_of_the_calendar_are_times(api: Api, time: str) -> None:
    for path in ("deposits", "ledger-entries"):
        for name in ("created_after", "created_before"):
            assert api.get(path, **{name: time}).status_code == 200


def test_each_filter_shows_what_fits_and_nothing_else(
    api: Api, new_deposit: Callable[..., Any], caller: Caller
) -> None:
    plain = new_deposit()
    other = new_deposit(payment_system="bkash", currency="BDT", amount="7.50", customer="\u00fc 1", reference="r/~%&")
    gone = new_deposit()
    actions.cancel_deposit(caller, ids.decode("dep", gone["id"]))
    both = [gone["id"], plain["id"]]
    assert ids_of(api) == [gone["id"], other["id"], plain["id"]]
    assert ids_of(api, status="cancelled") == [gone["id"]]
    assert ids_of(api, status="credited") == []
    assert ids_of(api, payment_system="bkash") == [other["id"]]
    assert ids_of(api, currency="INR") == both
    assert ids_of(api, customer="\u00fc 1") == [other["id"]]
    assert ids_of(api, customer="55") == both
    assert ids_of(api, customer="5") == []
    assert ids_of(api, reference="r/~%&") == [other["id"]]
    assert ids_of(api, reference="r/~%") == []
    assert ids_of(api, amount="7.5") == ids_of(api, amount="7.5000") == [other["id"]]
    assert ids_of(api, amount="1000") == both
    assert ids_of(api, amount="7.51") == []
    assert ids_of(api, provider_reference="123456789012") == []
    assert ids_of(api, status="cancelled", currency="BDT") == []
    assert pages(api, limit=1, currency="INR") == [[one] for one in both]


def test_times_are_compared_exactly(api: Api, new_deposit: Callable[..., Any]) -> None:
    first, second = new_deposit(), new_deposit()
    made = parse_datetime(first["created_at"])
    assert made is not None
    assert ids_of(api, created_after=first["created_at"]) == [second["id"]]
    assert ids_of(api, created_before=second["created_at"]) == [first["id"]]
    assert ids_of(api, created_after=(made - timedelta(microseconds=1)).isoformat()) == [second["id"], first["id"]]
    east = (made.replace(tzinfo=None) + timedelta(hours=5, minutes=30)).isoformat() + "+05:30"
    assert ids_of(api, created_after=east) == [second["id"]]


def test_withdrawals_are_filtered_alike(api: Api, new_withdrawal: Callable[..., Any]) -> None:
    first, second = new_withdrawal(reference="one"), new_withdrawal(amount="5", customer="56")
    assert ids_of(api, "withdrawals") == [second["id"], first["id"]]
    assert ids_of(api, "withdrawals", reference="one") == [first["id"]]
    assert ids_of(api, "withdrawals", amount="5.00") == [second["id"]]
    assert ids_of(api, "withdrawals", customer="56", status="queued") == [second["id"]]
    assert ids_of(api, "withdrawals", status="paid") == []


def test_a_list_costs_the_same_number_of_queries_however_long(
    api: Api, new_deposit: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    for _ in range(10):
        new_deposit()
    with django_assert_max_num_queries(4):
        assert len(ids_of(api)) == 10


@pytest.mark.parametrize("path", ["deposits", "withdrawals", "ledger-entries"])
@pytest.mark.parametrize("currency", ["inr", "IN", "INRR", "₹", "1NR"])
def test_what_is_no_currency_is_refused_and_not_merely_not_found(api: Api, path: str, currency: str) -> None:
    answer = api.get(path, currency=currency)
    assert answer.status_code == 400
    assert [error["detail"] for error in answer.json()["errors"]] == ['Send an ISO 4217 code such as "INR".']
