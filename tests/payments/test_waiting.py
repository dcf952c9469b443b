"""What waits for a person, why, since when; as a page's rows, in a terminal, and for programs."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from balances import instructions, proposing
from balances.waiting import LISTED_MAX
from gateway.providers.models import ProviderAccount
from payments import deadlines
from payments import waiting as queue
from payments.models import Deposit, Receipt
from tests.payments.paid import Paid
from tests.payments.queue import waiting
from tests.payments.stage import Placed, confirm, fresh, money, work
from tests.payments.test_suspense import found_by_transaction
from tests.two_persons import by_two_persons, persons

pytestmark = pytest.mark.django_db


def reasons() -> list[str]:
    return [row.why for row in waiting()]


def test_less_waits_with_what_a_person_has_to_know(paid: Paid, account: ProviderAccount) -> None:
    paid.arrives(money(amount="1"))
    receipt = Receipt.objects.get()
    [row] = waiting()
    assert (row.pk, row.public_id, row.since) == (receipt.pk, receipt.public_id, receipt.received_at)
    assert (row.sum, row.payment_system, row.account, row.mode) == ("1.00 INR", "upi_l", account.name, "test")
    assert (row.order, row.asked_for) == (paid.deposit.public_id, "")
    assert row.why == "Less arrived than was asked for: 1.00 of 1,000.00 INR."


@pytest.mark.parametrize(
    ("item", "label", "why"),
    [
        ({"currency_code": "USD"}, None, "Something speaks against it: it is USD, no listed currency of this system."),
        ({}, "somebody", "Something speaks against it: the provider names another customer."),
        ({"wallet_type": "paytm"}, None, "Something speaks against it: it came through paytm, not upi_l."),
    ],
)
def test_doubtful_money_waits_with_what_speaks_against_it(
    item: dict[str, Any], label: str | None, why: str, paid: Paid
) -> None:
    paid.arrives(money(**item), label=label)
    assert reasons() == [why]


def test_late_money_that_is_too_little_says_both(paid: Paid) -> None:
    deadline = fresh(paid.deposit).deadline_at
    assert deadline is not None
    paid.clock.move_to(deadline)
    deadlines.expire_deposits()
    assert fresh(paid.deposit).status == "expired"
    paid.arrives(money(amount="1"))
    assert reasons() == ["Less arrived than was asked for: 1.00 of 1,000.00 INR, and after the deposit had ended."]


@pytest.mark.parametrize(
    ("custom_id", "why"),
    [
        ("", "It names no order, and no customer alone has claimed its reference."),
        ("an-order-of-somebody", "It names an order that is none of ours."),
    ],
)
def test_money_of_no_order_waits(custom_id: str, why: str, paid: Paid, account: ProviderAccount) -> None:
    found_by_transaction(account, money(transaction_id="T5", plugin_custom_order_id=custom_id), label=paid.label)
    [row] = waiting()
    assert (row.order, row.why) == ("", why)


def test_credited_money_that_the_provider_now_says_otherwise_waits_until_it_is_reversed(paid: Paid) -> None:
    paid.arrives(money())
    assert waiting() == []
    paid.arrives(money(amount="5"))
    assert reasons() == ["It is credited, and the provider now says otherwise: now 5.00 INR, before 1,000.00 INR."]
    by_two_persons("receipt_reversed", {"receipt": Receipt.objects.get().public_id})
    assert waiting() == []


def test_money_for_a_reversed_deposit_waits(paid: Paid) -> None:
    first = money(transaction_id="T1")
    paid.arrives(first)
    by_two_persons("receipt_reversed", {"receipt": Receipt.objects.get().public_id})
    paid.arrives(first, money(amount="5", transaction_id="T2"))
    assert reasons() == ["It came for a deposit that had been reversed."]


def test_a_deposit_without_money_of_its_own_waits_with_the_last_word(paid: Paid) -> None:
    paid.arrives(money(amount="-5"))
    ended = fresh(paid.deposit)
    assert ended.status == "in_review"
    [row] = waiting()
    assert (row.public_id, row.order, row.sum) == (ended.public_id, ended.public_id, "1,000.00 INR")
    assert (row.since, row.account, row.mode) == (ended.updated_at, "scripted", "test")
    assert row.why == "No money counts for it, and a person was called: an amount that no money has."


def test_what_is_resolved_waits_no_more_and_what_is_asked_for_says_so(paid: Paid) -> None:
    paid.arrives(money(amount="1"))
    parameters = {"receipt": Receipt.objects.get().public_id}
    requester, approver = persons()
    asked = proposing.propose("receipt_written_off", parameters, "nobody's", "", requester)
    assert [row.asked_for for row in waiting()] == [asked.public_id]
    instructions.approve(asked.pk, approver, asked.digest)
    assert waiting() == []


def test_the_oldest_comes_first_and_the_queries_are_three(paid: Paid, opened: Placed, account: ProviderAccount) -> None:
    paid.arrives(money(amount="1"))
    for number in range(3):
        other = opened(customer=f"customer {number}")
        answer = confirm(paid.api, other, f"99999999999{number}")
        work()
        sum_ = "-1" if number == 1 else "2"
        paid.book.enter(
            answer.json()["id"], money(amount=sum_, transaction_id=f"T{number}"), label=other.customer.label
        )
        due = fresh(other).next_at
        assert due is not None
        paid.clock.move_to(due)
        work()
    found_by_transaction(account, money(transaction_id="T9"), label=paid.label)
    with CaptureQueriesContext(connection) as captured:
        rows = waiting()
    assert len(captured) == 3
    assert [row.since for row in rows] == sorted(row.since for row in rows)
    assert [row.public_id[:3] for row in rows] == ["rcp", "rcp", "dep", "rcp", "rcp"]


@pytest.mark.parametrize(
    ("rows", "index"), [("receipts", "receipts_for_a_person"), ("deposits", "deposits_for_a_person")]
)
def test_however_many_there_are_an_index_knows_which_wait(rows: str, index: str, db: None) -> None:
    query = getattr(queue, rows)()[:LISTED_MAX]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        sql, parameters = query.query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"using {index} on" in plan, plan
    assert "Seq Scan on payments_" not in plan.replace("Seq Scan on payments_confirmation", ""), plan


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("waiting", *arguments, stdout=out)
    return out.getvalue()


def test_the_terminal_says_the_same(paid: Paid) -> None:
    assert said() == "Nothing waits.\n"
    assert json.loads(said("--json")) == []
    paid.arrives(money(amount="1"))
    receipt = Receipt.objects.get()
    paid.clock.shift(3 * 24 * 3600)
    assert said() == (
        f"{receipt.public_id}  differences  3 days  1.00 INR  upi_l  scripted (test)  {paid.deposit.public_id}\n"
        "    Less arrived than was asked for: 1.00 of 1,000.00 INR.\n"
    )
    assert json.loads(said("--json")) == [
        {
            "id": receipt.public_id,
            "queue": "differences",
            "since": receipt.received_at.isoformat(),
            "age_seconds": 3 * 24 * 3600,
            "amount": "1.00",
            "currency": "INR",
            "payment_system": "upi_l",
            "account": "scripted",
            "mode": "test",
            "order": paid.deposit.public_id,
            "why": "Less arrived than was asked for: 1.00 of 1,000.00 INR.",
            "instruction": None,
        }
    ]
    assert Deposit.objects.get().status == "in_review"
