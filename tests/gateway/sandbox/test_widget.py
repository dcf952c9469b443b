"""The sandbox's payment window (C§1.8), as a customer's browser meets it."""

import itertools
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest

from tests.gateway.sandbox.conftest import Sandbox

PAID, SORRY, LATER = "https://shop.example/paid", "https://shop.example/sorry", "https://shop.example/later"
DAY_SECONDS = 24 * 60 * 60

Order: TypeAlias = Callable[..., dict[str, str]]
_numbers = itertools.count(1)


def hashes(sandbox: Sandbox) -> dict[str, str]:
    """The ways back as the window takes them."""
    body = {
        name: [{"order": 1, "url": url}]
        for name, url in (("success_urls", PAID), ("fail_urls", SORRY), ("pending_urls", LATER))
    }
    urls = sandbox.post("/payment-plugin/hash-url", body).json()["urls"]
    return {name: items[0]["url"] for name, items in urls.items()}


@pytest.fixture
def order() -> Order:
    """Makes addresses of windows, all of one deposit that no other test has."""
    number = f"dep_{next(_numbers)}"

    def make(**changes: str) -> dict[str, str]:
        return {
            "label": "cus_1",
            "currency_code": "INR",
            "lang": "hi",
            "wallet_type": "upi_l",
            "custom_transaction_id": number,
            "fixed_amount": "700",
            **changes,
        }

    return make


def show(sandbox: Sandbox, parameters: dict[str, str]) -> httpx.Response:
    return sandbox.client.get("/widget/", params=parameters)


def decide(sandbox: Sandbox, parameters: dict[str, str], decision: str = "pay") -> httpx.Response:
    return sandbox.client.post("/widget/", params=parameters, data={"decision": decision})


def deposits(sandbox: Sandbox) -> dict[str, str]:
    return {row["custom_id"]: row["status"] for row in sandbox.told("book")["deposits"]}


def test_looking_at_the_window_begins_nothing(sandbox: Sandbox, order: Order) -> None:
    page = show(sandbox, order())
    assert page.status_code == 200
    assert '<button class="primary" name="decision" value="pay">' in page.text
    assert "700 INR" in page.text
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert deposits(sandbox) == {}


def test_what_is_paid_is_known_by_our_id_to_letter_pull_and_book(sandbox: Sandbox, order: Order) -> None:
    order_id = order()["custom_transaction_id"]
    back = decide(sandbox, order() | hashes(sandbox))
    assert (back.status_code, back.headers["Location"]) == (303, PAID)
    assert sandbox.pulled("deposit", order_id)["message"] == "Postback not found"
    sandbox.pass_time()
    (letter,) = sandbox.letters(order_id)
    (item,) = letter["additional_data"]
    assert (letter["label"], item["plugin_custom_order_id"], item["amount"]) == ("cus_1", order_id, "700")
    assert sandbox.entries(order_id) == [("deposit_credited", "700", "INR")]
    assert sandbox.pulled("deposit", order_id)["postback"]["additional_data"] == letter["additional_data"]


def test_paying_twice_is_paying_once(sandbox: Sandbox, order: Order) -> None:
    order_id = order()["custom_transaction_id"]
    for decision in ("pay", "pay", "decline"):
        assert decide(sandbox, order() | hashes(sandbox), decision).headers["Location"] == PAID
    assert "This payment was paid" in show(sandbox, order()).text
    sandbox.pass_time()
    sandbox.letters(order_id)
    assert sandbox.entries(order_id) == [("deposit_credited", "700", "INR")]


def test_who_declines_goes_back_another_way_and_pays_nothing(sandbox: Sandbox, order: Order) -> None:
    order_id = order()["custom_transaction_id"]
    assert decide(sandbox, order() | hashes(sandbox), "decline").headers["Location"] == SORRY
    sandbox.pass_time()
    assert (deposits(sandbox), sandbox.entries(order_id)) == ({order_id: "declined"}, [])


@pytest.mark.parametrize("changes", [{"wallet_type": "paytm", "fixed_amount": "100"}, {"fixed_amount": "9012"}])
def test_what_is_not_yet_known_goes_back_the_third_way(sandbox: Sandbox, order: Order, changes: dict[str, str]) -> None:
    assert decide(sandbox, order(**changes) | hashes(sandbox)).headers["Location"] == LATER


def test_without_a_way_back_the_window_says_what_happened(sandbox: Sandbox, order: Order) -> None:
    page = decide(sandbox, order())
    assert page.status_code == 200
    assert "This payment was paid" in page.text


@pytest.mark.parametrize("name", ["success_url", "fail_url", "pending_url"])
def test_a_hash_that_was_not_handed_out_leads_nowhere(sandbox: Sandbox, order: Order, name: str) -> None:
    known = hashes(sandbox)
    others = [digest for kind, digest in known.items() if kind != name]
    # One of another kind is no better than a made-up one.
    for digest in ("a" * 64, PAID, *others):
        for answer in (show(sandbox, order() | {name: digest}), decide(sandbox, order() | {name: digest})):
            assert answer.status_code == 400
            assert "is unknown or expired" in answer.text
    assert deposits(sandbox) == {}


def test_a_hash_leads_back_for_a_day(sandbox: Sandbox, order: Order) -> None:
    known = hashes(sandbox)
    sandbox.pass_time(DAY_SECONDS - 60)
    assert show(sandbox, order() | known).status_code == 200
    sandbox.pass_time(60)
    assert show(sandbox, order() | known).status_code == 400
    assert show(sandbox, order() | hashes(sandbox)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"label": ""},
        {"custom_transaction_id": ""},
        {"custom_transaction_id": "x" * 65},
        {"wallet_type": "unheard_of"},
        {"wallet_type": "imps_ib"},
        {"currency_code": "BDT"},
        {"lang": "english"},
        {"fixed_amount": ""},
        {"fixed_amount": "700.50"},
        {"fixed_amount": "-5"},
        {"fixed_amount": "1"},
        {"fixed_amount": "9001"},
    ],
    ids=str,
)
def test_a_wrong_address_pays_nothing(sandbox: Sandbox, order: Order, changes: dict[str, str]) -> None:
    page = decide(sandbox, order(**changes))
    assert (page.status_code, deposits(sandbox)) == (400, {})
    assert "<li>" in page.text


def test_what_the_address_says_is_text_and_no_page_of_its_own(sandbox: Sandbox, order: Order) -> None:
    for name in order():
        assert "<script>" not in show(sandbox, order(**{name: "<script>"})).text


def test_an_id_belongs_to_the_order_that_had_it_first(sandbox: Sandbox, order: Order) -> None:
    decide(sandbox, order())
    for changes in ({"label": "cus_2"}, {"fixed_amount": "701"}, {"wallet_type": "paytm"}):
        page = decide(sandbox, order(**changes))
        assert page.status_code == 400
        assert "already been taken" in page.text
    taken = sandbox.activation(custom_transaction_id=order()["custom_transaction_id"])
    assert "already been taken" in sandbox.post("/api/v1/transaction/activate", taken).text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://a.test/", "https://a.test/\r\nX: y", 5, None])
def test_only_web_addresses_are_hashed(sandbox: Sandbox, url: Any) -> None:
    body = {"success_urls": [{"order": 1, "url": url}], "fail_urls": [], "pending_urls": []}
    answer = sandbox.post("/payment-plugin/hash-url", body).json()
    assert answer == {"status": "fail", "message": {"success_urls": ["The success urls field is required."]}}
