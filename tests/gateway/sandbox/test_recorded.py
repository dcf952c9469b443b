"""The sandbox answers in the shapes that were recorded: it is held to the contract and not only to our client."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import pytest

from tests.gateway.paykassma.recordings import ANSWERS, LETTERS, RecordedLetter, Recording
from tests.gateway.paykassma.same_shape import differences
from tests.gateway.sandbox.conftest import API_SECRET, Sandbox, eventually

SECRET: Final = {"secret": API_SECRET}


def get(sandbox: Sandbox, path: str, **parameters: Any) -> httpx.Response:
    return sandbox.client.get(path, params={**SECRET, **parameters})


def details(system: str, currency: str) -> Callable[[Sandbox], httpx.Response]:
    body = {"currency": currency, "label": "55"}
    return lambda sandbox: sandbox.post(f"/api/v1/transaction/create/{system}", body)


def activated(**changes: Any) -> Callable[[Sandbox], httpx.Response]:
    return lambda sandbox: sandbox.activate(**changes)[1]


def withdrawn(**changes: Any) -> Callable[[Sandbox], httpx.Response]:
    return lambda sandbox: sandbox.withdraw(**changes)[1]


def by_hand(sandbox: Sandbox) -> httpx.Response:
    fields = sandbox.activation(wallet_type="staging_b_ml", key1="REF1")
    form = {name: (None, str(value)) for name, value in fields.items()}
    return sandbox.client.post("/api/v1/possible-transaction/activate", params=SECRET, files=form)


def paying(system: str, **changes: Any) -> Callable[[Sandbox], httpx.Response]:
    body = {"amount": 500, "label": "55", "custom_transaction_id": "dep_1", **changes}
    return lambda sandbox: sandbox.post(f"/api/v1/payment/create/{system}", body)


REDIRECT: Final = {
    "currency": "BDT",
    **dict.fromkeys(("success_url", "fail_url", "cancel_url"), "https://shop.example/back"),
}


def hashed(sandbox: Sandbox) -> httpx.Response:
    numbered = [{"order": order, "url": f"https://shop.example/{order}"} for order in (2, 1)]
    waiting = [{"order": order, "url": f"https://shop.example/{order}"} for order in (3, 4)]
    body = {"success_urls": numbered, "fail_urls": numbered, "pending_urls": waiting}
    return sandbox.post("/payment-plugin/hash-url", body)


def taken(sandbox: Sandbox) -> httpx.Response:
    body = sandbox.withdrawal()
    sandbox.send_withdrawal(body)
    return sandbox.send_withdrawal(body)


def reread(sandbox: Sandbox) -> httpx.Response:
    order_id, _ = sandbox.activate()
    sandbox.pass_time()
    sandbox.letters(order_id)
    return get(sandbox, "/api/v1/postback", type="deposit", custom_id=order_id)


def reread_withdrawal(sandbox: Sandbox) -> httpx.Response:
    order_id, _ = sandbox.withdraw()
    sandbox.pass_time()
    sandbox.letters(order_id)
    return get(sandbox, "/api/v1/postback", type="withdrawal", withdrawal_id=order_id)


def balances(sandbox: Sandbox) -> httpx.Response:
    order_id, _ = sandbox.withdraw()
    sandbox.pass_time()
    sandbox.letters(order_id)
    return get(sandbox, "/api/v1/accounts-balance")


def pulled(sandbox: Sandbox) -> httpx.Response:
    order_id, _ = sandbox.activate()
    sandbox.pass_time()
    sandbox.letters(order_id)
    ids = {"plugin_custom_order_id[]": ["unknown", order_id]}
    return get(sandbox, "/api/v1/pullpostbacks", type="deposit", **ids)


def pulled_withdrawals(sandbox: Sandbox) -> httpx.Response:
    order_id, _ = sandbox.withdraw(amount=9024)
    sandbox.pass_time()
    sandbox.letters(order_id)
    return get(sandbox, "/api/v1/pullpostbacks", type="withdrawal", **{"withdrawal_id[]": ["unknown", order_id]})


def pulled_too_early(sandbox: Sandbox) -> httpx.Response:
    order_id, _ = sandbox.withdraw()
    return get(sandbox, "/api/v1/pullpostbacks", type="withdrawal", **{"withdrawal_id[]": [order_id]})


#: What the sandbox is asked so that it comes into the recorded case.
ACTIONS: Final[Mapping[str, Callable[[Sandbox], httpx.Response]]] = {
    "error_text.json": activated(amount=9002),
    "error_fields.json": activated(amount=9001),
    "error_coded.json": lambda sandbox: sandbox.client.get("/api/v1/accounts-balance", params={"secret": "wrong"}),
    "error_not_found.txt": lambda sandbox: sandbox.client.get("/api/v1/payment-systems/available"),
    "error_down.txt": withdrawn(amount=9010),
    "error_cut_off.txt": withdrawn(amount=9005),
    "available.json": lambda sandbox: get(
        sandbox, "/api/v1/payment-systems/available", label="55", **{"currency_code[]": ["INR", "BDT"]}
    ),
    "images.json": lambda sandbox: get(sandbox, "/wallet-type/images/"),
    "details_identifier.json": details("paytm", "INR"),
    "details_upi.json": details("upi_l", "INR"),
    "details_personal.json": details("nagad", "BDT"),
    "details_agent.json": details("bkash", "BDT"),
    "details_labels.json": details("kbzpay_manual", "MMK"),
    "details_account.json": details("staging_b_ml", "INR"),
    "activate_ok.json": activated(),
    "activate_other_amount.json": activated(amount=9018),
    "activate_saved.json": activated(wallet_type="paytm", amount=100),
    "activate_possible.json": activated(amount=9012),
    "activate_check_started.json": activated(amount=9013),
    "possible_ok.json": by_hand,
    "payment_push.json": paying("mpesa", currency="KES", phone_number="254700000000"),
    "payment_url.json": paying("nagad_api", **REDIRECT),
    "payment_without_url.json": paying("nagad_api", **{**REDIRECT, "amount": 9021}),
    "savings.json": lambda sandbox: get(
        sandbox, "/api/v1/deposit-info", label="55", wallet_type="paytm", currency="INR"
    ),
    "hashes.json": hashed,
    "withdrawal_ok.json": withdrawn(),
    "withdrawal_insufficient.json": withdrawn(amount=9015),
    "withdrawal_field.json": withdrawn(amount=9001),
    "withdrawal_signature.json": lambda sandbox: sandbox.send_withdrawal(sandbox.withdrawal(), "wrong-key"),
    "withdrawal_taken.json": taken,
    "postback_deposit.json": reread,
    "postback_withdrawal.json": reread_withdrawal,
    "postback_missing.json": lambda sandbox: get(sandbox, "/api/v1/postback", type="deposit", custom_id="unknown"),
    "balances.json": balances,
    "pull_deposits.json": pulled,
    "pull_withdrawals.json": pulled_withdrawals,
    "pull_withdrawals_no_result.json": pulled_too_early,
    "pull_field_required.json": lambda sandbox: get(sandbox, "/api/v1/pullpostbacks", type="deposit"),
}

#: Members that are maps, by the names that the comparison knows them under.
MAPS: Final = {"images.json": ("data", "images")}

#: Texts that the contract prints word for word.
WORDS: Final = frozenset(
    {
        *("activate_possible.json", "activate_check_started.json", "withdrawal_insufficient.json", "error_coded.json"),
        *("pull_field_required.json", "error_fields.json", "postback_missing.json"),
    }
)


def named(file: str, body: Any) -> Any:
    """The body, its map under the name that the comparison knows."""
    if file not in MAPS:
        return body
    member, name = MAPS[file]
    return {**{key: value for key, value in body.items() if key != member}, name: body[member]}


PLAYED: Final = [one for one in ANSWERS if not one.sandbox]


@pytest.mark.parametrize("recording", PLAYED, ids=lambda one: one.file)
def test_the_sandbox_answers_in_the_recorded_shape(sandbox: Sandbox, recording: Recording) -> None:
    answer = ACTIONS[recording.file](sandbox)

    assert answer.status_code == recording.http_status
    if not recording.file.endswith(".json"):
        with pytest.raises(json.JSONDecodeError):
            answer.json()
        return
    recorded, answered = json.loads(recording.body), answer.json()
    assert list(differences(named(recording.file, recorded), named(recording.file, answered))) == []
    assert answered["status"] == recorded["status"]
    if recording.file in WORDS:
        assert answered == recorded


def test_every_recorded_answer_is_played_or_says_why_not() -> None:
    assert set(ACTIONS) == {one.file for one in PLAYED}
    assert {one.file for one in ANSWERS if not one.sandbox.strip()} == set(ACTIONS)


def saved_up(sandbox: Sandbox) -> str:
    for _ in range(2):
        order_id, _ = sandbox.activate(wallet_type="paytm", amount=100, label="saver")
        sandbox.pass_time()
    return order_id


def told(*, deposit: bool = False, older: bool = False, amount: int = 500) -> Callable[[Sandbox], str]:
    def order(sandbox: Sandbox) -> str:
        if older:
            sandbox.control("letters/format", format="older")
        order_id, _ = sandbox.activate(amount=amount) if deposit else sandbox.withdraw(amount=amount)
        sandbox.pass_time()
        return order_id

    return order


#: What makes the sandbox write the recorded letter; each gives the order that it is about.
WRITTEN: Final[Mapping[str, Callable[[Sandbox], str]]] = {
    "letter_deposit.json": told(deposit=True),
    "letter_savings.json": saved_up,
    "letter_paid.json": told(),
    "letter_rejected.json": told(amount=9016),
    "letter_processing.json": told(amount=9022),
    "letter_older_deposit.json": told(deposit=True, older=True),
    "letter_older_withdrawal.json": told(older=True),
}


@pytest.mark.parametrize("recorded", LETTERS, ids=lambda one: one.file)
def test_the_sandbox_writes_letters_in_the_recorded_shape(sandbox: Sandbox, recorded: RecordedLetter) -> None:
    order_id = WRITTEN[recorded.file](sandbox)
    written = eventually(lambda: sandbox.receiver.about(order_id))[0]

    body = json.loads(recorded.body)
    assert list(differences(body, written)) == []
    assert list(written) == list(body)  # the order of the fields is part of what is signed
    if "additional_data" in body:
        assert [list(one) for one in written["additional_data"]] == [list(one) for one in body["additional_data"]]
        statuses = [one["withdrawal_status"] for one in body["additional_data"]]
        assert [one["withdrawal_status"] for one in written["additional_data"]] == statuses


def test_every_recorded_letter_is_written() -> None:
    assert set(WRITTEN) == {one.file for one in LETTERS}


@pytest.mark.parametrize(
    ("recorded", "answered", "found"),
    [
        ({"a": 1}, {"a": "1"}, ["/a: recorded number, answered string"]),
        ({"a": 1, "b": 1}, {"b": 1}, ["/a: recorded, not answered"]),
        ({}, {"a": 1}, ["/: recorded container, answered dict"]),
        ({"a": [{"b": 1}, {"c": "x"}]}, {"a": [{"c": "y"}]}, []),
        ({"a": [{"b": 1}]}, {"a": [{"b": True}]}, ["/a/0/b: recorded number, answered boolean"]),
        ({"stockpiling_id": None}, {"stockpiling_id": 7}, []),
        ({"amount": None}, {"amount": 7}, ["/amount: recorded null, answered number"]),
        ({"images": {"a": {"id": 1}}}, {"images": {"b": {"id": 2}}}, []),
        (
            {"images": {"a": {"id": 1}}},
            {"images": {"b": {"id": "2"}}},
            ["/images/b/id: recorded number, answered string"],
        ),
    ],
)
def test_the_comparison_sees_what_differs(recorded: Any, answered: Any, found: list[str]) -> None:
    assert list(differences(recorded, answered)) == found
