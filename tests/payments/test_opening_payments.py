"""Payments by redirect and push (C§1.5): sent once in a deposit's life, whatever the answer was."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.providers.models import ProviderAccount, ProviderCall
from payments.models import Deposit, Receipt
from payments.opening import OPEN_DELAYS_SECONDS
from tests.conftest import Api
from tests.payments.stage import (
    DOWN,
    NOT_FOUND,
    OK,
    WRONG_SECRET,
    Book,
    fresh,
    money,
    moves,
    news,
    payment_path,
    place,
    sent_json,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

MPESA = payment_path("mpesa")
PUSHED = (200, {"status": "ok", "data": {"order_id": "e5c0637c10d326f7", "message": "Success. Request accepted"}})
RETURN_URLS = {"success": "https://shop.example.com/ok", "failure": "https://shop.example.com/no"}


def push(api: Api) -> Deposit:
    details = {"phone_number": "254700000000"}
    return place(api, payment_system="mpesa", currency="KES", amount="250.00", details=details)


def redirect(api: Api, **changes: Any) -> Deposit:
    return place(api, **{"payment_system": "upi_s", "return_urls": RETURN_URLS, "language": "hi", **changes})


def wait_a_month(clock: time_machine.Traveller) -> None:
    # Day by day past its last deadline, which is a week away; then nothing is left that a single day would change.
    for days in (*(1,) * 9, *(7,) * 3, 1):
        clock.shift(timedelta(days=days))
        work()


def test_a_push_says_what_the_customer_is_to_do(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(MPESA, PUSHED)
    deposit = push(api)
    work()
    assert [request.path for request in provider.requests] == [MPESA]
    assert sent_json(provider.requests[0]) == {
        "phone_number": "254700000000",
        "currency": "KES",
        "amount": "250.0000",
        "label": deposit.customer.label,
        "custom_transaction_id": deposit.public_id,
    }
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["status"], shown["failure"]) == ("awaiting_payment", None)
    assert shown["next_action"] == {"type": "wait", "message": "Success. Request accepted"}
    assert moves(deposit) == [
        (1, "", "created", "api_key"),
        (2, "created", "awaiting_payment", "provider_answer"),
    ]
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.awaiting_payment", 2)]
    now = fresh(deposit)
    assert (now.payment_created_at, now.attempts, now.token) == (timezone.now(), 0, None)
    assert now.next_at == timezone.now() + timedelta(seconds=15)

    wait_a_month(clock)
    assert len(provider.to(MPESA)) == 1
    assert set(map(tuple, book.asked())) == {(deposit.public_id,)}


def test_a_redirect_carries_the_ways_back_and_gives_the_address(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    path = payment_path("upi_s")
    provider.script(path, (200, {"status": "ok", "data": {"url": "https://pay.example.com/p/1?a=b"}}))
    deposit = redirect(api)
    work()
    assert [request.path for request in provider.requests] == [path]
    assert sent_json(provider.requests[0]) == {
        "mode": "upi_collect_qr",
        "wallet_type": "upi_s",
        "redirect_url": "https://shop.example.com/ok",
        "language": "hi",
        "currency": "INR",
        "amount": "1000.0000",
        "label": deposit.customer.label,
        "custom_transaction_id": deposit.public_id,
    }
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert shown["next_action"] == {"type": "redirect", "url": "https://pay.example.com/p/1?a=b"}
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.awaiting_payment", 2)]
    wait_a_month(clock)
    assert len(provider.to(path)) == 1


@pytest.mark.parametrize(
    ("return_urls", "no"),
    [(RETURN_URLS, "https://shop.example.com/no"), ({"success": RETURN_URLS["success"]}, RETURN_URLS["success"])],
)
def test_a_way_back_that_the_product_did_not_name_is_the_one_of_success(
    return_urls: dict[str, str], no: str, api: Api, book: Book, provider: ScriptedProvider
) -> None:
    path = payment_path("bkash_api")
    provider.script(path, (200, {"status": "ok", "data": {"payment_url": "https://pay.example.com/b"}}))
    deposit = redirect(
        api,
        payment_system="bkash_api",
        currency="BDT",
        details={"account_number": "01000000000"},
        return_urls=return_urls,
    )
    work()
    body = sent_json(provider.to(path)[0])
    assert body == {
        "account_number": "01000000000",
        "success_url": RETURN_URLS["success"],
        "fail_url": no,
        "cancel_url": no,
        "language": "hi",
        "currency": "BDT",
        "amount": "1000.0000",
        "label": deposit.customer.label,
        "custom_transaction_id": deposit.public_id,
    }
    assert fresh(deposit).shown == {"type": "redirect", "url": "https://pay.example.com/b"}


LOST = [
    DROP,
    DOWN,
    (200, b""),
    (200, b'{"status": "o'),
    (200, {"status": "whatever"}),
    (302, b""),
    (429, OK[1]),
    (400, {"message": "?"}),
    (401, b""),
    (403, b"<html>a firewall's</html>"),
    (200, {"status": "possible_transaction_created"}),
]


@pytest.mark.parametrize("answer", LOST)
def test_a_lost_answer_is_asked_about_and_never_sent_again(
    answer: Any, api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(MPESA, answer, PUSHED)
    deposit = push(api)
    work()
    waiting = fresh(deposit)
    assert (waiting.status, waiting.failure_code, waiting.shown) == ("verifying", "", None)
    assert waiting.next_at == timezone.now() + timedelta(seconds=15)
    assert waiting.deadline_at == timezone.now() + timedelta(days=7)
    assert api.get(f"deposits/{deposit.public_id}").json()["next_action"] == {"type": "wait"}
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.verifying", 2)]
    assert book.asked() == []

    clock.shift(15)
    work()
    assert book.asked() == [[deposit.public_id]]
    wait_a_month(clock)
    assert len(provider.to(MPESA)) == 1
    assert fresh(deposit).status == "verifying"  # its end by the clock is another task's: see test_endings.py
    assert not Receipt.objects.exists()


def test_a_push_whose_answer_was_lost_is_credited_by_the_book(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(MPESA, DROP)
    deposit = push(api)
    work()
    paid = money(amount="250.00", currency_code="KES", wallet_type="mpesa", transaction_id="QWE1")
    book.enter(deposit.public_id, paid, label=deposit.customer.label)
    clock.shift(15)
    work()
    assert fresh(deposit).status == "credited"
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.verifying", 2), ("deposit.credited", 3)]
    assert len(provider.to(MPESA)) == 1


NO_ADDRESS = [
    OK,
    (200, {"status": "ok", "data": {}}),
    (200, {"status": "ok", "data": {"url": "javascript:alert(1)"}}),
    (200, {"status": "success", "data": {"link": "https://pay.example.com"}}),
    (200, {"status": "ok", "data": {"redirect_url": "https://shop.example.com/ok"}}),  # ours, repeated
]


@pytest.mark.parametrize("answer", NO_ADDRESS)
def test_accepted_without_an_address_is_looked_at_by_a_person(
    answer: Any, api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(payment_path("upi_s"), answer)
    deposit = redirect(api)
    work()
    waiting = fresh(deposit)
    assert (waiting.status, waiting.failure_code) == ("in_review", "provider_answer_unusable")
    assert (waiting.shown, waiting.deadline_at) == (None, None)
    why = deposit.moves.latest("sequence").detail
    assert why == "accepted (HTTP 200), but no address to send the customer to"
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["next_action"], shown["failure"]["safe_to_retry"]) == ({"type": "wait"}, False)
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.in_review", 2)]
    assert ProviderCall.objects.get(operation="payment/create").response == json.dumps(answer[1]).encode()

    paid = money(wallet_type="upi_s", transaction_id="T1")
    book.enter(deposit.public_id, paid, label=deposit.customer.label)
    clock.shift(15)
    work()
    ended = fresh(deposit)
    assert (ended.status, ended.failure_code, ended.late) == ("credited", "", False)
    assert news(deposit.product)[2:] == [("deposit.credited", 3)]
    assert len(provider.to(payment_path("upi_s"))) == 1


def test_a_push_without_words_still_waits_for_the_customer(api: Api, book: Book, provider: ScriptedProvider) -> None:
    provider.script(MPESA, OK)
    deposit = push(api)
    work()
    assert (fresh(deposit).status, fresh(deposit).shown) == ("awaiting_payment", {"type": "wait"})


def test_a_refusal_is_final_and_nothing_is_asked_about(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(MPESA, (200, {"status": "fail", "message": {"phone_number": ["wrong"]}}), PUSHED)
    deposit = push(api)
    work()
    ended = fresh(deposit)
    assert (ended.status, ended.failure_code, ended.payment_created_at) == ("failed", "provider_refused", None)
    assert (ended.next_at, ended.token, ended.deadline_at) == (None, None, None)
    assert api.get(f"deposits/{deposit.public_id}").json()["failure"]["safe_to_retry"] is True
    wait_a_month(clock)
    assert [request.path for request in provider.requests] == [MPESA]
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.failed", 2)]


def test_where_no_byte_left_it_is_sent_after_all_and_once(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(MPESA, PUSHED)
    ProviderAccount.objects.update(base_url="http://127.0.0.1:1")
    deposit = push(api)
    work()
    waiting = fresh(deposit)
    assert (waiting.status, waiting.payment_created_at, waiting.token, waiting.attempts) == ("created", None, None, 1)
    assert news(deposit.product) == [("deposit.created", 1)]

    ProviderAccount.objects.update(base_url=provider.url)
    clock.shift(2)
    work()
    assert fresh(deposit).status == "awaiting_payment"
    wait_a_month(clock)
    assert len(provider.to(MPESA)) == 1


def test_without_any_connection_it_is_given_up(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    ProviderAccount.objects.update(base_url="http://127.0.0.1:1")
    deposit = push(api)
    work()
    for _ in OPEN_DELAYS_SECONDS:
        due = fresh(deposit).next_at
        assert due is not None
        clock.move_to(due)
        work()
    ended = fresh(deposit)
    assert (ended.status, ended.failure_code, ended.payment_created_at) == ("failed", "provider_unavailable", None)
    assert ProviderCall.objects.count() == len(OPEN_DELAYS_SECONDS) + 1
    assert news(deposit.product) == [("deposit.created", 1), ("deposit.failed", 2)]


@pytest.mark.parametrize("answer", [WRONG_SECRET, NOT_FOUND])
def test_what_was_refused_unread_is_sent_once_the_credentials_are_right(
    *,
    answer: Any,
    api: Api,
    book: Book,
    account: ProviderAccount,
    provider: ScriptedProvider,
    clock: time_machine.Traveller,
) -> None:
    provider.script(MPESA, answer, PUSHED)
    deposit = push(api)
    work()
    assert (fresh(deposit).status, fresh(deposit).payment_created_at) == ("created", None)
    account.refresh_from_db()
    assert account.is_paused() is (answer is WRONG_SECRET)
    assert account.not_found_streak == (1 if answer is NOT_FOUND else 0)

    clock.shift(61)
    work()
    assert fresh(deposit).status == "awaiting_payment"
    account.refresh_from_db()
    assert (account.is_paused(), account.not_found_streak) == (False, 0)
    wait_a_month(clock)
    assert len(provider.to(MPESA)) == 2
