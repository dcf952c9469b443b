"""Savings (C§1.6): shown as the provider reports them, crediting nothing; released money comes by the pull."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.paykassma import messages
from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.webhooks.models import Event
from payments import savings
from payments.asking import ASK_DELAYS_SECONDS
from payments.models import Confirmation, Deposit, Receipt, Savings
from payments.resolutions import attach
from payments.tasks import end_overdue
from tests.conftest import Api
from tests.payments.paid import postings
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    DOWN,
    NOT_FOUND,
    OK,
    PULL,
    WRONG_SECRET,
    Book,
    create_path,
    details,
    fresh,
    money,
    moves,
    news,
    offered,
    place,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider
from tests.two_persons import decided

pytestmark = pytest.mark.django_db

INFO = "/api/v1/deposit-info"
MINIMUM = Decimal(148)


def reports(saved: str, lacking: str, minimum: str = "148") -> tuple[int, bytes]:
    """The answer of C§1.6, amounts as the provider writes them."""
    body = f'{{"status":"ok","stockpiling_sum":{saved},"lacks_sum":{lacking},"minimum_deposit":{minimum}}}'
    return 200, body.encode()


NOTHING = reports("0", "0")


@pytest.fixture(autouse=True)
def paytm(book: Book, provider: ScriptedProvider) -> None:
    """PayTM hands out details and takes every reference; nothing is saved yet."""
    provider.script(AVAILABLE, offered(("paytm", "INR", False), ("upi_l", "INR", False)))
    provider.script(create_path("paytm"), details())
    provider.script(ACTIVATE, OK)
    provider.script(INFO, NOTHING)


def paid(api: Api, amount: str, reference: str, **changes: Any) -> tuple[Deposit, str]:
    """A deposit whose customer named a reference, asked about once, and the id of its confirmation."""
    deposit = place(api, **{"payment_system": "paytm", "amount": amount, **changes})
    work()
    body = {"provider_reference": reference}
    if changes.get("payment_system") == "upi_l":
        body["amount"] = amount
    named = api.post(f"deposits/{deposit.public_id}/confirmations", body)
    assert named.status_code == 201, named.content
    work()
    return fresh(deposit), named.json()["id"]


def asked(provider: ScriptedProvider) -> list[dict[str, list[str]]]:
    return [{name: value for name, value in one.query.items() if name != "secret"} for one in provider.to(INFO)]


def shown(api: Api, deposit: Deposit) -> Any:
    return api.get(f"deposits/{deposit.public_id}").json()["savings"]


def item(reference: str, amount: str, order: str) -> dict[str, Any]:
    return money(
        wallet_type="paytm", transaction_id=reference, amount=amount, plugin_custom_order_id=order, stockpiling_id=7
    )


def test_what_is_saved_and_lacks_makes_a_deposit_accumulate_and_credits_nothing(
    api: Api, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    deposit, order = paid(api, "100.00", "REF-000001")
    assert (deposit.status, shown(api, deposit)["saved"]) == ("verifying", "0.00")
    before = deposit.deadline_at
    assert before is not None

    provider.script(INFO, reports("100", "48.00"))
    clock.shift(17)
    work()
    saving = fresh(deposit)
    assert (saving.status, saving.deadline_at, saving.received_amount) == ("accumulating", None, None)
    assert (Receipt.objects.count(), Confirmation.objects.get().status) == (0, "verifying")
    assert [one.path for one in provider.requests][-2:] == [PULL, INFO]
    assert asked(provider)[-1] == {
        "label": [deposit.customer.label],
        "wallet_type": ["paytm"],
        "currency": ["INR"],
    }
    assert provider.to(PULL)[-1].query["plugin_custom_order_id[]"] == [order]
    (row,) = Savings.objects.all()
    assert (row.account_id, row.customer_id, row.payment_system_id, row.currency) == (
        deposit.account_id,
        deposit.customer_id,
        "paytm",
        "INR",
    )
    assert (row.saved, row.lacking, row.minimum, row.is_reported) == (Decimal(100), Decimal(48), MINIMUM, True)
    assert shown(api, deposit) == {
        "saved": "100.00",
        "lacking": "48.00",
        "minimum": "148.00",
        "as_of": timezone.now().isoformat(),
    }
    assert moves(deposit)[-1] == (4, "verifying", "accumulating", "pull")
    assert news(product)[-2:] == [("savings.increased", 1), ("deposit.accumulating", 4)]
    assert postings() == ["savings_observed: savings -100.00 INR, savings_observed 100.00 INR"]
    grown = Event.objects.get(type="savings.increased").data
    assert grown == {
        "id": row.public_id,
        "object": "savings",
        "customer": deposit.customer.external_id,
        "payment_system": "paytm",
        "currency": "INR",
        "saved": "100.00",
        "lacking": "48.00",
        "minimum": "148.00",
        "change": "100.00",
        "is_reported": True,
        "mode": "test",
        "as_of": timezone.now().isoformat(),
    }
    assert api.get(f"customers/{deposit.customer.external_id}/savings").json()["data"] == [
        {name: value for name, value in grown.items() if name != "change"}
    ]
    told = Event.objects.get(type="deposit.accumulating").data
    assert (told["savings"]["saved"], told["next_action"]) == ("100.00", {"type": "wait"})


@pytest.mark.parametrize(
    ("said", "saved"),
    [
        (NOTHING, "0.00"),
        (reports("0", "148"), "0.00"),
        (reports("148", "0"), "148.00"),
        (reports("-1", "149"), None),
        (reports("100.00001", "48"), None),
        (reports("null", "48"), None),
        (reports("100", '"x"'), None),
        ((200, b'{"status":"ok"}'), None),
    ],
    ids=["none", "nothing saved", "nothing lacks", "negative", "too fine", "no sum", "no number", "empty"],
)
def test_anything_else_moves_nothing_and_what_cannot_be_read_is_not_reported(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller, said: Any, saved: str | None
) -> None:
    provider.script(INFO, said)
    deposit, _ = paid(api, "100.00", "REF-000001")
    clock.shift(17)
    work()
    assert len(asked(provider)) == 2
    assert (fresh(deposit).status, fresh(deposit).sequence) == ("verifying", 3)
    reported = shown(api, deposit)
    assert (reported and reported["saved"]) == saved
    assert Savings.objects.count() == (0 if saved is None else 1)


@pytest.mark.parametrize(
    "silence",
    [NOT_FOUND, (404, {"message": "Not Found"}), WRONG_SECRET, (200, {"status": "fail", "message": "gone"})],
    ids=["404", "404 in JSON", "wrong secret", "refused"],
)
def test_not_reported_is_null_never_zero_and_never_a_pause(
    api: Api,
    provider: ScriptedProvider,
    account: ProviderAccount,
    clock: time_machine.Traveller,
    silence: Any,
) -> None:
    provider.script(INFO, silence)
    deposit, _ = paid(api, "100.00", "REF-000001")
    for seconds in (17, 35, 70, 140, 350, 700):
        clock.shift(seconds)
        work()
    assert len(asked(provider)) == 7
    account.refresh_from_db()
    assert (account.not_found_streak, account.paused_until, account.pause_reason) == (0, None, "")
    assert (fresh(deposit).status, shown(api, deposit), Savings.objects.count()) == ("verifying", None, 0)

    # Reported once and then no more: not the old sum, and not zero.
    provider.script(INFO, reports("100", "48"), silence)
    for expected in ("100.00", None):
        clock.shift(4000)
        work()
        said = shown(api, deposit)
        assert (said and said["saved"]) == expected
    assert (fresh(deposit).status, Savings.objects.get().is_reported) == ("accumulating", False)
    provider.script(INFO, reports("120", "28"))
    clock.shift(4000)
    work()
    assert shown(api, deposit)["saved"] == "120.00"


@pytest.mark.parametrize("silence", [DOWN, DROP, (200, b"<html>")], ids=["503", "dropped", "garbage"])
def test_silence_leaves_the_last_word_with_its_time(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller, silence: Any
) -> None:
    provider.script(INFO, reports("100", "48"), silence)
    deposit, _ = paid(api, "100.00", "REF-000001")
    before = shown(api, deposit)
    clock.shift(17)
    work()
    assert len(asked(provider)) == 2
    assert shown(api, deposit) == before
    assert before["saved"] == "100.00"


def test_two_small_deposits_are_released_together_each_by_its_own_key(
    api: Api, provider: ScriptedProvider, book: Book, product: Product, clock: time_machine.Traveller
) -> None:
    provider.script(INFO, reports("100", "48"))
    first, order = paid(api, "100.00", "REF-000001")
    assert fresh(first).status == "accumulating"
    second, other = paid(api, "60.00", "REF-000002")
    # The provider released both: it says so under either of our ids, in one letter with two items.
    label = first.customer.label
    released = [item("REF-000001", "100.00", order), item("REF-000002", "60.00", other)]
    for custom_id in (order, other):
        book.enter_as_is(custom_id, *released, label=label)
    provider.script(INFO, NOTHING)
    clock.shift(35)
    work()
    for deposit, amount in ((first, "100.00"), (second, "60.00")):
        credited = api.get(f"deposits/{deposit.public_id}").json()
        assert (credited["status"], credited["received_amount"]) == ("credited", amount)
        assert (credited["amount_check"], credited["late"], credited["savings"]) == ("exact", False, None)
        assert len(credited["receipts"]) == 1
    assert sorted(Receipt.objects.values_list("custom_id", "amount", "stockpiling_id", "status")) == sorted(
        [(order, Decimal(100), "7", "credited"), (other, Decimal(60), "7", "credited")]
    )
    assert set(Confirmation.objects.values_list("status", flat=True)) == {"credited"}
    assert [name for name, _ in news(product)].count("deposit.credited") == 2
    # Only what was observed is taken off again; each item is credited whole.
    assert postings() == [
        "savings_observed: savings -100.00 INR, savings_observed 100.00 INR",
        "receipt_credited: available -100.00 INR, provider_balance 100.00 INR",
        "savings_released: savings 100.00 INR, savings_observed -100.00 INR",
        "receipt_credited: available -60.00 INR, provider_balance 60.00 INR",
    ]
    assert [name for name, _ in news(product) if name.startswith("savings")] == [
        "savings.increased",
        "savings.released",
    ]
    row = Savings.objects.get()
    assert [row.saved, row.lacking, row.minimum] == [0, 0, MINIMUM]
    assert Event.objects.get(type="savings.released").data["lacking"] == "0.00"


def test_a_fall_without_a_release_is_followed_and_shown_to_a_person(
    api: Api, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    provider.script(INFO, reports("100", "48"), reports("70", "78"))
    deposit, _ = paid(api, "100.00", "REF-000001")
    clock.shift(17)
    work()
    row = Savings.objects.get()
    assert (row.saved, row.missing, row.sequence) == (Decimal(70), Decimal(30), 2)
    assert postings() == [
        "savings_observed: savings -100.00 INR, savings_observed 100.00 INR",
        "savings_observed: savings 30.00 INR, savings_observed -30.00 INR",
    ]
    assert fresh(deposit).status == "accumulating"
    assert [name for name, _ in news(product) if name.startswith("savings")] == ["savings.increased"]


def test_savings_are_those_of_the_product_s_own_customers(
    api: Api, new_api: Callable[..., Api], provider: ScriptedProvider
) -> None:
    provider.script(INFO, reports("100", "48"))
    deposit, _ = paid(api, "100.00", "REF-000001")
    name = deposit.customer.external_id
    assert len(api.get(f"customers/{name}/savings").json()["data"]) == 1
    stranger = new_api(Product.objects.create(name="stranger"))
    live = new_api(deposit.product, Mode.LIVE)
    for other in (stranger.get(f"customers/{name}/savings"), live.get(f"customers/{name}/savings")):
        assert (other.status_code, other.json()["code"]) == (404, "not_found")
    for nobody in ("nobody", "a%00b", "%00", "a%E2%80%AEb", "%FF"):
        assert api.get(f"customers/{nobody}/savings").status_code == 404, nobody


def test_one_customer_is_asked_about_once_for_all_of_his_deposits(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    deposits = [paid(api, "30.00", f"REF-00000{number}")[0] for number in range(3)]
    other, _ = paid(api, "30.00", "REF-000009", customer="56")
    before = len(asked(provider))
    Deposit.objects.update(next_at=timezone.now())
    work()
    assert sorted(one["label"][0] for one in asked(provider)[before:]) == sorted(
        [deposits[0].customer.label, other.customer.label]
    )


def test_a_reference_that_nobody_confirms_is_not_taken_for_another_s_savings(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    provider.script(INFO, reports("100", "48"))
    saving, _ = paid(api, "100.00", "REF-000001")
    mistyped, _ = paid(api, "100.00", "REF-000002")
    assert (fresh(saving).status, fresh(mistyped).status) == ("accumulating", "verifying")
    assert shown(api, mistyped)["saved"] == "100.00"
    clock.shift(timedelta(days=7))
    end_overdue()
    assert (fresh(saving).status, fresh(mistyped).status) == ("accumulating", "expired")


def test_it_accumulates_without_an_end_and_is_asked_about_daily_for_ever(
    api: Api, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    provider.script(INFO, reports("100", "48"))
    deposit, order = paid(api, "100.00", "REF-000001")
    for _ in range(len(ASK_DELAYS_SECONDS) + 10):
        due = fresh(deposit).next_at
        assert due is not None
        clock.move_to(due)
        work()
        end_overdue()
    assert (fresh(deposit).status, Confirmation.objects.get().status) == ("accumulating", "verifying")
    due = fresh(deposit).next_at
    assert due is not None
    assert timedelta(days=1) <= due - timezone.now() <= timedelta(days=1.1)
    assert api.post(f"deposits/{deposit.public_id}/cancel").status_code == 409
    book.enter(order, item("REF-000001", "100.00", order), label=deposit.customer.label)
    clock.move_to(due)
    work()
    assert (fresh(deposit).status, fresh(deposit).late) == ("credited", False)


def test_a_system_without_savings_is_never_asked_about_them(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    PaymentSystem.objects.filter(pk="paytm").update(saves_up=False)
    deposit, _ = paid(api, "100.00", "REF-000001")
    paid(api, "100.00", "123456789012", payment_system="upi_l")
    clock.shift(17)
    work()
    assert (asked(provider), shown(api, deposit)) == ([], None)


def test_a_pull_that_failed_asks_for_no_savings(
    api: Api, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    paid(api, "100.00", "REF-000001")
    before = len(asked(provider))
    provider.script(PULL, DOWN)
    clock.shift(17)
    work()
    assert len(asked(provider)) == before


def test_a_reference_that_the_provider_does_not_have_yet_is_not_among_the_savings(
    api: Api, provider: ScriptedProvider
) -> None:
    provider.script(INFO, reports("100", "48"))
    provider.script(ACTIVATE, NOT_FOUND)
    deposit, _ = paid(api, "100.00", "REF-000001")
    assert (deposit.status, Confirmation.objects.get().status) == ("verifying", "created")
    Deposit.objects.update(next_at=timezone.now())
    work()
    assert (fresh(deposit).status, asked(provider)) == ("verifying", [])


def test_what_the_pull_credits_is_not_asked_about_any_more(
    api: Api, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    deposit, order = paid(api, "100.00", "REF-000001")
    book.enter(order, item("REF-000001", "100.00", order), label=deposit.customer.label)
    provider.script(INFO, reports("100", "48"))
    before = len(asked(provider))
    clock.shift(17)
    work()
    assert (fresh(deposit).status, len(asked(provider))) == ("credited", before)
    assert [one[2] for one in moves(deposit)] == ["created", "awaiting_payment", "verifying", "credited"]
    # The answer to a question that was asked before the money came arrives after it.
    said = messages.Savings(stockpiling_sum=Decimal(100), lacks_sum=Decimal(48), minimum_deposit=MINIMUM)
    savings._keep(deposit.account, [deposit], said)
    assert (fresh(deposit).status, fresh(deposit).sequence) == ("credited", 4)
    assert shown(api, deposit) is None


def test_a_list_of_deposits_with_savings_costs_no_more_than_one_without(api: Api, provider: ScriptedProvider) -> None:
    provider.script(INFO, reports("100", "48"))
    paid(api, "30.00", "REF-000001")
    with CaptureQueriesContext(connection) as one:
        assert len(api.get("deposits").json()["data"]) == 1
    paid(api, "30.00", "REF-000002")
    paid(api, "30.00", "REF-000003", customer="56")
    with CaptureQueriesContext(connection) as three:
        listed = api.get("deposits").json()["data"]
    assert [row["savings"]["saved"] for row in listed] == ["100.00"] * 3
    assert len(three) == len(one)


def test_what_was_released_in_doubt_is_not_released_again_when_a_person_attaches_it(
    api: Api, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    provider.script(INFO, reports("100", "48"))
    deposit, order = paid(api, "100.00", "REF-000001")
    # The provider releases less than was named, so a person has to look; 40 are still saved.
    book.enter_as_is(order, item("REF-000001", "60.00", order), label=deposit.customer.label)
    provider.script(INFO, reports("40", "108"))
    clock.shift(35)
    work()
    assert (fresh(deposit).status, Savings.objects.get().saved) == ("in_review", Decimal(40))
    attach(Receipt.objects.get().pk, deposit.pk, decided())
    assert (fresh(deposit).status, Savings.objects.get().saved) == ("credited", Decimal(40))
    assert [one.partition(":")[0] for one in postings()] == [
        "savings_observed",
        "receipt_suspended",
        "savings_released",
        "suspense_credited",
    ]


def test_money_that_came_through_another_system_is_no_release(
    api: Api, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    provider.script(INFO, reports("100", "48"))
    deposit, order = paid(api, "100.00", "REF-000001")
    stray = {**item("REF-000009", "100.00", order), "wallet_type": "upi_l", "stockpiling_id": None}
    book.enter_as_is(order, stray, label=deposit.customer.label)
    clock.shift(35)
    work()
    assert (fresh(deposit).status, Savings.objects.get().saved) == ("in_review", Decimal(100))
    attach(Receipt.objects.get().pk, deposit.pk, decided())
    assert (fresh(deposit).status, Savings.objects.get().saved) == ("credited", Decimal(100))
    assert [one.partition(":")[0] for one in postings()] == [
        "savings_observed",
        "receipt_suspended",
        "suspense_credited",
    ]
