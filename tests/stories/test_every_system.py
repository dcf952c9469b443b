"""Money in, and out where it goes out, through every payment system that the contract names.

What to send is taken from ``GET /payment-systems``, as an integrator would: its examples, its schemas. The sandbox
knows the contract's rules by itself. All orders run at once, and each system has a test of how its orders ended.
"""

import io
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.stories.conftest import Stack

JSON_FORM, MANUAL_FORM, OTHER_MANUAL_FORM = (
    "/api/v1/transaction/activate",
    "/api/v1/possible-transaction/activate",
    "/api/v1/possible-transaction",
)
REDIRECT, PUSH = "redirect", "push"

#: The contract's list (C§4), with the currency and how the customer's payment is told (C§1.4, C§1.5).
DEPOSITS = {
    "paytm": ("INR", JSON_FORM),
    "paytm_api": ("INR", JSON_FORM),
    "phone_pe": ("INR", JSON_FORM),
    "upi_l": ("INR", JSON_FORM),
    "upi_ib": ("INR", JSON_FORM),
    "upi_hb": ("INR", JSON_FORM),
    "upi_in": ("INR", JSON_FORM),
    "upi_w": ("INR", JSON_FORM),
    "upi_m": ("INR", JSON_FORM),
    "upi_s": ("INR", REDIRECT),
    "staging_b_ml": ("INR", MANUAL_FORM),
    "bkash": ("BDT", JSON_FORM),
    "bkash_api": ("BDT", REDIRECT),
    "nagad": ("BDT", JSON_FORM),
    "nagad_api": ("BDT", REDIRECT),
    "rocket": ("BDT", JSON_FORM),
    "easypaisa": ("PKR", JSON_FORM),
    "easypaisa_api": ("PKR", PUSH),
    "jazzcash": ("PKR", JSON_FORM),
    "jazzcash_business": ("PKR", JSON_FORM),
    "mpesa": ("KES", PUSH),
    "kbzpay_manual": ("MMK", OTHER_MANUAL_FORM),
    "wavepay": ("MMK", JSON_FORM),
    "banktransfer_manual": ("LKR", MANUAL_FORM),
    "sinpemovil": ("CRC", JSON_FORM),
    "baciban_ml": ("CRC", MANUAL_FORM),
    "bnb_ml": ("BTN", OTHER_MANUAL_FORM),
    "brou_ml": ("UYU", MANUAL_FORM),
}
WITHDRAWALS = {
    "paytm": "INR",
    "upi_ib": "INR",
    "imps_ib": "INR",
    "bkash": "BDT",
    "nagad": "BDT",
    "nagad_api": "BDT",
    "easypaisa_api": "PKR",
}
#: C§1.4a: these have "-" in the column of the amount, or a sample without one.
WITHOUT_AMOUNT = {"paytm", "bkash", "nagad"}
WITH_SCREENSHOT = {code for code, (_, how) in DEPOSITS.items() if how in {MANUAL_FORM, OTHER_MANUAL_FORM}}

#: With decimals, above the savings of the sandbox, and none of its magic amounts.
AMOUNT = "1234.50"
RETURN_URLS = {"success": "https://shop.example/thanks", "failure": "https://shop.example/sorry"}
#: As many as may run side by side on two cores without making each other wait.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """What every system says of itself, and how its orders ended."""

    offered: dict[tuple[str, str], dict[str, Any]]
    ended: dict[tuple[str, str], "Future[dict[str, Any]]"]


@pytest.fixture(scope="module")
def stories(stack: Stack) -> Stories:
    """All orders, each on its way at the same time as the others."""
    offered = {
        (direction, system["id"]): system
        for direction in ("deposit", "withdrawal")
        for system in stack.test.get("payment-systems", direction=direction)["data"]
    }
    tell: dict[str, Callable[[Stack, dict[str, Any]], dict[str, Any]]] = {"deposit": _pay_in, "withdrawal": _pay_out}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended = {key: pool.submit(tell[key[0]], stack, system) for key, system in offered.items()}
    return Stories(offered=offered, ended=ended)


def _examples(schema: dict[str, Any]) -> dict[str, str]:
    return {name: schema["properties"][name]["examples"][0] for name in schema["required"]}


def _pay_in(stack: Stack, system: dict[str, Any]) -> dict[str, Any]:
    deposit = stack.test.made(
        "deposits",
        {
            "payment_system": system["id"],
            "currency": system["currencies"][0],
            "amount": AMOUNT,
            "customer": f"every-{system['id']}",
            "reference": f"every-{secrets.token_hex(6)}",
            "details": _examples(system["details_schema"]),
            "return_urls": RETURN_URLS,
        },
    )
    match system["flow"]:
        case "activation":
            _confirm(stack, system, deposit)
        case "redirect":
            page = httpx.post(deposit["next_action"]["url"], data={"decision": "pay"}, trust_env=False)
            assert page.headers["Location"] == RETURN_URLS["success"]
    final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    return {"shown": deposit["next_action"], "news": stack.test.news_of(deposit["id"]), **final}


def _confirm(stack: Stack, system: dict[str, Any], deposit: dict[str, Any]) -> None:
    schema = system["confirmation_schema"]
    sent = {"provider_reference": schema["properties"]["provider_reference"]["examples"][0], "amount": AMOUNT}
    if "amount" not in schema["required"]:
        del sent["amount"]
        registered = {"wallet_type": system["id"], "key1": sent["provider_reference"], "amount": AMOUNT}
        assert stack.control.post("/payments", json=registered).status_code == 200
    path = f"deposits/{deposit['id']}/confirmations"
    if "screenshot" in schema["properties"]:
        picture = io.BytesIO()
        Image.new("RGB", (40, 60), "white").save(picture, "PNG")
        stack.test.made(path, data=sent, files={"screenshot": ("bill.png", picture.getvalue(), "image/png")})
    else:
        stack.test.made(path, sent)


def paid_out(code: str) -> int:
    """Another amount for each: several have one example of an account, and the same to it again waits for a person."""
    return 1218 + list(WITHDRAWALS).index(code)


def _pay_out(stack: Stack, system: dict[str, Any]) -> dict[str, Any]:
    made = stack.test.made(
        "withdrawals",
        {
            "payment_system": system["id"],
            "currency": system["currencies"][0],
            "amount": str(paid_out(system["id"])),
            "customer": f"every-{system['id']}",
            "reference": f"every-{secrets.token_hex(6)}",
            "recipient": _examples(system["recipient_schema"]),
        },
    )
    final = stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] in {"paid", "failed"})
    return {"news": stack.test.news_of(made["id"]), **final}


def test_the_systems_offered_are_those_of_the_contract(stories: Stories) -> None:
    listed = {key: tuple(system["currencies"]) for key, system in stories.offered.items()}
    expected = {("deposit", code): (currency,) for code, (currency, _) in DEPOSITS.items()}
    assert listed == expected | {("withdrawal", code): (currency,) for code, currency in WITHDRAWALS.items()}


@pytest.mark.parametrize("code", DEPOSITS)
def test_a_deposit_is_credited_exactly(stack: Stack, stories: Stories, code: str) -> None:
    currency, how = DEPOSITS[code]
    final = stories.ended["deposit", code].result()

    assert [(one["amount"], one["currency"]) for one in final["receipts"]] == [(AMOUNT, currency)]
    assert (final["received_amount"], final["amount_check"], final["failure"]) == (AMOUNT, "exact", None)
    shown = {REDIRECT: "redirect", PUSH: "wait"}.get(how, "show_details")
    assert final["shown"]["type"] == shown
    confirmed = how not in {REDIRECT, PUSH}
    verifying = ["deposit.verifying"] if confirmed else []
    assert final["news"] == ["deposit.created", "deposit.awaiting_payment", *verifying, "deposit.credited"]

    listed = stack.test.get(f"deposits/{final['id']}/confirmations")["data"] if confirmed else []
    assert [one["status"] for one in listed] == ["credited"] * confirmed
    told = listed[0]["id"] if confirmed else final["id"]
    path = how if confirmed else f"/api/v1/payment/create/{code}"
    calls = [one for one in stack.control.get("/requests").json()["requests"] if one["order_id"] == told]
    assert [(one["method"], one["path"]) for one in calls] == [("POST", path)]
    if confirmed:
        assert ("amount" in calls[0]["fields"]) == (code not in WITHOUT_AMOUNT)
        assert ("screenshot" in calls[0]["fields"]) == (code in WITH_SCREENSHOT)


@pytest.mark.parametrize("code", WITHDRAWALS)
def test_a_withdrawal_is_paid_once(stack: Stack, stories: Stories, code: str) -> None:
    final = stories.ended["withdrawal", code].result()

    assert (final["status"], final["failure"]) == ("paid", None)
    assert final["news"] == ["withdrawal.queued", "withdrawal.accepted", "withdrawal.paid"]
    moved = [one for one in stack.control.get("/book").json()["entries"] if one["order_id"] == final["id"]]
    assert [(one["movement"], one["amount"], one["currency_code"], one["wallet_type"]) for one in moved] == [
        ("withdrawal_paid", str(paid_out(code)), WITHDRAWALS[code], code)
    ]
