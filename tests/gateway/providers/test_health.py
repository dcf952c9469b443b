"""What the answers say of an account: what pauses it, what ends the pause, and that nobody is hammered meanwhile."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from gateway.paykassma.answers import Answer, Outcome
from gateway.providers import calls, health, probing
from gateway.providers.health import PAYOUT, PROBE_DELAYS_SECONDS, REFUSED_STREAK, UNKNOWN_STREAK
from gateway.providers.models import PayoutPause, ProviderAccount, ProviderCall, not_paused
from gateway.providers.pauses import pause_payouts, stopped_through
from gateway.providers.tasks import sweep_paused_accounts
from payments.opening import OPEN_DELAYS_SECONDS
from tests.conftest import Api
from tests.gateway.providers.answers import AVAILABLE, DOWN, NOT_FOUND, WRONG_SECRET, offered
from tests.payments.stage import listening
from tests.scripted_provider import DROP, ScriptedProvider

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BALANCES = "/api/v1/accounts-balance"
CREATE = "/v2/withdrawal/create"
OK = (200, {"status": "ok"})
REFUSED = (200, {"status": "fail", "message": {"label": ["The label is required"]}})
WRONG_SIGNATURE = (200, {"status": "fail", "message": {"signature": ["Wrong signature"]}})
FORBIDDEN = (403, {"message": "Forbidden"})
WELL = offered("upi_l")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


def hear(account: ProviderAccount, provider: ScriptedProvider, *answers: Any, **extra: Any) -> Answer:
    """Calls of a worker that has its place already, with these answers; the last one."""
    for answer in answers:
        provider.script(BALANCES, answer)
        said = calls.call(account, "accounts-balance", lambda client: client.balances(), has_place=True, **extra)
    return said


def pay_out(account: ProviderAccount, provider: ScriptedProvider, *answers: Any) -> None:
    for answer in answers:
        provider.script(CREATE, answer)
        calls.call(account, PAYOUT, lambda client: client.send_withdrawal(b"{}"), has_place=True)


def now(account: ProviderAccount) -> ProviderAccount:
    account.refresh_from_db()
    return account


def stopped(account: ProviderAccount) -> list[tuple[Any, ...]]:
    """The open pauses of its payouts."""
    return list(stopped_through(account).values_list("kind", "reason", "since", "by"))


def counts(account: ProviderAccount) -> tuple[str, int, int]:
    now(account)
    return account.pause_kind, account.not_found_streak, account.unknown_streak


def probe(account: ProviderAccount) -> None:
    probing.probe_account(account.pk)
    now(account)


class TestWhatPauses:
    def test_a_wrong_secret_in_words_at_once(self, account: ProviderAccount, provider: ScriptedProvider) -> None:
        hear(account, provider, WRONG_SECRET)
        assert now(account).pause_kind == "credentials"
        assert account.pause_reason == "The provider refuses our credentials: credentials refused (HTTP 200)"
        assert account.paused_since == START
        assert account.paused_until is not None
        assert timedelta(seconds=5) <= account.paused_until - START <= timedelta(seconds=5.5)
        assert not ProviderAccount.objects.filter(not_paused("")).exists()

    @pytest.mark.parametrize("answer", [NOT_FOUND, (401, b"no"), (403, b"no"), FORBIDDEN])
    def test_a_refusal_without_a_word_as_the_fifth_in_a_row(
        self, account: ProviderAccount, provider: ScriptedProvider, answer: Any
    ) -> None:
        for streak in range(1, REFUSED_STREAK):
            hear(account, provider, answer)
            assert counts(account) == ("none", streak, 0)
        hear(account, provider, answer)
        assert counts(account) == ("credentials", REFUSED_STREAK, 0)

    @pytest.mark.parametrize("answer", [DOWN, DROP, (200, b"<html>"), (502, b"")])
    def test_silence_as_the_tenth_in_a_row(
        self, account: ProviderAccount, provider: ScriptedProvider, answer: Any
    ) -> None:
        hear(account, provider, *[answer] * (UNKNOWN_STREAK - 1))
        assert counts(account) == ("none", 0, UNKNOWN_STREAK - 1)
        hear(account, provider, answer)
        assert counts(account) == ("outage", 0, UNKNOWN_STREAK)
        assert account.pause_reason.startswith("10 calls in a row without an answer: ")

    def test_where_nobody_listens_that_is_silence_too(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        account.base_url = "http://127.0.0.1:1"
        hear(account, provider, *[OK] * UNKNOWN_STREAK)
        assert counts(account) == ("outage", 0, UNKNOWN_STREAK)

    @pytest.mark.parametrize(
        ("status", "header", "seconds"),
        [(429, None, 5), (429, "0", 5), (429, "60", 60), (503, "90", 90), (429, "86400", 300)],
    )
    def test_a_request_for_fewer_calls_at_once_and_for_as_long_as_it_is_reasonable(
        self, account: ProviderAccount, status: int, header: str | None, seconds: int
    ) -> None:
        answer = Answer(
            outcome=Outcome.UNKNOWN,
            http_status=status,
            sent=True,
            note="too many requests (HTTP 429)",
            retry_after_seconds=None if header is None else int(header),
        )
        health.note(account, "pullpostbacks", answer, patient=True)
        assert now(account).pause_kind == "slow_down"
        assert account.paused_until is not None
        assert seconds <= (account.paused_until - START).total_seconds() <= max(seconds, 5.5)

    @pytest.mark.parametrize("word", [OK, REFUSED, (400, b"Check of deposit status started")])
    def test_a_word_of_the_provider_begins_every_count_anew(
        self, account: ProviderAccount, provider: ScriptedProvider, word: Any
    ) -> None:
        for _ in range(3):
            hear(account, provider, *[NOT_FOUND] * (REFUSED_STREAK - 1), *[DOWN] * (UNKNOWN_STREAK - 1))
            assert counts(account) == ("none", REFUSED_STREAK - 1, UNKNOWN_STREAK - 1)
            hear(account, provider, word)
            assert counts(account) == ("none", 0, 0)

    def test_who_is_in_a_hurry_learns_nothing_from_silence(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        hear(account, provider, *[DOWN] * UNKNOWN_STREAK, read_seconds=3.0)
        assert counts(account) == ("none", 0, 0)

    def test_an_endpoint_that_may_be_missing_says_nothing_of_the_account(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        hear(account, provider, *[NOT_FOUND] * REFUSED_STREAK, *[DOWN] * UNKNOWN_STREAK, WRONG_SECRET, optional=True)
        assert counts(account) == ("none", 0, 0)
        hear(account, provider, NOT_FOUND, DOWN)
        hear(account, provider, OK, optional=True)
        assert counts(account) == ("none", 1, 1)

    def test_one_order_that_it_chokes_on_stops_nobody(self) -> None:
        assert len(OPEN_DELAYS_SECONDS) + 1 < UNKNOWN_STREAK

    def test_another_account_goes_on(
        self, account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        hear(account, provider, WRONG_SECRET, NOT_FOUND, DOWN)
        assert counts(live_account) == ("none", 0, 0)

    def test_it_is_said_once_in_the_log(
        self, account: ProviderAccount, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        hear(account, provider, *[WRONG_SECRET] * 3, *[DOWN] * UNKNOWN_STREAK)
        said = [record.message for record in caplog.records if "provider_account_paused" in record.message]
        assert len(said) == 1
        assert '"kind": "credentials"' in said[0]
        assert said[0].count("canary") == 0


class TestPayouts:
    """The withdrawal key is another credential than the secret: it stops money out and nothing else."""

    @pytest.mark.parametrize("answer", [WRONG_SIGNATURE, WRONG_SECRET])
    def test_a_word_about_credentials_stops_payouts_alone(
        self, account: ProviderAccount, provider: ScriptedProvider, answer: Any
    ) -> None:
        pay_out(account, provider, answer)
        assert counts(account) == ("none", 0, 0)
        reason = "The provider refuses our credentials: credentials refused (HTTP 200)"
        assert stopped(account) == [("refusals", reason, START, None)]
        assert ProviderAccount.objects.filter(not_paused("")).exists()

    def test_without_a_word_only_the_fifth_payout_in_a_row_does(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        for streak in range(1, REFUSED_STREAK):
            pay_out(account, provider, NOT_FOUND)
            hear(account, provider, OK)  # other calls say nothing of the payouts
            assert (now(account).payout_refusal_streak, stopped(account)) == (streak, [])
        pay_out(account, provider, NOT_FOUND)
        assert [since for *_, since, _ in stopped(account)] == [START]
        assert counts(account) == ("none", 0, 0)

    def test_a_payout_that_was_read_begins_the_count_anew(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        pay_out(account, provider, *[NOT_FOUND] * 4, REFUSED, *[NOT_FOUND] * 4)
        assert (now(account).payout_refusal_streak, stopped(account)) == (4, [])

    def test_no_good_answer_lets_them_go_on(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        pay_out(account, provider, WRONG_SIGNATURE, OK)
        hear(account, provider, OK)
        clock.shift(timedelta(days=30))
        probe(account)
        assert [since for *_, since, _ in stopped(account)] == [START]
        assert provider.to(AVAILABLE) == []

    def test_new_credentials_let_them_go_on(self, account: ProviderAccount, provider: ScriptedProvider) -> None:
        pay_out(account, provider, WRONG_SIGNATURE)
        hear(account, provider, WRONG_SECRET)
        health.forgive(account)
        assert (now(account).pause_kind, stopped(account), account.payout_refusal_streak) == ("none", [], 0)
        [ended] = PayoutPause.objects.all()
        assert (ended.ended_at, ended.ended_by, ended.end_reason) == (START, None, "new credentials")

    def test_but_not_payouts_that_were_stopped_for_something_else(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        pay_out(account, provider, WRONG_SIGNATURE)
        pause_payouts("provider_account", account.pk, "outflow_cap", "too much left")
        health.forgive(account)
        assert [kind for kind, *_ in stopped(account)] == ["outflow_cap"]

    def test_but_not_what_a_person_stopped(self, account: ProviderAccount) -> None:
        health.pause_by_hand(account, "maintenance")
        health.forgive(account)
        assert (now(account).pause_kind, account.pause_reason) == ("person", "maintenance")


class TestProbes:
    def test_the_ladder_is_climbed_by_one_read_each_and_its_last_step_repeats(
        self, api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        hear(account, provider, WRONG_SECRET)
        provider.script(AVAILABLE, NOT_FOUND)
        provider.requests.clear()
        for step, seconds in enumerate((*PROBE_DELAYS_SECONDS, 300, 300), start=1):
            due = now(account).paused_until
            assert due is not None
            assert seconds <= (due - timezone.now()).total_seconds() <= seconds * 1.1
            clock.move_to(due - timedelta(milliseconds=1))
            probe(account)
            assert len(provider.requests) == step - 1
            clock.move_to(due)
            probe(account)
            assert (len(provider.requests), account.failed_probes) == (step, step)
        assert {request.path for request in provider.requests} == {AVAILABLE}
        assert (account.pause_kind, account.paused_since) == ("credentials", START)

    @pytest.mark.parametrize(
        ("cause", "answer", "kind"),
        [
            (WRONG_SECRET, WELL, "none"),
            (WRONG_SECRET, REFUSED, "credentials"),
            (WRONG_SECRET, NOT_FOUND, "credentials"),
            (WRONG_SECRET, DOWN, "credentials"),
            (WRONG_SECRET, (429, b""), "credentials"),
            ((429, b""), WELL, "none"),
            ((429, b""), REFUSED, "none"),
            ((429, b""), DROP, "slow_down"),
            ((429, b""), NOT_FOUND, "slow_down"),
            ((429, b""), WRONG_SECRET, "credentials"),
            (DOWN, WELL, "none"),
            (DOWN, REFUSED, "none"),
            (DOWN, NOT_FOUND, "outage"),
            (DOWN, DOWN, "outage"),
            (DOWN, WRONG_SECRET, "credentials"),
        ],
    )
    def test_only_an_answer_that_shows_the_cause_gone_ends_the_pause(
        self,
        *,
        account: ProviderAccount,
        provider: ScriptedProvider,
        clock: time_machine.Traveller,
        cause: Any,
        answer: Any,
        kind: str,
    ) -> None:
        hear(account, provider, *[cause] * UNKNOWN_STREAK)
        provider.script(AVAILABLE, answer)
        clock.shift(6)
        probe(account)
        assert account.pause_kind == kind
        if kind == "none":
            assert (account.pause_reason, account.paused_since, account.paused_until) == ("", None, None)
            assert counts(account) == ("none", 0, 0)
        else:
            assert account.paused_until is not None
            assert account.paused_until > timezone.now()
        assert len(provider.to(AVAILABLE)) == 1

    def test_a_late_good_answer_opens_nothing(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        for cause in (WRONG_SECRET, (429, b""), DOWN):
            hear(account, provider, *[cause] * UNKNOWN_STREAK)
            paused = (now(account).pause_kind, account.paused_since, account.paused_until)
            hear(account, provider, OK)
            assert (now(account).pause_kind, account.paused_since, account.paused_until) == paused
            health.resume_by_hand(account)

    def test_late_bad_answers_extend_nothing(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        hear(account, provider, *[DOWN] * UNKNOWN_STREAK)
        paused = (now(account).pause_kind, account.paused_since, account.paused_until, account.pause_reason)
        clock.shift(2)
        hear(account, provider, *[DROP] * UNKNOWN_STREAK, (429, b""))
        assert (now(account).pause_kind, account.paused_since, account.paused_until, account.pause_reason) == paused

    def test_a_provider_that_only_answers_probes_is_tried_less_and_less(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        provider.script(AVAILABLE, WELL)
        gaps = []
        for _ in range(4):
            hear(account, provider, *[DOWN] * UNKNOWN_STREAK)
            due = now(account).paused_until
            assert due is not None
            gaps.append((due - timezone.now()).total_seconds())
            clock.move_to(due)
            probe(account)
            assert account.pause_kind == "none"
        assert [int(gap / 1.1) <= seconds <= gap for gap, seconds in zip(gaps, (5, 15, 30, 60), strict=True)]
        assert gaps == sorted(gaps)
        hear(account, provider, OK, *[DOWN] * UNKNOWN_STREAK)  # one call that went well: from the first step again
        due = now(account).paused_until
        assert due is not None
        assert (due - timezone.now()).total_seconds() <= 5.5

    def test_what_a_person_stopped_meanwhile_is_not_opened_by_the_answer(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        hear(account, provider, WRONG_SECRET)
        clock.shift(6)
        mine = now(account)
        assert health.begin_probe(mine, lease_seconds=120)
        health.pause_by_hand(account, "maintenance")
        health.end_probe(mine, hear(account, provider, OK))
        assert (now(account).pause_kind, account.pause_reason) == ("person", "maintenance")

    def test_nobody_probes_what_a_person_stopped(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        health.pause_by_hand(account, "maintenance")
        hear(account, provider, WRONG_SECRET, *[DOWN] * UNKNOWN_STREAK)
        clock.shift(timedelta(days=30))
        provider.requests.clear()
        with listening() as heard:
            sweep_paused_accounts()
        probe(account)
        assert (heard, provider.requests, account.pause_kind) == ([], [], "person")

    def test_the_sweep_rings_for_what_is_due(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        hear(account, provider, WRONG_SECRET)
        with listening() as early:
            sweep_paused_accounts()
        clock.shift(6)
        with listening() as heard:
            sweep_paused_accounts()
        assert (early, heard) == ([], [("gateway.providers.tasks.probe_account", (str(account.pk),))])

    def test_a_probe_that_died_is_made_again_after_its_lease(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        hear(account, provider, WRONG_SECRET)
        clock.shift(6)
        assert health.begin_probe(now(account), lease_seconds=calls.LEASE_SECONDS)
        provider.script(AVAILABLE, WELL)
        clock.shift(calls.LEASE_SECONDS - 1)
        probe(account)
        assert provider.to(AVAILABLE) == []
        clock.shift(1)
        probe(account)
        assert (len(provider.to(AVAILABLE)), account.pause_kind) == (1, "none")


@pytest.mark.django_db(transaction=True)
class TestManyWorkers:
    def test_exactly_one_makes_the_probe(
        self, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
    ) -> None:
        hear(account, provider, WRONG_SECRET)
        clock.shift(6)
        provider.script(AVAILABLE, DOWN)
        together(8, lambda: probing.probe_account(account.pk))
        assert (len(provider.to(AVAILABLE)), now(account).failed_probes) == (1, 1)

    def test_no_answer_is_counted_twice_or_lost(self, account: ProviderAccount, provider: ScriptedProvider) -> None:
        provider.script(BALANCES, DOWN)

        def call() -> None:
            calls.call(account, "accounts-balance", lambda client: client.balances(), has_place=True)

        together(8, call)
        assert counts(account) == ("none", 0, 8)
        together(8, call)
        assert counts(account) == ("outage", 0, 16)
        assert ProviderCall.objects.count() == 16


def together(workers: int, work: Any) -> None:
    """Run it in so many threads at once."""
    barrier = threading.Barrier(workers)

    def run() -> None:
        barrier.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
