"""Deposits paid in the provider's window (C§1.8): composed, shown once, and asked about from then on."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway.products.models import Product
from gateway.providers.models import PauseKind, ProviderAccount, ProviderCall, RedirectHash
from payments.models import Deposit
from payments.opening import OPEN_DELAYS_SECONDS
from payments.tasks import end_overdue
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.payments.stage import AVAILABLE, DOWN, Book, confirm, fresh, money, moves, news, place, work
from tests.scripted_provider import DROP, Received, ScriptedProvider

pytestmark = pytest.mark.django_db

HASH_URL = "/payment-plugin/hash-url"
WINDOW = "https://plugin.example.com"
RETURN_URLS = {
    "success": "https://shop.example.com/ok",
    "failure": "https://shop.example.com/no",
    "pending": "https://shop.example.com/wait",
}


@pytest.fixture
def prefers(api: Api, book: Book, account: ProviderAccount) -> ProviderAccount:
    """The account whose new deposits are paid in the window."""
    ProviderAccount.objects.update(widget_url=WINDOW, prefers_widget=True)
    account.refresh_from_db()
    return account


def hashed(request: Received) -> tuple[int, Any]:
    """The provider's hashes: a letter for the kind, and where it stands."""
    letters = {"success_urls": "a", "fail_urls": "b", "pending_urls": "c"}
    return 200, {
        "status": "ok",
        "urls": {
            kind.replace("_urls", "_url"): [
                {"order": item["order"], "url": letters[kind] * 63 + str(item["order"])} for item in items
            ]
            for kind, items in request.json().items()
        },
    }


def parameters(deposit: Deposit) -> dict[str, str]:
    assert deposit.shown["type"] == "widget"
    parts = urlsplit(deposit.shown["url"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{WINDOW}/"
    return dict(parse_qsl(parts.query, strict_parsing=True))


def asked_for_money(provider: ScriptedProvider) -> list[str]:
    """Every call but those that only look."""
    return [one.path for one in provider.requests if one.path not in {HASH_URL, "/api/v1/pullpostbacks"}]


def test_the_window_s_address_is_composed_and_nothing_is_created(
    api: Api, prefers: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    provider.script(HASH_URL, hashed)
    deposit = place(api, return_urls=RETURN_URLS, language="hi")
    assert deposit.in_widget is True
    work()
    opened = fresh(deposit)
    assert parameters(opened) == {
        "label": deposit.customer.label,
        "currency_code": "INR",
        "lang": "hi",
        "wallet_type": "upi_l",
        "custom_transaction_id": deposit.public_id,
        "fixed_amount": "1000",
        "success_url": "a" * 63 + "1",
        "fail_url": "b" * 63 + "1",
        "pending_url": "c" * 63 + "1",
    }
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["status"], shown["failure"]) == ("awaiting_payment", None)
    assert shown["next_action"] == {"type": "widget", "url": opened.shown["url"], "width": 640, "height": 750}
    assert [(one.path, one.json()) for one in provider.requests] == [
        (
            HASH_URL,
            {
                "success_urls": [{"order": 1, "url": RETURN_URLS["success"]}],
                "fail_urls": [{"order": 1, "url": RETURN_URLS["failure"]}],
                "pending_urls": [{"order": 1, "url": RETURN_URLS["pending"]}],
            },
        )
    ]
    assert moves(deposit) == [(1, "", "created", "api_key"), (2, "created", "awaiting_payment", "clock")]
    assert opened.moves.get(sequence=2).detail == "payment window"
    assert news(product) == [("deposit.created", 1), ("deposit.awaiting_payment", 2)]
    now = timezone.now()
    assert (opened.payment_created_at, opened.shown_at) == (now, now)
    assert (opened.next_at, opened.attempts, opened.token) == (now + timedelta(seconds=15), 0, None)
    assert RedirectHash.objects.count() == 3


def test_without_ways_back_nobody_is_asked_anything(
    api: Api, prefers: ProviderAccount, provider: ScriptedProvider
) -> None:
    deposit = place(api, amount="1000")
    work()
    assert provider.requests == []
    assert set(parameters(fresh(deposit))) == {
        *("label", "currency_code", "lang", "wallet_type", "custom_transaction_id", "fixed_amount")
    }


def test_a_hash_of_the_last_hour_serves_the_next_deposit_and_an_older_one_is_made_anew(
    api: Api, prefers: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(HASH_URL, hashed)
    for seconds, calls in ((0, 1), (3600, 1), (1, 2)):
        clock.shift(seconds)
        place(api, return_urls=RETURN_URLS)
        work()
        assert len(provider.to(HASH_URL)) == calls


@pytest.mark.parametrize(
    ("silence", "why"),
    [
        (DOWN, "silent"),
        (DROP, "silent"),
        ((404, b"Not found"), "silent"),
        ((200, {"status": "fail", "message": "no"}), "refused"),
        ((200, {"status": "ok", "urls": {"success_url": [], "fail_url": [], "pending_url": []}}), "unusable"),
    ],
    ids=["503", "dropped", "404", "refused", "none"],
)
def test_without_hashes_it_is_opened_without_ways_back_and_says_so(
    api: Api, prefers: ProviderAccount, provider: ScriptedProvider, silence: Any, why: str
) -> None:
    provider.script(HASH_URL, silence)
    deposit = place(api, return_urls={"success": RETURN_URLS["success"], "pending": RETURN_URLS["pending"]})
    work()
    opened = fresh(deposit)
    assert opened.status == "awaiting_payment"
    assert not {"success_url", "fail_url", "pending_url"} & set(parameters(opened))
    detail = opened.moves.get(sequence=2).detail
    assert detail == f"payment window without a way back for success, pending: hashes {why}"
    prefers.refresh_from_db()
    assert (prefers.not_found_streak, prefers.paused_until) == (0, None)
    assert len(provider.requests) == 1


def test_what_is_paid_in_the_window_is_found_by_the_deposit_s_own_id(
    api: Api, prefers: ProviderAccount, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    deposit = place(api)
    work()
    clock.shift(15)
    work()
    assert book.asked() == [[deposit.public_id]]
    assert fresh(deposit).status == "awaiting_payment"
    book.enter(deposit.public_id, money(), label=deposit.customer.label)
    clock.shift(17)
    work()
    credited = fresh(deposit)
    assert (credited.status, credited.amount_check, credited.late) == ("credited", "exact", False)
    assert asked_for_money(provider) == []
    for _ in range(31):
        clock.shift(timedelta(days=1))
        work()
    assert asked_for_money(provider) == []
    assert provider.to(HASH_URL) == []


def test_what_is_paid_after_its_time_or_its_cancelling_is_late_money(
    api: Api, prefers: ProviderAccount, book: Book, clock: time_machine.Traveller
) -> None:
    expired, cancelled = place(api), place(api)
    work()
    assert api.post(f"deposits/{cancelled.public_id}/cancel").status_code == 200
    clock.shift(timedelta(days=1))
    end_overdue()
    assert (fresh(expired).status, fresh(cancelled).status) == ("expired", "cancelled")
    for number, deposit in enumerate((expired, cancelled)):
        book.enter(deposit.public_id, money(transaction_id=f"{number}"), label=deposit.customer.label)
    clock.shift(timedelta(hours=2))
    work()
    for deposit in (expired, cancelled):
        assert (fresh(deposit).status, fresh(deposit).late) == ("credited", True)


@pytest.mark.parametrize("amount", ["1000.50", "0.01"])
def test_an_amount_that_is_not_whole_is_refused_and_leaves_nothing(
    api: Api, prefers: ProviderAccount, amount: str
) -> None:
    body = {"payment_system": "upi_l", "currency": "INR", "amount": amount, "customer": "55", "reference": "one"}
    with nothing_changes():
        assert_refused(api.post("deposits", body, key="k1"), 400, "amount_not_whole", "/amount")
    # A refused request leaves its key free.
    assert api.post("deposits", {**body, "amount": "1000.00"}, key="k1").status_code == 201


def test_the_customer_enters_everything_in_the_window_so_no_reference_is_taken(
    api: Api, prefers: ProviderAccount
) -> None:
    deposit = place(api)
    work()
    with nothing_changes():
        answer = confirm(api, deposit)
        assert_refused(answer, 409, "conflict", extra={"current_status"})
    assert answer.json()["current_status"] == "awaiting_payment"


def test_the_choice_is_frozen_on_the_deposit(
    api: Api, prefers: ProviderAccount, book: Book, provider: ScriptedProvider
) -> None:
    in_widget = place(api)
    ProviderAccount.objects.update(prefers_widget=False)
    by_details = place(api, amount="1000.50")
    ProviderAccount.objects.update(prefers_widget=True)
    work()
    assert (fresh(in_widget).shown["type"], fresh(in_widget).in_widget) == ("widget", True)
    assert (fresh(by_details).shown["type"], fresh(by_details).in_widget) == ("show_details", False)
    ProviderAccount.objects.update(prefers_widget=False)
    before = fresh(in_widget).shown
    work()
    assert fresh(in_widget).shown == before
    assert len(provider.to(AVAILABLE)) == 1


@pytest.mark.parametrize(("system", "currency"), [("upi_s", "INR"), ("staging_b_ml", "INR"), ("bkash", "BDT")])
def test_every_flow_is_paid_in_the_window(
    api: Api, prefers: ProviderAccount, provider: ScriptedProvider, system: str, currency: str
) -> None:
    provider.script(HASH_URL, hashed)
    deposit = place(api, payment_system=system, currency=currency, return_urls=RETURN_URLS)
    work()
    assert parameters(fresh(deposit))["wallet_type"] == system
    assert asked_for_money(provider) == []


def test_a_window_whose_address_was_taken_away_is_tried_again_and_then_failed(
    api: Api, prefers: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    deposit = place(api)
    ProviderAccount.objects.update(prefers_widget=False, widget_url="")
    work()
    assert (fresh(deposit).status, fresh(deposit).attempts) == ("created", 1)
    for _ in OPEN_DELAYS_SECONDS:
        clock.shift(400)
        work()
    ended = fresh(deposit)
    assert (ended.status, ended.failure_code, ended.payment_created_at) == ("failed", "provider_unavailable", None)
    assert ended.next_at is None
    assert (provider.requests, ProviderCall.objects.count()) == ([], 0)


def test_a_paused_account_opens_no_window(api: Api, prefers: ProviderAccount) -> None:
    ProviderAccount.objects.update(pause_kind=PauseKind.OUTAGE)
    deposit = place(api)
    work()
    assert fresh(deposit).status == "created"
    ProviderAccount.objects.update(pause_kind=PauseKind.NONE)
    work()
    assert fresh(deposit).status == "awaiting_payment"


def test_a_preferred_window_has_an_address(account: ProviderAccount) -> None:
    with pytest.raises(IntegrityError, match="preferred_widget_has_address"), transaction.atomic():
        ProviderAccount.objects.update(prefers_widget=True)
