from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.sandbox.conftest import (
    ACCESS_KEY,
    PRIVATE_KEY,
    Sandbox,
    eventually,
)

LETTER_FIELDS = [
    "signature",
    "wallet_type",
    "amount",
    "currency_code",
    "label",
    "converted_amount",
    "direction",
    "created_datetime",
    "additional_data",
]
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
NOT_FOUND = "Postback not found"


def known(sandbox: Sandbox, order_id: str) -> Any:
    return sandbox.pulled("deposit", order_id).get("postback")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/payment-systems/available"),
        ("POST", "/api/v1/transaction/create/paytm"),
        ("POST", "/api/v1/transaction/activate"),
        ("POST", "/api/v1/possible-transaction/activate"),
        ("POST", "/api/v1/possible-transaction"),
        ("POST", "/api/v1/payment/create/mpesa"),
        ("GET", "/api/v1/postback"),
        ("GET", "/api/v1/pullpostbacks"),
        ("GET", "/api/v1/deposit-info"),
    ],
)
@pytest.mark.parametrize("query", [{}, {"secret": "wrong"}])
def test_without_the_secret_there_is_nothing(sandbox: Sandbox, method: str, path: str, query: dict[str, str]) -> None:
    response = sandbox.client.request(method, path, params=query)
    assert response.status_code == 404
    assert "Not found" in response.text
    assert response.headers["content-type"].startswith("text/html")


def test_available_lists_what_takes_deposits_in_the_currencies(sandbox: Sandbox) -> None:
    answer = sandbox.get("/api/v1/payment-systems/available", label="55", **{"currency_code[]": ["KES", "PKR"]})
    assert set(answer) == {"status", "params"}
    assert answer["status"] == "ok"
    assert answer["params"]["currency_data"] == [
        {"code": "KES", "symbol": "KES"},
        {"code": "PKR", "symbol": "PKR"},
    ]
    assert [wallet["type"] for wallet in answer["params"]["wallets"]] == [
        "easypaisa",
        "easypaisa_api",
        "mpesa",
        "jazzcash",
        "jazzcash_business",
    ]
    assert list(answer["params"]["wallets"][0]) == [
        "type",
        "currency_code",
        "order",
        "logo",
        "name",
        "is_manual",
        "uploading_payment_bill",
    ]


def test_available_reads_a_json_body_and_hides_what_only_pays_out(sandbox: Sandbox) -> None:
    response = sandbox.client.request(
        "GET",
        "/api/v1/payment-systems/available",
        params={"secret": "canary-api-secret"},
        json={"currency_code": ["INR"], "label": "55"},
    )
    wallets = {wallet["type"]: wallet for wallet in response.json()["params"]["wallets"]}
    upi = {"upi_l", "upi_ib", "upi_hb", "upi_in", "upi_w", "upi_m", "upi_s"}
    assert set(wallets) == {"paytm", "paytm_api", "phone_pe", "staging_b_ml"} | upi
    assert (wallets["staging_b_ml"]["is_manual"], wallets["staging_b_ml"]["uploading_payment_bill"]) == (
        True,
        True,
    )
    assert (wallets["paytm"]["is_manual"], wallets["paytm"]["uploading_payment_bill"]) == (False, False)


def test_details_are_made_up_and_differ_each_time(sandbox: Sandbox) -> None:
    body = {"currency": "INR", "label": "55"}
    first = sandbox.post("/api/v1/transaction/create/upi_l", body).json()
    second = sandbox.post("/api/v1/transaction/create/upi_l", body).json()
    assert first == {"status": "ok", "params": {"identifier": "merchant1001@sandbox"}}
    assert second == {"status": "ok", "params": {"identifier": "merchant1002@sandbox"}}


def test_manual_details_have_free_names(sandbox: Sandbox) -> None:
    body = {"currency": "INR", "label": "55"}
    assert sandbox.post("/api/v1/transaction/create/staging_b_ml", body).json() == {
        "status": "ok",
        "params": {"Wallet number": "SANDBOX-1001", "Account name": "Sandbox Bank", "is_check_amount": None},
    }


def test_an_activation_is_answered_at_once_and_credited_by_letter(sandbox: Sandbox) -> None:
    body = sandbox.activation(amount=13628.5)
    order_id = body["custom_transaction_id"]
    response = sandbox.post("/api/v1/transaction/activate", body)
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "deposit": True,
        "deposit_amount": 13628.5,
        "currency": {"code": "INR", "symbol": "INR"},
    }
    assert sandbox.pulled("deposit", order_id) == {"plugin_custom_order_id": order_id, "message": NOT_FOUND}
    assert sandbox.entries(order_id) == []

    sandbox.pass_time()
    (letter,) = sandbox.letters(order_id)
    assert list(letter) == LETTER_FIELDS
    item = letter["additional_data"][0]
    assert TIME.fullmatch(item.pop("activated_datetime"))
    assert item == {
        "exchanger_identifier": "sandbox-payer",
        "comment": "",
        "amount": "13628.5",
        "currency_code": "INR",
        "wallet_type": "upi_l",
        "stockpiling_id": None,
        "transaction_id": body["key1"],
        "transaction_type": 0,
        "plugin_custom_order_id": order_id,
        "withdrawal_id": None,
        "withdrawal_status": None,
        "account_number": "",
        "account_name": "",
        "account_email": "",
        "bank_details": {"bank_code": "", "branch_code": ""},
    }
    assert (letter["amount"], letter["currency_code"], letter["direction"]) == (13629, "INR", "ingoing")
    assert letter["label"] == body["label"]
    assert TIME.fullmatch(letter["created_datetime"])
    assert letter["converted_amount"]["INR"] == 13628.5
    assert sandbox.entries(order_id) == [("deposit_credited", "13628.5", "INR")]


def test_a_letter_is_signed_over_its_items_alone(sandbox: Sandbox) -> None:
    order_id, _ = sandbox.activate()
    sandbox.pass_time()
    (letter,) = sandbox.letters(order_id)
    text = json.dumps(letter["additional_data"], ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    expected = hashlib.sha1((ACCESS_KEY + PRIVATE_KEY + digest).encode(), usedforsecurity=False).hexdigest()
    assert letter["signature"] == expected


def test_pulls_repeat_the_letter_without_its_signature(sandbox: Sandbox) -> None:
    body = sandbox.activation()
    order_id = body["custom_transaction_id"]
    sandbox.post("/api/v1/transaction/activate", body)
    sandbox.pass_time()
    (letter,) = sandbox.letters(order_id)
    del letter["signature"]
    assert sandbox.get("/api/v1/postback", type="deposit", transaction_id=body["key1"]) == {
        "status": "ok",
        "postback": letter,
    }
    assert sandbox.get("/api/v1/postback", type="deposit", custom_id=order_id)["postback"] == letter
    answer = sandbox.get("/api/v1/pullpostbacks", type="deposit", **{"plugin_custom_order_id[]": ["x/y", order_id]})
    assert answer == {
        "status": "success",
        "message": "",
        "code": 20000,
        "data": {
            "transactions": [
                {"plugin_custom_order_id": "x/y", "message": NOT_FOUND},
                {"plugin_custom_order_id": order_id, "postback": letter},
            ],
        },
        "paginate": {"offset": 0, "total": 2, "limit": 2},
    }


def test_a_pull_without_ids_is_refused_in_the_contracts_words(sandbox: Sandbox) -> None:
    assert sandbox.get("/api/v1/pullpostbacks", type="deposit") == {
        "status": "fail",
        "message": {
            "plugin_custom_order_id": ["The plugin custom order id field is required when type is deposit."],
        },
    }
    assert sandbox.get("/api/v1/postback", type="deposit", custom_id="none") == {
        "status": "fail",
        "message": NOT_FOUND,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key1": "12345678901"}, {"key1": ["Transaction field has wrong length"]}),
        (
            {"wallet_type": "easypaisa", "currency_code": "PKR"},
            {"key1": ["Transaction field has wrong length"]},
        ),
        ({"amount": ""}, {"amount": ["The amount field is required."]}),
        ({"amount": -1}, {"amount": ["The amount must be a number."]}),
        ({"amount": "1e3"}, {"amount": ["The amount must be a number."]}),
        ({"amount": True}, {"amount": ["The amount must be a number."]}),
        ({"currency_code": "BDT"}, {"currency_code": ["The selected currency code is invalid."]}),
        ({"wallet_type": "staging_b_ml"}, {"wallet_type": ["The selected wallet type is invalid."]}),
        ({"label": " "}, {"label": ["The label field is required."]}),
        (
            {"custom_transaction_id": "x" * 65},
            {"custom_transaction_id": ["The custom transaction id may not be greater than 64 characters."]},
        ),
    ],
)
def test_a_wrong_activation_is_refused(sandbox: Sandbox, changes: dict[str, Any], message: Any) -> None:
    _, response = sandbox.activate(**changes)
    assert response.json() == {"status": "fail", "message": message}
    assert sandbox.told("book") == {"entries": [], "deposits": [], "withdrawals": []}


def test_an_id_is_taken_once_and_a_reference_is_activated_once(sandbox: Sandbox) -> None:
    body = sandbox.activation()
    sandbox.post("/api/v1/transaction/activate", body)
    again = sandbox.post("/api/v1/transaction/activate", sandbox.activation(key1=body["key1"])).json()
    assert again == {"status": "fail", "message": {"key1": ["The transaction has already been activated."]}}
    same_id = sandbox.activation(custom_transaction_id=body["custom_transaction_id"])
    assert sandbox.post("/api/v1/transaction/activate", same_id).json() == {
        "status": "fail",
        "message": {"custom_transaction_id": ["The custom transaction id has already been taken."]},
    }
    assert len(sandbox.told("book")["deposits"]) == 1


def test_of_two_customers_claiming_one_transaction_the_first_has_it(sandbox: Sandbox) -> None:
    first, _ = sandbox.activate(amount=9012, key1="777777777777")
    second, _ = sandbox.activate(amount=9012, key1="777777777777")
    sandbox.pass_time()
    sandbox.letters(first)
    statuses = {row["custom_id"]: row["status"] for row in sandbox.told("book")["deposits"]}
    assert statuses == {first: "credited", second: "declined"}
    assert len(sandbox.told("book")["entries"]) == 1
    assert sandbox.receiver.about(second) == []


def test_without_an_amount_the_registered_payment_counts_else_500(sandbox: Sandbox) -> None:
    sandbox.control("payments", wallet_type="nagad", key1="REG1", amount="120.50")
    bag = {"wallet_type": "nagad", "currency_code": "BDT", "amount": None}
    registered, response = sandbox.activate(key1="REG1", **bag)
    assert response.json()["deposit_amount"] == 120.5
    ordinary, response = sandbox.activate(key1="REG2", **bag)
    assert response.json()["deposit_amount"] == 500
    sandbox.pass_time()
    sandbox.letters(ordinary)
    sandbox.letters(registered)
    assert sandbox.entries(registered) == [("deposit_credited", "120.50", "BDT")]
    assert sandbox.entries(ordinary) == [("deposit_credited", "500", "BDT")]


def test_a_registered_fault_reaches_a_call_without_amount(sandbox: Sandbox) -> None:
    sandbox.control("payments", wallet_type="bkash", key1="BK1", fault="possible")
    order_id, response = sandbox.activate(wallet_type="bkash", currency_code="BDT", key1="BK1", amount=None)
    assert response.json()["status"] == "possible_transaction_created"
    sandbox.pass_time()
    sandbox.letters(order_id)
    assert sandbox.entries(order_id) == [("deposit_credited", "500", "BDT")]


@pytest.mark.parametrize("path", ["/api/v1/possible-transaction/activate", "/api/v1/possible-transaction"])
def test_a_manual_confirmation_is_a_form_with_a_screenshot(sandbox: Sandbox, path: str) -> None:
    body = {**sandbox.activation(wallet_type="staging_b_ml"), "amount": "300"}
    order_id = body["custom_transaction_id"]
    response = sandbox.client.post(
        path,
        params={"secret": "canary-api-secret"},
        data=body,
        files={"screenshot": ("a.png", b"12345", "image/png")},
    )
    assert response.json() == {
        "status": "success",
        "message": "",
        "code": 20000,
        "data": [],
        "paginate": {"offset": 0, "total": 1, "limit": 1},
    }
    (request,) = sandbox.told("requests")["requests"]
    assert (request["order_id"], request["fields"]["screenshot"]) == (order_id, "5 bytes")
    sandbox.pass_time()
    sandbox.letters(order_id)
    assert sandbox.entries(order_id) == [("deposit_credited", "300", "INR")]


@pytest.mark.parametrize(("wallet_type", "currency"), [("kbzpay_manual", "MMK"), ("bnb_ml", "BTN")])
def test_some_manual_systems_have_their_form_elsewhere(sandbox: Sandbox, wallet_type: str, currency: str) -> None:
    body = {**sandbox.activation(wallet_type=wallet_type, currency_code=currency), "amount": "300"}
    query = {"secret": "canary-api-secret"}
    general = sandbox.client.post("/api/v1/possible-transaction/activate", params=query, data=body)
    assert general.json()["message"] == {"wallet_type": ["The selected wallet type is invalid."]}
    own = sandbox.client.post("/api/v1/possible-transaction", params=query, data=body)
    assert own.json()["status"] == "success"


@pytest.mark.parametrize(
    ("wallet_type", "currency", "good", "bad"),
    [
        ("easypaisa", "PKR", ["1" * 11], ["1" * 10, "1" * 12, "1234567890a"]),
        ("sinpemovil", "CRC", ["1" * 20, "1" * 28], ["1" * 19, "1" * 29]),
        ("upi_hb", "INR", ["1" * 12], ["1" * 11, "1" * 13]),
        ("upi_m", "INR", ["1" * 12], ["1" * 11, "1" * 13]),
    ],
)
def test_a_reference_has_the_length_of_its_system(
    sandbox: Sandbox, wallet_type: str, currency: str, good: list[str], bad: list[str]
) -> None:
    for key1 in good:
        _, response = sandbox.activate(wallet_type=wallet_type, currency_code=currency, key1=key1)
        assert response.json()["status"] == "ok"
    for key1 in bad:
        _, response = sandbox.activate(wallet_type=wallet_type, currency_code=currency, key1=key1)
        assert response.json()["message"] == {"key1": ["Transaction field has wrong length"]}


def test_small_sums_are_saved_up_and_released_together(sandbox: Sandbox) -> None:
    common = {"wallet_type": "paytm", "label": "saver"}
    asked = {"label": "saver", "wallet_type": "paytm", "currency": "INR"}
    first, response = sandbox.activate(amount=100, **common)
    assert response.json()["deposit"] is False
    sandbox.pass_time()
    eventually(lambda: sandbox.get("/api/v1/deposit-info", **asked)["stockpiling_sum"] == 100)
    assert sandbox.get("/api/v1/deposit-info", **asked) == {
        "status": "ok",
        "stockpiling_sum": 100,
        "lacks_sum": 48,
        "minimum_deposit": 148,
    }
    assert sandbox.pulled("deposit", first)["message"] == NOT_FOUND
    assert sandbox.entries(first) == []
    second, _ = sandbox.activate(amount=50, **common)
    sandbox.pass_time()
    (letter,) = sandbox.letters(second)
    assert letter["amount"] == 150
    assert [
        (item["plugin_custom_order_id"], item["amount"], item["stockpiling_id"]) for item in letter["additional_data"]
    ] == [(first, "100", 1), (second, "50", 1)]
    assert sandbox.entries(first) == [("deposit_credited", "100", "INR")]
    assert sandbox.entries(second) == [("deposit_credited", "50", "INR")]
    assert sandbox.get("/api/v1/deposit-info", **asked)["stockpiling_sum"] == 0


def payment(sandbox: Sandbox, wallet_type: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "mpesa": {"currency": "KES", "phone_number": "254000000000"},
        "easypaisa_api": {"currency": "PKR", "phone_number": "03000000000"},
        "upi_s": {
            "currency": "INR",
            "mode": "upi_collect_qr",
            "wallet_type": "upi_s",
            "redirect_url": "https://shop.test/back",
        },
        "nagad_api": {
            "currency": "BDT",
            "success_url": "https://shop.test/good",
            "fail_url": "https://shop.test/bad",
            "cancel_url": "https://shop.test/cancel",
        },
        "bkash_api": {
            "currency": "BDT",
            "account_number": "00000000000",
            "success_url": "https://shop.test/good",
        },
    }[wallet_type]
    base = sandbox.activation()
    return {
        "amount": 700,
        "label": base["label"],
        "custom_transaction_id": base["custom_transaction_id"],
        **fields,
        **changes,
    }


@pytest.mark.parametrize("wallet_type", ["mpesa", "easypaisa_api"])
def test_a_push_is_approved_by_itself(sandbox: Sandbox, wallet_type: str) -> None:
    body = payment(sandbox, wallet_type)
    answer = sandbox.post(f"/api/v1/payment/create/{wallet_type}", body).json()
    assert set(answer["data"]) == {"order_id", "message"}
    assert re.fullmatch(r"[0-9a-f]{16}", answer["data"]["order_id"])
    assert sandbox.client.get(f"/pay/{answer['data']['order_id']}").status_code == 404
    sandbox.pass_time()
    (letter,) = sandbox.letters(body["custom_transaction_id"])
    assert letter["additional_data"][0]["transaction_id"].startswith("SBX")
    assert sandbox.entries(body["custom_transaction_id"]) == [("deposit_credited", "700", body["currency"])]


@pytest.mark.parametrize(
    ("wallet_type", "changes", "field"),
    [
        ("mpesa", {"phone_number": "0700"}, "phone_number"),
        ("easypaisa_api", {"phone_number": None}, "phone_number"),
        ("upi_s", {"mode": ""}, "mode"),
        ("nagad_api", {"cancel_url": "javascript:alert(1)"}, "cancel_url"),
        ("upi_s", {"redirect_url": "javascript:alert(1)"}, "success_url"),
        ("bkash_api", {"account_number": "1"}, "account_number"),
        ("mpesa", {"amount": 5}, "amount"),
        ("mpesa", {"amount": 1_000_001}, "amount"),
        ("mpesa", {"currency": "INR"}, "currency"),
    ],
)
def test_a_wrong_payment_is_refused(sandbox: Sandbox, wallet_type: str, changes: dict[str, Any], field: str) -> None:
    answer = sandbox.post(f"/api/v1/payment/create/{wallet_type}", payment(sandbox, wallet_type, **changes)).json()
    assert answer["status"] == "fail"
    assert field in answer["message"]
    assert sandbox.told("book")["deposits"] == []


@pytest.mark.parametrize(
    ("wallet_type", "decision", "target", "entries"),
    [
        ("upi_s", "pay", "https://shop.test/back", [("deposit_credited", "700", "INR")]),
        ("nagad_api", "pay", "https://shop.test/good", [("deposit_credited", "700", "BDT")]),
        ("nagad_api", "decline", "https://shop.test/bad", []),
        ("bkash_api", "decline", None, []),
    ],
)
def test_a_redirect_is_decided_on_its_page(
    sandbox: Sandbox, wallet_type: str, decision: str, target: str | None, entries: list[Any]
) -> None:
    body = payment(sandbox, wallet_type)
    order_id = body["custom_transaction_id"]
    answer = sandbox.post(f"/api/v1/payment/create/{wallet_type}", body).json()
    assert answer["data"]["url"] == f"{sandbox.url}/pay/{answer['data']['order_id']}"
    page = sandbox.client.get(answer["data"]["url"])
    assert "700" in page.text
    assert page.text.count("<button") == 2
    sandbox.pass_time()
    assert sandbox.entries(order_id) == []
    response = sandbox.client.post(answer["data"]["url"], data={"decision": decision})
    assert response.status_code == (200 if target is None else 303)
    assert response.headers.get("location") == target
    # A change of mind comes too late.
    sandbox.client.post(answer["data"]["url"], data={"decision": "pay"})
    sandbox.pass_time()
    if entries:
        sandbox.letters(order_id)
    assert sandbox.entries(order_id) == entries
    assert len(sandbox.receiver.about(order_id)) == len(entries)


def test_the_control_api_pays_too(sandbox: Sandbox) -> None:
    body = payment(sandbox, "upi_s")
    sandbox.post("/api/v1/payment/create/upi_s", body)
    row = sandbox.control("pay", order_id=body["custom_transaction_id"])
    assert (row["status"], row["paid"]) == ("activated", "700")


def test_hashes_come_back_in_order_and_numbered_anew(sandbox: Sandbox) -> None:
    body = {
        "success_urls": [{"order": 2, "url": "https://a.test/2"}, {"order": 1, "url": "https://a.test/1"}],
        "fail_urls": [],
        "pending_urls": [{"order": 4, "url": "https://a.test/4"}, {"order": 3, "url": "https://a.test/3"}],
    }
    urls = sandbox.post("/payment-plugin/hash-url", body).json()["urls"]
    assert [item["order"] for item in urls["success_url"]] == [1, 2]
    assert [item["order"] for item in urls["pending_url"]] == [1, 2]
    assert urls["fail_url"] == []
    assert all(re.fullmatch(r"[0-9a-f]{64}", item["url"]) for item in urls["success_url"])
    assert urls["success_url"][0]["url"] == hashlib.sha256(b"https://a.test/1").hexdigest()


def test_balances_follow_the_book(sandbox: Sandbox) -> None:
    sandbox.activate(amount="450.25")
    sandbox.withdraw(payment_system="upi_l", amount=1000)
    sandbox.pass_time()
    eventually(lambda: len(sandbox.told("book")["entries"]) == 2)
    assert sandbox.get("/api/v1/accounts-balance") == {
        "status": "success",
        "message": "",
        "code": 20000,
        "data": {"balances": [{"wallet_type": "upi_l", "currency_code": "INR", "amount": -549.75}]},
    }
    wrong = sandbox.client.get("/api/v1/accounts-balance", params={"secret": "wrong"}).json()
    assert wrong == {
        "status": "error",
        "code": 30228,
        "errors": {"target": "secret", "code": 36205, "message": "Wrong secret"},
        "error_message": "Data validation error",
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'"x"', b"[" * 100_000, b'{"amount":' + b"9" * 5000 + b"}", b'{"label":"\\ud800"}'],
)
def test_strange_bodies_are_refused(sandbox: Sandbox, body: bytes) -> None:
    for path in ("/api/v1/transaction/activate?secret=canary-api-secret", "/v2/withdrawal/create"):
        response = sandbox.client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert (response.status_code, response.json()["status"]) == (200, "fail")


def test_money_is_written_without_float_noise(sandbox: Sandbox) -> None:
    order_id, response = sandbox.activate(amount="0.10")
    assert '"deposit_amount":0.1,' in response.text
    sandbox.pass_time()
    sandbox.letters(order_id)
    postback = known(sandbox, order_id)
    assert Decimal(postback["additional_data"][0]["amount"]) == Decimal("0.1")
    assert postback["amount"] == 0


def test_unknown_paths_and_methods(sandbox: Sandbox) -> None:
    assert sandbox.client.get("/nothing").status_code == 404
    assert sandbox.client.get("/v2/withdrawal/create").status_code == 405
    assert sandbox.client.get("/health").json() == {"status": "ok"}
    assert sandbox.client.get("/media/paytm.svg").headers["content-type"].startswith("image/svg+xml")
    assert sandbox.client.get("/media/none.svg").status_code == 404
    assert sandbox.client.get("/media/none.gif").status_code == 404
