"""A customer chooses how to pay: one open attempt at a time, another only where the first can have taken nothing."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import PaymentSystem, ProviderAccount, ProviderCall
from payments.checkout import offers, paying, standing
from payments.checkout.paying import Invalid, Mistake, Refusal, Refused
from payments.checkout.standing import NextAttempt
from payments.models import CheckoutSession, Deposit
from payments.moves import move_deposit
from payments.states import DepositStatus
from tests.conftest import Api
from tests.payments.checkout.stage import attempts, begin_session, choose, load_session, name_reference
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    DOWN,
    OK,
    Book,
    create_path,
    fresh,
    moves,
    news,
    offered,
    payment_path,
    place,
    sent_json,
    work,
)
from tests.scripted_provider import ScriptedProvider

REFUSED: Any = (200, {"status": "fail", "message": "Payment system not found"})


def refusal(session: CheckoutSession, system: str = "upi_l", *, seen: int = 0) -> Refusal:
    before = Deposit.objects.count(), [one.sequence for one in attempts(session)]
    with pytest.raises(Refused) as refused:
        paying.choose(session.pk, system=system, details={}, seen=seen)
    assert (Deposit.objects.count(), [one.sequence for one in attempts(session)]) == before
    return refused.value.refusal


def test_the_first_choice_begins_a_deposit(api: Api, book: Book, product: Product) -> None:
    session = begin_session(api, reference="order-1", language="bn", metadata={"cart": "7"})
    deposit = choose(session)
    assert (deposit.reference, deposit.language, deposit.metadata) == ("order-1", "bn", {"cart": "7"})
    assert (deposit.amount, deposit.currency, deposit.customer_id) == (Decimal(1000), "INR", session.customer_id)
    assert (deposit.checkout_session_id, deposit.checkout_attempt) == (session.pk, 1)
    assert deposit.deadline_at == session.expires_at
    assert moves(deposit) == [(1, "", "created", "customer")]
    assert deposit.moves.get().cause_id == session.public_id
    assert news(product) == [("deposit.created", 1)]
    work()
    assert fresh(deposit).status == DepositStatus.AWAITING_PAYMENT


def test_a_second_tab_finds_what_the_first_has_begun(api: Api, book: Book, product: Product) -> None:
    session = begin_session(api)
    first = choose(session, "upi_l", seen=0)
    assert choose(session, "paytm", seen=0) == first
    assert [one.payment_system_id for one in attempts(session)] == ["upi_l"]
    assert news(product) == [("deposit.created", 1)]


def test_another_way_calls_the_open_attempt_off(api: Api, book: Book, product: Product) -> None:
    session = begin_session(api, reference="order-1")
    first = choose(session)
    work()
    assert standing.of(session).next_attempt is NextAttempt.INSTEAD
    second = choose(session, "paytm", seen=1)
    assert (second.payment_system_id, second.reference, second.checkout_attempt) == ("paytm", "order-1~2", 2)
    first = fresh(first)
    assert (first.status, first.deadline_at) == (DepositStatus.CANCELLED, None)
    assert moves(first)[-1] == (3, "awaiting_payment", "cancelled", "customer")
    now = standing.of(session)
    assert (now.current and now.current.deposit, [one.deposit for one in now.attempts]) == (second, [first, second])
    assert news(product) == [
        ("deposit.created", 1),
        ("deposit.awaiting_payment", 2),
        ("deposit.cancelled", 3),
        ("deposit.created", 1),
    ]


def test_none_is_begun_while_a_reference_is_named(api: Api, book: Book, provider: ScriptedProvider) -> None:
    session = begin_session(api)
    choose(session)
    work()
    provider.script(ACTIVATE, OK)
    name_reference(session)
    assert refusal(session, "paytm", seen=1) is Refusal.UNDER_WAY
    # Refused by the provider: that reference is nothing, but the customer may have paid all the same.
    provider.script(ACTIVATE, (200, {"status": "fail", "message": "no"}))
    work()
    assert attempts(session)[0].status == DepositStatus.AWAITING_PAYMENT
    assert refusal(session, "paytm", seen=1) is Refusal.UNDER_WAY


@pytest.mark.parametrize("answer", [REFUSED, DOWN])
def test_where_nothing_was_asked_of_the_customer_another_one_begins(
    api: Api, book: Book, provider: ScriptedProvider, clock: Any, answer: Any
) -> None:
    session = begin_session(api)
    provider.script(create_path("upi_l"), answer)
    deposit = choose(session)
    while fresh(deposit).status == DepositStatus.CREATED:
        work()
        clock.shift(timedelta(minutes=6))
    assert fresh(deposit).status == DepositStatus.FAILED
    assert standing.of(session).next_attempt is NextAttempt.ALLOWED
    assert choose(session, "paytm", seen=1).checkout_attempt == 2


@pytest.mark.parametrize("status", ["in_review", "expired", "credited"])
def test_where_money_may_be_none_is_begun(api: Api, book: Book, status: str) -> None:
    session = begin_session(api)
    deposit = choose(session)
    work()
    _move(deposit, DepositStatus(status))
    assert standing.of(session).next_attempt is NextAttempt.REFUSED
    assert refusal(session, "paytm", seen=1) is Refusal.UNDER_WAY


def _move(deposit: Deposit, status: DepositStatus) -> None:
    move_deposit(fresh(deposit), status, Cause(kind=CauseKind.CLOCK))


def test_not_by_what_is_not_offered(api: Api, book: Book) -> None:
    session = begin_session(api, payment_systems=["upi_l", "paytm"])
    assert refusal(session, "phone_pe") is Refusal.NOT_OFFERED
    assert refusal(session, "bkash") is Refusal.NOT_OFFERED
    assert refusal(session, "\0") is Refusal.NOT_OFFERED
    PaymentSystem.objects.filter(code="upi_l").update(deposit_minimum="1000.01")
    assert refusal(session) is Refusal.NOT_OFFERED
    PaymentSystem.objects.filter(code="paytm").update(is_enabled=False)
    assert refusal(session, "paytm") is Refusal.NOT_OFFERED


def test_savings_are_below_the_minimum(api: Api, book: Book, product: Product) -> None:
    PaymentSystem.objects.filter(code="paytm").update(deposit_minimum="1000.01", saves_up=True)
    session = begin_session(api)
    assert refusal(session, "paytm") is Refusal.NOT_OFFERED
    product.takes_savings = True
    product.save()
    assert choose(session, "paytm").payment_system_id == "paytm"


def test_over(api: Api, book: Book, clock: Any, product: Product) -> None:
    cancelled, expired, orphaned = begin_session(api), begin_session(api), begin_session(api)
    api.post(f"checkout-sessions/{cancelled.public_id}/cancel")
    assert refusal(cancelled) is Refusal.OVER
    product.is_active = False
    product.save()
    assert refusal(orphaned) is Refusal.OVER
    product.is_active = True
    product.save()
    clock.shift(timedelta(hours=24))
    assert refusal(expired) is Refusal.OVER


def test_the_order_was_begun_in_another_way(api: Api, book: Book) -> None:
    session = begin_session(api, reference="order-1")
    place(api, reference="order-1")
    assert refusal(session) is Refusal.PAID_ELSEWHERE


def test_no_account_serves_the_mode(api: Api, book: Book) -> None:
    session = begin_session(api)
    ProviderAccount.objects.update(is_active=False)
    assert refusal(session) is Refusal.NOT_OFFERED


def test_details_of_the_customer(api: Api, book: Book) -> None:
    session = begin_session(api, currency="KES", amount="10.00")
    wrong: list[tuple[dict[str, str], Mistake]] = [
        ({}, Mistake.MISSING),
        ({"phone_number": " "}, Mistake.MISSING),
        ({"phone_number": "1"}, Mistake.INVALID),
    ]
    for given, mistake in wrong:
        with pytest.raises(Invalid) as invalid:
            paying.choose(session.pk, system="mpesa", details=given, seen=0)
        assert invalid.value.mistakes == {"phone_number": mistake}
    deposit = choose(session, "mpesa", phone_number=" 254700000000 ", nonsense="x")
    assert deposit.details == {"phone_number": "254700000000"}


@pytest.mark.parametrize("typed", ["+254700000000", "254 700 000 000", "+254 (700) 000-000", "254.700.000.000"])
def test_a_telephone_number_is_taken_as_people_write_it(api: Api, book: Book, typed: str) -> None:
    session = begin_session(api, currency="KES", amount="10.00")
    assert choose(session, "mpesa", phone_number=typed).details == {"phone_number": "254700000000"}


@pytest.mark.parametrize("typed", ["+0700000000", "254 700", "254/700000000", "(+)"])
def test_a_number_that_does_not_fit_without_its_signs_either_is_refused(api: Api, book: Book, typed: str) -> None:
    session = begin_session(api, currency="KES", amount="10.00")
    with pytest.raises(Invalid) as refused:
        choose(session, "mpesa", phone_number=typed)
    assert (refused.value.mistakes, attempts(session)) == ({"phone_number": Mistake.INVALID}, [])


def test_a_redirect_leads_back_to_the_page_and_its_address_is_in_no_evidence(
    api: Api, book: Book, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered(("bkash_api", "BDT", False)))
    path = payment_path("bkash_api")
    provider.script(path, (200, {"status": "ok", "data": {"url": "https://pay.example.com/1"}}))
    session = begin_session(api, currency="BDT", return_urls={"success": "https://shop.example/paid"})
    deposit = choose(session, "bkash_api", account_number="01000000000")
    work()
    sent = sent_json(provider.to(path)[0])
    assert [sent[name] for name in ("success_url", "fail_url", "cancel_url")] == [f"{session.url}?returned=1"] * 3
    kept = ProviderCall.objects.get(operation="payment/create").request
    assert kept is not None
    assert kept["success_url"] == f"the page of {session.public_id}"
    assert session.token not in str(kept)
    assert fresh(deposit).shown == {"type": "redirect", "url": "https://pay.example.com/1"}


def test_the_payment_window_asks_for_no_hashes(api: Api, book: Book, provider: ScriptedProvider) -> None:
    ProviderAccount.objects.update(widget_url="https://plugin.example.com/", prefers_widget=True)
    session = begin_session(api, return_urls={"success": "https://shop.example/paid"})
    deposit = choose(session)
    work()
    assert fresh(deposit).shown["type"] == "widget"
    assert provider.to("/payment-plugin/hash-url") == []


# What is offered


def codes(session: CheckoutSession) -> list[tuple[str, bool]]:
    return [(one.system.code, one.fits) for one in offers.offered(session)]


def test_offers_are_the_providers_and_those_that_fit_come_first(
    api: Api, book: Book, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered(("phone_pe", "INR", False), ("paytm", "INR", False), ("upi_l", "INR", False)))
    PaymentSystem.objects.filter(code="phone_pe").update(deposit_minimum="5000")
    session = begin_session(api)
    assert codes(session) == [("paytm", True), ("upi_l", True), ("phone_pe", False)]
    found = {one.system.code: one for one in offers.offered(session)}
    assert (found["phone_pe"].minimum, found["phone_pe"].maximum) == (Decimal(5000), None)
    assert found["paytm"].logo == "https://img.example.com/paytm.png"
    label = load_session(session.public_id).customer.label
    assert {request.query["label"][0] for request in provider.to(AVAILABLE)} == {label}


def test_where_the_provider_is_down_the_catalogue_answers(api: Api, book: Book, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, DOWN)
    session = begin_session(api, payment_systems=["upi_l", "paytm"])
    assert sorted(codes(session)) == [("paytm", True), ("upi_l", True)]


def test_where_the_provider_is_down_what_it_offered_before_is_offered(
    api: Api, book: Book, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered(("phone_pe", "INR", False), ("paytm", "INR", False)), DOWN)
    assert codes(begin_session(api)) == [("phone_pe", True), ("paytm", True)]
    other = begin_session(api, customer="another", reference="order-2")
    assert codes(other) == [("phone_pe", True), ("paytm", True)]
    assert len(provider.to(AVAILABLE)) == 2
    # One that a product insists on is better than none.
    third = begin_session(api, customer="a third", reference="order-3", payment_systems=["upi_l"])
    assert codes(third) == [("upi_l", True)]


def test_the_window_offers_nothing_for_a_fraction(api: Api, book: Book) -> None:
    session = begin_session(api, amount="1000.50")
    assert codes(session) == [("upi_l", True)]
    ProviderAccount.objects.update(widget_url="https://plugin.example.com/", prefers_widget=True)
    assert codes(session) == []


def test_nobody_begins_for_a_session_that_is_not(db: None) -> None:
    with pytest.raises(CheckoutSession.DoesNotExist):
        paying.choose(uuid.uuid4(), system="upi_l", details={}, seen=0)


def test_the_way_to_pay_is_changed_ten_times_an_hour_at_most(api: Api, book: Book, clock: Any) -> None:
    session = begin_session(api)
    for seen in range(10):
        choose(session, ("upi_l", "paytm")[seen % 2], seen=seen)
    assert refusal(session, "upi_l", seen=10) is Refusal.TOO_OFTEN
    assert [one.status for one in attempts(session)] == ["cancelled"] * 9 + ["created"]
    clock.shift(timedelta(minutes=59, seconds=59))
    assert refusal(session, "upi_l", seen=10) is Refusal.TOO_OFTEN
    clock.shift(timedelta(seconds=1))
    assert choose(session, "upi_l", seen=10).checkout_attempt == 11
