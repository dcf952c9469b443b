"""When the provider is asked what became of a deposit (C§1.12): how often, about what, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from payments.asking import ASK_DELAYS_SECONDS, ask_deposits, hint
from payments.models import Deposit
from payments.tasks import end_overdue
from tests.conftest import Api
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    DOWN,
    OK,
    PULL,
    WRONG_SECRET,
    Book,
    Placed,
    confirm,
    fresh,
    listening,
    money,
    offered,
    payment_path,
    place,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture(autouse=True)
def accepting(provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, OK)
    provider.script(payment_path("mpesa"), OK)


@pytest.fixture
def pushed(api: Api, book: Book) -> Deposit:
    details = {"phone_number": "254700000000"}
    deposit = place(api, payment_system="mpesa", currency="KES", details=details)
    work()
    return fresh(deposit)


def test_the_ladder_is_the_one_of_the_blueprint() -> None:
    assert ASK_DELAYS_SECONDS[:6] == (15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE)
    assert set(ASK_DELAYS_SECONDS[6:]) == {HOUR, DAY}
    hours = ASK_DELAYS_SECONDS.index(DAY)
    assert DAY - HOUR <= sum(ASK_DELAYS_SECONDS[:hours]) <= DAY
    assert 29 * DAY <= sum(ASK_DELAYS_SECONDS) <= 30 * DAY


def climb(deposit: Deposit, clock: time_machine.Traveller) -> list[float]:
    """Ask whenever it is due until nothing is due any more; the seconds between the askings."""
    waits = []
    while (due := fresh(deposit).next_at) is not None:
        waits.append((due - timezone.now()).total_seconds())
        clock.move_to(due - timedelta(milliseconds=1))
        work()
        clock.move_to(due)
        work()
        assert len(waits) <= 100
    return waits


def follows(waits: list[float], ladder: tuple[int, ...]) -> bool:
    """Each wait is the ladder's, and at most a tenth longer."""
    return len(waits) == len(ladder) and all(
        seconds <= waited <= seconds * 1.1 for waited, seconds in zip(waits, ladder, strict=True)
    )


def test_a_payment_is_asked_about_along_the_ladder_and_then_no_more(
    pushed: Deposit, book: Book, clock: time_machine.Traveller
) -> None:
    waits = climb(pushed, clock)
    assert waits[0] == 15
    assert follows(waits[1:], ASK_DELAYS_SECONDS)
    assert book.asked() == [[pushed.public_id]] * len(waits)
    assert fresh(pushed).status == "awaiting_payment"  # its end by the clock is another task's


def test_a_confirmation_is_asked_about_at_once_and_along_the_ladder(
    api: Api, opened: Placed, book: Book, clock: time_machine.Traveller
) -> None:
    deposit = opened()
    order = confirm(api, deposit).json()["id"]
    work()
    assert book.asked() == [[order]]
    waits = climb(deposit, clock)
    assert follows(waits, ASK_DELAYS_SECONDS)
    assert book.asked() == [[order]] * (len(waits) + 1)


def test_a_new_reference_begins_the_ladder_anew(
    api: Api, opened: Placed, book: Book, clock: time_machine.Traveller
) -> None:
    deposit = opened()
    first = confirm(api, deposit).json()["id"]
    work()
    clock.shift(timedelta(hours=5))
    work()
    second = confirm(api, deposit, "999999999999").json()["id"]
    work()
    assert book.asked()[-1] == [second, first]
    due = fresh(deposit).next_at
    assert due is not None
    assert timedelta(seconds=15) <= due - timezone.now() <= timedelta(seconds=16.5)


@pytest.mark.parametrize("silence", [DOWN, DROP, (200, b"<html>"), (200, {"status": "success"})])
def test_a_pull_that_says_nothing_is_repeated_in_its_time(
    silence: Any, pushed: Deposit, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(PULL, silence)
    clock.shift(15)
    work()
    assert (len(provider.to(PULL)), fresh(pushed).status) == (1, "awaiting_payment")
    provider.script(PULL, book.answer)
    paid = money(wallet_type="mpesa", currency_code="KES")
    book.enter(pushed.public_id, paid, label=pushed.customer.label)
    clock.shift(17)
    work()
    assert fresh(pushed).status == "credited"


def test_a_paused_account_is_not_asked_and_nothing_is_forgotten(
    pushed: Deposit, book: Book, provider: ScriptedProvider, account: ProviderAccount, clock: time_machine.Traveller
) -> None:
    provider.script(PULL, WRONG_SECRET, book.answer)
    provider.script(AVAILABLE, WRONG_SECRET)
    clock.shift(15)
    work()
    account.refresh_from_db()
    assert account.pause_kind == "credentials"
    for _ in range(60):
        clock.shift(60)
        work()
        ask_deposits(account.pk)
    assert len(provider.to(PULL)) == 1  # however long: only the probe asks
    assert len(provider.to(AVAILABLE)) < 20
    paid = money(wallet_type="mpesa", currency_code="KES")
    book.enter(pushed.public_id, paid, label=pushed.customer.label)
    provider.script(AVAILABLE, offered(("upi_l", "INR", False)))
    clock.shift(331)  # the longest gap between two probes, with its jitter
    work()
    assert fresh(pushed).status == "credited"


def test_many_deposits_are_asked_about_together(
    api: Api, opened: Placed, book: Book, clock: time_machine.Traveller
) -> None:
    deposits = [opened(customer=str(number)) for number in range(27)]
    orders = []
    for number, deposit in enumerate(deposits):
        orders.append(confirm(api, deposit, f"{number:012}").json()["id"])
    work()
    before = len(book.asked())
    Deposit.objects.update(next_at=timezone.now())
    for deposit, order in zip(deposits, orders, strict=True):
        book.enter(order, money(transaction_id=order), label=deposit.customer.label)
    work()
    pulls = book.asked()[before:]
    assert sorted(map(len, pulls), reverse=True) == [25, 2]
    assert sorted(one for pull in pulls for one in pull) == sorted(orders)
    assert {fresh(deposit).status for deposit in deposits} == {"credited"}


def test_what_ended_is_asked_about_as_long_as_late_money_is_money(
    pushed: Deposit, book: Book, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(days=1))
    end_overdue()
    assert fresh(pushed).status == "expired"
    paid = money(wallet_type="mpesa", currency_code="KES")
    book.enter(pushed.public_id, paid, label=pushed.customer.label)
    work()
    ended = fresh(pushed)
    assert (ended.status, ended.late) == ("credited", True)


def test_what_the_provider_never_saw_is_not_asked_about(api: Api, opened: Placed, book: Book) -> None:
    deposit = opened()
    Deposit.objects.filter(pk=deposit.pk).update(next_at=timezone.now())
    work()
    assert book.asked() == []
    assert fresh(deposit).next_at is None


def test_a_hint_makes_it_due_at_once_and_once_in_ten_minutes(
    pushed: Deposit, book: Book, account: ProviderAccount, clock: time_machine.Traveller
) -> None:
    ring = [("payments.tasks.ask_deposits", (str(account.pk),))]

    def hinted() -> list[Any]:
        with listening() as heard:
            hint(account, pushed.public_id)
        work()
        return heard

    assert [hinted(), hinted(), hinted()] == [ring, [], []]
    assert len(book.asked()) == 1
    clock.shift(599)
    work()
    before = len(book.asked())
    assert hinted() == []
    clock.shift(1)
    work()
    assert len(book.asked()) == before
    assert hinted() == ring
    assert len(book.asked()) == before + 1
    assert fresh(pushed).status == "awaiting_payment"


@pytest.mark.parametrize(
    "name", ["", "dep_", "dep_00000000000000000000000000", "cnf_00000000000000000000000000", "x" * 500]
)
def test_a_hint_about_nothing_does_nothing(name: str, pushed: Deposit, book: Book, account: ProviderAccount) -> None:
    with listening() as heard:
        hint(account, name)
    assert heard == []
    work()
    assert book.asked() == []
