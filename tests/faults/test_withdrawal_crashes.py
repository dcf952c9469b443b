"""A worker is killed at every step of sending a withdrawal. The sweep alone brings it right, and it is paid once."""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.celery import app as celery_app
from gateway.providers.models import ProviderAccount, ProviderCall
from tests.conftest import Api
from tests.faults.steps import take_step
from tests.forked import started, wait_for_end
from tests.scripted_provider import DROP, Received, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.interleaving import DEADLINE_SECONDS, eventually
from tests.withdrawals.orders import creates, make_due, moves, order, sent, week_is_nearly_over
from withdrawals.models import Withdrawal
from withdrawals.tasks import sweep_withdrawals

pytestmark = pytest.mark.django_db(transaction=True)

QUEUES = ("money-out", "pulls")


def start_worker(task: str, argument: Any, query: str = "", **when: Any) -> ForkServerProcess:
    """One worker's step in a process of its own."""
    return started(partial(take_step, **when), f"withdrawals.tasks.{task}", str(argument), query)


def kill_worker(task: str, argument: Any, query: str = "", **when: Any) -> None:
    """Let the worker run into its death."""
    worker = start_worker(task, argument, query, **when)
    worker.join(DEADLINE_SECONDS * 2)
    assert worker.exitcode == -signal.SIGKILL


@pytest.fixture(autouse=True)
def quiet_bell() -> Iterator[None]:
    """No rings are left over from or for another test."""
    celery_app.loader.import_default_modules()
    _empty_queues()
    yield
    _empty_queues()


def _empty_queues() -> None:
    with celery_app.connection_for_write() as broker:
        for name in QUEUES:
            with broker.SimpleQueue(name) as queue:
                queue.clear()


def work_off() -> int:
    """What a worker does: take every ring from the broker and run its task. How many there were."""
    done = 0
    with celery_app.connection_for_read() as broker:
        for name in QUEUES:
            with broker.SimpleQueue(name) as queue:
                while (message := _next(queue)) is not None:
                    celery_app.tasks[message.headers["task"]](*message.payload[0])
                    message.ack()
                    done += 1
    return done


def _next(queue: Any) -> Any:
    try:
        return queue.get(block=False)
    except queue.Empty:
        return None


def sweep_until(withdrawal: Withdrawal, is_right: Callable[[Withdrawal], bool]) -> Withdrawal:
    """Let time pass, lease by lease, with nothing but the sweep."""
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:

        def a_while_later() -> bool:
            clock.shift(130)
            sweep_withdrawals()
            work_off()
            withdrawal.refresh_from_db()
            return is_right(withdrawal)

        eventually(a_while_later)
    return withdrawal


INSERT_MOVE = 'INSERT INTO "withdrawals_withdrawalmove"'
UPDATE_ROW = 'UPDATE "withdrawals_withdrawal"'
INSERT_CALL = 'INSERT INTO "providers_providercall"'
UPDATE_CALL = 'UPDATE "providers_providercall"'
LOCK_ROW = 'SELECT "withdrawals_withdrawal"'
INSERT_NEWS = 'WITH event AS (INSERT INTO "webhooks_event"'

BEFORE_SENDING: dict[str, dict[str, Any]] = {
    "before the claim": {"query": LOCK_ROW, "count": 1},
    "inside the claim": {"query": UPDATE_ROW, "count": 1, "after": True},
    "between the claim and the mark": {"query": LOCK_ROW, "count": 2},
    "inside the mark": {"query": INSERT_MOVE, "count": 1},
    "inside the mark, all written": {"query": INSERT_MOVE, "count": 1, "after": True},
}


@pytest.mark.parametrize("when", BEFORE_SENDING.values(), ids=BEFORE_SENDING.keys())
def test_killed_before_the_mark_was_committed_it_is_sent_once_by_the_sweep(
    api: Api, provider: ScriptedProvider, when: dict[str, Any]
) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)

    kill_worker("send_withdrawal", withdrawal.pk, **when)

    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.sent_at) == ("queued", None)
    assert creates(provider) == []
    sweep_until(withdrawal, lambda row: row.status == "accepted")
    assert creates(provider) == [bytes(withdrawal.body)]
    assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), ("accepted", "provider_answer")]


@pytest.mark.parametrize("where", ["after the mark", "with the evidence begun", "on the way"])
def test_killed_before_the_first_byte_it_is_never_sent_again_and_ends_with_a_person(
    api: Api, provider: ScriptedProvider, where: str
) -> None:
    """Nobody can tell this from a lost answer, and "not found" alone is no proof."""
    withdrawal = order(api)
    provider.script(words.CREATE, words.OK)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))

    if where == "on the way":
        kill_worker("send_withdrawal", withdrawal.pk, port=int(provider.url.rsplit(":", 1)[1]))
    else:
        kill_worker("send_withdrawal", withdrawal.pk, INSERT_CALL, after=where == "with the evidence begun")

    withdrawal.refresh_from_db()
    assert withdrawal.status == "sending"
    sweep_until(withdrawal, lambda row: row.status == "unknown" and row.last_answer == "not_found")
    for question in range(10):
        if question == 5:
            week_is_nearly_over(withdrawal)
        make_due(withdrawal)
        sweep_withdrawals()
        work_off()
    withdrawal.refresh_from_db()
    assert withdrawal.status == "manual_review"
    assert creates(provider) == []
    assert moves(withdrawal)[1:] == [("sending", "clock"), ("unknown", "clock"), ("manual_review", "clock")]


def killed_while_the_provider_works(withdrawal: Withdrawal, provider: ScriptedProvider) -> None:
    """SIGKILL from outside, when the request has arrived and nothing was answered."""
    worker: list[ForkServerProcess] = []

    def die(_: Received) -> Any:
        eventually(lambda: worker)
        worker[0].kill()
        wait_for_end(worker[0], DEADLINE_SECONDS)
        return DROP

    provider.script(words.CREATE, die)
    worker.append(start_worker("send_withdrawal", withdrawal.pk))
    worker[0].join(DEADLINE_SECONDS * 2)
    assert worker[0].exitcode == -signal.SIGKILL


AFTER_SENDING: dict[str, dict[str, Any]] = {
    "before the evidence was written": {"query": UPDATE_CALL},
    "after the evidence was written": {"query": UPDATE_CALL, "after": True},
    "before the outcome was recorded": {"query": LOCK_ROW, "count": 3},
    "inside the recording": {"query": INSERT_MOVE, "count": 2},
    "inside the recording, all written": {"query": INSERT_NEWS, "count": 1, "after": True},
    "while the provider works": {},
}


@pytest.mark.parametrize("when", AFTER_SENDING.values(), ids=AFTER_SENDING.keys())
def test_killed_after_the_provider_got_it_the_sweep_asks_and_sends_nothing(
    api: Api, provider: ScriptedProvider, when: dict[str, Any]
) -> None:
    withdrawal = order(api)
    known = [words.no_postback(withdrawal), words.found(withdrawal, 1)]
    provider.script(words.PULL, *(words.pulled(entry) for entry in known))
    provider.script(words.CREATE, words.OK)

    if when:
        kill_worker("send_withdrawal", withdrawal.pk, **when)
    else:
        killed_while_the_provider_works(withdrawal, provider)

    withdrawal.refresh_from_db()
    assert withdrawal.status == "sending"
    assert creates(provider) == [bytes(withdrawal.body)]
    sweep_until(withdrawal, lambda row: row.status == "paid")
    assert creates(provider) == [bytes(withdrawal.body)]
    assert moves(withdrawal) == [
        ("queued", "api_key"),
        ("sending", "clock"),
        ("unknown", "clock"),
        ("accepted", "pull"),
        ("paid", "pull"),
    ]


def test_the_evidence_of_a_call_during_which_we_died_says_so(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    killed_while_the_provider_works(withdrawal, provider)
    [call] = ProviderCall.objects.all()
    assert (call.operation, call.subject, call.sent, call.outcome) == (
        "withdrawal/create",
        withdrawal.public_id,
        None,
        "",
    )


PROBE_DEATHS: dict[str, tuple[dict[str, Any], int]] = {
    "before the question": ({"query": INSERT_CALL, "count": 1}, 1),
    "between question and mark": ({"query": INSERT_MOVE, "count": 1}, 1),
    "after the mark": ({"query": INSERT_CALL, "count": 2}, 1),
    "after the answer": ({"query": UPDATE_CALL, "count": 2}, 2),
}


@pytest.mark.parametrize(("when", "count"), PROBE_DEATHS.values(), ids=PROBE_DEATHS.keys())
def test_killed_while_probing_no_second_order_can_come_of_it(
    api: Api, provider: ScriptedProvider, when: dict[str, Any], count: int
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    make_due(withdrawal)
    # The provider's own book: it has the order from the moment in which it took it.
    taken = [words.OK]

    def create(_: Received) -> Any:
        return taken[0]

    def pull(_: Received) -> Any:
        is_there = len(provider.to(words.CREATE)) > 1
        return words.pulled(words.no_postback(withdrawal) if is_there else words.not_found(withdrawal))

    provider.script(words.CREATE, create)
    provider.script(words.PULL, pull)

    kill_worker("probe_waiting", withdrawal.pk, **when)
    assert len(creates(provider)) == count

    is_lost = when["query"] == INSERT_CALL and when["count"] == 2
    sweep_until(
        withdrawal,
        lambda row: row.status == "unknown" and row.last_answer == "not_found" if is_lost else row.status == "accepted",
    )
    assert creates(provider) == [bytes(withdrawal.body)] * (1 if is_lost else 2)


def test_killed_while_asking_the_next_sweep_asks_again(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, DROP)
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    make_due(withdrawal)

    kill_worker("ask_withdrawals", account.pk, INSERT_MOVE)

    withdrawal.refresh_from_db()
    assert withdrawal.status == "unknown"
    sweep_until(withdrawal, lambda row: row.status == "paid")
    assert len(provider.to(words.PULL)) == 2
    assert len(creates(provider)) == 1
