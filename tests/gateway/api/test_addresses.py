"""Whose object it is, and whether it exists at all, cannot be told apart from outside."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from gateway import ids
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from gateway.providers.models.account_guards import SECRET_COLUMNS
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.two_persons import agreed_account

PLACES = [
    ("GET", "deposits/{dep}"),
    ("GET", "deposits/{dep}/confirmations"),
    ("POST", "deposits/{dep}/confirmations"),
    ("POST", "deposits/{dep}/cancel"),
    ("GET", "withdrawals/{wd}"),
    ("POST", "withdrawals/{wd}/cancel"),
    ("GET", "events/{evt}"),
    ("GET", "webhook-endpoints/{whe}"),
    ("DELETE", "webhook-endpoints/{whe}"),
    ("POST", "webhook-endpoints/{whe}/rotate-secret"),
]


@pytest.fixture
def mine(api: Api, new_deposit: Callable[..., Any], new_withdrawal: Callable[..., Any]) -> dict[str, str]:
    """One object of each kind, of the product in test mode."""
    endpoint = api.post("webhook-endpoints", {"url": "https://shop.example.com/hooks"}).json()["id"]
    made = {"dep": new_deposit()["id"], "wd": new_withdrawal()["id"], "whe": endpoint}
    return {**made, "evt": api.get("events").json()["data"][0]["id"]}


@pytest.fixture
def stranger(new_api: Callable[..., Api], db: None) -> Api:
    """Another product, test mode."""
    return new_api(Product.objects.create(name="stranger"))


@pytest.fixture
def live(new_api: Callable[..., Api], product: Product) -> Api:
    """The same product, live mode."""
    return new_api(product, Mode.LIVE)


def ask(caller: Api, method: str, path: str) -> Any:
    if method == "POST":
        return caller.post(path, {})
    return caller.client.generic(method, f"/api/v1/{path}")


@pytest.mark.parametrize(("method", "place"), PLACES)
def test_somebody_else_s_is_answered_as_what_never_existed(
    mine: dict[str, str], stranger: Api, live: Api, method: str, place: str
) -> None:
    never = {prefix: ids.encode(prefix, ids.new_id()) for prefix in mine}
    with nothing_changes():
        expected = assert_refused(ask(stranger, method, place.format_map(never)), 404, "not_found")
        for caller in (stranger, live):
            answer = assert_refused(ask(caller, method, place.format_map(mine)), 404, "not_found")
            assert {**answer, "request_id": ""} == {**expected, "request_id": ""}


def test_one_s_own_is_found(mine: dict[str, str], api: Api) -> None:
    for method, place in PLACES:
        if method == "GET":
            assert api.get(place.format_map(mine)).status_code == 200


@pytest.mark.parametrize(("method", "place"), PLACES)
def test_another_kind_s_id_is_answered_as_what_never_existed(
    mine: dict[str, str], api: Api, method: str, place: str
) -> None:
    never = {prefix: ids.encode(prefix, ids.new_id()) for prefix in mine}
    other = dict(zip(mine, [*list(mine.values())[1:], mine["dep"]], strict=True))
    with nothing_changes():
        expected = assert_refused(ask(api, method, place.format_map(never)), 404, "not_found")
        answer = assert_refused(ask(api, method, place.format_map(other)), 404, "not_found")
    assert {**answer, "request_id": ""} == {**expected, "request_id": ""}


def spellings(text: str) -> list[str]:
    """Ids that somebody might try in place of one that exists."""
    prefix, _, suffix = text.partition("_")
    found = [
        text.upper(),
        suffix,
        f"_{suffix}",
        f"wd_{suffix}",
        f"{prefix}-{suffix}",
        f"{text}0",
        text[:-1],
        f"{text}%00",
    ]
    found += [
        f"{text}%0a",
        f"{text}%E2%80%AE",
        f"{text} ",
        f"%20{text}",
        f"{prefix}_{'z' * 26}",
        f"{prefix}_8{suffix[1:]}",
    ]
    found += [
        f"{prefix}_{suffix.replace('0', 'o', 1)}",
        f"{prefix}_{suffix.replace('0', 'O', 1)}",
        "0",
        "-1",
        "null",
        "%ed%a0%80",
    ]
    return [*found, str(ids.decode(prefix, text)), "..%2f..%2fadmin", "1%20OR%201=1", "%2e%2e", "a" * 5_000]


@pytest.mark.parametrize("ending", ["", "/cancel", "/confirmations"])
def test_only_the_exact_spelling_is_the_id(
    api: Api, mine: dict[str, str], ending: str, subtests: pytest.Subtests
) -> None:
    for text in spellings(mine["dep"]):
        with subtests.test(text=text[:40]), nothing_changes():
            method = "POST" if ending == "/cancel" else "GET"
            assert_refused(ask(api, method, f"deposits/{text}{ending}"), 404, "not_found")


def test_lists_hold_a_caller_s_own_rows_of_its_own_mode(
    api: Api, mine: dict[str, str], stranger: Api, live: Api
) -> None:
    for path in ("deposits", "withdrawals", "events", "webhook-endpoints"):
        assert api.get(path).json()["data"] != []
        for caller in (stranger, live):
            assert caller.get(path).json() == {"object": "list", "data": [], "next_cursor": None}


def test_a_cursor_of_somebody_else_s_row_shows_nothing_of_it(mine: dict[str, str], stranger: Api) -> None:
    assert stranger.get("deposits", cursor=mine["dep"]).json()["data"] == []


def test_customers_and_references_of_products_and_modes_never_mix(
    api: Api, stranger: Api, live: Api, account: ProviderAccount, mine: dict[str, str]
) -> None:
    account.pk, account.name, account.mode, account.postback_token = ids.new_id(), "live", Mode.LIVE, "another-token"
    with transaction.atomic():
        agreed_account(**{name: getattr(account, name) for name in ("name", "base_url", *SECRET_COLUMNS)})
        account.save(force_insert=True)
    body = deposit_body(reference="the same", customer="the same")
    made = [caller.post("deposits", body, key="the-same") for caller in (api, stranger, live)]
    assert [answer.status_code for answer in made] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in made}) == 3
    assert [answer.json()["mode"] for answer in made] == ["test", "test", "live"]


def test_a_mode_without_an_account_takes_no_orders(api: Api, live: Api) -> None:
    with nothing_changes():
        assert_refused(live.post("deposits", deposit_body()), 409, "mode_not_configured")
        assert_refused(live.get("payment-systems"), 409, "mode_not_configured")


@pytest.mark.parametrize(
    "path",
    ["", "v1", "v1/", "v2/deposits", "v1/deposits/", "v1/Deposits", "v1/nothing", "v1/%00", "v1/%ff", "v1//deposits"],
)
def test_unknown_addresses_below_api_are_problem_documents(db: None, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert_refused(APIClient().generic(method, f"/api/{path}"), 404, "not_found")


def test_other_unknown_addresses_are_a_sentence(db: None) -> None:
    answer = APIClient().get("/nothing")
    assert (answer.status_code, answer.content) == (404, b"There is nothing at this address.\n")


def test_another_host_is_refused_as_a_problem(api: Api) -> None:
    assert_refused(api.client.get("/api/v1/deposits", HTTP_HOST="other.example"), 400, "invalid_request")


@pytest.mark.parametrize("accept", ["application/xml", "text/html", ";;", "a/b/c", "application/json;q=x, text/csv"])
def test_another_accept_is_406_or_json(api: Api, accept: str) -> None:
    answer = api.client.get("/api/v1/deposits", HTTP_ACCEPT=accept)
    if answer.status_code == 200:
        assert "application/json" in accept
    else:
        assert_refused(answer, 406, "not_acceptable")
