"""Orders of every sort, so that few lists are empty."""

import io
import json
import secrets

import httpx
from PIL import Image

from tests.stories.conftest import Stack, new_bank_reference, new_reference
from tests.stories.test_deposits import confirm, deposit_of
from tests.stories.test_savings import paid as saved
from tests.stories.test_withdrawals import recipient, withdrawal_of


def fill(stack: Stack) -> Stack:
    """Make them, all before any is looked at: their delays pass side by side."""
    product = stack.test
    # Nobody listens there: what is owed is tried, and stays.
    product.made("webhook-endpoints", {"url": f"http://127.0.0.1:9/{new_reference()}"})
    credited = deposit_of(stack, new_reference())
    confirm(stack, credited, new_bank_reference())
    pictured = deposit_of(stack, new_reference(), payment_system="staging_b_ml")
    picture = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(picture, "PNG")
    product.made(
        f"deposits/{pictured['id']}/confirmations",
        data={"provider_reference": f"REF{secrets.token_hex(4)}", "amount": "1000.00"},
        files={"screenshot": ("bill.png", picture.getvalue(), "image/png")},
    )
    paid = withdrawal_of(stack, new_reference())
    withdrawal_of(stack, new_reference(), "10000")  # waits for an approval
    saving = saved(stack, new_reference(), "100.00")  # below the minimum of its system
    sent = {"payment_system": "imps_ib", "currency": "INR", "amount": "1500", "customer": "55"}
    row = {**sent, "reference": new_reference(), "recipient": recipient()}
    product.made("withdrawal-batches", {"reference": new_reference(), "rows": [row]})
    refused = httpx.post(stack.info["postback_url"], json={"signature": "wrong"}, trust_env=False)
    assert refused.status_code < 500, refused.text
    for one in (credited, pictured):
        product.until(f"deposits/{one['id']}", lambda got: got["status"] == "credited")
    product.until(f"withdrawals/{paid['id']}", lambda got: got["status"] == "paid")
    product.until(f"deposits/{saving['id']}", lambda got: got["status"] == "accumulating")
    return stack


def pay_for_nobody(stack: Stack, amount: str, bank_reference: str) -> None:
    """Somebody pays for an order that is none of ours, at a shop that shares the provider's account with us."""
    secret = json.loads((stack.directory / "secrets.json").read_text())["sandbox_api_secret"]
    answer = httpx.post(
        f"{stack.info['sandbox_url']}/api/v1/transaction/activate",
        params={"secret": secret},
        json={
            "wallet_type": "upi_l",
            "currency_code": "INR",
            "label": "another shop's customer",
            "key1": bank_reference,
            "amount": amount,
            "custom_transaction_id": f"another-shop-{bank_reference}",
        },
        trust_env=False,
    )
    assert answer.json()["status"] == "ok", answer.text
