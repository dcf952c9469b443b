"""Sums below a system's minimum, from the customer's first payment to their release, with every part running."""

import secrets
from typing import Any

from tests.stories.conftest import Stack


def paid(stack: Stack, reference: str, amount: str) -> dict[str, Any]:
    """A deposit of one customer whose payment the provider has found."""
    made = stack.test.made(
        "deposits",
        {
            "payment_system": "paytm",
            "currency": "INR",
            "amount": amount,
            "customer": f"c-{reference}",
            "reference": f"{reference}-{amount}",
        },
    )
    key = secrets.token_hex(5).upper()
    registered = {"wallet_type": "paytm", "key1": key, "amount": amount}
    assert stack.control.post("/payments", json=registered).status_code == 200
    stack.test.made(f"deposits/{made['id']}/confirmations", {"provider_reference": key})
    return made


def test_small_deposits_accumulate_and_are_credited_together(stack: Stack, reference: str) -> None:
    first = paid(stack, reference, "100.00")
    saving = stack.test.until(f"deposits/{first['id']}", lambda one: one["status"] == "accumulating")
    assert {name: saving["savings"][name] for name in ("saved", "lacking", "minimum")} == {
        "saved": "100.00",
        "lacking": "48.00",
        "minimum": "148.00",
    }
    assert (saving["received_amount"], saving["receipts"]) == (None, [])

    second = paid(stack, reference, "60.00")
    for deposit, amount in ((first, "100.00"), (second, "60.00")):
        final = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
        assert (final["received_amount"], final["amount_check"], final["savings"]) == (amount, "exact", None)
        assert len(final["receipts"]) == 1
    assert stack.test.news_of(first["id"]) == [
        f"deposit.{name}" for name in ("created", "awaiting_payment", "verifying", "accumulating", "credited")
    ]
    assert stack.test.news_of(second["id"])[-1] == "deposit.credited"
