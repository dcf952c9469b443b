"""Of the provider's answers people see money, ids and words of state; nobody's account, and nobody else's order."""

import json
from typing import Any

import pytest

from gateway.backoffice.story import answers

CANARY = "254700999888"


def shown(answer: Any, *names: str) -> str:
    return answers.shown(json.dumps(answer).encode(), names)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "fail", "message": CANARY},
        {"status": "error", "errors": {"target": CANARY, "message": [CANARY]}, "error_message": CANARY},
        {"data": {"transactions": [{"plugin_custom_order_id": "own", "message": CANARY}]}},
        {"data": {"transactions": [{"plugin_custom_order_id": "another", "postback": {"amount": CANARY}}]}},
        {"additional_data": [{"account_number": CANARY, "bank_details": {"amount": CANARY}, "comment": CANARY}]},
        {CANARY: 1, "amount": 2},
        {"data": CANARY},
        {"data": [CANARY, {"amount": {"x": CANARY}}]},
        [CANARY],
    ],
)
def test_what_is_nobody_s_business_is_left_out(answer: Any) -> None:
    text = shown(answer, "own")
    assert CANARY not in text


def test_what_counts_is_shown_as_it_was_written() -> None:
    entry = {"plugin_custom_order_id": "own", "postback": {"amount": 1.5, "converted_amount": {"USD": "0.02"}}}
    assert json.loads(shown({"status": "success", "code": 20000, "data": {"transactions": [entry]}}, "own")) == {
        "status": "success",
        "code": "20000",
        "data": {
            "transactions": [
                {
                    "plugin_custom_order_id": "own",
                    "postback": {"amount": "1.5", "converted_amount": {"USD": "0.02"}},
                }
            ]
        },
    }


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "It was taken away, or cannot be decrypted."),
        (b"", "Nothing came."),
        (b"<html>" + CANARY.encode(), "18 bytes that are not JSON."),
        (b"[" * 5000, "5000 bytes that are not JSON."),
        (b"\xff\xfe", "2 bytes that are not JSON."),
    ],
)
def test_what_cannot_be_read_says_so(raw: bytes | None, said: str) -> None:
    assert answers.shown(raw, ()) == said


def test_a_long_answer_is_cut() -> None:
    text = shown({"data": [{"amount": str(number)} for number in range(1000)]})
    assert len(text) == 4001
    assert text.endswith("…")
