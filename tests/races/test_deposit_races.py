"""Races of money in, on real PostgreSQL: each is shown to go wrong without its wall, and then with it."""

import json
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from gateway import due_work, prepared_sql
from gateway.api.idempotency import claiming
from gateway.api.models import IdempotencyKey
from gateway.lifecycles import Cause, CauseKind, IllegalMove
from gateway.paykassma import php_json
from gateway.paykassma.messages import PostbackItem
from gateway.paykassma.postbacks import parse_item
from gateway.products.actions import Caller, meet_customer
from gateway.products.models import Customer, Product
from gateway.providers import calls
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.webhooks.models import Event
from payments import actions, asking, confirming, opening, receipts
from payments.models import Confirmation, Deposit, DepositMove, Receipt
from payments.moves import begin_receipt, move_receipt
from payments.receipts import Recorded, record_receipt
from payments.states import ReceiptStatus
from tests import roles
from tests.conftest import Api
from tests.payments.rivals import CommitGate, Gate, at_once, constraint_dropped, copy_of, in_thread, unlocked
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    OK,
    REFERENCE,
    Book,
    activations,
    confirm,
    create_path,
    details,
    fresh,
    money,
    moves,
    news,
    offered,
    payment_path,
    place,
    work,
)
from tests.scripted_provider import Received, ScriptedProvider

pytestmark = pytest.mark.django_db(transaction=True)

MPESA = payment_path("mpesa")
PULLED = Cause(kind=CauseKind.PULL)
BODY = {"payment_system": "upi_l", "currency": "INR", "amount": "1000.00", "customer": "55", "reference": "order-1"}


@pytest.fixture
def book(api: Api, provider: ScriptedProvider) -> Book:
    provider.script(AVAILABLE, offered(("upi_l", "INR", False)))
    provider.script(create_path("upi_l"), details())
    provider.script(ACTIVATE, OK)
    provider.script(MPESA, OK)
    return Book(provider)


@pytest.fixture
def apis(product: Product, api: Api, new_api: Callable[..., Api]) -> list[Api]:
    """Two clients of one product."""
    return [api, new_api(product)]


def open_upi(api: Api, **changes: Any) -> Deposit:
    deposit = place(api, **changes)
    work()
    assert fresh(deposit).status == "awaiting_payment"
    return fresh(deposit)


def verifying(api: Api) -> tuple[Deposit, str]:
    """A deposit whose customer named a reference, and our id of the reference."""
    deposit = open_upi(api)
    order = confirm(api, deposit).json()["id"]
    work()
    return fresh(deposit), order


def push(api: Api) -> Deposit:
    return place(api, payment_system="mpesa", currency="KES", details={"phone_number": "254700000000"})


def claimed(deposit: Deposit) -> Deposit:
    """The deposit in the hands of a worker."""
    rows = Deposit.objects.select_related("account", "payment_system", "customer", "product").filter(pk=deposit.pk)
    (row,) = due_work.claim(rows, limit=1, lease_seconds=calls.LEASE_SECONDS)
    return row


# The same Idempotency-Key twice at once


class LookedUp:
    """A claim that looks for the key first and writes it afterwards."""

    def __init__(self, key: str, both_looked: threading.Barrier) -> None:
        self.key, self.both_looked = key, both_looked

    def take_with(self, statement: str, parameters: Any, *, object_id: Any, durably: bool) -> Any:
        assert durably
        assert not IdempotencyKey.objects.filter(key=self.key).exists()
        self.both_looked.wait(20)
        unclaimed = statement.replace(prepared_sql.one_line(claiming("unchanged")), "claimed AS (SELECT)")
        assert unclaimed != statement
        return prepared_sql.run_durably(unclaimed, parameters)


def test_looking_for_a_key_before_writing_it_makes_two_deposits(caller: Caller, catalogue: None, book: Book) -> None:
    system = PaymentSystem.objects.get(code="upi_l")
    wish = actions.NewDeposit(
        payment_system=system, currency="INR", amount=Decimal(1000), customer="55", reference="order-1"
    )
    naive: Any = LookedUp("key-1", threading.Barrier(2))
    meet_customer(product=caller.product, mode=caller.mode, external_id="55")  # else they would meet there
    # Without the other wall, so that only the key is looked at.
    with constraint_dropped("payments_deposit", "one_deposit_per_reference"):
        made = at_once(*[lambda: actions.create_deposit(caller, wish, naive)] * 2)
        assert [type(one) for one in made] == [Deposit, Deposit]
        assert Deposit.objects.count() == 2


def test_the_same_key_at_once_makes_one_deposit(apis: list[Api], book: Book, product: Product) -> None:
    with constraint_dropped("payments_deposit", "one_deposit_per_reference"):
        with CommitGate("providers_paymentsystem") as gate:
            waiting = [in_thread(partial(api.post, "deposits", BODY, key="key-1")) for api in apis]
            gate.await_waiting(2)  # one with its deposit written, the other behind its key
            gate.open()
            answers = [result() for result in waiting]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["id"] == answers[1].json()["id"]
        assert sorted(answer.headers.get("Idempotent-Replayed", "") for answer in answers) == ["", "true"]
        assert (Deposit.objects.count(), DepositMove.objects.count()) == (1, 1)
        assert news(product) == [("deposit.created", 1)]


def test_behind_a_key_that_is_stuck_nobody_waits_for_ever(apis: list[Api], book: Book) -> None:
    with CommitGate("providers_paymentsystem") as gate:
        first = in_thread(lambda: apis[0].post("deposits", BODY, key="key-1"))
        gate.await_waiting(1)
        second = apis[1].post("deposits", BODY, key="key-1")
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_use")
        assert second.headers["Retry-After"] == "1"
        gate.open()
        assert first().status_code == 201
    again = apis[1].post("deposits", BODY, key="key-1")
    assert (again.status_code, again.json()["id"]) == (201, first().json()["id"])
    assert Deposit.objects.count() == 1


def test_two_orders_that_meet_a_new_customer_at_once_are_both_made(apis: list[Api], book: Book) -> None:
    bodies = [{**BODY, "reference": reference} for reference in ("order-1", "order-2")]
    with CommitGate("providers_paymentsystem") as gate:
        waiting = [in_thread(partial(api.post, "deposits", body)) for api, body in zip(apis, bodies, strict=True)]
        gate.await_waiting(2)  # one with its customer met, the other behind that
        gate.open()
        assert [result().status_code for result in waiting] == [201, 201]
    assert Customer.objects.count() == 1
    assert (Deposit.objects.count(), DepositMove.objects.count(), IdempotencyKey.objects.count()) == (2, 2, 2)


# The product's own reference twice at once


def post_twice_at_once(apis: list[Api]) -> list[Any]:
    with CommitGate("providers_paymentsystem") as gate:
        waiting = [in_thread(partial(api.post, "deposits", BODY)) for api in apis]
        gate.await_waiting(2)
        gate.open()
        return [result() for result in waiting]


def test_without_its_constraint_one_reference_makes_two_deposits(apis: list[Api], book: Book) -> None:
    with constraint_dropped("payments_deposit", "one_deposit_per_reference"):
        assert [answer.status_code for answer in post_twice_at_once(apis)] == [201, 201]
        assert Deposit.objects.count() == 2


def test_one_reference_at_once_makes_one_deposit(apis: list[Api], book: Book, product: Product) -> None:
    made, refused = sorted(post_twice_at_once(apis), key=lambda answer: answer.status_code)
    assert (made.status_code, refused.status_code) == (201, 409)
    assert (refused.json()["code"], refused.json()["existing"]) == ("reference_already_used", made.json()["id"])
    assert (Deposit.objects.count(), IdempotencyKey.objects.count()) == (1, 1)
    assert news(product) == [("deposit.created", 1)]


# The bank's reference twice at once


def named_at_once(verb: Callable[..., Any], caller: Caller, *named: tuple[Deposit, str]) -> list[Any]:
    class Unclaimed:
        def take(self, *, object_id: Any) -> None:
            pass

    with Gate("payments_confirmationmove") as gate:
        waiting = []
        for deposit, reference in named:
            wish = confirming.NewConfirmation(provider_reference=reference, amount=Decimal(1000))
            waiting.append(in_thread(partial(verb, caller, deposit.pk, wish, Unclaimed())))
        gate.await_waiting(len(named))
        gate.open()
        return [result() for result in waiting]


def named_twice_at_once(verb: Callable[..., Any], caller: Caller, *deposits: Deposit) -> list[Any]:
    return named_at_once(verb, caller, *[(deposit, REFERENCE) for deposit in deposits])


def codes(results: list[Any]) -> list[str]:
    return sorted(getattr(one, "code", type(one).__name__) for one in results)


WITHOUT_LINING_UP = ("    _one_at_a_time(deposit, wish.provider_reference)\n", "")


def test_without_its_walls_a_reference_is_named_twice_for_one_deposit(api: Api, book: Book, caller: Caller) -> None:
    deposit = open_upi(api)
    assert confirm(api, deposit, "999999999999").status_code == 201  # it verifies: the next ones move nothing
    naive = copy_of(confirming, ("due_work.lock(", "unlocked("), WITHOUT_LINING_UP, unlocked=unlocked)
    with constraint_dropped("payments_confirmation", "one_open_confirmation_per_reference"):
        made = named_twice_at_once(naive.confirm_deposit, caller, deposit, deposit)
        assert codes(made) == ["Confirmation", "Confirmation"]
        assert Confirmation.objects.filter(provider_reference=REFERENCE).count() == 2
    # The constraint alone stops it as well, but as a surprise.
    made = named_twice_at_once(naive.confirm_deposit, caller, deposit, deposit)
    assert codes(made) == ["Confirmation", "IntegrityError"]


def test_one_deposit_takes_a_reference_once(api: Api, book: Book, caller: Caller, product: Product) -> None:
    deposit = open_upi(api)
    made = named_twice_at_once(confirming.confirm_deposit, caller, deposit, deposit)
    assert codes(made) == ["Confirmation", "reference_already_used"]
    work()
    assert (Confirmation.objects.count(), len(activations(book.provider))) == (1, 1)
    assert news(product)[2:] == [("deposit.verifying", 3)]


def test_one_customer_names_a_reference_once_over_all_deposits(api: Api, book: Book, caller: Caller) -> None:
    deposits = [open_upi(api), open_upi(api)]
    naive = copy_of(confirming, WITHOUT_LINING_UP)
    assert codes(named_twice_at_once(naive.confirm_deposit, caller, *deposits)) == ["Confirmation", "Confirmation"]

    others = [open_upi(api, customer="other"), open_upi(api, customer="other")]
    assert codes(named_twice_at_once(confirming.confirm_deposit, caller, *others)) == [
        "Confirmation",
        "reference_already_used",
    ]


def flags() -> list[bool]:
    return list(Confirmation.objects.order_by("id").values_list("is_contested", flat=True))


def test_two_customers_at_once_are_both_flagged(api: Api, book: Book, caller: Caller) -> None:
    naive = copy_of(confirming, WITHOUT_LINING_UP)
    named_twice_at_once(naive.confirm_deposit, caller, open_upi(api, customer="1"), open_upi(api, customer="2"))
    assert flags() == [False, False]
    roles.past_the_guards("TRUNCATE payments_confirmation CASCADE")

    named_twice_at_once(confirming.confirm_deposit, caller, open_upi(api, customer="3"), open_upi(api, customer="4"))
    assert flags() == [True, True]


def test_the_tenth_try_is_made_once(api: Api, book: Book, caller: Caller) -> None:
    deposits = [open_upi(api), open_upi(api)]
    for number in range(9):
        assert confirm(api, deposits[0], f"{number:012}").status_code == 201
    last_tries = list(zip(deposits, ["777777777777", "888888888888"], strict=True))
    made = named_at_once(confirming.confirm_deposit, caller, *last_tries)
    assert codes(made) == ["Confirmation", "too_many_attempts"]
    assert Confirmation.objects.count() == 10

    others = [open_upi(api, customer="other"), open_upi(api, customer="other")]
    for number in range(9, 18):
        assert confirm(api, others[0], f"{number:012}").status_code == 201
    last_tries = list(zip(others, ["555555555555", "666666666666"], strict=True))
    naive = copy_of(confirming, WITHOUT_LINING_UP)
    assert codes(named_at_once(naive.confirm_deposit, caller, *last_tries)) == ["Confirmation", "Confirmation"]


# The same money twice at once


def item(deposit: Deposit, order: str, **changes: Any) -> PostbackItem:
    raw = json.dumps(money(plugin_custom_order_id=order, **changes)).encode()
    parsed = parse_item(php_json.parse(raw), label=deposit.customer.label)
    assert isinstance(parsed, PostbackItem)
    return parsed


def recorded_at_once(verb: Callable[..., Any], account: ProviderAccount, *items: PostbackItem) -> list[Any]:
    """Two workers, one before its receipt is written, the other wherever it got to."""
    with Gate("payments_receipt") as gate:
        waiting = [in_thread(partial(verb, account, one, asked_for="", cause=PULLED)) for one in items]
        gate.await_waiting(2)
        gate.open()
        return [result() for result in waiting]


def look_then_write(account: ProviderAccount, deposit: Deposit, both_looked: threading.Barrier) -> None:
    assert not Receipt.objects.filter(account=account, transaction_id=REFERENCE).exists()
    both_looked.wait(20)
    with transaction.atomic():
        receipt = Receipt.objects.create(
            account=account,
            wallet_type="upi_l",
            transaction_id=REFERENCE,
            deposit=deposit,
            amount=Decimal(1000),
            currency="INR",
        )
        begin_receipt(receipt, PULLED)
        move_receipt(receipt, ReceiptStatus.CREDITED, PULLED)


def total() -> Decimal:
    return sum((row.amount for row in Receipt.objects.filter(status="credited")), Decimal(0))


def test_without_its_constraint_the_same_money_counts_twice(api: Api, book: Book, account: ProviderAccount) -> None:
    deposit, _ = verifying(api)
    with constraint_dropped("payments_receipt", "one_receipt_per_transaction"):
        barrier = threading.Barrier(2)
        assert at_once(*[lambda: look_then_write(account, deposit, barrier)] * 2) == [None, None]
        assert total() == 2000
    barrier = threading.Barrier(2)
    results = at_once(*[lambda: look_then_write(account, deposit, barrier)] * 2)
    assert {type(one) for one in results} == {type(None), IntegrityError}
    assert total() == 1000


def test_the_same_money_at_once_is_one_receipt(
    api: Api, book: Book, account: ProviderAccount, product: Product
) -> None:
    deposit, order = verifying(api)
    one = item(deposit, order)
    assert sorted(recorded_at_once(record_receipt, account, one, one)) == [Recorded.CREDITED, Recorded.KNOWN]
    assert (Receipt.objects.count(), total()) == (1, Decimal(1000))
    ended = fresh(deposit)
    assert (ended.status, ended.received_amount, ended.amount_check) == ("credited", Decimal(1000), "exact")
    assert news(product)[3:] == [("deposit.credited", 4)]


def test_without_the_lock_one_of_two_halves_is_forgotten(api: Api, book: Book, account: ProviderAccount) -> None:
    deposit, order = verifying(api)
    halves = [item(deposit, order, amount="500.00", transaction_id=name) for name in ("T1", "T2")]
    whole = "unlocked(Deposit.objects.select_related('product', 'customer', 'payment_system'), order.deposit_id) if"
    naive = copy_of(receipts, ("lock_deposit(order.deposit_id) if", whole), unlocked=unlocked)
    results = recorded_at_once(naive.record_receipt, account, *halves)
    assert [type(one) for one in results].count(IntegrityError) == 1
    assert fresh(deposit).received_amount == 500


def test_two_halves_at_once_add_up(api: Api, book: Book, account: ProviderAccount, product: Product) -> None:
    deposit, order = verifying(api)
    halves = [item(deposit, order, amount="500.00", transaction_id=name) for name in ("T1", "T2")]
    assert sorted(recorded_at_once(record_receipt, account, *halves)) == [Recorded.CREDITED, Recorded.IN_REVIEW]
    ended = fresh(deposit)
    assert (ended.status, ended.received_amount, ended.amount_check) == ("credited", Decimal(1000), "exact")
    assert news(product)[3:] == [("deposit.in_review", 4), ("deposit.credited", 5)]


# The product cancels while a worker opens


def cancelled_while_opening(api: Api, deposit: Deposit, opening_step: Callable[[Deposit], None]) -> tuple[Any, Any]:
    """The cancelling is half written when the worker, who claimed the deposit before, is about to send."""
    mine = claimed(deposit)
    with Gate("payments_depositmove") as gate:
        cancelling = in_thread(lambda: api.post(f"deposits/{deposit.public_id}/cancel"))
        gate.await_waiting(1)
        sending = in_thread(lambda: opening_step(mine))
        gate.await_waiting(2)
        gate.open()
        return cancelling(), sending()


def test_without_the_lock_a_cancelled_payment_is_sent(api: Api, book: Book, provider: ScriptedProvider) -> None:
    naive = copy_of(opening, ("due_work.lock(", "unlocked("), unlocked=unlocked)
    deposit = push(api)
    cancelled, _ = cancelled_while_opening(api, deposit, naive._create_payment)
    assert cancelled.json()["status"] == "cancelled"
    assert len(provider.to(MPESA)) == 1


def test_a_payment_that_was_cancelled_first_is_never_sent(
    api: Api, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    deposit = push(api)
    cancelled, sent = cancelled_while_opening(api, deposit, opening._create_payment)
    assert (cancelled.status_code, cancelled.json()["status"], sent) == (200, "cancelled", None)
    work()
    assert provider.requests == []
    ended = fresh(deposit)
    assert (ended.status, ended.payment_created_at, ended.next_at, ended.token) == ("cancelled", None, None, None)
    assert news(product) == [("deposit.created", 1), ("deposit.cancelled", 2)]


def in_the_middle(step: Callable[[], None], answer: Any = OK) -> Callable[[Received], Any]:
    """A script: while the provider holds the request, the step is done; then it answers."""

    def reply(_: Received) -> Any:
        try:
            step()
        finally:
            connections.close_all()
        return answer

    return reply


def test_a_payment_that_is_cancelled_while_it_is_sent_is_watched(
    api: Api, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    deposit = push(api)
    answers: list[Any] = []
    cancel = lambda: answers.append(api.post(f"deposits/{deposit.public_id}/cancel"))  # noqa: E731
    provider.script(MPESA, in_the_middle(cancel))
    work()
    assert answers[0].json()["status"] == "cancelled"
    ended = fresh(deposit)
    assert ended.status == "cancelled"
    assert ended.payment_created_at is not None
    assert ended.next_at is not None
    assert news(product) == [("deposit.created", 1), ("deposit.cancelled", 2)]

    paid = money(wallet_type="mpesa", currency_code="KES")
    book.enter(deposit.public_id, paid, label=deposit.customer.label)
    Deposit.objects.update(next_at=timezone.now())
    work()
    ended = fresh(deposit)
    assert (ended.status, ended.late, len(provider.to(MPESA))) == ("credited", True, 1)


def test_details_of_a_cancelled_deposit_are_not_shown(
    api: Api, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    deposit = place(api)
    cancel = lambda: api.post(f"deposits/{deposit.public_id}/cancel")  # noqa: E731
    provider.script(create_path("upi_l"), in_the_middle(cancel, details()))
    work()
    ended = fresh(deposit)
    assert (ended.status, ended.shown, ended.next_at, ended.token) == ("cancelled", None, None, None)
    assert news(product) == [("deposit.created", 1), ("deposit.cancelled", 2)]


# The money, or its news, before our own call has its answer


ANSWERS: list[Any] = [
    OK,
    (503, b""),
    (200, {"status": "fail", "message": "?"}),
    (404, b"Not found"),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_money_that_is_quicker_than_the_answer_to_the_payment_stays_credited(
    answer: Any, api: Api, book: Book, provider: ScriptedProvider, product: Product, account: ProviderAccount
) -> None:
    deposit = push(api)
    paid = money(wallet_type="mpesa", currency_code="KES")
    book.enter(deposit.public_id, paid, label=deposit.customer.label)
    provider.script(MPESA, in_the_middle(lambda: ask(account, deposit.public_id), answer))
    work()
    ended = fresh(deposit)
    assert (ended.status, ended.received_amount, ended.late) == ("credited", Decimal(1000), False)
    assert moves(deposit) == [(1, "", "created", "api_key"), (2, "created", "credited", "pull")]
    assert news(product) == [("deposit.created", 1), ("deposit.credited", 2)]
    Deposit.objects.update(next_at=timezone.now())
    work()
    assert fresh(deposit).sequence == 2
    assert len(provider.to(MPESA)) == 1


def ask(account: ProviderAccount, *orders: str) -> None:
    assert asking.ask(account, list(orders))


def test_without_looking_again_the_answer_would_move_what_is_credited(
    api: Api, book: Book, provider: ScriptedProvider, account: ProviderAccount
) -> None:
    naive = copy_of(
        opening, ("if deposit.status != DepositStatus.CREATED:\n        # Cancelled", "if False:\n        # Cancelled")
    )
    deposit = push(api)
    paid = money(wallet_type="mpesa", currency_code="KES")
    book.enter(deposit.public_id, paid, label=deposit.customer.label)
    provider.script(MPESA, in_the_middle(lambda: ask(account, deposit.public_id)))
    with pytest.raises(IllegalMove, match="credited may not become awaiting_payment"):
        naive.open_deposit(deposit.pk)


@pytest.mark.parametrize("answer", ANSWERS)
def test_money_that_is_quicker_than_the_answer_to_the_reference_stays_credited(
    answer: Any, api: Api, book: Book, provider: ScriptedProvider, product: Product, account: ProviderAccount
) -> None:
    deposit = open_upi(api)
    order = confirm(api, deposit).json()["id"]
    book.enter(order, money(), label=deposit.customer.label)
    provider.script(ACTIVATE, in_the_middle(lambda: ask(account, order), answer))
    work()
    assert fresh(deposit).status == "credited"
    confirmation = Confirmation.objects.get()
    assert (confirmation.status, confirmation.failure_code, confirmation.token) == ("credited", "", None)
    assert moves(confirmation)[2:] == [(3, "sending", "credited", "pull")]
    assert news(product)[2:] == [("deposit.verifying", 3), ("deposit.credited", 4)]
    assert len(activations(provider)) == 1


# Two workers, one deposit


def test_looking_before_sending_pushes_twice(api: Api, book: Book, provider: ScriptedProvider) -> None:
    deposit = push(api)
    both_looked = threading.Barrier(2)

    def naive() -> None:
        row = fresh(deposit)
        assert (row.status, row.payment_created_at) == ("created", None)
        both_looked.wait(20)
        calls.call(
            row.account,
            "payment/create",
            lambda client: client.create_payment(
                wallet_type="mpesa",
                currency="KES",
                amount=row.amount,
                label=row.customer.label,
                custom_transaction_id=row.public_id,
                fields={},
            ),
        )

    assert at_once(naive, naive) == [None, None]
    assert len(provider.to(MPESA)) == 2


def test_two_workers_push_once(api: Api, book: Book, provider: ScriptedProvider) -> None:
    deposit = push(api)
    second_is_done = threading.Event()
    provider.script(MPESA, lambda _: OK if second_is_done.wait(20) else (500, b""))
    first = in_thread(lambda: opening.open_deposit(deposit.pk))
    while not provider.to(MPESA):
        assert fresh(deposit).status == "created"
    opening.open_deposit(deposit.pk)
    work()  # nor does a sweep see it as due
    second_is_done.set()
    assert first() is None
    assert len(provider.to(MPESA)) == 1
    assert fresh(deposit).status == "awaiting_payment"


def test_two_workers_claim_at_once_and_one_of_them_has_it(api: Api, book: Book, provider: ScriptedProvider) -> None:
    deposit = push(api)
    with Gate("payments_deposit") as gate:
        waiting = [in_thread(lambda: opening.open_deposit(deposit.pk)) for _ in range(2)]
        gate.await_waiting(2)
        gate.open()
        assert [result() for result in waiting] == [None, None]
    assert len(provider.to(MPESA)) == 1
    assert fresh(deposit).status == "awaiting_payment"


def test_a_worker_that_lost_its_lease_writes_nothing(
    api: Api, book: Book, provider: ScriptedProvider, product: Product
) -> None:
    """Its answer comes when another worker has fetched other details: those are what the customer sees."""
    deposit = place(api)

    def meanwhile() -> None:
        Deposit.objects.update(next_at=timezone.now())
        opening.open_deposit(deposit.pk)

    slow = in_the_middle(meanwhile, details(identifier="the slow one"))
    provider.script(create_path("upi_l"), slow, details(identifier="the quick one"))
    opening.open_deposit(deposit.pk)
    shown = fresh(deposit).shown
    assert shown is not None
    assert [one["value"] for one in shown["details"]] == ["the quick one"]
    assert len(provider.to(create_path("upi_l"))) == 2
    assert news(product) == [("deposit.created", 1), ("deposit.awaiting_payment", 2)]
    assert Event.objects.count() == 2
