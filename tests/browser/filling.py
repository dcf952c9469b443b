"""Orders of every sort, so that few lists are empty."""

import io
import secrets

import httpx
from PIL import Image

from tests.stories.conftest import Stack, new_bank_reference, new_reference
from tests.stories.test_deposits import confirm, deposit_of
from tests.stories.test_withdrawals import withdrawal_of


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
    refused = httpx.post(stack.info["postback_url"], json={"signature": "wrong"}, trust_env=False)
    assert refused.status_code < 500, refused.text
    for one in (credited, pictured):
        product.until(f"deposits/{one['id']}", lambda got: got["status"] == "credited")
    product.until(f"withdrawals/{paid['id']}", lambda got: got["status"] == "paid")
    return stack
