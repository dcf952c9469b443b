"""Money for one attempt of a session calls off what else is open of it: nobody is left with two ways to pay."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from balances import proposing
from gateway.products.models import Product
from payments.checkout import standing
from payments.checkout.standing import NextAttempt
from payments.models import CheckoutSession, Confirmation, Deposit, Receipt
from payments.states import DepositStatus
from tests.conftest import Api
from tests.payments.checkout.stage import attempts, begin_session, choose, name_reference
from tests.payments.checkout.visiting import Browser
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    OK,
    WRONG_LENGTH,
    Book,
    create_path,
    details,
    fresh,
    money,
    moves,
    news,
    offered,
    work,
)
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import by_two_persons

LATE_REFERENCE = "222222222222"


@pytest.fixture
def session(api: Api, book: Book, provider: ScriptedProvider) -> CheckoutSession:
    """Its first attempt was called off for another way, which is open."""
    provider.script(AVAILABLE, offered(("upi_l", "INR", False), ("paytm", "INR", False)))
    provider.script(create_path("paytm"), details())
    made = begin_session(api, reference="order-1")
    choose(made)
    work()
    choose(made, "paytm", seen=1)
    work()
    assert [one.status for one in attempts(made)] == ["cancelled", "awaiting_payment"]
    return made


def paid_late(session: CheckoutSession, book: Book, provider: ScriptedProvider, **item: Any) -> Deposit:
    """The customer did pay the attempt that they called off, and says so."""
    provider.script(ACTIVATE, OK)
    name_reference(session, LATE_REFERENCE)
    item = {"transaction_id": LATE_REFERENCE, **item}
    first = attempts(session)[0]
    confirmation = Confirmation.objects.get(provider_reference=LATE_REFERENCE)
    book.enter(confirmation.public_id, money(**item), label=first.customer.label)
    work()
    return fresh(first)


def test_the_open_sibling_of_a_paid_attempt_is_called_off(
    session: CheckoutSession, book: Book, provider: ScriptedProvider, product: Product, api: Api
) -> None:
    told_before = len(news(product))
    first = paid_late(session, book, provider)
    second = attempts(session)[1]
    assert (first.status, first.late) == (DepositStatus.CREDITED, True)
    assert (second.status, second.deadline_at, second.next_at) == (DepositStatus.CANCELLED, None, None)
    assert moves(second)[-1] == (3, "awaiting_payment", "cancelled", "pull")
    why = second.moves.get(sequence=3)
    assert (why.cause_id, why.detail) == (
        first.moves.get(to_status="credited").cause_id,
        f"money came for {first.public_id}, of the same checkout session",
    )
    assert sorted(news(product)[told_before:]) == [("deposit.cancelled", 3), ("deposit.credited", 4)]
    shown = api.get(f"checkout-sessions/{session.public_id}").json()
    assert (shown["status"], shown["deposit"]["id"]) == ("paid", first.public_id)
    assert standing.of(session).next_attempt is NextAttempt.REFUSED


def test_its_page_says_that_it_was_paid_in_another_way(
    session: CheckoutSession, book: Book, provider: ScriptedProvider
) -> None:
    paid_late(session, book, provider)
    browser = Browser(session)
    page = browser.get()
    assert (page.code, "It arrived after" in page.text) == ("credited", False)
    # Who has paid that one, too, may still say so; nobody is told that the shop has called it off.
    sibling = browser.get("/attempts/2")
    assert (sibling.code, sibling.title) == ("changed", "You chose another way to pay")
    assert "called it off" not in sibling.text
    looked_for = browser.confirm("333333333333", attempt=2)
    assert "was over" not in looked_for.text


def test_a_sibling_that_is_paid_all_the_same_is_credited_as_late(
    session: CheckoutSession, book: Book, provider: ScriptedProvider
) -> None:
    paid_late(session, book, provider)
    name_reference(session, "333333333333", attempt=2)
    second = attempts(session)[1]
    confirmation = Confirmation.objects.get(provider_reference="333333333333")
    item = money(transaction_id="333333333333", wallet_type="paytm")
    book.enter(confirmation.public_id, item, label=second.customer.label)
    work()
    second = fresh(second)
    assert (second.status, second.late, second.received_amount) == (DepositStatus.CREDITED, True, Decimal(1000))
    text = Browser(session).get().text
    assert "Another payment for this order arrived, too" in text
    assert "after the time to pay was over" not in text


def test_money_that_waits_for_a_person_calls_nothing_off(
    session: CheckoutSession, book: Book, provider: ScriptedProvider
) -> None:
    """It may turn out to be somebody else's."""
    first = paid_late(session, book, provider, amount="900.00")
    assert (first.status, attempts(session)[1].status) == ("in_review", "awaiting_payment")


def test_two_persons_who_credit_it_are_shown_what_is_called_off(
    session: CheckoutSession, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    first = paid_late(session, book, provider, amount="900.00")
    second, receipt = attempts(session)[1], Receipt.objects.get()
    parameters = {"receipt": receipt.public_id, "deposit": first.public_id}
    notes = proposing.look("receipt_attached", parameters).content["notes"]
    assert f"Deposit {second.public_id} was awaiting payment and becomes cancelled, with 0.00 of 1000.00 INR." in notes
    assert f"{product} is sent the event deposit.cancelled of {second.public_id}." in notes
    assert attempts(session)[1].status == "awaiting_payment"
    by_two_persons("receipt_attached", parameters)
    assert [one.status for one in attempts(session)] == ["credited", "cancelled"]
    assert moves(second)[-1] == (3, "awaiting_payment", "cancelled", "person")


def test_a_sibling_under_way_stays(
    session: CheckoutSession, api: Api, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    """Money may be coming for it, as its own customer says; the product is told what becomes of it."""
    provider.script(ACTIVATE, OK)
    name_reference(session, "333333333333", attempt=2)
    first = paid_late(session, book, provider)
    assert (first.status, attempts(session)[1].status) == ("credited", "verifying")


def test_a_sibling_whose_reference_is_refused_afterwards_does_not_wait_for_payment_again(
    session: CheckoutSession, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    name_reference(session, "333333333333", attempt=2)
    confirmation = Confirmation.objects.get()
    Confirmation.objects.filter(pk=confirmation.pk).update(next_at=timezone.now() + timedelta(minutes=1))
    first = paid_late(session, book, provider)
    assert (first.status, attempts(session)[1].status) == ("credited", "verifying")
    provider.script(ACTIVATE, WRONG_LENGTH)
    Confirmation.objects.filter(pk=confirmation.pk).update(next_at=timezone.now())
    work()
    second = attempts(session)[1]
    assert (second.status, second.deadline_at) == ("cancelled", None)
    assert [(one.to_status, one.detail) for one in second.moves.order_by("sequence")][-2:] == [
        ("awaiting_payment", "refused (HTTP 200)"),
        ("cancelled", f"money came for {first.public_id}, of the same checkout session"),
    ]
    assert news(product)[-2:] == [("deposit.awaiting_payment", 4), ("deposit.cancelled", 5)]


def test_another_session_of_the_same_customer_is_left_alone(
    session: CheckoutSession, api: Api, book: Book, provider: ScriptedProvider
) -> None:
    other = choose(begin_session(api, reference="order-2"))
    work()
    paid_late(session, book, provider)
    assert fresh(other).status == DepositStatus.AWAITING_PAYMENT
