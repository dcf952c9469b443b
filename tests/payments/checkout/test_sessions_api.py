"""``/checkout-sessions``: made once, shown whole, called off only before money may be under way."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.api.models import IdempotencyKey
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from payments import deadlines
from payments.checkout import sessions
from payments.checkout.paying import Refused
from payments.models import CheckoutSession, Deposit
from payments.states import DepositStatus
from tests.conftest import Api
from tests.payments.checkout.stage import attempts, begin_session, choose, load_session, name_reference, session_body
from tests.payments.conftest import START
from tests.payments.stage import ACTIVATE, OK, Book, confirm, fresh, money, news, place, work
from tests.scripted_provider import ScriptedProvider

IN_A_DAY = "2026-03-02T12:00:00+00:00"


def test_a_session_is_shown_whole(api: Api, settings: Any) -> None:
    settings.PUBLIC_URL = "https://pay.example"
    body = session_body(
        reference="order-1",
        language="hi",
        payment_systems=["upi_l", "paytm"],
        return_urls={"success": "https://shop.example/paid?a=1"},
        metadata={"cart": "7"},
    )
    answer = api.post("checkout-sessions", body)
    assert answer.status_code == 201
    shown = answer.json()
    session = load_session(shown["id"])
    token = shown["url"].removeprefix("https://pay.example/pay/")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert sessions.find(token) == session
    assert shown["return_secret"].startswith("whsec_")
    assert shown == {
        "id": session.public_id,
        "object": "checkout_session",
        "status": "open",
        "url": session.url,
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": "order-1",
        "payment_systems": ["upi_l", "paytm"],
        "return_urls": {"success": "https://shop.example/paid?a=1"},
        "return_secret": session.return_secret,
        "language": "hi",
        "deposit": None,
        "deposits": [],
        "mode": "test",
        "metadata": {"cart": "7"},
        "expires_at": IN_A_DAY,
        "created_at": "2026-03-01T12:00:00+00:00",
    }
    assert api.get(f"checkout-sessions/{session.public_id}").json() == shown
    assert api.get("checkout-sessions").json()["data"] == [shown]
    # Nothing was begun: no deposit, no news, no word to the provider.
    assert not Deposit.objects.exists()
    assert news(session.product) == []


def test_its_token_is_nowhere_in_plain(api: Api) -> None:
    session = begin_session(api)
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_checkoutsession::text FROM payments_checkoutsession")
        (row,) = cursor.fetchone()
    assert session.token not in row
    assert session.return_secret not in row
    assert session.token.encode().hex() not in row


def test_the_same_request_makes_one_session(api: Api) -> None:
    body = session_body()
    first = api.post("checkout-sessions", body, key="key-1")
    again = api.post("checkout-sessions", body, key="key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.post("checkout-sessions", {**body, "amount": "1001.00"}, key="key-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (CheckoutSession.objects.count(), IdempotencyKey.objects.count()) == (1, 1)


def test_a_reference_is_one_order_for_ever(api: Api, book: Book) -> None:
    session = begin_session(api, reference="order-1")
    again = api.post("checkout-sessions", session_body(reference="order-1"))
    assert (again.status_code, again.json()["code"], again.json()["existing"]) == (
        409,
        "reference_already_used",
        session.public_id,
    )
    deposit = place(api, reference="order-2")
    taken = api.post("checkout-sessions", session_body(reference="order-2"))
    assert (taken.status_code, taken.json()["existing"]) == (409, deposit.public_id)
    assert CheckoutSession.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount": "0"}, "/amount"),
        ({"amount": "1000.001"}, "/amount"),
        ({"amount": 1000}, "/amount"),
        ({"amount": ...}, "/amount"),
        ({"currency": "XXX"}, "/currency"),
        ({"currency": "inr"}, "/currency"),
        ({"payment_systems": []}, "/payment_systems"),
        ({"payment_systems": ["bkash"]}, "/payment_systems"),
        ({"payment_systems": ["imps_ib"]}, "/payment_systems"),
        ({"payment_systems": "upi_l"}, "/payment_systems"),
        ({"payment_systems": ["nobody's"]}, "/payment_systems"),
        ({"language": "fr"}, "/language"),
        ({"reference": "x" * 121}, "/reference"),
        ({"customer": "a\u202eb"}, "/customer"),
        ({"return_urls": {"success": "javascript:alert(1)"}}, "/return_urls/success"),
        ({"reference": "order-1~2"}, "/reference"),
        ({"reference": "~0"}, "/reference"),
        ({"return_urls": {"success": "//evil.example"}}, "/return_urls/success"),
        ({"return_urls": {"pending": "https://shop.example:0/"}}, "/return_urls/pending"),
        ({"return_urls": {"pending": "https://shop.example:65536/"}}, "/return_urls/pending"),
        ({"return_urls": {"failure": "https://shop.example/?a=b&checkout_id=1"}}, "/return_urls/failure"),
        ({"return_urls": {"failure": "https://shop.example/?checkout%5Fresult"}}, "/return_urls/failure"),
        ({"return_urls": {"cancel": "https://shop.example"}}, "/return_urls/cancel"),
        ({"expires_at": "2026-03-01T12:03:59Z"}, "/expires_at"),
        ({"expires_at": "2026-03-02T12:01:01Z"}, "/expires_at"),
        ({"expires_at": "2026-03-02"}, "/expires_at"),
        ({"expires_at": None}, "/expires_at"),
        ({"token": "mine"}, "/token"),
        ({"metadata": {"a": 1}}, "/metadata/a"),
    ],
)
def test_what_is_not_taken(api: Api, changes: dict[str, Any], pointer: str) -> None:
    answer = api.post("checkout-sessions", session_body(**changes))
    assert answer.status_code == 400, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not CheckoutSession.objects.exists()


@pytest.mark.parametrize("expires_at", ["2026-03-01T12:04:00Z", "2026-03-02T12:01:00Z", "2026-03-01T18:30:00+05:30"])
def test_expiries_that_are_taken(api: Api, expires_at: str) -> None:
    session = begin_session(api, expires_at=expires_at)
    assert session.expires_at == datetime.fromisoformat(expires_at).astimezone(UTC)


def test_an_amount_that_no_system_takes(api: Api) -> None:
    PaymentSystem.objects.filter(currencies__contains=["INR"]).update(deposit_maximum="999.99")
    answer = api.post("checkout-sessions", session_body())
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/amount")


def test_the_payment_window_takes_no_fraction(api: Api) -> None:
    ProviderAccount.objects.update(widget_url="https://plugin.example.com/", prefers_widget=True)
    answer = api.post("checkout-sessions", session_body(amount="1000.50"))
    assert (answer.status_code, answer.json()["code"]) == (400, "amount_not_whole")
    assert begin_session(api, amount="1000.00")


def test_a_product_sees_its_own_alone(api: Api, new_api: Any, live_account: Any) -> None:
    session = begin_session(api)
    other = Product.objects.create(name="Another product")
    for stranger in (new_api(other), new_api(session.product, Mode.LIVE)):
        for method, path in (("get", ""), ("post", "/cancel")):
            answer = getattr(stranger, method)(f"checkout-sessions/{session.public_id}{path}")
            assert answer.status_code == 404
        assert stranger.get("checkout-sessions").json()["data"] == []


def test_lists_are_filtered_and_read_in_a_few_queries(api: Api, book: Book) -> None:
    made = [begin_session(api, customer=str(number % 2), reference=f"order-{number}") for number in range(4)]
    choose(made[0])
    work()
    name_reference(made[0])
    found = api.get("checkout-sessions", customer="1").json()["data"]
    assert [one["reference"] for one in found] == ["order-3", "order-1"]
    assert [one["id"] for one in api.get("checkout-sessions", reference="order-2").json()["data"]] == [
        made[2].public_id
    ]

    def asked(limit: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get("checkout-sessions", limit=limit).json()["data"]) == limit
        return len(queries)

    for one in made[1:]:
        choose(one)
    assert asked(4) == asked(1)


def test_its_deposits_name_it(api: Api, book: Book) -> None:
    session = begin_session(api, reference="order-1")
    deposit = choose(session)
    work()
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["checkout_session"], shown["reference"]) == (session.public_id, "order-1")
    whole = api.get(f"checkout-sessions/{session.public_id}").json()
    assert (whole["status"], whole["deposits"], whole["deposit"]) == ("open", [deposit.public_id], shown)


def test_credited_is_paid(api: Api, book: Book, provider: ScriptedProvider, clock: Any) -> None:
    session = begin_session(api)
    deposit = choose(session)
    work()
    provider.script(ACTIVATE, OK)
    name_reference(session)
    work()
    confirmation = deposit.confirmations.get()
    book.enter(confirmation.public_id, money(), label=deposit.customer.label)
    clock.move_to(fresh(deposit).next_at)
    work()
    shown = api.get(f"checkout-sessions/{session.public_id}").json()
    assert (shown["status"], shown["deposit"]["status"]) == ("paid", "credited")
    clock.shift(timedelta(days=2))
    assert api.get(f"checkout-sessions/{session.public_id}").json()["status"] == "paid"


# Called off


def cancel(api: Api, session: CheckoutSession) -> Any:
    return api.post(f"checkout-sessions/{session.public_id}/cancel")


def test_called_off_before_and_after_its_customer_has_chosen(api: Api, book: Book) -> None:
    untouched, chosen = begin_session(api), begin_session(api)
    deposit = choose(chosen)
    work()
    for session in (untouched, chosen):
        for _ in range(2):
            answer = cancel(api, session)
            assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert fresh(deposit).status == DepositStatus.CANCELLED
    assert deposit.moves.filter(to_status="cancelled").values_list("cause", "detail").get() == (
        "api_key",
        "its session was cancelled",
    )
    assert load_session(untouched.public_id).cancelled_at == START


def test_a_deposit_that_its_product_called_off_is_the_end_of_its_session(api: Api, book: Book) -> None:
    session = begin_session(api)
    deposit = choose(session)
    work()
    assert api.post(f"deposits/{deposit.public_id}/cancel").status_code == 200
    assert api.get(f"checkout-sessions/{session.public_id}").json()["status"] == "cancelled"
    with pytest.raises(Refused):
        choose(session, "paytm", seen=1)


def test_not_called_off_while_the_reference_of_an_earlier_attempt_is_looked_for(api: Api, book: Book) -> None:
    session = begin_session(api)
    choose(session)
    work()
    second = choose(session, "paytm", seen=1)
    name_reference(session)
    answer = cancel(api, session)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert fresh(second).status == DepositStatus.CREATED
    assert load_session(session.public_id).cancelled_at is None


def test_not_called_off_once_it_may_be_paid(api: Api, book: Book, provider: ScriptedProvider) -> None:
    session = begin_session(api)
    deposit = choose(session)
    work()
    provider.script(ACTIVATE, OK)
    assert confirm(api, deposit).status_code == 201
    answer = cancel(api, session)
    assert (answer.status_code, answer.json()["code"], answer.json()["current_status"]) == (
        409,
        "conflict",
        "verifying",
    )
    assert load_session(session.public_id).cancelled_at is None
    assert attempts(session)[0].status == DepositStatus.VERIFYING


def test_expired_by_the_clock_alone(api: Api, clock: Any) -> None:
    session = begin_session(api, expires_at="2026-03-01T12:10:00Z")
    clock.shift(timedelta(minutes=10))
    assert api.get(f"checkout-sessions/{session.public_id}").json()["status"] == "expired"
    assert cancel(api, session).json()["status"] == "cancelled"


def status_of(api: Api, session: CheckoutSession) -> str:
    answer: str = api.get(f"checkout-sessions/{session.public_id}").json()["status"]
    return answer


def test_not_expired_while_a_payment_is_looked_for(api: Api, book: Book, clock: Any) -> None:
    session = begin_session(api, expires_at="2026-03-01T12:10:00Z")
    choose(session)
    work()
    clock.shift(timedelta(minutes=9))
    name_reference(session)
    clock.shift(timedelta(minutes=2))
    assert attempts(session)[0].status == DepositStatus.VERIFYING
    assert status_of(api, session) == "open"


def test_a_late_reference_opens_it_again(api: Api, book: Book, clock: Any) -> None:
    session = begin_session(api, expires_at="2026-03-01T12:10:00Z")
    choose(session)
    work()
    clock.shift(timedelta(minutes=10))
    deadlines.expire_deposits()
    assert attempts(session)[0].status == DepositStatus.EXPIRED
    assert status_of(api, session) == "expired"
    name_reference(session)
    assert attempts(session)[0].status == DepositStatus.EXPIRED
    assert status_of(api, session) == "open"


@pytest.mark.parametrize("reference", ["order~", "~", "order-1~a", "order-1~2b", "1~2~", "order~2-1"])
def test_a_reference_that_no_attempt_of_another_session_has(api: Api, reference: str) -> None:
    assert begin_session(api, reference=reference).reference == reference
