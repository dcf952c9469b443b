"""The live key talks to the Paykassma of the environment, and to no other."""

import secrets
from collections.abc import Iterator

import pytest

from tests.scripted_provider import Received, ScriptedProvider
from tests.stories.conftest import Stack, start_stack

SECRET = "canary-live-secret-" + secrets.token_hex(8)
KEY = "canary-live-withdrawal-key-" + secrets.token_hex(8)
TOKEN = "live-token-" + secrets.token_hex(8)


@pytest.fixture(scope="module")
def paykassma() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


@pytest.fixture(scope="module")
def live_stack(paykassma: ScriptedProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = start_stack(
        tmp_path_factory.mktemp("live") / "stack",
        PAYKASSMA_BASE_URL=f"{paykassma.url}/",
        PAYKASSMA_API_SECRET=SECRET,
        PAYKASSMA_WITHDRAWAL_KEY=KEY,
        PAYKASSMA_POSTBACK_ACCESS_KEY="canary-access-" + secrets.token_hex(8),
        PAYKASSMA_POSTBACK_PRIVATE_KEY="canary-private-" + secrets.token_hex(8),
        PAYKASSMA_POSTBACK_TOKEN=TOKEN,
    )
    try:
        yield running
    finally:
        assert running.stop() == 0
        log = running.log.read_text()
        assert SECRET not in log
        assert KEY not in log


def paid(request: Received) -> tuple[int, object]:
    """A pull that knows whatever is asked as paid, exactly as the one order was sent."""
    order = SENT[0]
    item = {
        "amount": str(order["amount"]),
        "currency_code": order["currency_code"],
        "wallet_type": order["payment_system"],
        "transaction_id": "",
        "plugin_custom_order_id": "",
        "withdrawal_id": order["withdrawal_id"],
        "withdrawal_status": 1,
        "account_number": order["account_number"],
        "account_name": order["account_name"],
    }
    postback = {"wallet_type": order["payment_system"], "amount": order["amount"], "direction": "outgoing"}
    found = {
        "withdrawal_id": request.query["withdrawal_id[]"][0],
        "postback": {**postback, "currency_code": "INR", "label": order["label"], "additional_data": [item]},
    }
    return 200, {"status": "success", "message": "", "code": 20000, "data": {"withdrawals": [found]}}


SENT: list[dict[str, object]] = []


def take(request: Received) -> tuple[int, object]:
    SENT.append(request.json())
    return 200, {"status": "ok"}


def test_the_postback_address_is_the_live_accounts(live_stack: Stack) -> None:
    assert live_stack.info["postback_url"].endswith(f"/postbacks/paykassma/{TOKEN}/")


def test_a_live_withdrawal_goes_to_the_live_server_and_says_that_it_is_no_test(
    live_stack: Stack, paykassma: ScriptedProvider
) -> None:
    paykassma.script("/v2/withdrawal/create", take)
    paykassma.script("/api/v1/pullpostbacks", paid)
    recipient = {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"}
    made = live_stack.live.made(
        "withdrawals",
        {
            "payment_system": "imps_ib",
            "currency": "INR",
            "amount": "1218",
            "customer": "55",
            "reference": "live-1",
            "recipient": recipient,
        },
    )
    assert made["mode"] == "live"
    live_stack.live.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid")
    assert [(order["withdrawal_id"], order["is_test"], order["amount"]) for order in SENT] == [
        (made["id"], False, 1218)
    ]
    assert "secret" not in paykassma.to("/v2/withdrawal/create")[0].query
    assert live_stack.test.client.get(f"withdrawals/{made['id']}").status_code == 404
    assert live_stack.test.get("withdrawals")["data"] == []


def test_a_test_deposit_never_reaches_the_live_server(live_stack: Stack, paykassma: ScriptedProvider) -> None:
    made = live_stack.test.made(
        "deposits",
        {"payment_system": "upi_l", "currency": "INR", "amount": "100.00", "customer": "55", "reference": "test-1"},
    )
    assert made["status"] == "awaiting_payment"
    assert paykassma.to("/api/v1/transaction/create/upi_l") == []
