"""Money that arrived: whose it is, how much, and what it makes of its deposit. Only the book, asked, counts."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.products.models import Customer, Product, UnderpaymentPolicy
from gateway.providers.models import PaymentSystem, ProviderCall
from payments.models import Confirmation, Deposit, Receipt
from tests.conftest import Api
from tests.payments.paid import Paid, postings, receipts, states
from tests.payments.stage import (
    ACTIVATE,
    REFERENCE,
    Book,
    Placed,
    confirm,
    fresh,
    money,
    moves,
    news,
    work,
)
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db

VERIFYING_NEWS = [("deposit.created", 1), ("deposit.awaiting_payment", 2), ("deposit.verifying", 3)]


def test_exactly_the_money(paid: Paid, product: Product) -> None:
    ended = paid.arrives(money(amount="1000"))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert (ended.late, ended.failure_code, ended.deadline_at) == (False, "", None)
    receipt = Receipt.objects.get()
    assert (receipt.deposit, receipt.confirmation) == (ended, Confirmation.objects.get())
    assert (receipt.wallet_type, receipt.transaction_id, receipt.custom_id) == ("upi_l", REFERENCE, paid.order)
    assert (receipt.label, receipt.amount, receipt.currency) == (paid.label, Decimal(1000), "INR")
    assert (receipt.status, receipt.contradiction, receipt.product) == ("credited", "", product)
    assert moves(receipt) == [(1, "", "received", "pull"), (2, "received", "credited", "pull")]
    assert postings() == ["receipt_credited: available -1000.00 INR, provider_balance 1000.00 INR"]
    assert receipt.provider_time == "2026-03-01 20:00:00"
    assert Confirmation.objects.get().status == "credited"
    assert moves(Confirmation.objects.get())[-1] == (4, "verifying", "credited", "pull")
    shown = paid.shown()
    assert (shown["status"], shown["received_amount"], shown["amount_check"]) == ("credited", "1000.00", "exact")
    assert shown["receipts"] == [
        {
            "id": str(receipt),
            "amount": "1000.00",
            "currency": "INR",
            "received_at": receipt.received_at.isoformat(),
        }
    ]
    assert shown["next_action"] == {"type": "none"}
    assert moves(ended)[-1] == (4, "verifying", "credited", "pull")
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited", 4)]


def test_what_the_activation_answered_is_no_money(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    claimed = {"status": "ok", "deposit": True, "deposit_amount": 6000, "currency": {"code": "INR"}}
    provider.script(ACTIVATE, (200, claimed))
    paid = Paid(api, opened(), book, clock)
    assert paid.asked_again().status == "verifying"
    assert not Receipt.objects.exists()
    ended = paid.arrives(money(amount="1000.00"))  # the book's word, not the 6000 of the answer
    assert states(ended) == ("credited", Decimal(1000), "exact")


def test_more_than_asked_for(paid: Paid, product: Product) -> None:
    assert states(paid.arrives(money(amount="1000.01"))) == ("credited", Decimal("1000.01"), "over")
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited_with_difference", 4)]


def test_less_than_asked_for_waits_for_a_person(paid: Paid, product: Product) -> None:
    ended = paid.arrives(money(amount="1"))
    assert states(ended) == ("in_review", Decimal(1), "under")
    assert (ended.deadline_at, ended.failure_code) == (None, "")
    assert receipts() == [("in_review", Decimal(1), "")]
    assert paid.shown()["next_action"] == {"type": "wait"}
    assert news(product) == [*VERIFYING_NEWS, ("deposit.in_review", 4)]
    assert postings() == ["receipt_suspended: provider_balance 1.00 INR, suspense -1.00 INR"]


def test_less_is_credited_where_the_product_says_so(paid: Paid, product: Product) -> None:
    Product.objects.update(underpayment=UnderpaymentPolicy.CREDIT)
    assert states(paid.arrives(money(amount="999.99"))) == ("credited", Decimal("999.99"), "under")
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited_with_difference", 4)]


def test_two_receipts_of_one_letter_add_up(paid: Paid, product: Product) -> None:
    halves = (money(amount="400.5", transaction_id="T1"), money(amount="599.5", transaction_id="T2"))
    ended = paid.arrives(*halves)
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert receipts() == [("credited", Decimal("400.5"), ""), ("credited", Decimal("599.5"), "")]
    assert postings() == [
        "receipt_suspended: provider_balance 400.50 INR, suspense -400.50 INR",
        "suspense_credited: available -400.50 INR, suspense 400.50 INR",
        "receipt_credited: available -599.50 INR, provider_balance 599.50 INR",
    ]
    assert [one["amount"] for one in paid.shown()["receipts"]] == ["400.50", "599.50"]
    assert news(product) == [*VERIFYING_NEWS, ("deposit.in_review", 4), ("deposit.credited", 5)]


def test_more_money_for_a_credited_deposit_is_news_without_a_new_status(paid: Paid, product: Product) -> None:
    first = money(amount="1000", transaction_id="T1")
    paid.arrives(first)
    ended = paid.arrives(first, money(amount="5", transaction_id="T2"))
    assert states(ended) == ("credited", Decimal(1005), "over")
    assert moves(ended)[-1] == (5, "credited", "credited", "pull")
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited", 4), ("deposit.credited_with_difference", 5)]


def test_the_book_of_these_tests_adds_up_to_the_last_decimal(paid: Paid) -> None:
    paid.arrives(money(amount="0.1", transaction_id="T1"), money(amount="0.2", transaction_id="T2"))
    kept = ProviderCall.objects.filter(operation="pullpostbacks").latest("started_at", "id").response
    assert b'"amount": 0.3, "currency_code": "INR"' in bytes(kept)


@pytest.mark.parametrize(
    ("before", "now"),
    [("", "T1"), ("T1", "T2"), ("TXq9", "txQ9"), ("T1", "")],
    ids=["filled in later", "another number", "other letters", "gone"],
)
def test_money_under_another_number_is_not_credited_a_second_time(
    before: str, now: str, paid: Paid, product: Product
) -> None:
    paid.arrives(money(transaction_id=before))
    ended = paid.arrives(money(transaction_id=now))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert [status for status, _, _ in receipts()] == ["credited", "in_review"]
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited", 4)]


def test_blanks_around_a_number_are_no_other_number(paid: Paid, product: Product) -> None:
    paid.arrives(money(transaction_id="T1"))
    ended = paid.arrives(money(transaction_id=" T1 "))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert receipts() == [("credited", Decimal(1000), "")]
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited", 4)]


def test_a_number_in_other_letters_is_not_credited_to_another_customer(paid: Paid, opened: Placed) -> None:
    paid.arrives(money(transaction_id="SAMETX"))
    other = opened(customer="another")
    answer = confirm(paid.api, other, "999999999999")
    work()
    paid.book.enter(answer.json()["id"], money(transaction_id="sametx"), label=other.customer.label)
    due = fresh(other).next_at
    assert due is not None
    paid.clock.move_to(due)
    work()
    assert (fresh(other).status, fresh(other).received_amount) == ("in_review", None)
    assert receipts()[1] == ("in_review", Decimal(1000), "the same number in other letters is known already")


def test_the_same_money_again_changes_nothing(paid: Paid, product: Product) -> None:
    ended = paid.arrives(money())
    known = (moves(ended), news(product), receipts())
    for _ in range(5):
        paid.asked_again()
    assert (moves(ended), news(product), receipts()) == known
    assert fresh(ended).sequence == 4


def test_money_of_an_unlisted_currency_is_looked_at(paid: Paid, product: Product) -> None:
    ended = paid.arrives(money(amount="1000.00", currency_code="USD"))
    assert states(ended) == ("in_review", None, "other_currency")
    assert receipts() == [("in_review", Decimal(1000), "it is USD, no listed currency of this system")]
    assert postings() == ["receipt_suspended: provider_balance 1000.00 USD, suspense -1000.00 USD"]
    assert paid.shown()["received_amount"] is None
    assert news(product) == [*VERIFYING_NEWS, ("deposit.in_review", 4)]
    assert Confirmation.objects.get().status == "verifying"


def test_money_of_a_listed_currency_is_credited_in_it(paid: Paid, product: Product) -> None:
    PaymentSystem.objects.update(receipt_currencies=["INR", "USD"])
    ended = paid.arrives(money(amount="12.50", currency_code="USD"))
    assert states(ended) == ("credited", None, "other_currency")
    assert receipts() == [("credited", Decimal("12.5"), "")]
    assert postings() == ["receipt_credited: available -12.50 USD, provider_balance 12.50 USD"]
    assert paid.shown()["received_amount"] is None
    assert [(one["amount"], one["currency"]) for one in paid.shown()["receipts"]] == [("12.50", "USD")]
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited_with_difference", 4)]
    assert Confirmation.objects.get().status == "credited"


def test_money_of_another_customer_is_looked_at(paid: Paid, product: Product) -> None:
    other = Customer.objects.create(product=product, mode="test", external_id="other")
    ended = paid.arrives(money(), label=other.label)
    assert states(ended) == ("in_review", None, "")
    assert receipts() == [("in_review", Decimal(1000), "the provider names another customer")]
    assert Confirmation.objects.get().status == "verifying"
    assert news(product) == [*VERIFYING_NEWS, ("deposit.in_review", 4)]


def test_money_through_another_system_is_looked_at(paid: Paid, product: Product) -> None:
    ended = paid.arrives(money(wallet_type="paytm"))
    assert states(ended) == ("in_review", None, "")
    assert receipts() == [("in_review", Decimal(1000), "it came through paytm, not upi_l")]
    assert news(product) == [*VERIFYING_NEWS, ("deposit.in_review", 4)]


@pytest.mark.parametrize(
    ("envelope", "field"),
    [
        ({"amount": 2000}, "amount"),
        ({"currency_code": "USD"}, "currency_code"),
        ({"wallet_type": "paytm"}, "wallet_type"),
        ({"direction": "outgoing"}, "direction"),
        ({"amount": "much"}, "amount"),
    ],
)
def test_an_answer_that_contradicts_itself_is_looked_at(envelope: dict[str, Any], field: str, paid: Paid) -> None:
    ended = paid.arrives(money(), **envelope)
    assert states(ended) == ("in_review", None, "")
    assert receipts() == [("in_review", Decimal(1000), f"the answer contradicts itself: {field}")]


def test_a_doubtful_receipt_takes_nothing_from_a_credited_deposit(paid: Paid, product: Product) -> None:
    rightly = money(transaction_id="T1")
    paid.arrives(rightly)
    ended = paid.arrives(rightly, money(currency_code="USD", transaction_id="T2"), currency_code=None)
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert [status for status, _, _ in receipts()] == ["credited", "in_review"]
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited", 4)]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"amount": "10000.00"}, "10,000.00 INR"),
        ({"amount": "999.99"}, "999.99 INR"),
        ({"currency_code": "USD"}, "1,000.00 USD"),
    ],
)
def test_a_contradicted_amount_posts_nothing(second: dict[str, Any], said: str, paid: Paid, product: Product) -> None:
    paid.arrives(money())
    known = (moves(paid.deposit), news(product))
    ended = paid.arrives(money(**second))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    assert (moves(ended), news(product)) == known
    receipt = Receipt.objects.get()
    assert (receipt.amount, receipt.currency) == (Decimal(1000), "INR")
    assert receipt.contradiction == f"now {said}, before 1,000.00 INR"


def test_a_receipt_cannot_change_its_owner(paid: Paid, opened: Placed) -> None:
    paid.arrives(money())
    other = opened()
    answer = confirm(paid.api, other, "999999999999")
    work()
    paid.book.enter(answer.json()["id"], money(), label=paid.label)
    due = fresh(other).next_at
    assert due is not None
    paid.clock.move_to(due)
    work()
    # Whose money it is, a person finds out; the other customer is not left to wait for what never comes.
    assert (fresh(other).status, fresh(paid.deposit).status) == ("in_review", "credited")
    receipt = Receipt.objects.get()
    assert receipt.deposit == paid.deposit
    assert receipt.contradiction == f"now for order {other.public_id}"


REVIEWED = ("in_review", None, "")
UNREADABLE_NEWS = [*VERIFYING_NEWS, ("deposit.in_review", 4)]


def is_reviewed_as_unreadable(deposit: Deposit) -> bool:
    """A person looks; nothing was credited, and nobody is told to pay again."""
    return (
        states(deposit) == REVIEWED
        and deposit.failure_code == "provider_answer_unusable"
        and deposit.deadline_at is None
        and news(deposit.product) == UNREADABLE_NEWS
        and not Receipt.objects.exists()
    )


@pytest.mark.parametrize("amount", ["0", "-1000.00", "1000.00001", "12345678901234567.00", "NaN", None, True])
def test_what_is_no_amount_is_looked_at_and_kept_as_it_came(amount: Any, paid: Paid) -> None:
    item = {**money(), "amount": amount, "plugin_custom_order_id": paid.order}
    paid.book.entries[paid.order] = {"label": paid.label, "wallet_type": "upi_l", "additional_data": [item]}
    assert is_reviewed_as_unreadable(paid.asked_again())
    assert paid.shown()["failure"]["safe_to_retry"] is False
    why = paid.deposit.moves.latest("sequence").detail
    assert why in {"an item that cannot be read: amount", "an amount that no money has"}
    kept = ProviderCall.objects.filter(operation="pullpostbacks").latest("started_at", "id").response
    assert json.dumps(item).encode() in bytes(kept)
    assert is_reviewed_as_unreadable(paid.asked_again())  # once more is no more news


def test_no_odd_amount_is_ever_credited(paid: Paid) -> None:
    for amount in ["1e3", "1,000", "", " 1000", "١٠٠٠", "0x3e8", [1000], {"amount": 1000}, "1000.00 INR", "+1000"]:
        item = {**money(), "amount": amount, "plugin_custom_order_id": paid.order}
        paid.book.entries[paid.order] = {"label": paid.label, "additional_data": [item]}
        assert is_reviewed_as_unreadable(paid.asked_again()), amount


def test_money_that_can_be_read_after_all_is_credited(paid: Paid, product: Product) -> None:
    paid.book.entries[paid.order] = {"additional_data": [{**money(), "amount": "?"}]}
    assert is_reviewed_as_unreadable(paid.asked_again())
    ended = paid.arrives(money())
    assert (*states(ended), ended.failure_code) == ("credited", Decimal(1000), "exact", "")
    assert news(product) == [*UNREADABLE_NEWS, ("deposit.credited", 5)]


def test_an_unusable_item_does_not_hide_a_usable_one(paid: Paid) -> None:
    good, bad = money(transaction_id="T1"), {**money(transaction_id="T2"), "amount": "?"}
    paid.book.entries[paid.order] = {"label": paid.label, "additional_data": [bad, 7, good]}
    assert states(paid.asked_again()) == ("credited", Decimal(1000), "exact")
    assert Receipt.objects.get().transaction_id == "T1"


LONG = "x" * 190


@pytest.mark.parametrize(
    "odd",
    [
        {"stockpiling_id": LONG},
        {"transaction_id": LONG},
        {"activated_datetime": LONG},
        {"activated_datetime": "\x00"},
        {"comment": LONG * 9},
        {"stockpiling_id": 17, "transaction_type": None, "bank_details": [], "unknown": {"a": 1}},
    ],
)
def test_what_decides_nothing_may_be_as_odd_as_it_likes(odd: dict[str, Any], paid: Paid) -> None:
    assert states(paid.arrives(money(**odd))) == ("credited", Decimal(1000), "exact")


def test_a_book_that_says_nothing_moves_nothing(paid: Paid, product: Product) -> None:
    silences: list[Any] = [None, [], {}, "", False]
    for nothing in silences:
        paid.book.entries[paid.order] = nothing
        assert paid.asked_again().status == "verifying", nothing
    assert not Receipt.objects.exists()
    assert news(product) == VERIFYING_NEWS


GARBAGE: list[Any] = [
    7,
    "text",
    {"additional_data": None},
    {"additional_data": []},
    {"additional_data": {"0": 1}},
    [{"additional_data": [[]]}, {}],
    {"additional_data": [{"amount": "1000.00"}]},
    {"additional_data": [{**money(), "currency_code": "RUPEES"}]},
    {"additional_data": [{**money(), "transaction_id": ["a"]}]},
    {"additional_data": [{**money(), "wallet_type": ""}]},
    {"additional_data": [{**money(), "withdrawal_id": "wd_1", "withdrawal_status": 1}]},
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_the_book_is_looked_at(garbage: Any, paid: Paid) -> None:
    paid.book.entries[paid.order] = garbage
    assert is_reviewed_as_unreadable(paid.asked_again())


def test_an_entry_that_nobody_asked_for_is_not_believed(paid: Paid, opened: Placed, provider: ScriptedProvider) -> None:
    other = opened()
    answer = confirm(paid.api, other, "999999999999")
    work()
    paid.book.enter(answer.json()["id"], money(transaction_id="T9"), label=paid.label)
    unasked = {"plugin_custom_order_id": answer.json()["id"], "postback": paid.book.entries[answer.json()["id"]]}
    provider.script("/api/v1/pullpostbacks", (200, {"status": "success", "data": {"transactions": [unasked]}}))
    due = fresh(paid.deposit).next_at
    assert due is not None
    Deposit.objects.filter(pk=other.pk).update(next_at=None)
    paid.asked_again()
    assert not Receipt.objects.exists()
    assert (fresh(other).status, fresh(paid.deposit).status) == ("verifying", "verifying")


@pytest.mark.parametrize("kind", ["p2p", "1.5", 1.5, 7, None])
def test_a_kind_of_transaction_that_nobody_knows_does_not_matter(paid: Paid, kind: Any) -> None:
    """C§2.1: only 0 and null were ever seen, and their meaning is not known."""
    assert states(paid.arrives(money(transaction_type=kind))) == ("credited", Decimal(1000), "exact")


def test_money_without_a_transaction_is_one_receipt_of_its_order(paid: Paid, product: Product) -> None:
    ended = paid.arrives(money(transaction_id=""))
    assert states(ended) == ("credited", Decimal(1000), "exact")
    paid.asked_again()
    assert Receipt.objects.get().custom_id == paid.order
    assert news(product) == [*VERIFYING_NEWS, ("deposit.credited", 4)]


def test_an_order_of_another_customer_inside_is_not_believed(
    paid: Paid, opened: Placed, book: Book, product: Product
) -> None:
    theirs = opened(customer="another")
    answer = confirm(paid.api, theirs, "999999999999").json()["id"]
    ended = paid.arrives(money(plugin_custom_order_id=answer))
    assert states(ended) == REVIEWED
    assert receipts() == [("in_review", Decimal(1000), "the provider names another customer's order inside")]
    assert Receipt.objects.get().deposit == paid.deposit
    assert fresh(theirs).status == "verifying"


def test_an_order_inside_that_is_none_of_ours_does_not_matter(paid: Paid) -> None:
    """C§1.12: the provider's own sample masks the inner one; the outer one is what was asked for."""
    assert states(paid.arrives(money(plugin_custom_order_id="***"))) == ("credited", Decimal(1000), "exact")


def test_each_item_goes_to_the_order_that_it_names_itself(
    paid: Paid, opened: Placed, book: Book, product: Product
) -> None:
    """Small deposits that were saved up come together, each with an order of its own (C§2.1)."""
    other = opened()
    answer = confirm(paid.api, other, "999999999999").json()["id"]
    work()
    mine = money(transaction_id="T1", stockpiling_id=5, plugin_custom_order_id=paid.order)
    theirs = money(transaction_id="T2", stockpiling_id=5, plugin_custom_order_id=answer)
    book.enter(paid.order, mine, theirs, label=paid.label)
    book.enter(answer, mine, theirs, label=paid.label)
    paid.clock.shift(timedelta(minutes=10))
    work()
    assert [states(fresh(one)) for one in (paid.deposit, other)] == [("credited", Decimal(1000), "exact")] * 2
    assert [status for status, _, said in receipts() if not said] == ["credited", "credited"]
    assert [row.deposit_id for row in Receipt.objects.order_by("transaction_id")] == [paid.deposit.pk, other.pk]
    assert timezone.now() == fresh(paid.deposit).updated_at
