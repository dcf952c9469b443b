"""Workers of money in that are killed (SIGKILL) at each point of an action: the row ends right without help.

After the kill nothing is repaired by hand: the lease runs out, the sweep finds the row, and what may have reached the
provider is asked about and never sent a second time.
"""

import queue
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest
from django.db import connection

from gateway.products.models import Product
from gateway.providers.models import ProviderCall
from payments.models import Confirmation, Deposit
from payments.tasks import end_overdue
from tests.conftest import Api
from tests.faults.steps import take_step
from tests.forked import started, wait_for_end
from tests.payments.rivals import Gate
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    OK,
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
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db(transaction=True)

UPI = create_path("upi_l")
MPESA = payment_path("mpesa")

#: Starting a worker on a loaded machine.
PATIENCE_SECONDS = 60


class Worker:
    """Starts workers of the test's own database and sees them die."""

    def __init__(self) -> None:
        self.started: queue.Queue[ForkServerProcess] = queue.Queue()
        self.running: ForkServerProcess | None = None

    def start(self, task: str, row: Any, *, dies_at: int = 0) -> None:
        """Runs one task by name; with a port it dies on its way to it: no byte has left."""
        self.running = started(partial(take_step, port=dies_at), f"payments.tasks.{task}", str(row.pk))
        self.started.put(self.running)

    def kill(self, *_: object) -> Any:
        """From the provider's side: kill whoever is asking."""
        asking = self.started.get(timeout=PATIENCE_SECONDS)
        asking.kill()
        wait_for_end(asking, PATIENCE_SECONDS)
        return OK  # to nobody

    def died(self) -> bool:
        assert self.running is not None
        self.running.join(PATIENCE_SECONDS)
        return self.running.exitcode == -signal.SIGKILL


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    if made.running is not None:
        made.running.kill()
        made.running.join()


@pytest.fixture
def book(api: Api, provider: ScriptedProvider) -> Book:
    """The provider is ready, and its list of systems has been heard before."""
    provider.script(AVAILABLE, offered(("upi_l", "INR", False)))
    provider.script(UPI, details())
    place(api, customer="earlier")
    work()
    provider.script(ACTIVATE, OK)
    provider.script(MPESA, OK)
    return Book(provider)


Crash = Callable[[Worker, ScriptedProvider, str, Any, str, str], None]


def before_the_first_byte(
    worker: Worker, provider: ScriptedProvider, task: str, row: Any, path: str, history: str
) -> None:
    """The row says that it is being sent; the connection was never made."""
    worker.start(task, row, dies_at=int(provider.url.rsplit(":", 1)[1]))
    assert worker.died()


def with_the_provider(worker: Worker, provider: ScriptedProvider, task: str, row: Any, path: str, history: str) -> None:
    """The provider has read the request and not answered yet."""
    provider.script(path, worker.kill, OK)
    worker.start(task, row)
    assert worker.died()


def with_the_answer(worker: Worker, provider: ScriptedProvider, task: str, row: Any, path: str, history: str) -> None:
    """The answer is here and kept as evidence; what it means is half written."""
    answer = details() if path == UPI else OK
    with ExitStack() as stack:
        gate = Gate(history)
        stack.push(gate.__exit__)

        def shut_and_answer(_: object) -> Any:
            gate.__enter__()
            return answer

        provider.script(path, shut_and_answer, answer)
        worker.start(task, row)
        gate.await_waiting(1)
        worker.kill()
    assert worker.died()
    assert ProviderCall.objects.order_by("pk").last().outcome == "accepted"  # type: ignore[union-attr]


CRASHES = [before_the_first_byte, with_the_provider, with_the_answer]


def sweep_after_the_lease(row: Any) -> None:
    """While the lease lasts nobody touches the row; then the sweep finds it."""
    work()
    row.refresh_from_db()
    assert row.token is not None
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET next_at = now() WHERE id = %s", [row.pk])  # noqa: S608
    work()


def a_week_later(deposit: Deposit) -> Deposit:
    """The time of confirming is over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_deposit SET deadline_at = now() WHERE id = %s", [deposit.pk])
    end_overdue()
    return fresh(deposit)


def asked_once_more(deposit: Deposit) -> Deposit:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_deposit SET next_at = now() WHERE id = %s", [deposit.pk])
    work()
    return fresh(deposit)


@pytest.mark.parametrize("crash", CRASHES)
def test_details_are_asked_for_again(
    crash: Crash, api: Api, book: Book, provider: ScriptedProvider, worker: Worker, product: Product
) -> None:
    deposit = place(api)
    before = len(provider.to(UPI))
    crash(worker, provider, "open_deposit", deposit, UPI, "payments_depositmove")
    reached = len(provider.to(UPI)) - before
    assert reached == (0 if crash is before_the_first_byte else 1)
    assert (fresh(deposit).status, fresh(deposit).sequence) == ("created", 1)
    provider.script(UPI, details(identifier="again"))

    sweep_after_the_lease(deposit)

    opened = fresh(deposit)
    assert (opened.status, opened.token, opened.next_at) == ("awaiting_payment", None, None)
    lines = [{"label": "identifier", "value": "again"}]
    assert opened.shown == {"type": "show_details", "details": lines, "media": None}
    assert len(provider.to(UPI)) - before == reached + 1  # binds nobody: may be repeated
    assert moves(deposit) == [
        (1, "", "created", "api_key"),
        (2, "created", "awaiting_payment", "provider_answer"),
    ]
    mine = [one for one in news(product) if one[0] != "deposit.created"]
    assert mine == [("deposit.awaiting_payment", 2)] * 2  # the earlier deposit's and this one's


@pytest.mark.parametrize("crash", CRASHES)
def test_a_push_reaches_the_provider_at_most_once(
    crash: Crash, api: Api, book: Book, provider: ScriptedProvider, worker: Worker
) -> None:
    deposit = place(api, payment_system="mpesa", currency="KES", details={"phone_number": "254700000000"})
    crash(worker, provider, "open_deposit", deposit, MPESA, "payments_depositmove")
    arrived = len(provider.to(MPESA))
    assert arrived == (0 if crash is before_the_first_byte else 1)
    left = fresh(deposit)
    assert (left.status, left.sequence) == ("created", 1)
    assert left.payment_created_at is not None

    sweep_after_the_lease(deposit)

    assert fresh(deposit).status == "verifying"
    assert moves(deposit)[1:] == [(2, "created", "verifying", "clock")]
    assert asked_once_more(deposit).status == "verifying"
    assert book.asked() == [[deposit.public_id]]
    if arrived:
        paid = money(wallet_type="mpesa", currency_code="KES")
        book.enter(deposit.public_id, paid, label=deposit.customer.label)
        assert asked_once_more(deposit).status == "credited"
        assert moves(deposit)[2:] == [(3, "verifying", "credited", "pull")]
    else:
        ended = a_week_later(deposit)
        assert (ended.status, ended.failure_code) == ("expired", "not_confirmed")
    assert len(provider.to(MPESA)) == arrived


@pytest.mark.parametrize("crash", CRASHES)
def test_a_reference_reaches_the_provider_at_most_once(
    crash: Crash, api: Api, book: Book, provider: ScriptedProvider, worker: Worker
) -> None:
    deposit = place(api)
    work()
    order = confirm(api, deposit).json()["id"]
    confirmation = Confirmation.objects.get()
    crash(worker, provider, "send_confirmation", confirmation, ACTIVATE, "payments_confirmationmove")
    arrived = len(activations(provider))
    assert arrived == (0 if crash is before_the_first_byte else 1)
    confirmation.refresh_from_db()
    assert (confirmation.status, confirmation.provider_word) == ("sending", "")

    sweep_after_the_lease(confirmation)

    confirmation.refresh_from_db()
    assert (confirmation.status, confirmation.provider_word) == ("verifying", "unknown")
    assert moves(confirmation)[1:] == [(2, "created", "sending", "clock"), (3, "sending", "verifying", "clock")]
    assert book.asked() == [[order]]
    assert fresh(deposit).status == "verifying"
    if arrived:
        book.enter(order, money(), label=deposit.customer.label)
        assert asked_once_more(deposit).status == "credited"
        confirmation.refresh_from_db()
        assert confirmation.status == "credited"
    else:
        ended = a_week_later(deposit)
        assert (ended.status, ended.failure_code) == ("expired", "not_confirmed")
    assert len(activations(provider)) == arrived


def test_a_reference_that_was_claimed_and_not_marked_is_sent_once(
    api: Api, book: Book, provider: ScriptedProvider, worker: Worker
) -> None:
    """Killed while it writes that it is going to send: nothing was, so now it is."""
    deposit = place(api)
    work()
    order = confirm(api, deposit).json()["id"]
    confirmation = Confirmation.objects.get()
    with Gate("payments_confirmationmove") as gate:
        worker.start("send_confirmation", confirmation)
        gate.await_waiting(1)
        worker.kill()
    assert worker.died()
    confirmation.refresh_from_db()
    assert (confirmation.status, confirmation.sent_at, confirmation.attempts) == ("created", None, 1)

    sweep_after_the_lease(confirmation)

    book.enter(order, money(), label=deposit.customer.label)
    assert asked_once_more(deposit).status == "credited"
    assert len(activations(provider)) == 1
    confirmation.refresh_from_db()
    assert (confirmation.status, confirmation.attempts) == ("credited", 2)
