"""What ends a deposit but money: the clock and the product."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from gateway.products.models import Product
from gateway.providers import health
from gateway.providers.models import PaymentSystem, ProviderAccount
from payments import deadlines
from payments.models import Confirmation, Deposit
from payments.tasks import end_overdue
from tests.conftest import Api
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    DOWN,
    OK,
    WRONG_LENGTH,
    WRONG_SECRET,
    Book,
    Placed,
    activations,
    confirm,
    create_path,
    fresh,
    money,
    moves,
    news,
    offered,
    payment_path,
    place,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

MPESA = payment_path("mpesa")


@pytest.fixture(autouse=True)
def accepting(provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, OK)
    provider.script(MPESA, OK)


def push(api: Api) -> Deposit:
    return place(api, payment_system="mpesa", currency="KES", details={"phone_number": "254700000000"})


def cancel(api: Api, deposit: Deposit) -> Any:
    return api.post(f"deposits/{deposit.public_id}/cancel")


def test_nobody_paid_for_a_day(api: Api, opened: Placed, product: Product, clock: time_machine.Traveller) -> None:
    deposit = opened()
    clock.shift(timedelta(days=1, seconds=-1))
    end_overdue()
    assert fresh(deposit).status == "awaiting_payment"
    clock.shift(1)
    end_overdue()
    end_overdue()
    ended = fresh(deposit)
    assert (ended.status, ended.failure_code, ended.deadline_at) == ("expired", "not_paid_in_time", None)
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["next_action"], shown["failure"]["safe_to_retry"]) == ({"type": "none"}, False)
    assert moves(ended)[-1] == (3, "awaiting_payment", "expired", "clock")
    assert news(product) == [("deposit.created", 1), ("deposit.awaiting_payment", 2), ("deposit.expired", 3)]


def test_a_deposit_that_was_never_opened_ends_as_well(
    api: Api, book: Book, provider: ScriptedProvider, account: ProviderAccount, clock: time_machine.Traveller
) -> None:
    deposit = place(api)
    health.pause_by_hand(account, "maintenance")
    clock.shift(timedelta(days=1))
    work()
    end_overdue()
    assert (fresh(deposit).status, fresh(deposit).failure_code) == ("expired", "not_paid_in_time")
    health.resume_by_hand(account)
    work()
    assert provider.requests == []
    assert fresh(deposit).next_at is None


def test_nobody_confirmed_for_the_days_of_the_system(
    api: Api, opened: Placed, book: Book, product: Product, clock: time_machine.Traveller
) -> None:
    PaymentSystem.objects.update(confirm_days=3)
    deposit = opened()
    clock.shift(timedelta(hours=20))
    confirm(api, deposit)
    work()
    clock.shift(timedelta(days=3, seconds=-1))
    end_overdue()
    assert fresh(deposit).status == "verifying"
    clock.shift(1)
    assert deadlines.expire_deposits() == 1
    assert Confirmation.objects.get().status == "expired"  # ends with its deposit, in the same breath
    end_overdue()
    ended = fresh(deposit)
    assert (ended.status, ended.failure_code, ended.deadline_at) == ("expired", "not_confirmed", None)
    confirmation = Confirmation.objects.get()
    assert (confirmation.status, confirmation.failure_code) == ("expired", "not_confirmed")
    assert moves(confirmation)[-1] == (4, "verifying", "expired", "clock")
    assert news(product) == [
        ("deposit.created", 1),
        ("deposit.awaiting_payment", 2),
        ("deposit.verifying", 3),
        ("deposit.expired", 4),
    ]
    assert api.get(f"deposits/{deposit.public_id}").json()["failure"]["safe_to_retry"] is False

    # It is still asked about, and the money still comes.
    book.enter(confirmation.public_id, money(), label=deposit.customer.label)
    due = ended.next_at
    assert due is not None
    clock.move_to(due)
    work()
    assert (fresh(deposit).status, fresh(deposit).late) == ("credited", True)
    assert Confirmation.objects.get().status == "credited"
    assert news(product)[4:] == [("deposit.credited", 5)]


def test_a_lost_push_ends_after_the_days_of_the_system(
    api: Api, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(MPESA, DROP)
    deposit = push(api)
    work()
    clock.shift(timedelta(days=7, seconds=-1))
    end_overdue()
    assert fresh(deposit).status == "verifying"
    clock.shift(1)
    end_overdue()
    assert (fresh(deposit).status, fresh(deposit).failure_code) == ("expired", "not_confirmed")
    assert fresh(deposit).next_at is not None


def test_a_refused_reference_gives_another_day(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, WRONG_LENGTH)
    deposit = opened()
    clock.shift(timedelta(hours=23))
    confirm(api, deposit)
    work()
    clock.shift(timedelta(hours=23))
    end_overdue()
    assert fresh(deposit).status == "awaiting_payment"
    clock.shift(timedelta(hours=1))
    end_overdue()
    assert fresh(deposit).status == "expired"


def test_what_a_person_looks_at_has_no_deadline(
    api: Api, opened: Placed, book: Book, clock: time_machine.Traveller
) -> None:
    deposit = opened()
    answer = confirm(api, deposit)
    book.enter(answer.json()["id"], money(amount="1.00"), label=deposit.customer.label)
    work()
    clock.shift(timedelta(days=300))
    end_overdue()
    assert fresh(deposit).status == "in_review"


def test_a_late_reference_that_nobody_confirms_ends_by_itself(
    api: Api, opened: Placed, book: Book, product: Product, clock: time_machine.Traveller
) -> None:
    deposit = opened()
    cancel(api, deposit)
    confirm(api, deposit)
    work()
    owed = news(product)
    clock.shift(timedelta(days=7, seconds=-1))
    assert deadlines.expire_late_confirmations() == 0
    clock.shift(1)
    assert deadlines.expire_late_confirmations() == 1
    assert deadlines.expire_late_confirmations() == 0
    confirmation = Confirmation.objects.get()
    assert (confirmation.status, confirmation.failure_code) == ("expired", "not_confirmed")
    assert fresh(deposit).status == "cancelled"
    assert news(product) == owed


def test_young_late_references_do_not_hide_old_ones(
    api: Api, opened: Placed, book: Book, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run takes a batch: were it any batch, a busy week would keep the overdue ones out of it."""
    monkeypatch.setattr(deadlines, "_BATCH", 2)
    PaymentSystem.objects.filter(code="upi_ib").update(confirm_days=30)
    book.provider.script(create_path("upi_ib"), (200, {"status": "ok", "params": {"identifier": "1"}}))
    slow = [opened(customer=f"slow {number}", payment_system="upi_ib") for number in range(2)]
    quick = opened(customer="quick")
    for number, deposit in enumerate([*slow, quick]):
        cancel(api, deposit)
        assert confirm(api, deposit, f"{number:012}").status_code == 201
    work()
    clock.shift(timedelta(days=8))
    assert deadlines.expire_late_confirmations() == 1
    assert Confirmation.objects.get(deposit=quick).status == "expired"


def test_cancelled_before_anybody_was_asked(
    api: Api, book: Book, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    deposit = place(api)
    answer = cancel(api, deposit)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert cancel(api, deposit).json() == answer.json()
    work()
    clock.shift(timedelta(days=2))
    work()
    end_overdue()
    assert provider.requests == []
    ended = fresh(deposit)
    assert (ended.status, ended.next_at, ended.token, ended.deadline_at) == ("cancelled", None, None, None)
    assert moves(deposit) == [(1, "", "created", "api_key"), (2, "created", "cancelled", "api_key")]
    assert news(product) == [("deposit.created", 1), ("deposit.cancelled", 2)]


def test_a_cancelled_push_is_still_watched(
    api: Api, book: Book, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    deposit = push(api)
    work()
    assert cancel(api, deposit).status_code == 200
    paid = money(wallet_type="mpesa", currency_code="KES")
    book.enter(deposit.public_id, paid, label=deposit.customer.label)
    clock.shift(15)
    work()
    ended = fresh(deposit)
    assert (ended.status, ended.late) == ("credited", True)
    assert news(product) == [
        ("deposit.created", 1),
        ("deposit.awaiting_payment", 2),
        ("deposit.cancelled", 3),
        ("deposit.credited", 4),
    ]


def reach(status: str, api: Api, opened: Placed, book: Book, provider: ScriptedProvider) -> Deposit:
    if status == "failed":
        provider.script(create_path("upi_l"), (200, {"status": "fail", "message": "no"}))
        return opened()
    deposit = opened()
    order = confirm(api, deposit).json()["id"]
    if status == "in_review":
        book.enter(order, money(amount="1.00"), label=deposit.customer.label)
    elif status == "credited":
        book.enter(order, money(), label=deposit.customer.label)
    work()
    return fresh(deposit)


@pytest.mark.parametrize("status", ["verifying", "in_review", "credited", "failed"])
def test_too_late_to_cancel(
    status: str, api: Api, opened: Placed, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    deposit = reach(status, api, opened, book, provider)
    assert deposit.status == status
    before = (moves(deposit), news(product))
    answer = cancel(api, deposit)
    assert (answer.status_code, answer.json()["code"], answer.json()["current_status"]) == (409, "conflict", status)
    assert (moves(deposit), news(product)) == before


def test_a_paused_account_keeps_the_reference_of_an_expired_deposit(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    """The customer has paid: the reference is handed in whenever the credentials are right again."""
    provider.script(ACTIVATE, WRONG_SECRET, OK)
    deposit = opened()
    confirm(api, deposit)
    work()
    provider.script(AVAILABLE, WRONG_SECRET)  # the probe's answer, for as long as nobody corrects the secret
    clock.shift(timedelta(days=7))
    work()
    end_overdue()
    assert (fresh(deposit).status, Confirmation.objects.get().status) == ("expired", "created")
    provider.script(AVAILABLE, offered(("upi_l", "INR", False)))
    clock.shift(timedelta(days=2))
    work()
    assert len(activations(provider)) == 2
    assert Confirmation.objects.get().status == "verifying"
    assert len(book.asked()) == 1


def test_a_provider_that_is_down_at_the_end_changes_nothing(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    deposit = opened()
    confirm(api, deposit)
    work()
    provider.script("/api/v1/pullpostbacks", DOWN)
    clock.shift(timedelta(days=7))
    work()
    end_overdue()
    assert fresh(deposit).status == "expired"
    assert fresh(deposit).next_at is not None
