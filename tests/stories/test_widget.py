"""Money in through the provider's payment window, with every part running; the page's form is posted."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from tests.stories.conftest import Stack

RETURN = {
    "success": "https://shop.example/thanks?a=1&b=2",
    "failure": "https://shop.example/sorry",
    "pending": "https://shop.example/later",
}


def prefer(stack: Stack, *, widget: bool) -> None:
    """What a person sets in the admin: the account's new deposits are paid in the window, or not."""
    with psycopg.connect(stack.info["database_url"]) as connection:
        connection.execute("UPDATE providers_provideraccount SET prefers_widget = %s WHERE mode = 'test'", [widget])


@pytest.fixture
def prefers(stack: Stack) -> Iterator[None]:
    """For as long as a story makes its deposits; those keep to it afterwards."""
    prefer(stack, widget=True)
    yield
    prefer(stack, widget=False)


def deposit_of(stack: Stack, reference: str, **fields: Any) -> dict[str, Any]:
    body = {"payment_system": "upi_l", "currency": "INR", "amount": "1000.00", "customer": f"c-{reference}"}
    made = stack.test.made("deposits", {**body, "reference": reference, "return_urls": RETURN, **fields})
    assert made["status"] == "awaiting_payment"
    return made


def test_the_window_takes_the_money_and_leads_back(stack: Stack, prefers: None, reference: str) -> None:
    deposit = deposit_of(stack, reference, language="hi")
    action = deposit["next_action"]
    assert (action["type"], action["width"], action["height"]) == ("widget", 640, 750)
    assert action["url"].startswith(f"{stack.info['sandbox_url']}/widget/?")
    query = parse_qs(urlsplit(action["url"]).query)
    assert query["custom_transaction_id"] == [deposit["id"]]
    assert (query["lang"], query["fixed_amount"]) == (["hi"], ["1000"])

    assert "1000 INR" in httpx.get(action["url"], trust_env=False).text
    refused = stack.test.post(
        f"deposits/{deposit['id']}/confirmations", {"provider_reference": "123456789012", "amount": "1000.00"}
    )
    assert refused.status_code == 409
    back = httpx.post(action["url"], data={"decision": "pay"}, trust_env=False)
    assert (back.status_code, back.headers["Location"]) == (303, RETURN["success"])
    final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert (final["received_amount"], final["amount_check"]) == ("1000.00", "exact")
    assert len(final["receipts"]) == 1
    assert stack.test.news_of(deposit["id"]) == ["deposit.created", "deposit.awaiting_payment", "deposit.credited"]


def test_a_letter_that_never_comes_is_made_up_for_by_asking(stack: Stack, prefers: None, reference: str) -> None:
    deposit = deposit_of(stack, reference, amount="9009")
    httpx.post(deposit["next_action"]["url"], data={"decision": "pay"}, trust_env=False)
    final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert final["received_amount"] == "9009.00"


def test_who_declines_may_still_pay_nothing_twice(stack: Stack, prefers: None, reference: str) -> None:
    deposit = deposit_of(stack, reference)
    url = deposit["next_action"]["url"]
    for decision in ("decline", "pay"):
        back = httpx.post(url, data={"decision": decision}, trust_env=False)
        assert back.headers["Location"] == RETURN["failure"]
    assert stack.test.get(f"deposits/{deposit['id']}")["status"] == "awaiting_payment"


def test_a_product_hashes_its_addresses_for_a_window_of_its_own(stack: Stack) -> None:
    body = {"success": [RETURN["success"], RETURN["pending"]], "failure": [RETURN["failure"]]}
    answer = stack.test.post("redirect-hashes", body)
    assert answer.status_code == 200, answer.text
    hashed = answer.json()
    assert [one["url"] for one in hashed["success"]] == body["success"]
    assert (len(hashed["failure"]), hashed["pending"]) == (1, [])
    window = {
        "label": "somebody",
        "currency_code": "INR",
        "wallet_type": "upi_l",
        "custom_transaction_id": f"own-{hashed['success'][0]['hash'][:8]}",
        "fixed_amount": "500",
        "success_url": hashed["success"][1]["hash"],
        "fail_url": hashed["failure"][0]["hash"],
    }
    url = f"{stack.info['sandbox_url']}/widget/"
    back = httpx.post(url, params=window, data={"decision": "pay"}, trust_env=False)
    assert back.headers["Location"] == RETURN["pending"]


def test_what_the_provider_shows_stands_beside_the_details(stack: Stack, reference: str) -> None:
    def has_media(answer: dict[str, Any]) -> bool:
        return all(one["media"] for one in answer["data"] if one["flow"] == "activation")

    stack.test.until("payment-systems?currency=INR", has_media)
    deposit = deposit_of(stack, reference)
    assert deposit["next_action"]["type"] == "show_details"
    assert deposit["next_action"]["media"] == [{"url": f"{stack.info['sandbox_url']}/media/upi_l.gif"}]
