"""Money out under two hands at once. Each race is first shown to go wrong without its lock."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection

from balances.models import Hold
from gateway.api.problems import Problem
from gateway.products.actions import Caller
from gateway.providers.models import ProviderAccount
from gateway.webhooks.models import Event
from tests import roles
from tests.conftest import Api
from tests.scripted_provider import Received, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.interleaving import DEADLINE_SECONDS, paused_after, together, unlocked, until_someone_waits
from tests.withdrawals.orders import make_due, moves, news, order, sent
from withdrawals import actions, asking, probing, sending
from withdrawals.models import Withdrawal, WithdrawalMove

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6


@pytest.fixture
def unguarded(transactional_db: None) -> Iterator[None]:
    """The database's own guards taken off: triggers, and the uniqueness of history rows and events."""
    unique = [
        (model, constraint)
        for model in (WithdrawalMove, Event)
        for constraint in model._meta.constraints
        if "sequence" in getattr(constraint, "fields", ())
    ]
    assert len(unique) == 2
    with roles.as_owner(), connection.schema_editor() as editor:
        editor.execute("ALTER TABLE withdrawals_withdrawal DISABLE TRIGGER USER")
        for model, constraint in unique:
            editor.remove_constraint(model, constraint)
    yield
    roles.past_the_guards("TRUNCATE withdrawals_withdrawal, withdrawals_withdrawalmove, webhooks_event CASCADE")
    with roles.as_owner(), connection.schema_editor() as editor:
        for model, constraint in unique:
            editor.add_constraint(model, constraint)
        editor.execute("ALTER TABLE withdrawals_withdrawal ENABLE TRIGGER USER")


def status_of(withdrawal: Withdrawal) -> str:
    withdrawal.refresh_from_db()
    return withdrawal.status


# Two workers, one withdrawal.


def send_twice_without_locks(withdrawal: Withdrawal) -> list[Any]:
    """Both claim, both look, and only then does either write.

    The second worker's claim is held back until the first has looked at its token: the order in which the token
    alone would not have helped.
    """
    both_claimed = threading.Barrier(2)
    first_looked, second_looked = threading.Event(), threading.Event()

    def first() -> None:
        def after_looking() -> None:
            first_looked.set()
            assert second_looked.wait(DEADLINE_SECONDS)

        with unlocked(lambda: both_claimed.wait(DEADLINE_SECONDS), after_looking):
            sending.send_withdrawal(withdrawal.pk)

    def second() -> None:
        def after_claiming() -> None:
            both_claimed.wait(DEADLINE_SECONDS)
            assert first_looked.wait(DEADLINE_SECONDS)

        with unlocked(after_claiming, second_looked.set):
            sending.send_withdrawal(withdrawal.pk)

    return together(first, second)


def test_without_locks_and_guards_two_workers_pay_twice(api: Api, unguarded: None, provider: ScriptedProvider) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)

    send_twice_without_locks(withdrawal)

    assert len(provider.to(words.CREATE)) == 2


def test_without_locks_the_database_alone_stops_the_second_worker(api: Api, provider: ScriptedProvider) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)

    results = send_twice_without_locks(withdrawal)

    assert [type(result) for result in results if result is not None] == [IntegrityError]
    assert len(provider.to(words.CREATE)) == 1


def test_many_workers_send_one_withdrawal_once(api: Api, provider: ScriptedProvider) -> None:
    provider.script(words.CREATE, words.OK)
    for _ in range(ROUNDS):
        withdrawal = order(api)
        provider.requests.clear()

        results = together(*[lambda: sending.send_withdrawal(withdrawal.pk)] * 4)  # noqa: B023 - done within the round

        assert results == [None] * 4
        assert [request.body for request in provider.requests] == [bytes(withdrawal.body)]
        assert status_of(withdrawal) == "accepted"
        assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), ("accepted", "provider_answer")]


def test_a_second_worker_after_the_lease_asks_and_does_not_send(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    arrived, let_go = threading.Event(), threading.Event()

    def slow(_: Received) -> Any:
        arrived.set()
        assert let_go.wait(DEADLINE_SECONDS)
        return words.REFUSED_FIELD

    provider.script(words.CREATE, slow)

    def second() -> str:
        assert arrived.wait(DEADLINE_SECONDS)
        make_due(withdrawal)  # its lease is over
        sending.send_withdrawal(withdrawal.pk)
        let_go.set()
        return Withdrawal.objects.get(pk=withdrawal.pk).status

    results = together(lambda: sending.send_withdrawal(withdrawal.pk), second)

    assert results == [None, "unknown"]
    # The first worker's answer came after its lease: it is no longer its own to record.
    assert status_of(withdrawal) == "unknown"
    assert len(provider.to(words.CREATE)) == 1
    provider.script(words.PULL, words.pulled(words.no_postback(withdrawal)))
    make_due(withdrawal)
    asking.ask_withdrawals(account.pk)
    assert status_of(withdrawal) == "accepted"


def test_a_line_that_waits_for_money_is_probed_by_one_at_a_time(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    line = [sent(api, provider, words.NO_FUNDS) for _ in range(4)]
    provider.script(words.PULL, words.pulled(*(words.not_found(one) for one in line)))
    for _ in range(ROUNDS):
        provider.requests.clear()
        for one in line:
            make_due(one)

        results = together(*[lambda one=one: probing.probe_waiting(one.pk) for one in [*line, line[0]]])

        assert results == [None] * 5
        assert [request.body for request in provider.to(words.CREATE)] == [bytes(line[0].body)]
        assert [status_of(one) for one in line] == ["waiting_funds"] * 4


def test_two_workers_that_ask_share_the_questions(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawals = [sent(api, provider, words.OK) for _ in range(8)]
    provider.script(words.PULL, words.pulled(*(words.found(one, 1) for one in withdrawals)))
    for one in withdrawals:
        make_due(one)

    assert together(*[lambda: asking.ask_withdrawals(account.pk)] * 3) == [None] * 3

    asked = [one for request in provider.to(words.PULL) for one in request.query["withdrawal_id[]"]]
    assert sorted(asked) == sorted(one.public_id for one in withdrawals)
    assert [status_of(one) for one in withdrawals] == ["paid"] * 8
    assert all(news(one) == [("queued", 1), ("accepted", 3), ("paid", 4)] for one in withdrawals)


# Cancelling against sending.


def cancel_and_send_without_locks(caller: Caller, withdrawal: Withdrawal) -> list[Any]:
    """Both read the queued row before either writes."""
    both_read = threading.Barrier(2)

    def cancel() -> str:
        with unlocked(lambda: both_read.wait(DEADLINE_SECONDS)):
            return actions.cancel_withdrawal(caller, withdrawal.pk).status

    def send() -> None:
        with unlocked(lambda: None, lambda: both_read.wait(DEADLINE_SECONDS)):
            sending.send_withdrawal(withdrawal.pk)

    return together(cancel, send)


def test_without_locks_and_guards_a_cancelled_withdrawal_is_paid(
    api: Api, caller: Caller, unguarded: None, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)

    results = cancel_and_send_without_locks(caller, withdrawal)

    assert results[0] == "cancelled"
    assert len(provider.to(words.CREATE)) == 1


def test_without_locks_the_database_alone_lets_only_one_of_them_through(
    api: Api, caller: Caller, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)

    cancelled, was_sent = cancel_and_send_without_locks(caller, withdrawal)

    assert [type(one) for one in (cancelled, was_sent)].count(IntegrityError) == 1
    assert len(provider.to(words.CREATE)) == (1 if isinstance(cancelled, IntegrityError) else 0)


def test_a_withdrawal_is_either_cancelled_or_sent(api: Api, provider: ScriptedProvider) -> None:
    provider.script(words.CREATE, words.OK)
    for _ in range(ROUNDS * 2):
        withdrawal = order(api)
        provider.requests.clear()

        answer, result = together(
            lambda: api.post(f"withdrawals/{withdrawal.public_id}/cancel"),  # noqa: B023 - done within the round
            lambda: sending.send_withdrawal(withdrawal.pk),  # noqa: B023
        )

        assert result is None
        count = len(provider.to(words.CREATE))
        assert (answer.status_code, status_of(withdrawal), count) in {
            (200, "cancelled", 0),
            (409, "accepted", 1),
        }
        assert len(moves(withdrawal)) == (2 if count == 0 else 3)


def test_whoever_cancels_first_is_waited_for_and_nothing_is_sent(
    api: Api, caller: Caller, provider: ScriptedProvider
) -> None:
    """The worker has claimed it and is about to mark it when the cancelling has the row."""
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)
    is_claimed, is_locked = threading.Event(), threading.Event()

    def wait_for_the_lock() -> None:
        is_claimed.set()
        assert is_locked.wait(DEADLINE_SECONDS)

    def hold_it_until_it_is_wanted() -> None:
        is_locked.set()
        until_someone_waits()

    def send() -> None:
        with paused_after("\n    WITH unflushed", wait_for_the_lock):
            sending.send_withdrawal(withdrawal.pk)

    def cancel() -> str:
        assert is_claimed.wait(DEADLINE_SECONDS)
        with paused_after('SELECT "withdrawals_withdrawal"', hold_it_until_it_is_wanted):
            return actions.cancel_withdrawal(caller, withdrawal.pk).status

    assert together(send, cancel) == [None, "cancelled"]
    assert status_of(withdrawal) == "cancelled"
    assert provider.to(words.CREATE) == []
    assert moves(withdrawal) == [("queued", "api_key"), ("cancelled", "api_key")]
    assert Hold.objects.get(pk=withdrawal.pk).status == "released"


def test_whoever_marks_first_is_waited_for_and_nothing_is_cancelled(
    api: Api, caller: Caller, provider: ScriptedProvider
) -> None:
    """The mark is written and not committed when the cancelling wants the row."""
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)
    is_marked = threading.Event()

    def hold_it_until_it_is_wanted() -> None:
        is_marked.set()
        until_someone_waits()

    def send() -> None:
        with paused_after('INSERT INTO "withdrawals_withdrawalmove"', hold_it_until_it_is_wanted):
            sending.send_withdrawal(withdrawal.pk)

    def cancel() -> str:
        assert is_marked.wait(DEADLINE_SECONDS)
        return actions.cancel_withdrawal(caller, withdrawal.pk).status

    sent_, refused = together(send, cancel)

    assert sent_ is None
    assert isinstance(refused, Problem)
    assert (refused.status_code, refused.code) == (409, "conflict")
    assert status_of(withdrawal) == "accepted"
    assert len(provider.to(words.CREATE)) == 1
    assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), ("accepted", "provider_answer")]
    assert Hold.objects.get(pk=withdrawal.pk).status == "open"


# The provider's final word against our own answer.


def answer_and_pull(
    account: ProviderAccount, provider: ScriptedProvider, withdrawal: Withdrawal, *, locks: bool
) -> list[Any]:
    """The answer to create and the answer to a pull leave the provider together: the pull says that it is paid."""
    both_answer, both_read, recorded = threading.Barrier(2), threading.Barrier(2), threading.Event()
    arrived = threading.Event()

    def answer_create(_: Received) -> Any:
        arrived.set()
        both_answer.wait(DEADLINE_SECONDS)
        return words.OK

    def answer_pull(_: Received) -> Any:
        both_answer.wait(DEADLINE_SECONDS)
        return words.pulled(words.found(withdrawal, 1))

    provider.script(words.CREATE, answer_create)
    provider.script(words.PULL, answer_pull)

    def send() -> None:
        def after_reading() -> None:
            both_read.wait(DEADLINE_SECONDS)
            assert recorded.wait(DEADLINE_SECONDS)

        if locks:
            sending.send_withdrawal(withdrawal.pk)
        else:
            with unlocked(lambda: None, lambda: None, after_reading):
                sending.send_withdrawal(withdrawal.pk)

    def ask() -> None:
        assert arrived.wait(DEADLINE_SECONDS)
        if locks:
            asking.ask(account, [withdrawal.public_id])
        else:
            with unlocked(lambda: both_read.wait(DEADLINE_SECONDS)):
                asking.ask(account, [withdrawal.public_id])
            recorded.set()

    return together(send, ask)


def test_without_locks_and_guards_a_paid_withdrawal_falls_back_to_accepted(
    api: Api, account: ProviderAccount, unguarded: None, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    answer_and_pull(account, provider, withdrawal, locks=False)
    assert status_of(withdrawal) == "accepted"


def test_without_locks_the_database_alone_keeps_it_paid(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    results = answer_and_pull(account, provider, withdrawal, locks=False)
    assert [type(result) for result in results] == [IntegrityError, type(None)]
    assert status_of(withdrawal) == "paid"


def test_the_final_word_stays_whichever_comes_first(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    for _ in range(ROUNDS):
        withdrawal = order(api)

        assert answer_and_pull(account, provider, withdrawal, locks=True) == [None, None]

        assert status_of(withdrawal) == "paid"
        assert withdrawal.next_at is None
        assert withdrawal.contradiction == ""
        history = moves(withdrawal)
        assert history[:2] == [("queued", "api_key"), ("sending", "clock")]
        assert history[2:] in [[("paid", "pull")], [("accepted", "provider_answer"), ("paid", "pull")]]
