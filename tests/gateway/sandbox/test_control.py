from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.sandbox.conftest import API_SECRET, CONTROL_KEY, Sandbox, eventually


@pytest.mark.parametrize("headers", [{}, {"X-Control-Key": "wrong"}])
def test_the_control_api_needs_its_key(sandbox: Sandbox, headers: dict[str, str]) -> None:
    order_id, _ = sandbox.withdraw()
    for method, action in (("GET", "book"), ("POST", "reset"), ("GET", "nothing")):
        response = sandbox.client.request(method, f"/control/{action}", headers=headers)
        assert (response.status_code, response.json()) == (403, {"error": "wrong X-Control-Key"})
    assert [row["withdrawal_id"] for row in sandbox.told("book")["withdrawals"]] == [order_id]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("payments", {"wallet_type": "none", "key1": "1"}),
        ("payments", {"wallet_type": "paytm"}),
        ("payments", {"wallet_type": "paytm", "key1": "1", "fault": "none"}),
        ("payments", {"wallet_type": "paytm", "key1": "1", "currency_code": "XXX"}),
        ("clock", {"seconds": -1}),
        ("hang", {}),
        ("outage", {"outage": "rain"}),
        ("outage", {"outage": ["down"]}),
        ("letters/resend", {"order_id": "none"}),
        ("letters/resend", {"letter_id": 99}),
        ("letters/send", {}),
        ("top-up", {"wallet_type": "none", "amount": 1}),
        ("pay", {"order_id": "none"}),
        ("pay", {"order_id": "none", "decision": ["pay"]}),
        ("settle", {"order_id": "none"}),
    ],
)
def test_impossible_calls_say_why(sandbox: Sandbox, action: str, fields: dict[str, Any]) -> None:
    headers = {"X-Control-Key": CONTROL_KEY}
    response = sandbox.client.post(f"/control/{action}", headers=headers, json=fields)
    assert (response.status_code, list(response.json())) == (400, ["error"])


def test_a_letter_is_posted_until_it_is_answered_as_it_should_be(sandbox: Sandbox) -> None:
    for answer in (
        (500, b""),
        (200, b"ok"),
        (200, b'{"status":"fail"}'),
        (201, b'{"status":"ok"}'),
        (200, b"[]"),
    ):
        sandbox.receiver.answers.put(answer)
    order_id, _ = sandbox.withdraw()
    sandbox.pass_time()
    outcomes = ["http 500", "wrong answer", "wrong answer", "http 201", "wrong answer"]
    gaps = [1, 2, 5, 10, 30]
    for attempts, (outcome, gap) in enumerate(zip(outcomes, gaps, strict=True), start=1):

        def attempted(count: int = attempts) -> Any:
            # There is none before its outcome was worked out.
            letters = sandbox.told("order", order_id=order_id)["letters"]
            return next((letter for letter in letters if letter["attempts"] == count), None)

        before = eventually(attempted)
        assert (before["last_outcome"], before["delivered_at"]) == (outcome, None)
        sandbox.control("clock", seconds=gap)
    first, *others = sandbox.letters(order_id, 6)
    assert all(letter == first for letter in others)
    assert len(sandbox.entries(order_id)) == 1


def test_a_letter_that_was_resent_is_not_posted_again_at_its_time(sandbox: Sandbox) -> None:
    sandbox.receiver.answers.put((500, b""))
    order_id, _ = sandbox.withdraw()
    sandbox.pass_time()
    eventually(lambda: [row["last_outcome"] for row in sandbox.letter_rows(order_id)] == ["http 500"])
    sandbox.control("letters/resend", order_id=order_id)
    sandbox.control("clock", seconds=1)
    other, _ = sandbox.withdraw()
    sandbox.control("settle", order_id=other)
    sandbox.letters(other)
    assert len(sandbox.receiver.about(order_id)) == 2


def test_an_outcome_happens_once(sandbox: Sandbox) -> None:
    deposit, _ = sandbox.activate()
    withdrawal, _ = sandbox.withdraw()
    for _ in range(3):
        sandbox.control("settle", order_id=deposit)
        sandbox.control("settle", order_id=withdrawal)
    sandbox.letters(deposit)
    sandbox.letters(withdrawal)
    assert len(sandbox.told("book")["entries"]) == 2


def test_an_outcome_brought_forward_does_not_hurry_the_next(sandbox: Sandbox) -> None:
    order_id, _ = sandbox.withdraw(amount=9022)
    sandbox.pass_time(50)
    sandbox.control("settle", order_id=order_id)
    # The first one's old time has come, the second one's has not.
    sandbox.pass_time(60)
    other, _ = sandbox.withdraw()
    sandbox.control("settle", order_id=other)
    sandbox.letters(other)
    sandbox.letters(order_id)
    sandbox.pass_time(50)
    sandbox.letters(order_id, 2)


def test_any_letter_can_be_sent(sandbox: Sandbox) -> None:
    body = {
        "signature": "0" * 40,
        "label": "x",
        "additional_data": [{"amount": "1/2", "currency_code": "INR"}],
    }
    forged = sandbox.control("letters/send", body=body, is_signed=False)
    assert forged == {"outcome": "delivered", "http_status": 200, "answer": '{"status":"ok"}'}
    assert sandbox.receiver.bodies[-1].startswith(b'{"signature":"' + b"0" * 40)
    sandbox.control("letters/send", body=body)
    assert not sandbox.receiver.bodies[-1].startswith(b'{"signature":"' + b"0" * 40)
    sandbox.control("letters/send", raw="nonsense")
    assert sandbox.receiver.bodies[-1] == b"nonsense"


def test_requests_are_listed_without_secrets(sandbox: Sandbox) -> None:
    order_id, _ = sandbox.activate()
    text = sandbox.client.get("/control/requests", headers={"X-Control-Key": CONTROL_KEY}).text
    assert API_SECRET not in text
    told = sandbox.told("requests")
    assert told["counts"] == {f"POST /api/v1/transaction/activate {order_id}": 1}
    (request,) = told["requests"]
    assert (request["order_id"], request["outcome"]) == (order_id, "200")
    assert "secret" not in request["fields"]


def test_outages(sandbox: Sandbox) -> None:
    sandbox.control("outage", outage="down")
    assert sandbox.withdraw()[1].status_code == 503
    assert sandbox.activate()[1].status_code == 503
    sandbox.control("outage", outage="revoked")
    assert sandbox.withdraw()[1].json() == {"status": "fail", "message": "Wrong signature"}
    assert sandbox.activate()[1].status_code == 404
    assert sandbox.told("book") == {"entries": [], "deposits": [], "withdrawals": []}
    sandbox.control("outage", outage="none")
    assert sandbox.withdraw()[1].json() == {"status": "ok"}


def test_a_reset_forgets_everything(sandbox: Sandbox) -> None:
    order_id, _ = sandbox.withdraw()
    sandbox.control("reset")
    sandbox.pass_time()
    other, _ = sandbox.withdraw()
    sandbox.pass_time()
    sandbox.letters(other)
    assert sandbox.receiver.about(order_id) == []
    assert [row["withdrawal_id"] for row in sandbox.told("book")["withdrawals"]] == [other]
