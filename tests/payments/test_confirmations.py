"""A customer names the bank's reference: what is sent (C§1.4), how often, and what the answer may do."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway import ids
from gateway.providers.models import ProviderAccount
from payments.activation import RESEND_DELAYS_SECONDS
from payments.models import Confirmation, Receipt, Screenshot
from tests.conftest import Api
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    DOWN,
    NOT_FOUND,
    OK,
    POSSIBLE,
    REFERENCE,
    WRONG_LENGTH,
    WRONG_SECRET,
    Book,
    Placed,
    activations,
    confirm,
    create_path,
    details,
    fresh,
    moves,
    news,
    offered,
    sent_json,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

CHECK_STARTED = "Check of deposit status started. The operation may take longer than expected."
OPENED_NEWS = [("deposit.created", 1), ("deposit.awaiting_payment", 2)]
VERIFYING_NEWS = [*OPENED_NEWS, ("deposit.verifying", 3)]


def only() -> Confirmation:
    return Confirmation.objects.select_related("deposit").get()


def test_a_reference_is_handed_in_as_json(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, OK)
    deposit = opened()
    clock.shift(60)
    answer = confirm(api, deposit, "1234-5678 9012")
    assert answer.status_code == 201
    shown = answer.json()
    assert shown == {
        "id": shown["id"],
        "object": "confirmation",
        "deposit": deposit.public_id,
        "status": "created",
        "provider_reference": REFERENCE,
        "amount": "1000.00",
        "failure": None,
        "created_at": "2026-03-01T12:01:00+00:00",
        "updated_at": "2026-03-01T12:01:00+00:00",
    }
    assert activations(provider) == []  # the customer is answered before anybody is called
    assert fresh(deposit).status == "verifying"

    work()

    (request,) = activations(provider)
    assert request.path == ACTIVATE
    assert sent_json(request) == {
        "currency_code": "INR",
        "wallet_type": "upi_l",
        "label": deposit.customer.label,
        "key1": REFERENCE,
        "amount": "1000.0000",
        "custom_transaction_id": shown["id"],
    }
    confirmation = only()
    assert (confirmation.public_id, confirmation.status) == (shown["id"], "verifying")
    assert (confirmation.sent_at, confirmation.next_at, confirmation.token) == (timezone.now(), None, None)
    assert (confirmation.provider_word, confirmation.is_contested) == ("accepted", False)
    assert moves(confirmation) == [
        (1, "", "created", "api_key"),
        (2, "created", "sending", "clock"),
        (3, "sending", "verifying", "provider_answer"),
    ]
    assert moves(deposit)[2:] == [(3, "awaiting_payment", "verifying", "api_key")]
    assert news(deposit.product) == VERIFYING_NEWS
    now = fresh(deposit)
    assert now.deadline_at == timezone.now() + timedelta(days=7)
    assert now.next_at is not None
    assert now.next_at > timezone.now()
    assert book.asked() == [[shown["id"]]]
    assert not Screenshot.objects.exists()


def test_a_system_that_wants_no_amount_gets_none(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered(("bkash", "BDT", False)))
    provider.script(create_path("bkash"), details())
    provider.script(ACTIVATE, OK)
    deposit = opened(payment_system="bkash", currency="BDT")
    answer = api.post(f"deposits/{deposit.public_id}/confirmations", {"provider_reference": "9ab8 cd7ef6"})
    assert (answer.status_code, answer.json()["amount"]) == (201, None)
    work()
    (request,) = activations(provider)
    assert sent_json(request) == {
        "currency_code": "BDT",
        "wallet_type": "bkash",
        "label": deposit.customer.label,
        "key1": "9AB8CD7EF6",
        "custom_transaction_id": answer.json()["id"],
    }


def test_a_refused_reference_fails_alone_and_the_deposit_waits_again(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, WRONG_LENGTH, OK)
    deposit = opened()
    clock.shift(3600)
    first = confirm(api, deposit).json()
    work()
    confirmation = only()
    assert (confirmation.status, confirmation.failure_code) == ("refused", "reference_refused")
    assert (confirmation.next_at, confirmation.token) == (None, None)
    waiting = fresh(deposit)
    assert (waiting.status, waiting.failure_code) == ("awaiting_payment", "")
    assert waiting.deadline_at == timezone.now() + timedelta(days=1)
    listed = api.get(f"deposits/{deposit.public_id}/confirmations").json()["data"]
    assert [(one["id"], one["status"], one["failure"]["code"]) for one in listed] == [
        (first["id"], "refused", "reference_refused")
    ]
    assert news(deposit.product) == [
        *VERIFYING_NEWS,
        ("confirmation.refused", 3),
        ("deposit.awaiting_payment", 4),
    ]
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert shown["next_action"]["type"] == "show_details"
    assert book.asked() == []

    # The same reference again is a new attempt with a new id, by the customer's own act.
    again = confirm(api, deposit)
    assert again.status_code == 201
    work()
    ids_sent = [sent_json(request)["custom_transaction_id"] for request in activations(provider)]
    assert ids_sent == [first["id"], again.json()["id"]]
    assert fresh(deposit).status == "verifying"


def test_a_refusal_does_not_release_a_deposit_with_another_reference_under_way(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider
) -> None:
    provider.script(ACTIVATE, POSSIBLE, WRONG_LENGTH)
    deposit = opened()
    confirm(api, deposit)
    work()
    assert confirm(api, deposit, "210987654321").status_code == 201
    work()
    assert [one.status for one in Confirmation.objects.order_by("id")] == ["verifying", "refused"]
    assert fresh(deposit).status == "verifying"
    assert news(deposit.product) == [*VERIFYING_NEWS, ("confirmation.refused", 3)]


UNDECIDED = [
    (OK, "accepted"),
    ((200, {"status": "ok", "deposit": True, "deposit_amount": 1000, "currency": {"code": "INR"}}), "accepted"),
    ((200, {"status": "ok", "deposit": False}), "accepted"),
    (POSSIBLE, "pending"),
    ((400, CHECK_STARTED.encode()), "pending"),
    ((400, {"status": "fail", "message": CHECK_STARTED}), "pending"),
    ((400, {"message": CHECK_STARTED}), "pending"),
    (DROP, "unknown"),
    (DOWN, "unknown"),
    ((200, b"<html>"), "unknown"),
    ((400, {"message": "?"}), "unknown"),
    ((403, b"<html>a firewall's</html>"), "credential_error"),
]


@pytest.mark.parametrize(("said", "word"), UNDECIDED)
def test_no_answer_credits_and_none_is_sent_twice(
    *,
    said: Any,
    word: str,
    api: Api,
    opened: Placed,
    book: Book,
    provider: ScriptedProvider,
    clock: time_machine.Traveller,
) -> None:
    provider.script(ACTIVATE, said, OK)
    deposit = opened()
    confirm(api, deposit)
    work()
    for _ in range(6):
        clock.shift(timedelta(days=1))
        work()
    confirmation = only()
    assert (confirmation.status, confirmation.provider_word, confirmation.failure_code) == ("verifying", word, "")
    waiting = fresh(deposit)
    assert (waiting.status, waiting.received_amount, waiting.amount_check) == ("verifying", None, "")
    assert not Receipt.objects.exists()
    assert len(activations(provider)) == 1
    assert news(deposit.product) == VERIFYING_NEWS
    assert len(book.asked()) == 7


def test_asked_for_fewer_calls_the_account_pauses_and_the_confirmation_is_not_sent_twice(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, (429, {"status": "fail", "message": "slow down"}), OK)
    deposit = opened()
    confirm(api, deposit)
    work()
    assert (only().status, only().provider_word) == ("verifying", "unknown")
    assert ProviderAccount.objects.get().pause_kind == "slow_down"
    clock.shift(4.9)
    work()
    assert book.asked() == []
    clock.shift(1)
    work()  # the probe, and at once what waited for it
    assert book.asked() == [[only().public_id]]
    for _ in range(6):
        clock.shift(timedelta(days=1))
        work()
    assert (only().status, only().failure_code, fresh(deposit).status) == ("verifying", "", "verifying")
    assert not Receipt.objects.exists()
    assert len(activations(provider)) == 1
    assert news(deposit.product) == VERIFYING_NEWS
    assert len(book.asked()) == 7


def test_where_no_byte_left_it_is_handed_in_again_until_it_arrives(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, OK)
    deposit = opened()
    ProviderAccount.objects.update(base_url="http://127.0.0.1:1")
    confirm(api, deposit)
    work()
    for seconds in (*RESEND_DELAYS_SECONDS, RESEND_DELAYS_SECONDS[-1]):
        waiting = only()
        assert (waiting.status, waiting.sent_at, waiting.token) == ("created", None, None)
        assert waiting.next_at is not None
        assert timedelta(seconds=seconds) <= waiting.next_at - timezone.now() <= timedelta(seconds=seconds * 1.1)
        clock.move_to(waiting.next_at)
        work()
    ProviderAccount.objects.update(base_url=provider.url)
    clock.shift(2 * 3600)
    work()
    assert len(activations(provider)) == 1
    assert (only().status, fresh(deposit).status) == ("verifying", "verifying")
    assert news(deposit.product) == VERIFYING_NEWS
    assert moves(only())[:4] == [
        (1, "", "created", "api_key"),
        (2, "created", "sending", "clock"),
        (3, "sending", "created", "provider_answer"),
        (4, "created", "sending", "clock"),
    ]


@pytest.mark.parametrize("answer", [WRONG_SECRET, NOT_FOUND])
def test_what_was_refused_unread_is_handed_in_once_the_credentials_are_right(
    *, answer: Any, api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, answer, OK)
    deposit = opened()
    confirm(api, deposit)
    work()
    assert only().status == "created"
    assert ProviderAccount.objects.get().is_paused() is (answer is WRONG_SECRET)
    clock.shift(61)
    work()
    assert (only().status, fresh(deposit).status) == ("verifying", "verifying")
    assert len(activations(provider)) == 2
    assert len({sent_json(request)["custom_transaction_id"] for request in activations(provider)}) == 1


@pytest.mark.parametrize(
    ("system", "currency", "typed", "kept"),
    [
        ("upi_l", "INR", "1234 5678-9012", "123456789012"),
        ("upi_l", "INR", "12345678901", None),
        ("upi_l", "INR", "1234567890123", None),
        ("upi_l", "INR", "12345678901a", None),
        ("upi_l", "INR", "١٢٣٤٥٦٧٨٩٠١٢", None),
        ("phone_pe", "INR", "123456789012", "123456789012"),
        ("easypaisa", "PKR", "12345678901", "12345678901"),
        ("easypaisa", "PKR", "123456789012", None),
        ("paytm", "INR", "123-abc-456-def", "123-ABC-456-DEF"),
        ("paytm", "INR", "12345", None),
        ("bkash", "BDT", "9ab8 cd7ef6", "9AB8CD7EF6"),
        ("bkash", "BDT", "9ab8-cd7ef6", None),
        ("nagad", "BDT", "7abc1234", "7ABC1234"),
    ],
)
def test_the_format_of_a_reference_is_that_of_its_system(
    *,
    system: str,
    currency: str,
    typed: str,
    kept: str | None,
    api: Api,
    opened: Placed,
    book: Book,
    provider: ScriptedProvider,
) -> None:
    provider.script(AVAILABLE, offered((system, currency, False)))
    provider.script(create_path(system), details())
    deposit = opened(payment_system=system, currency=currency)
    wants_amount = deposit.payment_system.wants_amount
    body = {"provider_reference": typed} | ({"amount": "1000.00"} if wants_amount else {})
    answer = api.post(f"deposits/{deposit.public_id}/confirmations", body)
    if kept is None:
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/provider_reference"]
        assert deposit.payment_system.reference_example in answer.json()["detail"]
        assert not Confirmation.objects.exists()
        assert fresh(deposit).status == "awaiting_payment"
    else:
        assert (answer.status_code, answer.json()["provider_reference"]) == (201, kept)
        assert only().provider_reference == kept


def test_the_amount_is_wanted_where_the_system_wants_it(api: Api, opened: Placed) -> None:
    deposit = opened()
    answer = api.post(f"deposits/{deposit.public_id}/confirmations", {"provider_reference": REFERENCE})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (400, ["/amount"])
    assert ids.decode(ids.DEPOSIT, deposit.public_id) == deposit.pk
    assert not Confirmation.objects.exists()
