from __future__ import annotations

import hashlib
import threading
from typing import Any

import pytest

from gateway.paykassma.signatures import withdrawal_signature
from tests.gateway.sandbox.conftest import API_SECRET, Sandbox, eventually

NOT_FOUND = "Withdrawal with this ID not found"


def test_a_withdrawal_is_accepted_then_paid(sandbox: Sandbox) -> None:
    body = sandbox.withdrawal()
    order_id = body["withdrawal_id"]
    assert sandbox.pulled("withdrawal", order_id) == {"withdrawal_id": order_id, "message": NOT_FOUND}
    response = sandbox.send_withdrawal(body)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert sandbox.pulled("withdrawal", order_id)["message"] == "Postback not found"
    assert sandbox.entries(order_id) == []

    sandbox.pass_time()
    (letter,) = sandbox.letters(order_id)
    assert letter["additional_data"] == [
        {
            "activated_datetime": "",
            "exchanger_identifier": "",
            "comment": "approved by file 1/1, সফল",
            "amount": "500",
            "currency_code": "INR",
            "wallet_type": "upi_ib",
            "stockpiling_id": None,
            "transaction_id": "",
            "transaction_type": None,
            "plugin_custom_order_id": "",
            "withdrawal_id": order_id,
            "withdrawal_status": 1,
            "account_number": "12test345@sandbox",
            "account_name": "Test Name",
            "account_email": "",
            "bank_details": {"bank_code": None, "branch_code": None},
        },
    ]
    assert (letter["direction"], letter["amount"], letter["label"]) == ("outgoing", 500, body["label"])
    del letter["signature"]
    assert sandbox.pulled("withdrawal", order_id) == {"withdrawal_id": order_id, "postback": letter}
    assert sandbox.get("/api/v1/postback", type="withdrawal", withdrawal_id=order_id)["postback"] == letter
    assert sandbox.entries(order_id) == [("withdrawal_paid", "500", "INR")]


def test_the_body_is_written_with_phps_default_flags(sandbox: Sandbox) -> None:
    order_id, _ = sandbox.withdraw()
    sandbox.pass_time()
    sandbox.letters(order_id)
    (raw,) = (raw for raw in sandbox.receiver.bodies if order_id.encode() in raw)
    assert b'"comment":"approved by file 1\\/1, \\u09b8\\u09ab\\u09b2"' in raw
    assert raw.startswith(b'{"signature":"')


def test_the_contracts_own_signature_is_accepted(sandbox: Sandbox) -> None:
    """The recipe written out, so that a mistake in the gateway's own signing cannot hide here."""
    body = sandbox.withdrawal(payments_details={"payments_method": "56", "a": True})
    values = [
        body["account_name"],
        body["account_number"],
        "500",
        "INR",
        "1",
        body["label"],
        "upi_ib",
        "56",
        "1",
        body["withdrawal_id"],
    ]
    inner = hashlib.md5(":".join(values).encode(), usedforsecurity=False).hexdigest()
    body["signature"] = hashlib.sha1(("canary-withdrawal-key" + inner).encode(), usedforsecurity=False).hexdigest()
    assert sandbox.client.post("/v2/withdrawal/create", json=body).json() == {"status": "ok"}


@pytest.mark.parametrize("tamper", [{"amount": 501}, {"account_number": "other@sandbox"}, {"extra": "1"}])
def test_a_changed_request_has_the_wrong_signature(sandbox: Sandbox, tamper: dict[str, Any]) -> None:
    body = sandbox.withdrawal()
    signed = {**body, "signature": withdrawal_signature(body, "canary-withdrawal-key"), **tamper}
    response = sandbox.client.post("/v2/withdrawal/create", json=signed)
    assert response.json() == {"status": "fail", "message": "Wrong signature"}
    assert sandbox.told("book")["withdrawals"] == []


def test_another_key_no_signature_and_a_secret_are_refused(sandbox: Sandbox) -> None:
    wrong = {"status": "fail", "message": "Wrong signature"}
    body = sandbox.withdrawal()
    assert sandbox.send_withdrawal(body, key="another").json() == wrong
    assert sandbox.client.post("/v2/withdrawal/create", json=body).json() == wrong
    assert sandbox.client.post("/v2/withdrawal/create", json={**body, "signature": 5}).json() == wrong
    refused = {"status": "fail", "message": "The secret must not be sent with a withdrawal"}
    assert sandbox.send_withdrawal({**body, "secret": API_SECRET}).json() == refused
    assert sandbox.post("/v2/withdrawal/create", body).json() == refused
    assert sandbox.told("book")["withdrawals"] == []


def test_an_id_is_paid_once_however_often_it_is_sent(sandbox: Sandbox) -> None:
    body = sandbox.withdrawal()
    answers: list[Any] = []
    barrier = threading.Barrier(8)

    def send() -> None:
        barrier.wait()
        answers.append(sandbox.send_withdrawal(body).json())

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = {"status": "fail", "message": {"withdrawal_id": ["The withdrawal id has already been taken."]}}
    assert sorted(map(str, answers)) == sorted(map(str, [{"status": "ok"}] + [taken] * 7))
    sandbox.pass_time()
    sandbox.letters(body["withdrawal_id"])
    assert sandbox.entries(body["withdrawal_id"]) == [("withdrawal_paid", "500", "INR")]
    assert sandbox.send_withdrawal({**body, "amount": 700}).json() == taken
    counts = sandbox.told("requests")["counts"]
    assert counts[f"POST /v2/withdrawal/create {body['withdrawal_id']}"] == 9


IMPS = {
    "payment_system": "imps_ib",
    "account_number": "123456789",
    "account_name": "TestNameAcc",
    "bank_details": {"bank_code": "IFCS0123456"},
    "payments_details": {},
}


@pytest.mark.parametrize("bank", [{"bank_code": "IFCS0123456"}, {"branch_code": "IFCS0123456"}])
def test_imps_takes_the_ifsc_in_either_place(sandbox: Sandbox, bank: dict[str, str]) -> None:
    order_id, response = sandbox.withdraw(**{**IMPS, "bank_details": bank})
    assert response.json() == {"status": "ok"}
    sandbox.pass_time()
    (letter,) = sandbox.letters(order_id)
    expected = {"bank_code": None, "branch_code": None, **bank}
    assert letter["additional_data"][0]["bank_details"] == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": 500.5}, {"amount": ["The amount must be an integer."]}),
        ({"amount": 500.0}, {"amount": ["The amount must be an integer."]}),
        ({"amount": "500"}, {"amount": ["The amount must be an integer."]}),
        ({"amount": 9}, {"amount": ["The amount must be at least 10."]}),
        ({"amount": 1_000_001}, {"amount": ["The amount may not be greater than 1000000."]}),
        ({"is_test": 1}, {"is_test": ["The is test field must be true or false."]}),
        ({"currency_code": "BDT"}, {"currency_code": ["The selected currency code is invalid."]}),
        ({"payment_system": "upi_s"}, {"payment_system": ["The selected payment system is invalid."]}),
        ({"account_name": ""}, {"account_name": ["The account name field is required."]}),
        ({"comment": "abc"}, {"comment": ["The comment must be at least 4 characters."]}),
        (
            {"withdrawal_id": "x" * 37},
            {"withdrawal_id": ["The withdrawal id may not be greater than 36 characters."]},
        ),
        (
            {"payment_system": "bkash", "currency_code": "BDT"},
            {"account_email": ["The account email field is required."]},
        ),
        ({**IMPS, "account_number": "12a"}, {"account_number": ["The account number format is invalid."]}),
        ({**IMPS, "account_name": "Name 1"}, {"account_name": ["The account name format is invalid."]}),
        (
            {**IMPS, "bank_details": {"bank_code": "X"}},
            {"bank_details.bank_code": ["The bank details.bank code format is invalid."]},
        ),
        (
            {**IMPS, "bank_details": {}},
            {"bank_details.bank_code": ["The bank details.bank code field is required."]},
        ),
        ({"account_email": {"a": 1}}, {"account_email": ["The account email must be a string."]}),
    ],
)
def test_a_wrong_withdrawal_is_refused(sandbox: Sandbox, changes: dict[str, Any], message: Any) -> None:
    _, response = sandbox.withdraw(**changes)
    assert response.json() == {"status": "fail", "message": message}
    assert sandbox.told("book") == {"entries": [], "deposits": [], "withdrawals": []}


def test_without_an_id_the_provider_makes_one(sandbox: Sandbox) -> None:
    body = sandbox.withdrawal()
    del body["withdrawal_id"]
    assert sandbox.send_withdrawal(body).json() == {"status": "ok"}
    (row,) = sandbox.told("book")["withdrawals"]
    assert len(row["withdrawal_id"]) == 16


def test_the_balance_is_insufficient_until_topped_up(sandbox: Sandbox) -> None:
    poor = {"status": "fail", "message": {"withdrawals_sum_amount": ["Insufficient balance"]}}
    body = sandbox.withdrawal(amount=9015)
    assert sandbox.send_withdrawal(body).json() == poor
    assert sandbox.pulled("withdrawal", body["withdrawal_id"])["message"] == NOT_FOUND
    sandbox.control("top-up", wallet_type="upi_ib", amount=10_000)
    assert sandbox.send_withdrawal(body).json() == {"status": "ok"}
    assert sandbox.withdraw(amount=9015)[1].json() == poor
    sandbox.pass_time()
    sandbox.letters(body["withdrawal_id"])
    assert sandbox.entries(body["withdrawal_id"]) == [("withdrawal_paid", "9015", "INR")]
    assert sandbox.get("/api/v1/accounts-balance")["data"]["balances"][0]["amount"] == 985


def test_the_control_api_tells_a_contradiction(sandbox: Sandbox) -> None:
    order_id, _ = sandbox.withdraw()
    sandbox.control("settle", order_id=order_id, status=5)
    sandbox.letters(order_id)
    assert sandbox.entries(order_id) == []
    sandbox.control("settle", order_id=order_id, status=1)
    statuses = [letter["additional_data"][0]["withdrawal_status"] for letter in sandbox.letters(order_id, 2)]
    assert sorted(statuses) == [1, 5]
    assert sandbox.entries(order_id) == [("withdrawal_paid", "500", "INR")]
    # Its own time finds nothing left to do.
    sandbox.pass_time()
    eventually(lambda: sandbox.told("order", order_id=order_id)["order"]["status"] == 1)
    assert len(sandbox.receiver.about(order_id)) == 2
