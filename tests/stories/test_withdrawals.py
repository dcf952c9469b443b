"""Money out, from a product's call to the last word, with every part running."""

import secrets
from typing import Any

import pytest

from tests.stories.conftest import Stack, new_reference


def recipient() -> dict[str, str]:
    """Another one each time: the same amount to the same account within the hour waits for a person."""
    account = f"{secrets.randbelow(90_000) + 10_000}6789"
    return {"account_number": account, "account_name": "Test Name", "bank_code": "MAHB0001821"}


def withdrawal_of(stack: Stack, reference: str, amount: str = "1218") -> dict[str, Any]:
    return stack.test.made(
        "withdrawals",
        {
            "payment_system": "imps_ib",
            "currency": "INR",
            "amount": amount,
            "customer": "55",
            "reference": reference,
            "recipient": recipient(),
            "comment": "payout",
        },
    )


def times_created(stack: Stack, withdrawal_id: str) -> int:
    counts: dict[str, int] = stack.control.get("/requests").json()["counts"]
    return counts.get(f"POST /v2/withdrawal/create {withdrawal_id}", 0)


def times_asked_about(stack: Stack, withdrawal_id: str) -> int:
    pulls = [one for one in stack.control.get("/requests").json()["requests"] if one["path"] == "/api/v1/pullpostbacks"]
    return sum(withdrawal_id in one["fields"].get("withdrawal_id", []) for one in pulls)


def times_paid(stack: Stack, withdrawal_id: str) -> int:
    entries = stack.control.get("/book").json()["entries"]
    return sum(one["order_id"] == withdrawal_id for one in entries)


#: Each amount calls for a mishap of its own (the sandbox's page lists them).
ASTRAY = ["9003", "9005", "9007", "9008", "9009", "9010", "9022", "9024"]
REFUSED, REFUSED_IN_WORDS = "9001", "9002"
LOST = "9004"
UNFUNDED = "9015"


@pytest.fixture(scope="module")
def orders(stack: Stack) -> dict[str, dict[str, Any]]:
    """The withdrawals by amount, all made before any is looked at: their delays pass side by side."""
    made = {
        amount: withdrawal_of(stack, new_reference(), amount)
        for amount in [*ASTRAY, REFUSED, REFUSED_IN_WORDS, LOST, UNFUNDED]
    }
    stack.test.until(f"withdrawals/{made[UNFUNDED]['id']}", lambda one: one["status"] == "waiting_funds")
    topped = stack.control.post("/top-up", json={"wallet_type": "imps_ib", "amount": "100000"})
    assert topped.status_code == 200
    return made


def test_a_withdrawal_is_paid_once(stack: Stack, reference: str) -> None:
    made = withdrawal_of(stack, reference)
    assert made["status"] == "queued"
    assert made["recipient"]["account_number"] == "*****6789"
    stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid")
    assert stack.test.news_of(made["id"]) == ["withdrawal.queued", "withdrawal.accepted", "withdrawal.paid"]
    assert (times_created(stack, made["id"]), times_paid(stack, made["id"])) == (1, 1)


@pytest.mark.parametrize("amount", ASTRAY)
def test_however_the_answer_or_the_letter_goes_astray_it_is_paid_once(
    stack: Stack, orders: dict[str, dict[str, Any]], amount: str
) -> None:
    made = orders[amount]
    stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid", 100)
    assert (times_created(stack, made["id"]), times_paid(stack, made["id"])) == (1, 1)


def test_what_the_provider_refuses_has_failed_and_may_be_tried_again(
    stack: Stack, orders: dict[str, dict[str, Any]]
) -> None:
    made = orders[REFUSED]
    final = stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "failed")
    assert (final["failure"]["code"], final["failure"]["safe_to_retry"]) == ("provider_refused", True)
    assert times_paid(stack, made["id"]) == 0


def test_what_the_provider_refuses_in_words_is_asked_about_first(
    stack: Stack, orders: dict[str, dict[str, Any]]
) -> None:
    # It fails by a second word, five minutes later (tests/withdrawals/test_outcomes.py): a story is not that long.
    made = orders[REFUSED_IN_WORDS]
    stack.test.until(f"withdrawals/{made['id']}", lambda _: times_asked_about(stack, made["id"]) >= 1)
    unknown = stack.test.get(f"withdrawals/{made['id']}")
    assert (unknown["status"], unknown["failure"]["safe_to_retry"]) == ("unknown", False)
    assert times_paid(stack, made["id"]) == 0


def test_a_rejected_withdrawal_says_so(stack: Stack, reference: str) -> None:
    made = withdrawal_of(stack, reference, "9016")
    final = stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "rejected")
    assert final["failure"]["code"] == "provider_rejected"
    assert times_paid(stack, made["id"]) == 0


def test_a_lost_request_stays_unknown_and_is_not_sent_again(stack: Stack, orders: dict[str, dict[str, Any]]) -> None:
    made = orders[LOST]
    stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "unknown")
    stack.test.until(f"withdrawals/{made['id']}", lambda _: times_asked_about(stack, made["id"]) >= 2)
    unknown = stack.test.get(f"withdrawals/{made['id']}")
    assert unknown["status"] == "unknown"
    assert unknown["failure"]["safe_to_retry"] is False
    assert times_created(stack, made["id"]) == 1


def test_money_that_went_to_somebody_else_is_looked_at_by_a_person(stack: Stack, reference: str) -> None:
    made = withdrawal_of(stack, reference, "9023")
    final = stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "manual_review")
    assert final["failure"]["code"] == "outcome_unknown"


def test_an_empty_balance_is_waited_for(stack: Stack, orders: dict[str, dict[str, Any]]) -> None:
    made = orders[UNFUNDED]
    stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid", 100)
    assert times_paid(stack, made["id"]) == 1
