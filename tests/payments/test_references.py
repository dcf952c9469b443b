"""Whose reference it is: contested between customers, used before, guessed too often, and late."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from gateway.products.models import Product
from payments.models import Confirmation, Deposit
from payments.states import DepositStatus
from payments.tasks import end_overdue
from tests.conftest import Api
from tests.payments.stage import (
    ACTIVATE,
    DOWN,
    OK,
    REFERENCE,
    WRONG_LENGTH,
    Book,
    Placed,
    activations,
    confirm,
    create_path,
    fresh,
    money,
    moves,
    news,
    place,
    sent_json,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

OTHER_REFERENCE = "999999999999"


@pytest.fixture(autouse=True)
def accepting(provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, OK)


def refused_as_used(answer: Any) -> bool:
    """The refusal of a used reference, which says nothing of whose it is."""
    return bool(
        answer.status_code == 409
        and answer.json()["code"] == "reference_already_used"
        and [error["pointer"] for error in answer.json()["errors"]] == ["/provider_reference"]
        and answer.json()["detail"] == "This reference was used before; every payment has its own."
    )


def credit(deposit: Deposit, answer: Any, book: Book, **changes: Any) -> None:
    book.enter(answer.json()["id"], money(**changes), label=deposit.customer.label)


def test_two_customers_with_one_reference_are_both_sent_and_both_flagged(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider
) -> None:
    mine, theirs = opened(customer="1"), opened(customer="2")
    first = confirm(api, mine)
    work()
    second = confirm(api, theirs)
    assert (first.status_code, second.status_code) == (201, 201)
    work()
    assert list(Confirmation.objects.values_list("is_contested", flat=True)) == [True, True]
    sent = [(sent_json(one)["key1"], sent_json(one)["label"]) for one in activations(provider)]
    assert sent == [(REFERENCE, mine.customer.label), (REFERENCE, theirs.customer.label)]
    # Neither learns of the other.
    assert set(first.json()) == set(second.json())
    assert "contested" not in second.content.decode()

    credit(mine, first, book)
    work_later = fresh(mine).next_at
    assert work_later is not None
    with time_machine.travel(work_later, tick=False):
        work()
    assert [fresh(one).status for one in (mine, theirs)] == ["credited", "verifying"]


def test_a_reference_of_another_system_is_not_contested(api: Api, opened: Placed, provider: ScriptedProvider) -> None:
    provider.script(create_path("upi_ib"), (200, {"status": "ok", "params": {"identifier": "1"}}))
    confirm(api, opened(customer="1"))
    confirm(api, opened(customer="2", payment_system="upi_ib"))
    assert list(Confirmation.objects.values_list("is_contested", flat=True)) == [False, False]


def test_a_customer_names_a_reference_once(api: Api, opened: Placed) -> None:
    one, other = opened(customer="1"), opened(customer="1")
    assert confirm(api, one).status_code == 201
    assert refused_as_used(confirm(api, one))
    assert refused_as_used(confirm(api, other))
    assert Confirmation.objects.count() == 1
    assert (fresh(one).status, fresh(other).status) == ("verifying", "awaiting_payment")
    assert news(other.product)[-1] == ("deposit.verifying", 3)


def test_a_reference_whose_answer_was_lost_may_be_named_again(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider
) -> None:
    """By the customer's own act and under a new id: the first may never have arrived."""
    provider.script(ACTIVATE, DROP, OK)
    deposit = opened(customer="1")
    first = confirm(api, deposit).json()["id"]
    work()
    second = confirm(api, deposit)
    assert second.status_code == 201
    work()
    assert [sent_json(one)["custom_transaction_id"] for one in activations(provider)] == [first, second.json()["id"]]
    assert refused_as_used(confirm(api, deposit))  # this one was heard

    credit(deposit, second, book)
    due = fresh(deposit).next_at
    assert due is not None
    with time_machine.travel(due, tick=False):
        work()
    assert fresh(deposit).status == "credited"
    assert list(Confirmation.objects.order_by("id").values_list("status", flat=True)) == ["verifying", "credited"]


def test_a_credited_reference_is_used_for_everybody(api: Api, opened: Placed, book: Book) -> None:
    mine, theirs = opened(customer="1"), opened(customer="2")
    credit(mine, confirm(api, mine), book)
    work()
    assert fresh(mine).status == "credited"
    assert refused_as_used(confirm(api, theirs))
    assert Confirmation.objects.count() == 1


def test_the_transaction_of_a_receipt_is_used_though_nobody_named_it(api: Api, opened: Placed, book: Book) -> None:
    mine, theirs = opened(customer="1"), opened(customer="2")
    credit(mine, confirm(api, mine), book, transaction_id=OTHER_REFERENCE)
    work()
    assert fresh(mine).status == "credited"
    assert refused_as_used(confirm(api, theirs, OTHER_REFERENCE))
    assert refused_as_used(confirm(api, theirs, REFERENCE))  # and so is what the customer named


def test_a_refused_reference_may_be_somebody_elses(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider
) -> None:
    provider.script(ACTIVATE, WRONG_LENGTH, OK)
    mine, theirs = opened(customer="1"), opened(customer="2")
    confirm(api, mine)
    work()
    assert confirm(api, theirs).status_code == 201
    assert list(Confirmation.objects.order_by("id").values_list("is_contested", flat=True)) == [False, False]


def test_ten_references_an_hour_for_one_customer(
    api: Api, opened: Placed, book: Book, clock: time_machine.Traveller
) -> None:
    deposits = [opened(customer="1"), opened(customer="1")]
    for number in range(10):
        assert confirm(api, deposits[number % 2], f"{number:012}").status_code == 201
        clock.shift(60)
    too_many = confirm(api, deposits[0], OTHER_REFERENCE)
    assert (too_many.status_code, too_many.json()["code"]) == (429, "too_many_attempts")
    assert too_many.headers["Retry-After"] == "3600"
    assert Confirmation.objects.count() == 10
    assert confirm(api, opened(customer="2"), OTHER_REFERENCE).status_code == 201  # another customer may

    clock.shift(50 * 60)
    assert confirm(api, deposits[0], "888888888888").status_code == 201  # the first is an hour old
    assert confirm(api, deposits[0], "777777777777").status_code == 429


def end(how: str, api: Api, opened: Placed, provider: ScriptedProvider, clock: time_machine.Traveller) -> Deposit:
    if how == "cancelled":
        deposit = opened()
        assert api.post(f"deposits/{deposit.public_id}/cancel").status_code == 200
    elif how == "expired":
        deposit = opened()
        clock.shift(timedelta(days=1))
        end_overdue()
    else:
        provider.script(create_path("upi_l"), DOWN)
        deposit = place(api)
        while (due := fresh(deposit).next_at) is not None:
            clock.move_to(due)
            work()
    assert fresh(deposit).status == how
    return fresh(deposit)


@pytest.mark.parametrize("how", ["cancelled", "expired", "failed"])
def test_late_money_is_still_money(
    *,
    how: str,
    api: Api,
    opened: Placed,
    book: Book,
    provider: ScriptedProvider,
    clock: time_machine.Traveller,
    product: Product,
) -> None:
    deposit = end(how, api, opened, provider, clock)
    owed = news(product)
    clock.shift(timedelta(days=29, hours=23))
    answer = confirm(api, deposit)
    assert answer.status_code == 201
    work()
    assert fresh(deposit).status == how  # naming a reference brings nothing back to life
    assert news(product) == owed
    assert len(activations(provider)) == 1

    credit(deposit, answer, book)
    due = fresh(deposit).next_at
    assert due is not None
    clock.move_to(due)
    work()
    ended = fresh(deposit)
    assert (ended.status, ended.late, ended.amount_check, ended.failure_code) == ("credited", True, "exact", "")
    shown = api.get(f"deposits/{deposit.public_id}").json()
    assert (shown["late"], shown["received_amount"], shown["failure"]) == (True, "1000.00", None)
    assert news(product) == [*owed, ("deposit.credited", owed[-1][1] + 1)]
    assert moves(deposit)[-1][1:] == (how, "credited", "pull")
    assert Confirmation.objects.get().status == "credited"


@pytest.mark.parametrize("how", ["cancelled", "expired", "failed"])
def test_after_thirty_days_it_is_too_late(
    *, how: str, api: Api, opened: Placed, book: Book, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    deposit = end(how, api, opened, provider, clock)
    clock.shift(timedelta(days=30, seconds=1))
    answer = confirm(api, deposit)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["current_status"] == how
    assert not Confirmation.objects.exists()


def test_a_deposit_that_is_not_open_takes_no_reference(
    api: Api, opened: Placed, book: Book, provider: ScriptedProvider
) -> None:
    created = place(api)
    assert confirm(api, created).json()["current_status"] == DepositStatus.CREATED
    credited = opened(customer="1")
    credit(credited, confirm(api, credited), book)
    work()
    assert fresh(credited).status == "credited"
    refused = confirm(api, credited, OTHER_REFERENCE)
    assert (refused.status_code, refused.json()["current_status"]) == (409, "credited")
    assert Confirmation.objects.count() == 1


def test_a_redirect_needs_no_reference(api: Api, opened: Placed, book: Book, provider: ScriptedProvider) -> None:
    provider.script(
        "/api/v1/payment/create/nagad_api", (200, {"status": "ok", "data": {"url": "https://pay.example.com"}})
    )
    deposit = opened(payment_system="nagad_api", currency="BDT", return_urls={"success": "https://shop.example.com/ok"})
    answer = api.post(f"deposits/{deposit.public_id}/confirmations", {"provider_reference": "ABC12345"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert not Confirmation.objects.exists()
