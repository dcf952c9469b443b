"""A batch that leaves together, and everything that may come between: each withdrawal is sent once, or not at all."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from balances.models import Hold, Journal
from gateway.products.actions import Caller
from gateway.products.models import Product
from gateway.providers.models import PayoutPause, ProviderAccount
from gateway.providers.pauses import pause_payouts
from tests.conftest import Api
from tests.scripted_provider import Received, ScriptedProvider
from tests.two_persons import persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.interleaving import DEADLINE_SECONDS, paused_after, together, until_someone_waits
from tests.withdrawals.orders import make_due, moves, news
from tests.withdrawals.together import line_of, sent_together, statuses
from withdrawals import actions, asking, blocklist, sending, sending_together
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4
#: The statement that marks: it begins with the rows that move.
MARK = "WITH step AS ("


def begun(provider: ScriptedProvider) -> list[str]:
    return sorted(one.json()["withdrawal_id"] for one in provider.to(words.CREATE))


def ids_of(line: list[Withdrawal]) -> list[str]:
    return sorted(one.public_id for one in line)


def one_by_one(line: list[Withdrawal]) -> None:
    for one in line:
        sending.send_withdrawal(one.pk)


def test_many_workers_send_a_line_once(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_together, "TOGETHER", 3)
    provider.script(words.CREATE, words.OK)
    for _ in range(ROUNDS):
        line = line_of(api, account, 10)
        provider.requests.clear()
        works: list[Callable[[], Any]] = [lambda: sending_together.send_withdrawals(account.pk)] * 3
        works += [lambda: one_by_one(line)] * 2  # noqa: B023 - done within the round
        assert together(*works) == [None] * 5
        # Whoever was looking while another one held the last rows leaves them to him.
        assert statuses(line) == ["accepted"] * 10
        assert begun(provider) == ids_of(line)
        for one in line:
            assert moves(one) == [("queued", "api_key"), ("sending", "clock"), ("accepted", "provider_answer")]


def test_each_of_a_line_is_either_cancelled_or_sent(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    for _ in range(ROUNDS):
        line = line_of(api, account, 6)
        provider.requests.clear()
        works = [lambda one=one: api.post(f"withdrawals/{one.public_id}/cancel").status_code for one in line[::2]]
        answers = together(*works, lambda: sending_together.send_withdrawals(account.pk))
        assert answers.pop() is None
        ended = statuses(line)
        assert set(ended) <= {"cancelled", "accepted"}
        assert [(code, end) for code, end in zip(answers, ended[::2], strict=True)] == [
            (200 if end == "cancelled" else 409, end) for end in ended[::2]
        ]
        assert ended[1::2] == ["accepted"] * 3
        assert begun(provider) == ids_of([one for one in line if one.status == "accepted"])
        for one in line:
            assert Hold.objects.get(pk=one.pk).status == ("released" if one.status == "cancelled" else "open")


def test_who_cancels_while_the_batch_is_marked_waits_and_is_refused(
    api: Api, account: ProviderAccount, caller: Caller, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 3)
    is_marked = threading.Event()

    def hold_it_until_it_is_wanted() -> None:
        is_marked.set()
        until_someone_waits()

    def send() -> None:
        with paused_after(MARK, hold_it_until_it_is_wanted):
            sending_together.send_withdrawals(account.pk)

    def cancel() -> Any:
        assert is_marked.wait(DEADLINE_SECONDS)
        return actions.cancel_withdrawal(caller, line[1].pk)

    sent, refused = together(send, cancel)
    assert sent is None
    assert getattr(refused, "status_code", refused) == 409
    assert statuses(line) == ["accepted"] * 3
    assert begun(provider) == ids_of(line)


def test_one_that_is_being_cancelled_is_stepped_over(
    api: Api, account: ProviderAccount, caller: Caller, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 3)
    is_locked, is_sent = threading.Event(), threading.Event()

    def hold() -> None:
        is_locked.set()
        assert is_sent.wait(DEADLINE_SECONDS)

    def cancel() -> str:
        with paused_after('SELECT "withdrawals_withdrawal"', hold):
            return actions.cancel_withdrawal(caller, line[1].pk).status

    def send() -> None:
        assert is_locked.wait(DEADLINE_SECONDS)
        sending_together.send_withdrawals(account.pk)
        is_sent.set()

    assert together(cancel, send) == ["cancelled", None]
    assert statuses(line) == ["accepted", "cancelled", "accepted"]
    assert begun(provider) == ids_of([line[0], line[2]])


def _look_then_mark(account: ProviderAccount, looked: threading.Event, go_on: threading.Event) -> None:
    """A worker that is held up at the worst moment: after the gate's look at the pauses, before its mark."""

    def hold_up(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if 'FROM "withdrawals_withdrawal"' in sql and "SKIP LOCKED" in sql and not looked.is_set():
            looked.set()
            assert go_on.wait(DEADLINE_SECONDS)
        return result

    with connection.execute_wrapper(hold_up):
        sending_together.send_withdrawals(account.pk)


@pytest.mark.parametrize("is_locked", [False, True])
def test_when_a_pause_is_there_nothing_more_is_marked(
    api: Api,
    account: ProviderAccount,
    product: Product,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
    is_locked: bool,
) -> None:
    """Without the gate's lock the whole batch is sent after somebody was told that nothing is sent any more."""
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 3)
    looked, go_on = threading.Event(), threading.Event()
    if not is_locked:
        monkeypatch.setattr(sending_together, "pass_gate", lambda: None)

    def let_go_when_waiting() -> None:
        until_someone_waits()
        go_on.set()

    def pause() -> list[str]:
        assert looked.wait(DEADLINE_SECONDS)
        letting_go = threading.Thread(target=let_go_when_waiting)
        if is_locked:
            letting_go.start()
        pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
        found = list(Withdrawal.objects.values_list("status", flat=True))
        go_on.set()
        if is_locked:
            letting_go.join(DEADLINE_SECONDS)
        return found

    sent, found = together(lambda: _look_then_mark(account, looked, go_on), pause)
    assert sent is None
    assert statuses(line) == ["accepted"] * 3
    since = PayoutPause.objects.get().since
    if is_locked:
        assert set(found) <= {"sending", "accepted"}  # all were marked before the pause was there
        assert all(one.sent_at is not None and one.sent_at < since for one in line)
    else:
        assert found == ["queued"] * 3
        assert all(one.sent_at is not None and one.sent_at > since for one in line)


def test_many_workers_and_one_pause(
    api: Api, account: ProviderAccount, product: Product, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_together, "TOGETHER", 2)
    provider.script(words.CREATE, words.OK)
    line = line_of(api, account, 12)
    marked: list[list[str]] = []

    def pause() -> None:
        pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
        marked.append(ids_of(list(Withdrawal.objects.exclude(sent_at=None))))

    works = [lambda: sending_together.send_withdrawals(account.pk)] * 3
    assert together(*works, pause) == [None] * 4
    # What was marked when the pause was there, and nothing else.
    assert begun(provider) == marked[0]
    assert set(statuses(line)) <= {"queued", "accepted"}


def test_a_block_that_was_there_before_the_mark_is_seen(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    """It was committed after the worker had looked for what is due, and before it marked that."""
    line = line_of(api, account, 3)

    def block() -> None:
        blocklist.block("123456789012", product=None, by=persons()[0], reason="fraud")

    def send() -> None:
        with paused_after("\n    WITH unflushed", lambda: together(block)):
            sending_together.send_withdrawals(account.pk)

    assert together(send) == [None]
    assert statuses(line) == ["cancelled"] * 3
    assert provider.to(words.CREATE) == []


# Letters and pulls.


def test_what_is_paid_while_its_batch_is_under_way_stays_paid(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    for _ in range(ROUNDS):
        line = line_of(api, account, 3)
        arrived = threading.Barrier(4)
        asked = threading.Event()

        def create(_: Received) -> Any:
            arrived.wait(DEADLINE_SECONDS)  # noqa: B023 - done within the round
            assert asked.wait(DEADLINE_SECONDS)  # noqa: B023
            return words.OK

        def ask() -> None:
            arrived.wait(DEADLINE_SECONDS)  # noqa: B023
            asking.ask(account, ids_of(line)[:2])  # noqa: B023
            asked.set()  # noqa: B023

        provider.script(words.CREATE, create)
        provider.script(words.PULL, words.pulled(*(words.found(one, 1) for one in line[:2])))
        assert together(lambda: sending_together.send_withdrawals(account.pk), ask) == [None, None]
        assert statuses(line) == ["paid", "paid", "accepted"]
        for one in line[:2]:
            assert moves(one) == [("queued", "api_key"), ("sending", "clock"), ("paid", "pull")]
            assert news(one) == [("queued", 1), ("paid", 3)]
            assert Hold.objects.get(pk=one.pk).status == "spent"


def test_answers_and_pulls_at_once_lock_in_one_order(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    """Each may be first for any of them; nobody waits for each other, and each is paid once."""
    for _ in range(ROUNDS):
        line = line_of(api, account, 8)
        provider.script(words.CREATE, words.OK)
        provider.script(words.PULL, words.pulled(*(words.found(one, 1) for one in reversed(line))))
        arrived = threading.Event()

        def create(_: Received) -> Any:
            arrived.set()  # noqa: B023
            return words.OK

        provider.script(words.CREATE, create)

        def ask() -> None:
            assert arrived.wait(DEADLINE_SECONDS)  # noqa: B023
            asking.ask(account, ids_of(line)[::-1])  # noqa: B023

        works = [lambda: sending_together.send_withdrawals(account.pk), ask, ask, ask]
        assert together(*works) == [None] * 4
        asking.ask(account, ids_of(line))
        assert statuses(line) == ["paid"] * 8
        for one in line:
            assert moves(one)[:2] == [("queued", "api_key"), ("sending", "clock")]
            assert moves(one)[-1] == ("paid", "pull")
            assert Journal.objects.filter(reference=one.public_id, kind="withdrawal_paid").count() == 1


def test_many_answers_about_the_same_line_settle_it_once(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    for _ in range(ROUNDS):
        line = sent_together(api, account, provider, 6)
        provider.script(words.PULL, words.pulled(*(words.found(one, 1) for one in line)))
        for one in line:
            make_due(one)
        works: list[Callable[[], Any]] = [lambda: asking.ask(account, ids_of(line)) and None] * 2  # noqa: B023
        works += [lambda: asking.ask_withdrawals(account.pk)] * 2
        assert together(*works) == [None] * 4
        assert statuses(line) == ["paid"] * 6
        assert all(news(one) == [("queued", 1), ("accepted", 3), ("paid", 4)] for one in line)
        for one in line:
            assert Journal.objects.filter(reference=one.public_id, kind="withdrawal_paid").count() == 1
