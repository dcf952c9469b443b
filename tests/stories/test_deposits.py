"""Money in, from a product's first call to the last word, with every part running."""

import io
import secrets
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.stories.conftest import Stack, new_bank_reference, new_reference

HAPPY_NEWS = ["deposit.created", "deposit.awaiting_payment", "deposit.verifying", "deposit.credited"]
RETURN = {"success": "https://shop.example/thanks", "failure": "https://shop.example/sorry"}


def deposit_of(stack: Stack, reference: str, **fields: Any) -> dict[str, Any]:
    body = {"payment_system": "upi_l", "currency": "INR", "amount": "1000.00", "customer": f"c-{reference}"}
    return stack.test.made("deposits", {**body, "reference": reference, **fields})


def confirm(stack: Stack, deposit: dict[str, Any], reference: str, **fields: Any) -> dict[str, Any]:
    body = {"provider_reference": reference, "amount": deposit["amount"], **fields}
    return stack.test.made(f"deposits/{deposit['id']}/confirmations", body)


def test_activation_shows_details_and_credits_what_the_customer_paid(
    stack: Stack, reference: str, bank_reference: str
) -> None:
    deposit = deposit_of(stack, reference)
    assert deposit["status"] == "awaiting_payment"
    action = deposit["next_action"]
    assert action["type"] == "show_details"
    assert action["amount"] == "1000.00"
    assert [line["label"] for line in action["details"]] == ["identifier"]

    confirm(stack, deposit, bank_reference)
    final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert final["received_amount"] == "1000.00"
    assert final["amount_check"] == "exact"
    assert [(one["amount"], one["currency"]) for one in final["receipts"]] == [("1000.00", "INR")]
    assert final["failure"] is None
    assert final["next_action"] == {"type": "none"}
    assert stack.test.news_of(str(deposit["id"])) == HAPPY_NEWS
    found = stack.test.get("deposits", provider_reference=bank_reference)["data"]
    assert [one["id"] for one in found] == [deposit["id"]]


def test_manual_activation_takes_a_screenshot(stack: Stack, reference: str) -> None:
    deposit = deposit_of(stack, reference, payment_system="staging_b_ml")
    picture = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(picture, "PNG")
    path = f"deposits/{deposit['id']}/confirmations"
    fields = {"provider_reference": f"REF{secrets.token_hex(4)}", "amount": "1000.00"}
    without = stack.test.post(path, fields)
    assert without.status_code == 400
    assert without.json()["errors"][0]["pointer"] == "/screenshot"
    stack.test.made(path, data=fields, files={"screenshot": ("bill.png", picture.getvalue(), "image/png")})
    stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")


def test_redirect_sends_the_customer_away_and_credits_after_the_page(stack: Stack, reference: str) -> None:
    deposit = deposit_of(
        stack, reference, payment_system="nagad_api", currency="BDT", amount="500.00", return_urls=RETURN
    )
    assert deposit["next_action"]["type"] == "redirect"
    page = httpx.post(deposit["next_action"]["url"], data={"decision": "pay"}, trust_env=False)
    assert page.headers["Location"].startswith("https://shop.example/thanks")
    stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert stack.test.news_of(deposit["id"]) == ["deposit.created", "deposit.awaiting_payment", "deposit.credited"]


def test_push_waits_for_the_customers_phone(stack: Stack, reference: str) -> None:
    deposit = deposit_of(
        stack,
        reference,
        payment_system="mpesa",
        currency="KES",
        amount="750.00",
        details={"phone_number": "254700000000"},
    )
    assert deposit["next_action"]["type"] in {"wait", "none"}
    stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")


def test_a_system_that_asks_for_no_amount_credits_what_the_provider_says(stack: Stack, reference: str) -> None:
    deposit = deposit_of(stack, reference, payment_system="bkash", currency="BDT", amount="620.00")
    bank_reference = secrets.token_hex(5).upper()
    registered = {"wallet_type": "bkash", "key1": bank_reference, "amount": "620.00"}
    assert stack.control.post("/payments", json=registered).status_code == 200
    stack.test.made(f"deposits/{deposit['id']}/confirmations", {"provider_reference": bank_reference})
    final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert final["received_amount"] == "620.00"


@pytest.mark.parametrize(
    ("amount", "received", "check", "status", "last_news"),
    [
        ("9017.00", "4508.00", "under", "in_review", "deposit.in_review"),
        ("9018.00", "9028.00", "over", "credited", "deposit.credited_with_difference"),
        ("9019.00", None, "other_currency", "in_review", "deposit.in_review"),
    ],
)
def test_another_amount_than_asked_for_is_never_plainly_credited(
    stack: Stack,
    reference: str,
    bank_reference: str,
    amount: str,
    received: str | None,
    check: str,
    status: str,
    last_news: str,
) -> None:
    deposit = deposit_of(stack, reference, amount=amount)
    confirm(stack, deposit, bank_reference)
    final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == status)
    assert final["received_amount"] == received
    assert final["amount_check"] == check
    assert stack.test.news_of(deposit["id"])[-1] == last_news


#: Each calls for a mishap of its own (the sandbox's page lists them).
ASTRAY = ["9003.00", "9005.00", "9007.00", "9008.00", "9009.00", "9010.00", "9012.00", "9013.00"]


@pytest.fixture(scope="module")
def astray(stack: Stack) -> dict[str, dict[str, Any]]:
    """The deposits by amount, all confirmed before any is looked at: their delays pass side by side."""
    deposits = {amount: deposit_of(stack, new_reference(), amount=amount) for amount in ASTRAY}
    for deposit in deposits.values():
        confirm(stack, deposit, new_bank_reference())
    return deposits


@pytest.mark.parametrize("amount", ASTRAY)
def test_however_the_answer_or_the_letter_goes_astray_the_money_is_credited_once(
    stack: Stack, astray: dict[str, dict[str, Any]], amount: str
) -> None:
    deposit = astray[amount]
    final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited", 100)
    assert final["received_amount"] == amount
    assert len(final["receipts"]) == 1
    assert stack.test.news_of(deposit["id"]) == HAPPY_NEWS


def test_a_refused_reference_lets_the_customer_try_again(stack: Stack, reference: str, bank_reference: str) -> None:
    deposit = deposit_of(stack, reference, amount="9001.00")
    confirmation = confirm(stack, deposit, bank_reference)
    again = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "awaiting_payment")
    assert again["next_action"]["type"] == "show_details"
    listed = stack.test.get(f"deposits/{deposit['id']}/confirmations")["data"]
    assert [(one["id"], one["status"], one["failure"]["code"]) for one in listed] == [
        (confirmation["id"], "refused", "reference_refused")
    ]
    assert listed[0]["failure"]["safe_to_retry"] is False


def test_a_well_signed_letter_that_the_provider_does_not_know_credits_nothing(
    stack: Stack, reference: str, bank_reference: str
) -> None:
    deposit = deposit_of(stack, reference, amount="9020.00")
    confirmation = confirm(stack, deposit, bank_reference)

    def letter_taken(_: object) -> bool:
        about = stack.control.get("/order", params={"order_id": confirmation["id"]})
        return about.is_success and any(one["last_outcome"] == "delivered" for one in about.json()["letters"])

    stack.test.until(f"deposits/{deposit['id']}", letter_taken)
    assert stack.test.get(f"deposits/{deposit['id']}")["status"] == "verifying"
    assert "deposit.credited" not in stack.test.news_of(deposit["id"])


def test_a_redirect_without_an_address_waits_for_a_person(stack: Stack, reference: str) -> None:
    deposit = deposit_of(
        stack, reference, payment_system="nagad_api", currency="BDT", amount="9021.00", return_urls=RETURN
    )
    assert deposit["status"] == "in_review"
    assert deposit["failure"]["code"] == "provider_answer_unusable"
    assert deposit["failure"]["safe_to_retry"] is False


def test_a_cancelled_deposit_is_never_asked_for_again(stack: Stack, reference: str) -> None:
    deposit = deposit_of(stack, reference)
    cancelled = stack.test.post(f"deposits/{deposit['id']}/cancel")
    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    assert stack.test.post(f"deposits/{deposit['id']}/cancel").json()["status"] == "cancelled"
    assert stack.test.news_of(deposit["id"])[-1] == "deposit.cancelled"
