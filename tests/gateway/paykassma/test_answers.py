import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http import Exchanged, Failure
from gateway.paykassma.answers import (
    MESSAGES_MAX,
    RAW_BYTES_MAX,
    Answer,
    Outcome,
    read_answer,
)
from gateway.paykassma.withdrawal_verdicts import WithdrawalVerdict, classify_withdrawal

CHECK = "Check of deposit status started. The operation may take longer than expected."
WRONG_SECRET = {
    "status": "error",
    "code": 30228,
    "errors": {"target": "secret", "code": 36205, "message": "Wrong secret"},
    "error_message": "Data validation error",
}
PENDING_BODY = {
    "status": "possible_transaction_created",
    "message": "Transaction not found. Possible transaction created",
}
FIELDS = {"status": "fail", "message": {"key1": ["Transaction field has wrong length"]}}
HTML = b"<html>Not found</html>"


def exchanged(http_status: int, body: Any, **changes: Any) -> Exchanged:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: dict[str, Any] = {"headers": {}, "sent": True, "failure": None, **changes}
    return Exchanged(http_status=http_status, body=raw, **fields)


def answer(http_status: int, body: Any) -> Answer:
    return read_answer(exchanged(http_status, body))


@pytest.mark.parametrize(
    ("http_status", "body", "outcome", "note"),
    [
        # every shape of C§0
        (200, {"status": "ok"}, "accepted", "accepted (HTTP 200)"),
        (200, {"status": "ok", "params": {}}, "accepted", "accepted (HTTP 200)"),
        (200, {"status": "ok", "deposit": True, "deposit_amount": 450}, "accepted", "accepted (HTTP 200)"),
        (
            200,
            {"status": "success", "message": "", "code": 20000, "data": []},
            "accepted",
            "accepted (HTTP 200)",
        ),
        (200, {"status": " SUCCESS "}, "accepted", "accepted (HTTP 200)"),
        (201, {"status": "Ok"}, "accepted", "accepted (HTTP 201)"),
        (200, PENDING_BODY, "pending", "possible transaction (HTTP 200)"),
        (404, PENDING_BODY, "pending", "possible transaction (HTTP 404)"),
        (200, {"status": "fail", "message": "MESSAGE"}, "refused", "refused (HTTP 200)"),
        (400, {"status": "fail", "message": "MESSAGE"}, "refused", "refused (HTTP 400)"),
        (404, {"status": "fail", "message": "Postback not found"}, "refused", "refused (HTTP 404)"),
        (200, FIELDS, "refused", "refused (HTTP 200)"),
        (422, FIELDS, "refused", "refused (HTTP 422)"),
        (200, {"status": "FAIL"}, "refused", "refused (HTTP 200)"),
        (200, {"status": "error", "message": "x"}, "refused", "refused (HTTP 200)"),
        (200, WRONG_SECRET, "credential_error", "credentials refused (HTTP 200)"),
        (403, WRONG_SECRET, "credential_error", "credentials refused (HTTP 403)"),
        (
            200,
            {**WRONG_SECRET, "errors": [WRONG_SECRET["errors"]]},
            "credential_error",
            "credentials refused (HTTP 200)",
        ),
        (
            200,
            {"status": "error", "errors": {"code": 36205}},
            "credential_error",
            "credentials refused (HTTP 200)",
        ),
        (
            200,
            {"status": "fail", "message": "Wrong secret"},
            "credential_error",
            "credentials refused (HTTP 200)",
        ),
        (
            200,
            {"status": "fail", "message": "Wrong signature"},
            "credential_error",
            "credentials refused (HTTP 200)",
        ),
        (
            200,
            {"status": "fail", "message": {"signature": ["x"]}},
            "credential_error",
            "credentials refused (HTTP 200)",
        ),
        (404, HTML, "credential_error", "not recognised (HTTP 404, not JSON)"),
        (404, b"", "credential_error", "not recognised (HTTP 404, not JSON)"),
        (404, {"message": "Not found"}, "credential_error", "not recognised (HTTP 404)"),
        (401, b"", "credential_error", "not recognised (HTTP 401, not JSON)"),
        (403, HTML, "credential_error", "not recognised (HTTP 403, not JSON)"),
        (403, {"status": "fail", "message": "no"}, "refused", "refused (HTTP 403)"),
        (400, {"status": "fail", "message": CHECK}, "pending", "check started (HTTP 400)"),
        (400, {"message": CHECK.upper()}, "pending", "check started (HTTP 400)"),
        (400, {"status": "fail", "message": {"key1": [CHECK]}}, "pending", "check started (HTTP 400)"),
        (400, CHECK.encode(), "pending", "check started (HTTP 400, not JSON)"),
        (400, json.dumps(CHECK).encode(), "pending", "check started (HTTP 400)"),
        (200, {"status": "fail", "message": CHECK}, "pending", "check started (HTTP 200)"),
        # and what the contract does not know
        (200, b"", "unknown", "no known status (HTTP 200, not JSON)"),
        (200, HTML, "unknown", "no known status (HTTP 200, not JSON)"),
        (200, CHECK.encode(), "unknown", "no known status (HTTP 200, not JSON)"),
        (200, {}, "unknown", "no known status (HTTP 200)"),
        (200, [], "unknown", "no known status (HTTP 200)"),
        (200, {"status": True}, "unknown", "no known status (HTTP 200)"),
        (200, {"status": "processing"}, "unknown", "no known status (HTTP 200)"),
        (400, {"status": "ok"}, "unknown", "no known status (HTTP 400)"),
        (404, {"status": "ok"}, "credential_error", "not recognised (HTTP 404)"),
        (
            422,
            {"message": "The given data was invalid.", "errors": {"a": ["b"]}},
            "unknown",
            "no known status (HTTP 422)",
        ),
        (302, {"status": "ok"}, "unknown", "unexpected code (HTTP 302)"),
        (302, b"", "unknown", "unexpected code (HTTP 302, not JSON)"),
        (429, {"status": "fail", "message": "x"}, "unknown", "too many requests (HTTP 429)"),
        (500, {"status": "ok"}, "unknown", "unexpected code (HTTP 500)"),
        (500, {"status": "fail", "message": "x"}, "unknown", "unexpected code (HTTP 500)"),
        (502, HTML, "unknown", "unexpected code (HTTP 502, not JSON)"),
        (503, WRONG_SECRET, "unknown", "unexpected code (HTTP 503)"),
        (199, {"status": "ok"}, "unknown", "unexpected code (HTTP 199)"),
    ],
)
def test_every_shape_has_its_outcome(http_status: int, body: Any, outcome: str, note: str) -> None:
    read = answer(http_status, body)
    assert (read.outcome, read.note, read.http_status, read.sent) == (
        Outcome(outcome),
        note,
        http_status,
        True,
    )
    assert read.raw == (body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("failure", "sent", "http_status"),
    [
        (Failure.NOT_CONNECTED, False, None),
        (Failure.TIMED_OUT, True, None),
        (Failure.BROKEN, True, None),
        (Failure.BROKEN, True, 200),
        (Failure.TOO_LARGE, True, 200),
        (Failure.ENCODED, True, 404),
    ],
)
def test_without_a_complete_answer_nothing_is_known(failure: Failure, sent: bool, http_status: int | None) -> None:
    read = read_answer(
        Exchanged(http_status=http_status, headers={}, body=b'{"status":"ok"}', sent=sent, failure=failure)
    )
    assert read == Answer(
        outcome=Outcome.UNKNOWN,
        http_status=http_status,
        sent=sent,
        raw=b'{"status":"ok"}',
        note=failure.value,
    )
    expected = WithdrawalVerdict.UNKNOWN if sent else WithdrawalVerdict.NOT_SENT
    assert classify_withdrawal(read) is expected


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({"message": "a"}, ((None, "a"),)),
        ({"message": ["a", "b", 1]}, ((None, "a"), (None, "b"), (None, "1"))),
        ({"message": {"x": ["a", "b"], "y": "c"}}, (("x", "a"), ("x", "b"), ("y", "c"))),
        (WRONG_SECRET, (("secret", "Wrong secret"), (None, "Data validation error"))),
        ({"errors": ["a", {"target": "x", "message": "b"}]}, ((None, "a"), ("x", "b"))),
        ({"message": "", "errors": None, "error_message": {}}, ()),
        ({"message": "a\x00\ud800"}, ((None, "a\ufffd\ufffd"),)),
        ({"message": "x" * 501}, ((None, "x" * 500),)),
        ({"message": ["x"] * 60}, ((None, "x"),) * MESSAGES_MAX),
        ([], ()),
    ],
)
def test_the_providers_texts_and_what_they_are_about(body: Any, messages: tuple[Any, ...]) -> None:
    assert answer(200, body).messages == messages


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("-1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("9999999", 86400),
    ],
)
def test_the_patience_that_was_asked_for_is_kept(header: str, seconds: int | None) -> None:
    assert read_answer(exchanged(429, b"", headers={"retry-after": header})).retry_after_seconds == seconds


def test_evidence_is_bounded_and_shows_in_no_repr() -> None:
    read = answer(200, {"status": "fail", "message": "hidden" * 20_000})
    assert len(read.raw) == RAW_BYTES_MAX
    assert "hidden" not in repr(read)


@pytest.mark.parametrize(
    ("http_status", "body", "verdict"),
    [
        (200, {"status": "ok"}, "accepted"),
        (200, {"status": "SUCCESS"}, "accepted"),
        (200, FIELDS, "unknown"),  # a field of deposits
        (200, {"status": "fail", "message": {"account_number": ["wrong length"]}}, "refused"),
        (422, {"status": "fail", "message": {"amount": "too small"}}, "refused"),
        (200, {"status": "fail", "message": {"amount": ["x"], "withdrawal_id": ["y"]}}, "unknown"),
        (200, {"status": "fail", "message": {"withdrawal_id": ["y"]}}, "unknown"),
        *[
            (200, {"status": "fail", "message": {"label": [hint]}}, "unknown")
            for hint in ("Already there", "It exists", "has been TAKEN", "Duplicate entry", "must be unique")
        ],
        (200, {"status": "fail", "message": {"account_number": ["The account does not exist"]}}, "refused"),
        *[
            (200, {"status": "fail", "message": trouble}, "unknown")
            for trouble in ("Server error, try later", "Gateway Timeout", "Still processing", "Internal problem")
        ],
        *[
            (200, {"status": "fail", "message": trouble}, "unknown")
            for trouble in (
                "Payment system is temporarily unavailable",
                "Bad gateway",
                "Please try again",
                "Too many requests",
                "Wait a minute",
                "Ошибка сервера",
                "Внутренняя ошибка",
                "Попробуйте позже",
                "Система временно недоступна",
                "Слишком много запросов",
                "Подождите",
                "Заявка в обработке",
                "Превышено время ожидания",
                "A request to this account is pending",
                "Already in progress",
                "Заявка с таким номером уже создана",
                "Такая заявка существует",
                "Дублирующая выплата",
                "Номер занят",
                # Whoever speaks of both has perhaps kept the order for when there is money.
                "Insufficient balance on the gateway, it is sent later",
                "Insufficient balance, the order is being processed",
            )
        ],
        *[
            (200, {"status": "fail", "message": {name: [text]}}, "unknown")
            for name, text in (
                ("error", "Internal server error"),
                ("0", "x"),
                ("id", "x"),
                ("external_id", "x"),
                ("order", "x"),
                ("document_id", "x"),
                ("Amount", "x"),
                ("bank_details.0", "x"),
                ("amount", "Internal server error"),
                ("amount", "Заявка уже создана"),
                ("withdrawals_sum_amount", "The service timed out"),
                ("withdrawals_sum_amount", "Insufficient balance, waiting for it"),
            )
        ],
        (200, {"status": "fail", "message": {"amount": ["x"], "order": ["y"]}}, "unknown"),
        (200, {"status": "fail", "message": {"withdrawals_sum_amount": ["x"], "order": ["y"]}}, "unknown"),
        (200, {"status": "fail", "message": {"order": ["Insufficient balance"]}}, "unknown"),
        (200, {"status": "fail", "message": {"bank_details.branch_code": ["x"], "iban": ["y"]}}, "refused"),
        (200, {"status": "fail", "message": {}}, "refused_unproven"),
        (200, {"status": "fail", "message": {"amount": ["x"], "withdrawal_id": []}}, "unknown"),
        (
            200,
            {"status": "fail", "message": {"amount": ["x"] * 50, "withdrawal_id": ["y"]}},
            "unknown",
        ),
        (200, {"status": "fail", "message": {"amount": ["x" * 500 + " already"]}}, "unknown"),
        (200, {"status": "fail", "message": {"amount": []}}, "unknown"),
        (200, {"status": "fail"}, "refused_unproven"),
        (200, {"status": "fail", "message": "MESSAGE"}, "refused_unproven"),
        (200, {"status": "fail", "message": "No withdrawal to this recipient is possible"}, "refused_unproven"),
        (200, {"status": "fail", "message": "Получатель не существует"}, "refused_unproven"),
        (200, {"status": "fail", "message": ["MESSAGE"]}, "refused_unproven"),
        (200, {"status": "error", "message": {"amount": ["x"]}}, "unknown"),
        (200, {"status": "error", "errors": {"target": "amount", "message": "x"}}, "unknown"),
        (
            200,
            {"status": "fail", "message": {"amount": ["x"]}, "error_message": "y"},
            "unknown",
        ),
        (
            200,
            {"status": "fail", "message": {"withdrawals_sum_amount": ["Insufficient balance"]}},
            "insufficient_balance",
        ),
        (200, {"status": "fail", "message": "insufficient balance"}, "insufficient_balance"),
        (
            200,
            {"status": "fail", "message": {"withdrawals_sum_amount": ["x"], "withdrawal_id": ["y"]}},
            "unknown",
        ),
        (200, PENDING_BODY, "unknown"),
        (400, CHECK.encode(), "unknown"),
        (200, HTML, "unknown"),
        (500, FIELDS, "unknown"),
        (502, {"status": "fail", "message": "Insufficient balance"}, "unknown"),
        (429, FIELDS, "unknown"),
        (404, HTML, "credential_error"),
        (200, WRONG_SECRET, "credential_error"),
    ],
)
def test_what_an_answer_proves_about_a_withdrawal(http_status: int, body: Any, verdict: str) -> None:
    assert classify_withdrawal(answer(http_status, body)) is WithdrawalVerdict(verdict)


@given(
    http_status=st.integers(100, 599),
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["ok", "fail", "error"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["status", "message", "errors", "code", "target", "withdrawal_id"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=10,
    ),
)
def test_no_answer_is_a_surprise(http_status: int, body: Any) -> None:
    read = answer(http_status, body)
    verdict = classify_withdrawal(read)
    if http_status >= 500 or 300 <= http_status < 400:
        assert (read.outcome, verdict) == (Outcome.UNKNOWN, WithdrawalVerdict.UNKNOWN)
    if verdict is WithdrawalVerdict.REFUSED:
        assert read.payload["status"].strip().lower() == "fail"
        assert "withdrawal_id" not in read.payload["message"]


@pytest.mark.parametrize(
    ("status", "body", "credential"),
    [
        (200, WRONG_SECRET, "secret"),
        (403, WRONG_SECRET, "secret"),
        (200, {"status": "error", "errors": {"code": 36205}}, "secret"),
        (200, {"status": "fail", "message": "Invalid secret"}, "secret"),
        (200, {"status": "fail", "message": {"signature": ["x"]}}, "signature"),
        (200, {"status": "fail", "message": "Wrong signature"}, "signature"),
        (200, {"status": "fail", "message": {"signature": ["x"], "secret": ["y"]}}, "secret"),
        (404, b"", None),
        (403, {"message": "Forbidden"}, None),
        (404, {"status": "ok", "message": "Wrong secret"}, None),
        (503, WRONG_SECRET, None),
        (200, {"status": "ok", "message": "Wrong secret"}, None),
        (200, {"status": "fail", "message": "x"}, None),
    ],
)
def test_which_credential_is_refused_in_words(status: int, body: Any, credential: str | None) -> None:
    assert answer(status, body).credential == credential


@pytest.mark.parametrize(
    "message",
    [{"signature": ["x"], "withdrawal_id": ["y"]}, {"signature": ["Wrong."], "a": ["has already been taken"]}],
)
def test_a_refused_signature_beside_a_hint_at_a_known_id_proves_nothing(message: Any) -> None:
    assert classify_withdrawal(answer(200, {"status": "fail", "message": message})) == "unknown"
