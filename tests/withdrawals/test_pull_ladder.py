"""How often the provider is asked, for how long, and what happens when it never says."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from gateway.providers import health
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import begin_sending, make_due, moves, news, order, send, sent
from withdrawals import asking
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

HOUR, DAY = 3600, 86400
NOW = "2026-03-01T12:00:00Z"


def waits_of(
    withdrawal: Withdrawal, account: ProviderAccount, clock: time_machine.Traveller, count: int
) -> list[float]:
    """Let the time pass question by question; the waits before each, without their tenth of jitter."""
    waits = []
    for _ in range(count):
        assert withdrawal.next_at is not None
        wait = (withdrawal.next_at - timezone.now()).total_seconds()
        clock.shift(wait - 0.001)
        asking.ask_withdrawals(account.pk)  # a moment too early: nobody is asked
        clock.shift(0.002)
        asking.ask_withdrawals(account.pk)
        withdrawal.refresh_from_db()
        waits.append(wait)
    return waits


def assert_ladder(waits: list[float], ladder: list[int]) -> None:
    assert len(waits) == len(ladder)
    for wait, seconds in zip(waits, ladder, strict=True):
        assert seconds - 0.01 <= wait <= seconds * 1.1


def test_an_unknown_outcome_is_asked_about_for_a_week_and_then_given_to_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    ladder = [5, 15, 30, 60, 90, 120, 300, 600, 1800] + [HOUR] * 23 + [DAY] * 6
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, DROP)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))

        assert_ladder(waits_of(withdrawal, account, clock, len(ladder) - 1), ladder[:-1])
        assert (withdrawal.status, withdrawal.sequence) == ("unknown", 3)
        assert_ladder(waits_of(withdrawal, account, clock, 1), ladder[-1:])

        assert (withdrawal.status, withdrawal.failure_code) == ("manual_review", "outcome_unknown")
        assert withdrawal.contradiction == "the provider never said what became of it"
        assert moves(withdrawal)[2:] == [("unknown", "provider_answer"), ("manual_review", "clock")]
        assert news(withdrawal) == [("queued", 1), ("unknown", 3), ("manual_review", 4)]
        assert len(provider.to(words.PULL)) == len(ladder)

        # A person has it, and it is still asked about once a day; "not found" ends nothing.
        assert_ladder(waits_of(withdrawal, account, clock, 5), [DAY] * 5)
        assert withdrawal.status == "manual_review"
        provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
        assert_ladder(waits_of(withdrawal, account, clock, 1), [DAY])
    assert (withdrawal.status, withdrawal.failure_code, withdrawal.contradiction) == ("paid", "", "")
    assert withdrawal.next_at is None
    assert len(provider.to(words.CREATE)) == 1


def test_an_accepted_one_is_asked_about_daily_for_ever(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    ladder = [15, 30, 60, 120, 300, 600] + [HOUR] * 23 + [DAY] * 40
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, words.OK)
        provider.script(words.PULL, words.pulled(words.no_postback(withdrawal)))

        assert_ladder(waits_of(withdrawal, account, clock, len(ladder)), ladder)

        assert (withdrawal.status, withdrawal.sequence) == ("accepted", 3)
        assert news(withdrawal) == [("queued", 1), ("accepted", 3)]
        provider.script(words.PULL, words.pulled(words.found(withdrawal, 5)))
        assert_ladder(waits_of(withdrawal, account, clock, 1), [DAY])
    assert (withdrawal.status, withdrawal.failure_code) == ("rejected", "provider_rejected")
    assert len(provider.to(words.PULL)) == len(ladder) + 1


def test_an_unknown_that_turns_out_accepted_starts_the_other_ladder(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, DROP)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        assert_ladder(waits_of(withdrawal, account, clock, 3), [5, 15, 30])
        provider.script(words.PULL, words.pulled(words.no_postback(withdrawal)))
        assert_ladder(waits_of(withdrawal, account, clock, 5), [60, 15, 30, 60, 120])
    assert withdrawal.status == "accepted"


def test_a_lost_lease_is_asked_about_at_once(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = order(api)
        begin_sending(withdrawal)
        assert send(withdrawal).status == "sending"  # the lease still holds
        clock.shift(121)
        assert send(withdrawal).status == "unknown"

        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        assert_ladder(waits_of(withdrawal, account, clock, 4), [0, 5, 15, 30])
    assert provider.to(words.CREATE) == []
    assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), ("unknown", "clock")]


def test_many_are_asked_about_in_batches_and_each_gets_its_own_answer(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawals = []
    for _ in range(30):
        withdrawals.append(sent(api, provider, DROP))
        ProviderAccount.objects.update(unknown_streak=0)  # as if other calls had been answered in between
    entries = [words.found(withdrawals[0], 1), words.found(withdrawals[1], 5)]
    entries += [words.no_postback(one) for one in withdrawals[2:10]]
    entries += [words.not_found(one) for one in withdrawals[10:]]
    provider.script(words.PULL, words.pulled(*entries))
    for one in withdrawals:
        make_due(one)

    asking.ask_withdrawals(account.pk)

    questions = [request.query["withdrawal_id[]"] for request in provider.to(words.PULL)]
    assert [len(question) for question in questions] == [25, 5]
    assert sorted(questions[0] + questions[1]) == sorted(one.public_id for one in withdrawals)
    statuses = [Withdrawal.objects.get(pk=one.pk).status for one in withdrawals]
    assert statuses == ["paid", "rejected"] + ["accepted"] * 8 + ["unknown"] * 20


def test_a_paused_account_is_not_asked_and_nothing_is_lost(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, DROP)
    make_due(withdrawal)
    withdrawal.refresh_from_db()
    due_at = withdrawal.next_at
    health.pause_by_hand(account, "maintenance")

    with time_machine.travel(timezone.now() + timedelta(days=30)):  # however long
        asking.ask_withdrawals(account.pk)

    assert provider.to(words.PULL) == []
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.next_at, withdrawal.attempts) == ("unknown", due_at, 1)
    health.resume_by_hand(account)
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    asking.ask_withdrawals(account.pk)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"
