"""The older formats of letters (C§2.3): from the sandbox, told to write them, to the end of an order of ours."""

from __future__ import annotations

import json

import pytest

from gateway.providers.models import ProviderAccount
from postbacks.models import Letter
from tests.conftest import Api
from tests.gateway.sandbox.conftest import (
    ACCESS_KEY,
    API_SECRET,
    CONTROL_KEY,
    PRIVATE_KEY,
    WITHDRAWAL_KEY,
    Sandbox,
    eventually,
)
from tests.postbacks.deposits import receipts, state, verifying
from tests.postbacks.letters import deliver, kept, settle, verdicts
from tests.withdrawals.orders import order
from withdrawals import sending

OLDER_DEPOSIT = ["access_key", "signature", "label", "stockpiling", "stockpiling_id", "transactions"]
OLDER_WITHDRAWAL = [
    *("withdrawal_id", "status", "comment", "payment_system", "amount", "currency_code", "label"),
    *("account_number", "account_name", "account_email", "payments_details", "bank_details", "signature"),
]


@pytest.fixture
def at_the_sandbox(account: ProviderAccount, sandbox: Sandbox) -> ProviderAccount:
    """The account, of this sandbox, which writes in the older formats."""
    account.base_url, account.api_secret, account.withdrawal_key = sandbox.url, API_SECRET, WITHDRAWAL_KEY
    account.postback_access_key, account.postback_private_key = ACCESS_KEY, PRIVATE_KEY
    account.accepts_older_postbacks = True
    account.save()
    sandbox.control("letters/format", format="older")
    return account


def posted(sandbox: Sandbox, order_id: str) -> bytes:
    """The bytes that the sandbox posted about an order."""
    return eventually(lambda: next((body for body in list(sandbox.receiver.bodies) if order_id.encode() in body), None))


@pytest.mark.django_db
def test_an_older_deposit_letter_goes_all_the_way(api: Api, at_the_sandbox: ProviderAccount, sandbox: Sandbox) -> None:
    confirmation = verifying(api, "100000000001")
    sandbox.pass_time()
    raw = posted(sandbox, confirmation.public_id)
    assert list(json.loads(raw)) == OLDER_DEPOSIT

    ProviderAccount.objects.update(accepts_older_postbacks=False)
    assert deliver(at_the_sandbox, raw).status_code == 400
    ProviderAccount.objects.update(accepts_older_postbacks=True)
    kept(at_the_sandbox, raw)
    settle(at_the_sandbox)

    # Nothing in it has to be escaped, so the first encoding that is tried is the right one.
    assert Letter.objects.get().variant == "older_unescaped"
    assert state(confirmation) == ("credited", "credited")
    assert receipts() == [("1000.0000", "INR", "credited", True)]
    assert verdicts() == [("confirmed", "")]


@pytest.mark.django_db
def test_an_older_withdrawal_letter_goes_all_the_way(
    api: Api, at_the_sandbox: ProviderAccount, sandbox: Sandbox
) -> None:
    withdrawal = order(api)
    sending.send_withdrawal(withdrawal.pk)
    sandbox.pass_time()
    raw = posted(sandbox, withdrawal.public_id)
    assert list(json.loads(raw)) == OLDER_WITHDRAWAL

    kept(at_the_sandbox, raw)
    settle(at_the_sandbox)

    assert Letter.objects.get().variant == "older_joined"
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"
    assert verdicts() == [("confirmed", "")]


def test_the_format_is_a_setting_that_a_reset_forgets(sandbox: Sandbox) -> None:
    sandbox.control("letters/format", format="older")
    order_id, _ = sandbox.withdraw()
    sandbox.control("letters/format", format="present")
    other, _ = sandbox.withdraw()
    sandbox.pass_time()
    assert "additional_data" in json.loads(posted(sandbox, order_id))  # written when its time came, not when ordered
    assert "additional_data" in json.loads(posted(sandbox, other))
    sandbox.control("letters/format", format="older")
    sandbox.control("reset")
    third, _ = sandbox.withdraw()
    sandbox.pass_time()
    assert "additional_data" in json.loads(posted(sandbox, third))
    headers = {"X-Control-Key": CONTROL_KEY}
    refused = sandbox.client.post("/control/letters/format", headers=headers, json={"format": "oldest"})
    assert (refused.status_code, refused.json()) == (400, {"error": "format is present or older"})


def test_pulls_repeat_todays_shape_whatever_was_posted(sandbox: Sandbox) -> None:
    sandbox.control("letters/format", format="older")
    order_id, _ = sandbox.activate()
    sandbox.pass_time()
    posted(sandbox, order_id)
    (item,) = sandbox.pulled("deposit", order_id)["postback"]["additional_data"]
    assert item["plugin_custom_order_id"] == order_id
