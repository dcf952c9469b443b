"""The closed list of what customers are told: each status with each of its reasons, word by word."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.utils import translation
from django.utils.translation import gettext

from gateway.products.models import Product
from gateway.providers.models import Flow, PaymentSystem
from payments import failures
from payments.checkout import told
from payments.checkout.readers import LANGUAGES
from payments.checkout.standing import OVER, Attempt, Standing
from payments.checkout.told import Told, Way
from payments.failures import SAFE_TO_RETRY, FailureCode
from payments.models import CheckoutSession, Confirmation, Deposit, Savings
from payments.states import DEPOSIT, AmountCheck, ConfirmationStatus, DepositStatus

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
D = DepositStatus
C = ConfirmationStatus
F = FailureCode
DETAILS: Final = {"type": "show_details", "details": [{"label": "identifier", "value": "6234234234"}], "media": None}
REDIRECT: Final = {"type": "redirect", "url": "https://pay.example.com/1"}
WIDGET: Final = {"type": "widget", "url": "https://plugin.example.com/?label=1"}
KEEP: Final = "You may close this page and come back by its link."
NOT_AGAIN: Final = "Please do not pay again."
ENTERED: Final = "You entered the reference 123456789012."
BY_ITSELF: Final = "This page finds your payment by itself."
REFUSED: Final = "This reference was not accepted. Please check it and enter it again; do not pay again."
DECIDES: Final = "A person decides what happens with it. Nothing is lost."


@dataclass(frozen=True, kw_only=True)
class Case:
    """A state, and all that its page says."""

    status: DepositStatus
    code: str
    title: str
    sentences: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    ways: frozenset[Way] = frozenset()
    polls: bool = False
    deposit: dict[str, Any] = field(default_factory=dict)
    confirmations: tuple[dict[str, Any], ...] = ()
    session: dict[str, Any] = field(default_factory=dict)
    #: Another attempt came after this one.
    is_earlier: bool = False


def named(status: ConfirmationStatus, **changes: Any) -> dict[str, Any]:
    return {"status": status, "provider_reference": "123456789012", "created_at": NOW - timedelta(minutes=1), **changes}


HAND: Final = {"shown": DETAILS, "shown_at": NOW}
PUSH: Final = {"flow": Flow.PUSH, "payment_created_at": NOW}
AWAY: Final = {"flow": Flow.REDIRECT, "payment_created_at": NOW}
WINDOW: Final = {"in_widget": True, "payment_created_at": NOW, "shown_at": NOW}
OPEN: Final = (named(C.VERIFYING),)
LINK: Final = frozenset({Way.CONFIRM_LINK})
FORM: Final = frozenset({Way.CONFIRM})
CHANGE: Final = frozenset({Way.CHANGE})

CASES: Final = [
    Case(
        status=D.CREATED,
        code="opening",
        title="Getting the payment details",
        sentences=("This takes a few seconds.",),
        then=("This page goes on by itself.",),
        ways=CHANGE,
        polls=True,
    ),
    Case(
        status=D.CREATED,
        deposit={"created_at": NOW - timedelta(seconds=21)},
        code="opening_long",
        title="Getting the payment details",
        sentences=("This takes longer than usual.",),
        then=("This page goes on by itself.",),
        ways=CHANGE,
        polls=True,
    ),
    Case(
        status=D.CREATED,
        deposit={"flow": Flow.PUSH},
        code="opening",
        title="Sending the request to your phone",
        sentences=("This takes a few seconds.",),
        then=("This page goes on by itself.",),
        ways=CHANGE,
        polls=True,
    ),
    # From here on a request may lie on the phone: nothing else is offered.
    Case(
        status=D.CREATED,
        deposit=PUSH,
        code="opening",
        title="Sending the request to your phone",
        sentences=("This takes a few seconds.",),
        then=("This page goes on by itself.",),
        polls=True,
    ),
    Case(
        status=D.CREATED,
        deposit={"flow": Flow.REDIRECT},
        code="opening",
        title="Connecting to UPI P2P",
        sentences=("This takes a few seconds.",),
        then=("This page goes on by itself.",),
        ways=CHANGE,
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit=HAND,
        code="pay_by_hand",
        title="Pay with UPI P2P",
        ways=CHANGE | FORM | {Way.PAY},
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit={**AWAY, "shown": REDIRECT, "shown_at": NOW},
        code="pay_there",
        title="Pay with UPI P2P",
        sentences=("You pay on a page of UPI P2P. Come back here afterwards.",),
        then=(BY_ITSELF,),
        ways=CHANGE | {Way.PAY},
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit={**WINDOW, "shown": WIDGET},
        code="pay_in_window",
        title="Pay with UPI P2P",
        sentences=("Pay in the window below.",),
        then=(BY_ITSELF,),
        ways=CHANGE | {Way.PAY},
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit={**PUSH, "shown": {"type": "wait"}, "shown_at": NOW},
        code="pay_on_phone",
        title="Look at your phone",
        sentences=("Open the request from UPI P2P and approve ₹1,000.00 there.",),
        then=(BY_ITSELF,),
        ways=CHANGE,
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit={**PUSH, "shown": {"type": "wait", "message": "Enter your PIN."}, "shown_at": NOW},
        code="pay_on_phone",
        title="Look at your phone",
        sentences=("Open the request from UPI P2P and approve ₹1,000.00 there.", 'UPI P2P says: "Enter your PIN."'),
        then=(BY_ITSELF,),
        ways=CHANGE,
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit={"shown_at": NOW},
        code="details_not_shown",
        title="The payment details cannot be shown right now",
        sentences=("Please open this page again in a few minutes.",),
        then=("If you have already paid, enter the reference: your money is not lost.",),
        ways=LINK,
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit=HAND,
        confirmations=(named(C.REFUSED, failure_code=F.REFERENCE_REFUSED),),
        code="reference_refused",
        title="Please check the reference",
        sentences=(ENTERED, REFUSED),
        ways=FORM | {Way.PAY},
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit=HAND,
        session={"is_expired": True},
        code="not_paid_in_time",
        title="The time to pay is over",
        sentences=("If you have paid, enter the reference; do not pay twice.",),
        ways=FORM,
        polls=True,
    ),
    Case(
        status=D.AWAITING_PAYMENT,
        deposit={**PUSH, "shown": {"type": "wait"}, "shown_at": NOW, "deadline_at": NOW},
        code="not_paid_in_time",
        title="The time to pay is over",
        sentences=("If you have paid, we will find the payment ourselves; do not pay twice.",),
        polls=True,
    ),
    Case(
        status=D.VERIFYING,
        deposit=HAND,
        confirmations=OPEN,
        code="checking",
        title="We are checking your payment",
        sentences=(ENTERED, "Most payments are found within a few minutes."),
        must=(NOT_AGAIN,),
        then=(KEEP,),
        ways=LINK,
        polls=True,
    ),
    Case(
        status=D.VERIFYING,
        deposit=HAND,
        confirmations=(
            named(C.REFUSED, provider_reference="999999999999"),
            named(C.VERIFYING, created_at=NOW - timedelta(minutes=16)),
        ),
        code="checking_long",
        title="We are checking your payment",
        sentences=(
            ENTERED,
            "This takes longer than usual. Your payment is not lost: we keep checking for 7 days.",
            "The reference 999999999999 was not accepted.",
        ),
        must=(NOT_AGAIN,),
        then=(KEEP,),
        ways=LINK,
        polls=True,
    ),
    Case(
        status=D.VERIFYING,
        deposit=PUSH,
        code="asking",
        title="We are checking your payment",
        sentences=("We do not know yet whether the request from UPI P2P reached your phone.",),
        must=("If it did, approve it there. Please do not pay in another way meanwhile.",),
        then=(KEEP,),
        polls=True,
    ),
    Case(
        status=D.VERIFYING,
        deposit=AWAY,
        code="asking",
        title="We are checking your payment",
        sentences=("We are asking UPI P2P what happened to your payment.",),
        must=(NOT_AGAIN,),
        then=(KEEP,),
        polls=True,
    ),
    Case(
        status=D.ACCUMULATING,
        deposit={
            **HAND,
            "savings": {"saved": Decimal(60), "lacking": Decimal(88), "minimum": Decimal(148), "is_reported": True},
        },
        confirmations=OPEN,
        code="saved_up",
        title="Your payment is being saved up",
        sentences=(
            "₹60.00 of ₹148.00 saved; ₹88.00 to go.",
            "UPI P2P adds up smaller payments and credits them together once they reach ₹148.00.",
        ),
        then=("Nothing is lost. This page shows when it is credited.", KEEP),
        polls=True,
    ),
    Case(
        status=D.ACCUMULATING,
        deposit={
            **HAND,
            "savings": {"saved": Decimal(60), "lacking": Decimal(88), "minimum": Decimal(148), "is_reported": False},
        },
        confirmations=OPEN,
        code="saved_up",
        title="Your payment is being saved up",
        sentences=("UPI P2P adds up smaller payments and credits them together.",),
        then=("Nothing is lost. This page shows when it is credited.", KEEP),
        polls=True,
    ),
    Case(
        status=D.IN_REVIEW,
        deposit={**HAND, "failure_code": F.PROVIDER_ANSWER_UNUSABLE},
        code="review_unusable",
        title="A person is checking your payment",
        sentences=("We are checking this payment. Please do not pay again.",),
        then=(KEEP,),
        ways=LINK,
        polls=True,
    ),
    Case(
        status=D.IN_REVIEW,
        deposit={**HAND, "amount_check": AmountCheck.UNDER, "received_amount": Decimal(900), "late": True},
        code="review_less",
        title="Less money arrived than was asked for",
        sentences=("₹900.00 of ₹1,000.00 arrived.", "It arrived after the time to pay was over."),
        must=("Please do not send the rest unless support asks you to.",),
        then=(DECIDES, KEEP),
        ways=LINK,
        polls=True,
    ),
    Case(
        status=D.IN_REVIEW,
        deposit={**HAND, "amount_check": AmountCheck.OTHER_CURRENCY},
        code="review_currency",
        title="Money in another currency arrived",
        sentences=("₹1,000.00 was asked for, but money in another currency arrived.",),
        must=(NOT_AGAIN,),
        then=(DECIDES, KEEP),
        ways=LINK,
        polls=True,
    ),
    *(
        Case(
            status=D.IN_REVIEW,
            deposit={**HAND, "amount_check": check, "received_amount": Decimal(1000)},
            confirmations=(named(C.REFUSED),),
            code="review",
            title="A person is checking your payment",
            sentences=(
                "Something about it has to be looked at first.",
                "The reference 123456789012 was not accepted.",
            ),
            must=(NOT_AGAIN,),
            then=(DECIDES, KEEP),
            ways=LINK,
            polls=True,
        )
        for check in ("", AmountCheck.EXACT, AmountCheck.OVER)
    ),
    Case(
        status=D.CREDITED,
        deposit={**HAND, "amount_check": AmountCheck.EXACT, "received_amount": Decimal(1000)},
        code="credited",
        title="Payment received",
        sentences=("₹1,000.00 arrived. Thank you.",),
    ),
    Case(
        status=D.CREDITED,
        deposit={**HAND, "amount_check": AmountCheck.EXACT, "received_amount": Decimal(1000), "late": True},
        code="credited",
        title="Payment received",
        sentences=(
            "₹1,000.00 arrived. Thank you.",
            "It arrived after the time to pay was over, and is credited all the same.",
        ),
    ),
    Case(
        status=D.CREDITED,
        deposit={**HAND, "amount_check": AmountCheck.OVER, "received_amount": Decimal(1200)},
        code="credited_over",
        title="Payment received",
        sentences=("₹1,200.00 arrived; ₹1,000.00 was asked for. The Shop knows both.",),
    ),
    Case(
        status=D.CREDITED,
        deposit={**HAND, "amount_check": AmountCheck.UNDER, "received_amount": Decimal(900)},
        code="credited_under",
        title="Payment received",
        sentences=("₹900.00 of ₹1,000.00 arrived and is credited. The Shop knows both.",),
    ),
    Case(
        status=D.CREDITED,
        deposit={**HAND, "amount_check": AmountCheck.OTHER_CURRENCY},
        code="credited_other_currency",
        title="Payment received",
        sentences=("It arrived in another currency and is credited in that one. The Shop knows the amount.",),
    ),
    Case(
        status=D.FAILED,
        deposit={"failure_code": F.PROVIDER_REFUSED},
        code="failed_provider_refused",
        title="UPI P2P did not work",
        sentences=("This payment method is not available right now. Please choose another one.",),
        ways=frozenset({Way.CHOOSE}),
    ),
    Case(
        status=D.FAILED,
        deposit={"failure_code": F.PROVIDER_UNAVAILABLE},
        code="failed_provider_unavailable",
        title="UPI P2P did not work",
        sentences=("This payment method is not available right now. Please try again in a few minutes.",),
        ways=frozenset({Way.CHOOSE}),
    ),
    Case(
        status=D.FAILED,
        deposit={"failure_code": F.PROVIDER_UNAVAILABLE},
        session={"is_expired": True},
        code="failed_provider_unavailable",
        title="UPI P2P did not work",
        sentences=("The time to pay is over. Nothing was paid.",),
    ),
    Case(
        status=D.FAILED,
        deposit={**HAND, "failure_code": F.MONEY_RETURNED},
        code="failed_money_returned",
        title="Your payment could not be used for this order",
        sentences=("Please contact support before you pay again.",),
        ways=LINK,
    ),
    Case(
        status=D.EXPIRED,
        deposit={**HAND, "failure_code": F.NOT_PAID_IN_TIME},
        code="not_paid_in_time",
        title="The time to pay is over",
        sentences=("If you have paid, enter the reference; do not pay twice.",),
        ways=FORM,
    ),
    Case(
        status=D.EXPIRED,
        deposit={**HAND, "failure_code": F.NOT_PAID_IN_TIME, "updated_at": NOW - timedelta(days=31)},
        code="not_paid_in_time",
        title="The time to pay is over",
        sentences=("If you have paid, we will find the payment ourselves; do not pay twice.",),
    ),
    Case(
        status=D.EXPIRED,
        deposit={**WINDOW, "failure_code": F.NOT_PAID_IN_TIME},
        code="not_paid_in_time",
        title="The time to pay is over",
        sentences=("If you have paid, we will find the payment ourselves; do not pay twice.",),
    ),
    Case(
        status=D.EXPIRED,
        deposit={**HAND, "failure_code": F.NOT_PAID_IN_TIME},
        confirmations=OPEN,
        code="checking_late",
        title="We are checking your payment",
        sentences=(ENTERED, "The time to pay was over, so this may take longer."),
        must=(NOT_AGAIN,),
        then=(KEEP,),
        ways=LINK,
        polls=True,
    ),
    Case(
        status=D.EXPIRED,
        deposit={**HAND, "failure_code": F.NOT_PAID_IN_TIME},
        confirmations=(named(C.REFUSED),),
        code="late_reference_refused",
        title="Please check the reference",
        sentences=(ENTERED, REFUSED),
        ways=FORM,
    ),
    Case(
        status=D.EXPIRED,
        deposit={**HAND, "failure_code": F.NOT_CONFIRMED},
        confirmations=(named(C.EXPIRED),),
        code="not_confirmed",
        title="We could not find your payment",
        sentences=("Please contact support before you pay again.",),
        ways=LINK,
    ),
    Case(
        status=D.CANCELLED,
        deposit=HAND,
        session={"is_cancelled": True},
        code="called_off",
        title="This payment was cancelled",
        sentences=(
            "The Shop has cancelled it. Please do not pay any more.",
            "If you have already paid, enter the reference: your money is not lost.",
        ),
        ways=LINK,
        polls=True,
    ),
    Case(
        status=D.CANCELLED,
        deposit=PUSH,
        session={"is_cancelled": True},
        code="called_off",
        title="This payment was cancelled",
        sentences=(
            "The Shop has cancelled it. Please do not pay any more.",
            "If you have already paid, we will find the payment ourselves: your money is not lost.",
        ),
        polls=True,
    ),
    Case(
        status=D.CANCELLED,
        session={"is_cancelled": True},
        code="called_off",
        title="This payment was cancelled",
        sentences=("The Shop has cancelled it. Please do not pay any more.",),
    ),
    Case(
        status=D.CANCELLED,
        deposit=HAND,
        is_earlier=True,
        code="changed",
        title="You chose another way to pay",
        sentences=("If you paid with UPI P2P all the same, enter that reference here: your money is not lost.",),
        ways=FORM,
    ),
    Case(
        status=D.CANCELLED,
        deposit=PUSH,
        is_earlier=True,
        code="changed",
        title="You chose another way to pay",
        sentences=(
            "If you paid with UPI P2P all the same, we will find the payment ourselves: your money is not lost.",
        ),
    ),
    Case(
        status=D.REVERSED,
        deposit={**HAND, "failure_code": F.MONEY_RETURNED},
        code="reversed",
        title="Your payment was taken back",
        sentences=(
            "UPI P2P took the money back after it had arrived.",
            "Please contact support before you pay again.",
        ),
    ),
]


def of(case: Case) -> Told:
    attempt = made(case)
    later = (Attempt(deposit=Deposit(status=D.CREATED, checkout_attempt=2)),) if case.is_earlier else ()
    stands = standing(attempt, *later, **case.session)
    return told.about(attempt, stands, merchant="The Shop", now=NOW)


def made(case: Case) -> Attempt:
    columns = dict(case.deposit)
    savings = columns.pop("savings", None)
    flow = columns.get("flow", Flow.ACTIVATION)
    deposit = Deposit(
        status=case.status,
        checkout_attempt=1,
        currency="INR",
        amount=Decimal(1000),
        payment_system=PaymentSystem(code="upi_l", name="UPI P2P", flow=flow, confirm_days=7),
        **{"flow": flow, "created_at": NOW, "updated_at": NOW, **columns},
    )
    if savings is not None:
        deposit.savings = Savings(currency="INR", **savings)
    confirmations = tuple(Confirmation(deposit=deposit, **one) for one in case.confirmations)
    return Attempt(deposit=deposit, confirmations=confirmations)


def standing(*attempts: Attempt, is_expired: bool = False, is_cancelled: bool = False) -> Standing:
    return Standing(
        session=CheckoutSession(product=Product(name="product")),
        attempts=attempts,
        current=attempts[-1] if attempts else None,
        is_expired=is_expired,
        is_cancelled=is_cancelled,
        is_over=False,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.status}-{case.code}")
def test_what_is_said(case: Case) -> None:
    said = of(case)
    assert (said.code, said.title, said.sentences) == (case.code, case.title, case.sentences)
    assert (said.must, said.then) == (case.must, case.then)
    assert (said.ways, said.polls) == (case.ways, case.polls)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("not_paid_in_time", F.NOT_PAID_IN_TIME),
        ("not_confirmed", F.NOT_CONFIRMED),
        ("failed_money_returned", F.MONEY_RETURNED),
    ],
)
def test_what_the_title_says_is_not_said_again(code: str, failure: FailureCode, language: str) -> None:
    case = next(one for one in CASES if one.code == code)
    known = failures.shown(failure)
    assert known is not None
    with translation.override(language):
        said, whole = of(case), gettext(known["customer_message"])
    assert not said.sentences[0].startswith(said.title)
    assert re.fullmatch(rf"{re.escape(said.title)}[.\u0964\u06d4] {re.escape(said.sentences[0])}", whole)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.status}-{case.code}")
def test_another_payment_is_offered_where_it_is_safe_and_nowhere_else(case: Case) -> None:
    is_safe = case.status == D.FAILED and case.deposit["failure_code"] in SAFE_TO_RETRY and not case.session
    assert (Way.CHOOSE in of(case).ways) == is_safe
    # Behind a warning, and only where nobody has said that it is paid.
    may_change = case.status in {D.CREATED, D.AWAITING_PAYMENT} and not case.confirmations and not case.session
    assert Way.CHANGE not in of(case).ways or may_change


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.status}-{case.code}")
def test_nobody_is_told_that_it_failed_while_that_is_unknown(case: Case) -> None:
    said = of(case)
    words = " ".join([said.title, *said.sentences, *said.must, *said.then]).lower()
    if case.status not in OVER | {D.REVERSED}:
        assert "fail" not in words
        assert "did not work" not in words
    if Way.CHOOSE not in said.ways:
        assert "choose another one" not in words
        assert "try again" not in words


def test_before_a_second_attempt_it_is_said_that_the_first_may_still_arrive() -> None:
    first = made(Case(status=D.CANCELLED, deposit=HAND, code="", title=""))
    second = made(Case(status=D.FAILED, deposit={"failure_code": F.PROVIDER_REFUSED}, code="", title=""))
    said = told.of(standing(first, second), merchant="The Shop", now=NOW)
    assert Way.CHOOSE in said.ways
    assert said.must == (
        "If you have already paid with UPI P2P, that payment may still arrive. Please do not pay a second time.",
    )


def test_who_comes_back_from_the_providers_page_is_not_invited_to_pay_again() -> None:
    case = next(one for one in CASES if one.code == "pay_there")
    attempt = made(case)
    said = told.of(standing(attempt), merchant="The Shop", now=NOW, came_back=True)
    assert (said.code, said.title) == ("returned", "We are checking your payment")
    assert said.sentences == (f"We are asking {attempt.deposit.payment_system.name} what happened to your payment.",)
    assert (said.must, said.then) == ((NOT_AGAIN,), (KEEP,))
    assert said.ways == {Way.PAY_LINK, Way.CHANGE}
    assert said.polls
    # Of everything else the page knows more than that somebody came back.
    for other in CASES:
        if other.code != "pay_there":
            stands = standing(made(other), **other.session)
            assert told.of(stands, merchant="The Shop", now=NOW, came_back=True).code != "returned"


def test_every_status_has_its_sentences() -> None:
    assert {case.status for case in CASES} == set(DEPOSIT.moves)


def test_every_reason_has_its_sentences() -> None:
    # Of a reference, not of a deposit: it is told beside the reference.
    told_of = {case.deposit.get("failure_code", "") for case in CASES} | {F.REFERENCE_REFUSED}
    assert told_of == {"", *FailureCode}
    assert {case.deposit.get("amount_check", "") for case in CASES} == {"", *AmountCheck}
    assert {one["status"] for case in CASES for one in case.confirmations} >= {C.VERIFYING, C.REFUSED, C.EXPIRED}


def test_before_anything_was_chosen() -> None:
    said = told.of(standing(), merchant="The Shop", now=NOW)
    assert (said.code, said.title, said.ways) == ("choose", "Choose a way to pay", frozenset({Way.CHOOSE}))


def test_nothing_was_chosen_in_time() -> None:
    said = told.of(standing(is_expired=True), merchant="The Shop", now=NOW)
    assert (said.code, said.title, said.ways) == ("link_expired", "The time to pay is over", frozenset())
    assert said.sentences == ("Nothing was paid here.",)
    assert said.then == ("Please go back to The Shop and begin again.",)


def test_it_was_called_off_before_anything_was_chosen() -> None:
    said = told.of(standing(is_cancelled=True), merchant="The Shop", now=NOW)
    assert (said.code, said.title, said.ways) == ("called_off", "This payment was cancelled", frozenset())
    assert said.sentences == ("The Shop has cancelled it. Please do not pay any more.",)


def credited_attempt(number: int, **columns: Any) -> Attempt:
    case = next(one for one in CASES if one.code == "credited")
    attempt = made(case)
    attempt.deposit.checkout_attempt = number
    for name, value in columns.items():
        setattr(attempt.deposit, name, value)
    return attempt


def test_two_payments_of_one_order_are_both_told() -> None:
    first, second = credited_attempt(1), credited_attempt(2, received_amount=Decimal(1000))
    said = told.of(standing(second, first), merchant="The Shop", now=NOW)
    assert said.sentences[-1] == "Another payment for this order arrived, too: ₹1,000.00"
    assert said.must == ("Please ask The Shop about the second payment.",)
    assert said.ways == frozenset()


def test_money_of_an_attempt_that_its_customer_called_off_is_not_called_late() -> None:
    late = "It arrived after the time to pay was over, and is credited all the same."
    first, second = credited_attempt(1, late=True), made(next(one for one in CASES if one.code == "pay_by_hand"))
    stands = replace(standing(first, second), current=first)
    assert late not in told.of(stands, merchant="The Shop", now=NOW).sentences
    assert late in told.of(standing(first), merchant="The Shop", now=NOW).sentences


@pytest.mark.parametrize("code", ["pay_by_hand", "opening", "pay_there"])
def test_where_money_was_seen_nobody_is_shown_how_to_pay_another_attempt(code: str) -> None:
    first, second = credited_attempt(1), made(next(one for one in CASES if one.code == code))
    stands = replace(standing(first, second), current=first)
    said = told.about(second, stands, merchant="The Shop", now=NOW)
    assert (said.code, Way.PAY in said.ways, Way.CHANGE in said.ways) == ("changed", False, False)
    assert "your money is not lost" in said.sentences[0]


#: Of what a customer was shown, what a page says once its product is switched off.
STOPPED: Final = {
    "opening": ((), frozenset()),
    "pay_by_hand": (("If you have already paid, enter the reference: your money is not lost.",), FORM),
    "pay_there": (
        ("If you have already paid, we will find the payment ourselves: your money is not lost.",),
        frozenset(),
    ),
    "pay_on_phone": (
        ("If you have already paid, we will find the payment ourselves: your money is not lost.",),
        frozenset(),
    ),
    "failed_provider_refused": ((), frozenset()),
}


def switched_off(*attempts: Attempt, **session: Any) -> Standing:
    stands = standing(*attempts, **session)
    stands.session.product.is_active = False
    return stands


@pytest.mark.parametrize("code", STOPPED)
def test_of_a_product_that_is_switched_off_nobody_is_shown_how_to_pay(code: str) -> None:
    attempt = made(next(one for one in CASES if one.code == code))
    more, ways = STOPPED[code]
    said = told.of(switched_off(attempt), merchant="The Shop", now=NOW, came_back=True)
    assert (said.code, said.title) == ("stopped", "This cannot be paid right now")
    assert said.sentences == ("The Shop takes no payments right now. Please do not pay.", *more)
    # It may be switched on again.
    assert (said.then, said.ways, said.polls) == ((), ways, True)


def test_before_anything_was_chosen_of_a_product_that_is_switched_off() -> None:
    said = told.of(switched_off(), merchant="The Shop", now=NOW)
    assert (said.code, said.ways, said.polls) == ("stopped", frozenset(), True)
    assert said.sentences == ("The Shop takes no payments right now. Please do not pay.",)


def test_a_refused_reference_is_told_and_corrected_while_the_product_is_switched_off() -> None:
    attempt = made(next(one for one in CASES if one.code == "reference_refused"))
    said = told.of(switched_off(attempt), merchant="The Shop", now=NOW)
    assert (said.code, said.ways) == ("reference_refused", FORM)


@pytest.mark.parametrize("code", ["checking", "saved_up", "review_less", "credited", "not_confirmed", "called_off"])
def test_what_became_of_a_payment_is_told_while_the_product_is_switched_off(code: str) -> None:
    case = next(one for one in CASES if one.code == code)
    attempt = made(case)
    stands = switched_off(attempt, **case.session)
    assert told.about(attempt, stands, merchant="The Shop", now=NOW) == of(case)


def test_an_order_that_its_product_began_elsewhere_is_not_paid_here() -> None:
    said = told.of(replace(standing(), is_elsewhere=True), merchant="The Shop", now=NOW)
    assert (said.code, said.title) == ("elsewhere", "This order is being paid in another way")
    assert said.sentences == ("The Shop has begun it in another way. Please do not pay here.",)
    assert (said.then, said.ways, said.polls) == ((), frozenset(), False)


def test_a_session_that_was_called_off_after_a_failure_says_so() -> None:
    failed = made(next(one for one in CASES if one.code == "failed_provider_refused"))
    said = told.of(standing(failed, is_cancelled=True), merchant="The Shop", now=NOW)
    assert (said.code, said.ways) == ("called_off", frozenset())
    assert said.sentences == ("The Shop has cancelled it. Please do not pay any more.",)


def test_what_was_called_off_as_another_attempt_was_paid_was_not_called_off_by_the_shop() -> None:
    first, second = credited_attempt(1), made(next(one for one in CASES if one.code == "called_off"))
    said = told.about(second, replace(standing(first, second), current=first), merchant="The Shop", now=NOW)
    assert (said.code, said.ways) == ("changed", FORM)


def test_of_two_payments_the_second_was_not_after_the_time_to_pay() -> None:
    first, second = credited_attempt(1, late=True), credited_attempt(2, late=True)
    said = told.of(standing(first, second), merchant="The Shop", now=NOW)
    assert not any("after the time" in one for one in said.sentences)
