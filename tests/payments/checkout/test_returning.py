"""The way back: the product's own address, the right one of three, and a result that only we can have signed."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.lifecycles import Cause, CauseKind
from payments.checkout import returning, standing
from payments.models import CheckoutSession
from payments.moves import move_deposit
from payments.states import AmountCheck, DepositStatus
from tests.conftest import Api
from tests.payments.checkout.stage import begin_session, choose, name_reference
from tests.payments.stage import Book, fresh, work

URLS = {
    "success": "https://shop.example/paid?cart=7#top",
    "failure": "https://shop.example/not-paid",
    "pending": "https://shop.example/wait",
}


def back(session: CheckoutSession) -> tuple[str, dict[str, str]]:
    """Where the customer arrives, and the parameters that came along."""
    url = returning.way_back(standing.of(session))
    assert url is not None
    parts = urlsplit(url)
    return parts._replace(query="").geturl(), dict(parse_qsl(parts.query, strict_parsing=True))


def verified(session: CheckoutSession, told: dict[str, str]) -> Any:
    """As a product does it, with any library of the standard."""
    headers = {f"webhook-{name}": told[f"checkout_{name}"] for name in ("id", "timestamp", "signature")}
    return Webhook(session.return_secret).verify(told["checkout_result"], headers)


def test_the_result_of_a_paid_session(api: Api, book: Book, clock: Any) -> None:
    session = begin_session(api, reference="order-1", return_urls=URLS)
    deposit = choose(session)
    work()
    cause = Cause(kind=CauseKind.PULL)
    move_deposit(
        fresh(deposit), DepositStatus.CREDITED, cause, received_amount=deposit.amount, amount_check=AmountCheck.EXACT
    )
    where, told = back(session)
    assert where == "https://shop.example/paid#top"
    assert (told.pop("cart"), sorted(told)) == (
        "7",
        ["checkout_id", "checkout_result", "checkout_signature", "checkout_timestamp"],
    )
    assert verified(session, told) == {
        "checkout_session": session.public_id,
        "reference": "order-1",
        "status": "paid",
        "amount": "1000.00",
        "currency": "INR",
        "mode": "test",
        "deposit": deposit.public_id,
        "deposit_status": "credited",
        "received_amount": "1000.00",
        "amount_check": "exact",
    }


def test_a_result_that_was_touched_is_worth_nothing(api: Api) -> None:
    session = begin_session(api, return_urls=URLS)
    _, told = back(session)
    forged = {**told, "checkout_result": json.dumps({**json.loads(told["checkout_result"]), "status": "paid"})}
    for one in (
        forged,
        {**told, "checkout_id": "another"},
        {**told, "checkout_timestamp": str(int(told["checkout_timestamp"]) + 1)},
    ):
        with pytest.raises(WebhookVerificationError):
            verified(session, one)
    other = begin_session(api, return_urls=URLS)
    with pytest.raises(WebhookVerificationError):
        verified(other, told)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("created", "pending"),
        ("awaiting_payment", "pending"),
        ("verifying", "pending"),
        ("accumulating", "pending"),
        ("in_review", "pending"),
        ("credited", "success"),
        ("failed", "failure"),
        ("expired", "failure"),
        ("cancelled", "failure"),
        ("reversed", "failure"),
    ],
)
def test_where_each_status_leads(api: Api, book: Book, status: str, kind: str) -> None:
    session = begin_session(api, return_urls=URLS)
    deposit = choose(session)
    deposit.status = status
    now = standing.of(session)
    attempt = standing.Attempt(deposit=deposit)
    shown = standing.Standing(
        session=session,
        attempts=(attempt,),
        current=attempt,
        is_expired=now.is_expired,
        is_cancelled=now.is_cancelled,
        is_over=now.is_over,
    )
    assert returning.kind_of(shown) == kind
    assert returning.address(shown) == URLS[kind]


def test_nobody_is_sent_to_failure_while_a_late_reference_is_looked_for(api: Api, book: Book, clock: Any) -> None:
    session = begin_session(api, return_urls=URLS)
    deposit = choose(session)
    work()
    move_deposit(fresh(deposit), DepositStatus.EXPIRED, Cause(kind=CauseKind.CLOCK))
    assert back(session)[0] == URLS["failure"]
    name_reference(session)
    where, told = back(session)
    assert (where, verified(session, told)["deposit_status"]) == (URLS["pending"], "expired")


def test_nor_while_that_of_an_earlier_attempt_is(api: Api, book: Book, clock: Any) -> None:
    session = begin_session(api, return_urls=URLS)
    choose(session)
    work()
    second = choose(session, "paytm", seen=1)
    name_reference(session)
    move_deposit(second, DepositStatus.FAILED, Cause(kind=CauseKind.PROVIDER_ANSWER), failure_code="provider_refused")
    assert back(session)[0] == URLS["pending"]
    assert standing.of(session).next_attempt is standing.NextAttempt.REFUSED


def test_every_status_has_its_way() -> None:
    assert set(returning._KINDS) == set(DepositStatus)


def test_without_an_address_there_is_no_way(api: Api, clock: Any) -> None:
    session = begin_session(api, return_urls={"success": URLS["success"]})
    assert returning.way_back(standing.of(session)) is None
    clock.shift(timedelta(days=2))
    assert returning.way_back(standing.of(session)) is None
