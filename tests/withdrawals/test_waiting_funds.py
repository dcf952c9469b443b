"""The provider has too little money: one probe at a time, in order, and only after it says that it lacks the order."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from gateway.providers.models import PauseScope, PayoutPauseKind, ProviderAccount
from gateway.providers.pauses import pause_payouts
from tests.conftest import Api
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, IMPS, begin_sending, make_due, moves, news, order, send, sent
from withdrawals import probing
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db


PAYTM: dict[str, Any] = {**IMPS, "payment_system": "paytm", "recipient": {"account_number": "9876543210"}}


def probe(withdrawal: Withdrawal) -> Withdrawal:
    make_due(withdrawal)
    probing.probe_waiting(withdrawal.pk)
    withdrawal.refresh_from_db()
    return withdrawal


def test_after_not_found_the_same_bytes_go_out_under_the_same_id(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    provider.script(words.CREATE, words.NO_FUNDS, words.OK)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))

    assert probe(withdrawal).status == "waiting_funds"
    assert probe(withdrawal).status == "accepted"

    assert [request.body for request in provider.to(words.CREATE)] == [bytes(withdrawal.body)] * 3
    # Each sending but the first was preceded by its own question.
    assert [request.path for request in provider.requests] == [
        words.CREATE,
        words.PULL,
        words.CREATE,
        words.PULL,
        words.CREATE,
    ]
    assert moves(withdrawal) == [
        ("queued", "api_key"),
        ("sending", "clock"),
        ("waiting_funds", "provider_answer"),
        ("sending", "clock"),
        ("waiting_funds", "provider_answer"),
        ("sending", "clock"),
        ("accepted", "provider_answer"),
    ]
    assert news(withdrawal) == [("queued", 1), ("waiting_funds", 3), ("waiting_funds", 5), ("accepted", 7)]


@pytest.mark.usefixtures("funded_elsewhere")
def test_only_the_oldest_of_a_currency_is_probed(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    oldest, second, third = (sent(api, provider, words.NO_FUNDS) for _ in range(3))
    taka = sent(api, provider, words.NO_FUNDS, BKASH)
    provider.requests.clear()
    every = (oldest, second, third, taka)
    provider.script(words.PULL, words.pulled(*(words.not_found(one) for one in every)))
    provider.script(words.CREATE, words.NO_FUNDS)

    for one in (third, second, taka, oldest):
        probe(one)

    asked = [request.query["withdrawal_id[]"] for request in provider.to(words.PULL)]
    assert asked == [[taka.public_id], [oldest.public_id]]
    assert [request.body for request in provider.to(words.CREATE)] == [bytes(taka.body), bytes(oldest.body)]
    for one in every:
        assert one.status == "waiting_funds"
        assert one.next_at is not None
        assert one.next_at > timezone.now()

    # Money comes: the line moves up, one by one and in order.
    provider.requests.clear()
    provider.script(words.CREATE, words.OK)
    assert probe(second).status == "waiting_funds"
    assert probe(oldest).status == "accepted"
    assert probe(third).status == "waiting_funds"
    assert probe(second).status == "accepted"
    assert probe(third).status == "accepted"
    assert [request.body for request in provider.to(words.CREATE)] == [
        bytes(one.body) for one in (oldest, second, third)
    ]


@pytest.mark.parametrize("hindered", ["paused", "sealed", "unreadable"])
def test_an_older_one_that_could_not_be_sent_itself_steps_aside(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, hindered: str
) -> None:
    older = sent(api, provider, words.NO_FUNDS)
    younger = sent(api, provider, words.NO_FUNDS, PAYTM)
    youngest = sent(api, provider, words.NO_FUNDS, PAYTM)
    assert {one.status for one in (older, younger, youngest)} == {"waiting_funds"}
    says = [words.not_found(younger), words.not_found(youngest)]
    if hindered == "unreadable":
        provider.script(words.PULL, words.pulled({"withdrawal_id": older.public_id, "message": "?"}))
        assert probe(older).status == "waiting_funds"
    else:
        says.append(words.not_found(older))
    provider.script(words.PULL, words.pulled(*says))
    if hindered == "paused":
        pause_payouts(PauseScope.PAYMENT_SYSTEM, "imps_ib", PayoutPauseKind.REFUSALS, "refused", mode="test")
    elif hindered == "sealed":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE withdrawals_withdrawal SET body = 'nonsense' WHERE id = %s", [older.pk])
    provider.script(words.CREATE, words.OK)
    assert probe(youngest).status == "waiting_funds"
    assert probe(younger).status == "accepted"
    # The next one is called, and it is not the one that cannot go.
    youngest.refresh_from_db()
    assert youngest.next_at <= timezone.now()  # type: ignore[operator]
    make_due(older)
    probing.probe_waiting(older.pk)
    assert Withdrawal.objects.get(pk=older.pk).status == "waiting_funds"
    assert len(provider.to(words.CREATE)) == 4


def test_while_an_older_one_is_being_sent_nobody_else_is_the_probe(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    oldest, second = sent(api, provider, words.NO_FUNDS), sent(api, provider, words.NO_FUNDS)
    provider.requests.clear()
    make_due(oldest)
    begin_sending(oldest)

    assert probe(second).status == "waiting_funds"

    assert provider.requests == []


NO_PROOF: dict[str, Any] = {
    "no entry": words.pulled(),
    "500": (500, {}),
    "refused": (200, {"status": "fail", "message": "no"}),
    "wrong secret": (404, b"Not found"),
    "garbage": (200, b"<html>"),
    "no answer": DROP,
}


@pytest.mark.parametrize("answer", NO_PROOF.values(), ids=NO_PROOF.keys())
def test_without_the_word_not_found_it_is_not_sent_again(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    provider.script(words.PULL, answer)
    provider.script(words.CREATE, words.OK)

    assert probe(withdrawal).status == "waiting_funds"

    assert len(provider.to(words.CREATE)) == 1
    assert withdrawal.next_at is not None
    assert withdrawal.next_at > timezone.now()
    assert withdrawal.token is None


@pytest.mark.parametrize(("status", "ending"), [(1, "paid"), (5, "rejected"), (3, "accepted"), (None, "accepted")])
def test_what_the_provider_knows_already_is_not_sent_again(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, status: int | None, ending: str
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    known = words.no_postback(withdrawal) if status is None else words.found(withdrawal, status)
    provider.script(words.PULL, words.pulled(known))
    provider.script(words.CREATE, words.OK)

    assert probe(withdrawal).status == ending

    assert len(provider.to(words.CREATE)) == 1
    assert moves(withdrawal)[2:] == [("waiting_funds", "provider_answer"), (ending, "pull")]


def test_a_probe_whose_answer_is_lost_is_unknown_like_any_other(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    provider.script(words.CREATE, DROP)

    assert probe(withdrawal).status == "unknown"
    assert withdrawal.failure_code == "outcome_unknown"
    # "Not found" proved something while the refusal was the last word; now it proves nothing any more.
    assert probe(withdrawal).status == "unknown"
    assert len(provider.to(words.CREATE)) == 2


def test_the_waits_grow_and_end_at_ten_minutes(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        withdrawal = sent(api, provider, words.NO_FUNDS)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        for seconds in (30, 60, 120, 300, 600, 600, 600):
            wait = withdrawal.next_at - timezone.now()  # type: ignore[operator]
            assert timedelta(seconds=seconds) <= wait <= timedelta(seconds=seconds * 1.1)
            probing.probe_waiting(withdrawal.pk)  # not due: nothing happens
            clock.shift(wait)
            probing.probe_waiting(withdrawal.pk)
            withdrawal.refresh_from_db()
    assert withdrawal.status == "waiting_funds"
    assert len(provider.to(words.CREATE)) == 8
    assert len(provider.to(words.PULL)) == 7


def test_a_new_order_does_not_wait_for_those_that_wait(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    waiting = sent(api, provider, words.NO_FUNDS)
    provider.script(words.CREATE, words.OK)

    assert send(order(api, amount="100")).status == "accepted"

    waiting.refresh_from_db()
    assert waiting.status == "waiting_funds"


def test_one_in_the_line_looks_every_minute_and_the_one_before_it_calls_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        oldest, second, third = (sent(api, provider, words.NO_FUNDS) for _ in range(3))
        provider.script(words.PULL, words.pulled(*(words.not_found(one) for one in (oldest, second, third))))
        for _ in range(5):
            probe(second)
            assert second.next_at is not None
            assert timedelta(seconds=60) <= second.next_at - timezone.now() <= timedelta(seconds=66)
            clock.shift(66)

        probe(second)
        probe(oldest)  # still no money: nobody is called
        second.refresh_from_db()
        assert second.next_at is not None
        assert second.next_at > timezone.now()

        provider.script(words.CREATE, words.OK)
        assert probe(oldest).status == "accepted"
        second.refresh_from_db()
        third.refresh_from_db()
        assert second.next_at == timezone.now()
        assert third.next_at != timezone.now()


@pytest.mark.parametrize(
    "message",
    [
        "Insufficient balance on the gateway, the order is processed later",
        {"withdrawals_sum_amount": ["Insufficient balance, waiting for it"]},
    ],
)
def test_what_the_provider_may_have_kept_for_when_it_has_money_is_not_sent_twice(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, message: Any
) -> None:
    withdrawal = sent(api, provider, (200, {"status": "fail", "message": message}))
    # Its book lags behind its answers.
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    provider.script(words.CREATE, words.OK)
    assert probe(withdrawal).status == "unknown"
    assert len(provider.to(words.CREATE)) == 1
