"""The provider refuses our signature: payouts stop, nothing is lost, and what it never created is sent once more."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.utils import timezone

from gateway.celery import app as celery_app
from gateway.providers import health
from gateway.providers.models import ProviderAccount
from gateway.providers.pauses import stopped_through
from tests.conftest import Api
from tests.gateway.providers.pausing import let_payouts_go_on
from tests.payments.stage import listening
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import make_due, moves, news, order, send, sent
from withdrawals import asking, tasks
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

NOW = "2026-03-01T12:00:00Z"
WRONG_SIGNATURE = (200, {"status": "fail", "message": {"signature": ["Wrong signature"]}})
WRONG_SECRET = (
    200,
    {"status": "error", "code": 30228, "errors": {"target": "secret", "code": 36205, "message": "Wrong secret"}},
)
UNREAD = [WRONG_SIGNATURE, WRONG_SECRET, (404, b"Not found")]


def work() -> None:
    """What the sweep rings for, done in its order."""
    celery_app.loader.import_default_modules()
    with listening() as heard:
        tasks.sweep_withdrawals()
    for name, arguments in heard:
        with listening():
            current_app.tasks[name](*arguments)


def fresh(withdrawal: Withdrawal) -> Withdrawal:
    withdrawal.refresh_from_db()
    return withdrawal


def ask(account: ProviderAccount, withdrawal: Withdrawal) -> Withdrawal:
    make_due(withdrawal)
    asking.ask_withdrawals(account.pk)
    return fresh(withdrawal)


@pytest.mark.parametrize("answer", UNREAD)
def test_refused_unread_and_not_found_after_the_lag_it_is_queued_again_and_sent_with_the_same_bytes(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, answer)
        assert (withdrawal.status, withdrawal.refused_unread) == ("unknown", True)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        clock.shift(299)
        assert ask(account, withdrawal).status == "unknown"  # the book may lag behind the answer
        clock.shift(1)
        ask(account, withdrawal)
        assert (withdrawal.status, withdrawal.failure_code, withdrawal.refused_unread) == ("queued", "", False)
        assert (withdrawal.sent_at, withdrawal.attempts, withdrawal.token) == (None, 0, None)
        assert withdrawal.next_at == withdrawal.created_at  # its old place in the line

        work()
        if answer != UNREAD[2]:
            assert fresh(withdrawal).status == "queued"
            assert len(provider.to(words.CREATE)) == 1
        health.resume_by_hand(account)
        let_payouts_go_on(account)
        provider.script(words.CREATE, words.OK)
        work()

    assert fresh(withdrawal).status == ("accepted" if answer != UNREAD[2] else "unknown")
    assert [request.body for request in provider.to(words.CREATE)] == [bytes(withdrawal.body)] * 2
    assert moves(withdrawal)[:5] == [
        ("queued", "api_key"),
        ("sending", "clock"),
        ("unknown", "provider_answer"),
        ("queued", "pull"),
        ("sending", "clock"),
    ]
    assert news(withdrawal)[:3] == [("queued", 1), ("unknown", 3), ("queued", 4)]


@pytest.mark.parametrize(
    "answer",
    [
        (401, b"Unauthorized"),
        (403, {"message": "Forbidden"}),
        (503, b""),
        (429, b""),
        DROP,
        (404, {"status": "ok"}),
        (200, {"status": "fail", "message": {"signature": ["Wrong."], "withdrawal_id": ["Has already been taken."]}}),
    ],
)
def test_without_the_first_word_not_found_puts_nothing_back(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any
) -> None:
    withdrawal = sent(api, provider, answer)
    assert withdrawal.refused_unread is False
    health.resume_by_hand(account)
    let_payouts_go_on(account)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        for _ in range(3):
            assert ask(account, withdrawal).status == "unknown"
        work()
    assert len(provider.to(words.CREATE)) == 1


@pytest.mark.parametrize("says", [lambda wd: words.pulled(), lambda wd: (404, b"Not found"), lambda wd: DROP])
def test_without_the_second_word_it_is_not_put_back(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, says: Any
) -> None:
    withdrawal = sent(api, provider, WRONG_SIGNATURE)
    provider.script(words.PULL, says(withdrawal))
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        for _ in range(3):
            assert ask(account, withdrawal).status == "unknown"
    assert len(provider.to(words.CREATE)) == 1


def test_refused_unread_and_known_after_all_it_is_accepted_and_never_put_back(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, WRONG_SIGNATURE)
    provider.script(words.PULL, words.pulled(words.no_postback(withdrawal)), words.pulled(words.not_found(withdrawal)))
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert ask(account, withdrawal).status == "accepted"
        assert ask(account, withdrawal).status == "accepted"
    assert withdrawal.refused_unread is False


def test_a_wrong_key_costs_one_call_and_after_its_correction_everything_is_paid_in_order(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    right = "the-right-withdrawal-key-0123"
    with time_machine.travel(NOW, tick=False) as clock:
        waiting = []
        provider.script(words.CREATE, WRONG_SIGNATURE)
        for _ in range(5):
            waiting.append(order(api))
            clock.shift(1)
        for _ in range(30):
            work()
            clock.shift(20)
            provider.script(words.PULL, words.pulled(*(words.not_found(one) for one in waiting)))
        assert [fresh(one).status for one in waiting] == ["queued"] * 5
        assert len(provider.to(words.CREATE)) == 1
        # After 20, 40, 80, 160, 260 and 400 s: the last one comes late enough.
        assert len(provider.to(words.PULL)) == 6
        signed_wrong = [json.loads(bytes(one.body))["signature"] for one in waiting]

        provider.requests.clear()
        provider.script(words.CREATE, words.OK)
        account.withdrawal_key = right
        account.save(update_fields=["withdrawal_key"])
        health.forgive(account)
        work()

    assert [fresh(one).status for one in waiting] == ["accepted"] * 5
    received = [request.json() for request in provider.to(words.CREATE)]
    assert [one["withdrawal_id"] for one in received] == [one.public_id for one in waiting]
    assert not {one["signature"] for one in received} & set(signed_wrong)


def test_while_payouts_are_stopped_new_ones_are_taken_and_can_be_called_off(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    sent(api, provider, WRONG_SIGNATURE)
    new = order(api)
    work()
    assert send(new).status == "queued"
    answer = api.post(f"withdrawals/{new.public_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert len(provider.to(words.CREATE)) == 1


def test_a_missing_address_is_tried_five_times_and_not_for_ever(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, (404, b"Not found"))
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        for _ in range(80):
            clock.shift(30)
            work()
    assert len(provider.to(words.CREATE)) == health.REFUSED_STREAK
    account.refresh_from_db()
    assert (account.pause_kind, [one.kind for one in stopped_through(account)]) == ("none", ["refusals"])
    assert fresh(withdrawal).status == "queued"
