"""Details to pay to (C§1.3): asked for, shown, asked for again, given up."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.providers.models import MediaHint, PaymentSystem, ProviderAccount, ProviderCall, SystemObservation
from payments.models import Confirmation, Receipt
from payments.opening import OPEN_DELAYS_SECONDS, open_deposit
from tests.conftest import Api
from tests.payments.stage import (
    AVAILABLE,
    DOWN,
    NOT_FOUND,
    WRONG_SECRET,
    Book,
    Placed,
    create_path,
    details,
    fresh,
    moves,
    news,
    offered,
    place,
    sent_json,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

UPI = create_path("upi_l")
REFUSED = (200, {"status": "fail", "message": "This currency is not available"})


def test_the_details_are_shown_as_the_provider_gave_them(api: Api, book: Book, provider: ScriptedProvider) -> None:
    provider.script(UPI, details(**{"Wallet number": "0123", "Account name": "Ü", "is_check_amount": None}))
    deposit = place(api)
    assert (deposit.status, provider.requests) == ("created", [])

    work()

    label = deposit.customer.label
    asked = [(one.method, one.path, one.query.get("label[]") or one.query.get("label")) for one in provider.requests]
    assert asked == [("GET", AVAILABLE, [label]), ("POST", UPI, None)]
    assert sent_json(provider.requests[1]) == {"currency": "INR", "label": label}
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["status"], shown["failure"], shown["receipts"]) == ("awaiting_payment", None, [])
    assert shown["next_action"] == {
        "type": "show_details",
        "details": [{"label": "Wallet number", "value": "0123"}, {"label": "Account name", "value": "Ü"}],
        "amount": "1000.00",
        "currency": "INR",
        "media": None,
    }
    assert moves(deposit) == [
        (1, "", "created", "api_key"),
        (2, "created", "awaiting_payment", "provider_answer"),
    ]
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.awaiting_payment", 2)]
    now = fresh(deposit)
    assert (now.shown_at, now.next_at, now.token, now.attempts) == (timezone.now(), None, None, 0)
    assert now.deadline_at == timezone.now() + timedelta(days=1)
    assert now.payment_created_at is None
    calls = ProviderCall.objects.order_by("started_at", "id").values_list("operation", "sent", "outcome")
    assert list(calls) == [("available", True, "accepted"), ("transaction/create", True, "accepted")]


def test_the_provider_s_film_is_shown_beside_the_details_and_frozen_with_them(
    api: Api, book: Book, account: ProviderAccount
) -> None:
    hint = MediaHint.objects.create(
        account=account, code="upi", url="https://media.example/upi.mp4", seen_at=timezone.now()
    )
    deposit = place(api)
    work()
    hint.delete()
    shown = api.get(f"deposits/{deposit.public_id}").json()["next_action"]
    assert (shown["type"], shown["media"]) == ("show_details", [{"url": "https://media.example/upi.mp4"}])


def test_details_once_shown_are_never_fetched_again(
    opened: Placed, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    deposit = opened()
    before = len(provider.requests)
    for days in range(35):
        clock.shift(timedelta(days=days))
        work()
        open_deposit(deposit.pk)
    assert len(provider.requests) == before
    assert fresh(deposit).shown == deposit.shown


@pytest.mark.parametrize("word", [True, False])
def test_is_manual_is_what_the_provider_says_and_is_frozen(
    word: bool, api: Api, book: Book, provider: ScriptedProvider
) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(is_manual=not word)
    provider.script(AVAILABLE, offered(("paytm", "INR", not word), ("upi_l", "INR", word)))
    deposit = place(api)
    work()
    assert fresh(deposit).is_manual is word

    SystemObservation.objects.update(is_manual=not word)
    work()
    assert fresh(deposit).is_manual is word


@pytest.mark.parametrize("silence", [DOWN, DROP, (200, b"<html>"), offered(("upi_l", "USD", False))])
def test_where_the_provider_does_not_say_the_row_decides(
    silence: Any, api: Api, book: Book, provider: ScriptedProvider
) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(is_manual=True)
    provider.script(AVAILABLE, silence)
    deposit = place(api)
    work()
    assert (fresh(deposit).status, fresh(deposit).is_manual) == ("awaiting_payment", True)


def test_the_list_of_systems_is_good_for_five_minutes(
    opened: Placed, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    assert opened().is_manual is False
    provider.script(AVAILABLE, offered(("upi_l", "INR", True)))
    clock.shift(299)
    assert opened().is_manual is False
    assert len(provider.to(AVAILABLE)) == 1
    clock.shift(1)
    assert opened().is_manual is True
    assert len(provider.to(AVAILABLE)) == 2


NO_DETAILS = [
    DOWN,
    DROP,
    (200, b'{"status": "ok"'),
    (200, {"status": "ok"}),
    (200, {"status": "ok", "params": {"is_check_amount": None}}),
    (200, {"status": "ok", "params": {"identifier": "  "}}),
]


@pytest.mark.parametrize("answer", NO_DETAILS)
def test_without_details_the_question_is_repeated_after_a_second(
    answer: Any, api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(UPI, answer, details())
    deposit = place(api)
    work()
    waiting = fresh(deposit)
    assert (waiting.status, waiting.attempts, waiting.token, waiting.shown) == ("created", 1, None, None)
    assert news(deposit.product) == [("deposit.created", 1)]

    clock.shift(0.9)
    work()
    assert len(provider.to(UPI)) == 1
    clock.shift(0.2)
    work()
    assert len(provider.to(UPI)) == 2
    assert fresh(deposit).status == "awaiting_payment"


def test_after_the_last_try_it_is_given_up_and_paying_elsewhere_is_safe(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(UPI, DOWN)
    deposit = place(api)
    work()
    for tries, seconds in enumerate(OPEN_DELAYS_SECONDS, start=1):
        assert len(provider.to(UPI)) == tries
        due = fresh(deposit).next_at
        assert due is not None
        assert timedelta(seconds=seconds) <= due - timezone.now() <= timedelta(seconds=seconds * 1.1)
        clock.move_to(due)
        work()
    assert len(provider.to(UPI)) == len(OPEN_DELAYS_SECONDS) + 1

    ended = fresh(deposit)
    assert (ended.status, ended.next_at, ended.token, ended.deadline_at) == ("failed", None, None, None)
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["failure"]["code"], shown["failure"]["safe_to_retry"]) == ("provider_unavailable", True)
    assert shown["next_action"] == {"type": "none"}
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.failed", 2)]
    clock.shift(timedelta(days=2))
    work()
    assert len(provider.to(UPI)) == len(OPEN_DELAYS_SECONDS) + 1


def test_a_refusal_is_final_at_once(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(UPI, REFUSED)
    deposit = place(api)
    work()
    clock.shift(timedelta(days=2))
    work()
    assert len(provider.to(UPI)) == 1
    assert (fresh(deposit).status, fresh(deposit).failure_code) == ("failed", "provider_refused")
    assert moves(deposit) == [(1, "", "created", "api_key"), (2, "created", "failed", "provider_answer")]
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.failed", 2)]


def test_no_connection_is_tried_again(
    api: Api, book: Book, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    ProviderAccount.objects.update(base_url="http://127.0.0.1:1")
    deposit = place(api)
    work()
    assert fresh(deposit).status == "created"
    assert set(ProviderCall.objects.values_list("sent", "note")) == {(False, "not_connected")}

    ProviderAccount.objects.update(base_url=provider.url)
    clock.shift(2)
    work()
    assert fresh(deposit).status == "awaiting_payment"


def test_a_wrong_secret_stops_the_account_and_loses_nothing(
    api: Api, book: Book, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    place(api)
    work()  # from here on the list of systems is known, and each opening is one call
    provider.script(UPI, WRONG_SECRET, details())
    first = place(api)
    work()
    account.refresh_from_db()
    assert account.is_paused()
    assert account.pause_reason == "The provider refuses our credentials: credentials refused (HTTP 200)"
    provider.script(AVAILABLE, WRONG_SECRET)
    second = place(api)
    for _ in range(10):
        clock.shift(60)
        work()
    assert len(provider.to(UPI)) == 2
    assert (fresh(first).status, fresh(second).status) == ("created", "created")
    assert (fresh(first).attempts, fresh(second).attempts) == (0, 0)  # no try of theirs was spent on the account

    provider.script(AVAILABLE, offered(("upi_l", "INR", False)))
    clock.shift(331)
    work()
    account.refresh_from_db()
    assert (account.pause_kind, account.paused_until, account.pause_reason) == ("none", None, "")
    assert (fresh(first).status, fresh(second).status) == ("awaiting_payment", "awaiting_payment")
    assert len(provider.to(UPI)) == 4


def test_asked_for_fewer_calls_the_account_waits_as_told_and_the_order_with_it(
    api: Api, book: Book, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(UPI, (429, {"status": "ok", "params": {"identifier": "1"}}), details())
    deposit = place(api)
    work()
    waiting = fresh(deposit)
    assert (waiting.status, waiting.attempts, waiting.token, waiting.shown) == ("created", 0, None, None)
    account.refresh_from_db()
    assert (account.pause_kind, account.pause_reason) == (
        "slow_down",
        "The provider asks for fewer calls: too many requests (HTTP 429)",
    )
    clock.shift(4.9)
    work()
    assert len(provider.to(UPI)) == 1
    clock.shift(0.7)
    work()
    assert len(provider.to(UPI)) == 2
    assert fresh(deposit).status == "awaiting_payment"


def test_only_five_missing_addresses_in_a_row_stop_the_account(
    api: Api, book: Book, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    place(api)
    work()
    provider.script(UPI, *[NOT_FOUND] * 4, details(), *[NOT_FOUND] * 5, details())
    deposits = [place(api) for _ in range(4)]
    work()
    account.refresh_from_db()
    assert (account.not_found_streak, account.is_paused()) == (4, False)

    clock.shift(2)
    provider.script(UPI, details(), *[NOT_FOUND] * 5, details())
    work()  # one success in between: counted from nothing again
    account.refresh_from_db()
    assert (account.not_found_streak, account.is_paused()) == (3, False)
    deposits += [place(api) for _ in range(2)]
    work()
    account.refresh_from_db()
    assert (account.not_found_streak, account.is_paused()) == (5, True)

    clock.shift(61)
    work()
    assert {fresh(one).status for one in deposits} == {"awaiting_payment"}
    account.refresh_from_db()
    assert (account.not_found_streak, account.is_paused()) == (0, False)


def test_nothing_else_was_made(opened: Placed) -> None:
    opened()
    assert not Confirmation.objects.exists()
    assert not Receipt.objects.exists()
