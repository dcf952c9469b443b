"""The live key talks to the Paykassma of the environment, and to no other."""

from tests.scripted_provider import Received, ScriptedProvider
from tests.stories.conftest import LIVE_TOKEN, Stack


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


def test_the_postback_address_is_the_live_accounts(stack: Stack) -> None:
    assert stack.info["postback_url"].endswith(f"/postbacks/paykassma/{LIVE_TOKEN}/")


def test_a_live_withdrawal_goes_to_the_live_server_and_says_that_it_is_no_test(
    stack: Stack, paykassma: ScriptedProvider
) -> None:
    paykassma.script("/v2/withdrawal/create", take)
    paykassma.script("/api/v1/pullpostbacks", paid)
    recipient = {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"}
    made = stack.live.made(
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
    stack.live.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid")
    assert [(order["withdrawal_id"], order["is_test"], order["amount"]) for order in SENT] == [
        (made["id"], False, 1218)
    ]
    assert "secret" not in paykassma.to("/v2/withdrawal/create")[0].query
    assert stack.test.client.get(f"withdrawals/{made['id']}").status_code == 404
    assert made["id"] not in {one["id"] for one in stack.test.get("withdrawals", limit=100)["data"]}


def test_a_test_deposit_never_reaches_the_live_server(stack: Stack, paykassma: ScriptedProvider) -> None:
    made = stack.test.made(
        "deposits",
        {"payment_system": "upi_l", "currency": "INR", "amount": "100.00", "customer": "55", "reference": "test-1"},
    )
    assert made["status"] == "awaiting_payment"
    assert paykassma.to("/api/v1/transaction/create/upi_l") == []
