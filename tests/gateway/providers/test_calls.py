"""The one door to the provider: with empty hands, with evidence, and with an eye on our credentials."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from gateway import logs
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.client import Client
from gateway.providers import calls
from gateway.providers.models import ProviderAccount, ProviderCall, not_paused
from tests.gateway.providers.answers import AVAILABLE, DOWN, NOT_FOUND, WRONG_SECRET, offered
from tests.scripted_provider import DROP, ScriptedProvider

REFUSED = (200, {"status": "fail", "message": {"label": ["The label is required"]}})
OK = offered("upi_l")


def ask(account: ProviderAccount, **extra: Any) -> Answer:
    def do(client: Client) -> Answer:
        return client.available(currencies=["INR"], label="gateway")

    return calls.call(account, "available", do, **extra)


@pytest.mark.parametrize(
    ("answer", "outcome", "sent", "status"),
    [
        (OK, "accepted", True, 200),
        (REFUSED, "refused", True, 200),
        (DOWN, "unknown", True, 503),
        (DROP, "unknown", True, None),
        (WRONG_SECRET, "credential_error", True, 200),
        (NOT_FOUND, "credential_error", True, 404),
    ],
    ids=["ok", "refused", "503", "dropped", "wrong secret", "404"],
)
def test_every_call_is_a_row(
    account: ProviderAccount, provider: ScriptedProvider, answer: Any, outcome: str, sent: bool, status: int | None
) -> None:
    provider.script(AVAILABLE, answer)
    token = logs.request_id.set("req-1")
    try:
        said = ask(account, subject="dep_1", request={"label": "gateway", "amount": 5, "list": ["a"], "none": None})
    finally:
        logs.request_id.reset(token)
    row = ProviderCall.objects.get()
    assert (row.operation, row.subject, row.request_id) == ("available", "dep_1", "req-1")
    assert row.request == {"label": "gateway", "amount": 5, "list": ["a"], "none": None}
    assert (row.outcome, row.sent, row.http_status) == (outcome, sent, status)
    assert said.outcome == outcome
    assert row.response_digest == hashlib.sha256(row.response).hexdigest()
    assert row.response == said.raw
    assert row.note
    assert row.duration_ms is not None
    assert row.duration_ms < 60_000
    assert len(provider.requests) == 1


def test_where_nobody_listens_it_is_proven_that_nothing_left(account: ProviderAccount) -> None:
    account.base_url = "http://127.0.0.1:1"
    assert ask(account).sent is False
    row = ProviderCall.objects.get()
    assert (row.sent, row.http_status, row.outcome, row.response) == (False, None, "unknown", b"")


def test_a_call_that_we_did_not_live_to_see_the_end_of_has_a_row_without_an_end(account: ProviderAccount) -> None:
    def die(client: Client) -> Answer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calls.call(account, "available", die, subject="dep_1")
    row = ProviderCall.objects.get()
    assert (row.sent, row.outcome, row.response, row.duration_ms) == (None, "", None, None)


def test_nothing_leaves_while_a_transaction_is_open(account: ProviderAccount, provider: ScriptedProvider) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        ask(account)
    assert (provider.requests, ProviderCall.objects.count()) == ([], 0)
    provider.script(AVAILABLE, OK)
    assert ask(account).outcome is Outcome.ACCEPTED


@pytest.mark.django_db(transaction=True)
def test_nor_outside_of_a_test_s_own_transaction(account: ProviderAccount, provider: ScriptedProvider) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        ask(account)
    assert (provider.requests, ProviderCall.objects.count()) == ([], 0)


class TestCredentials:
    """An answer that speaks of our credentials stops the account, not the order."""

    def test_a_wrong_secret_pauses_the_account_at_once(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        provider.script(AVAILABLE, WRONG_SECRET)
        now = timezone.now()
        with time_machine.travel(now, tick=False):
            ask(account)
            account.refresh_from_db()
            assert account.is_paused()
            assert account.paused_until == now + timedelta(seconds=calls.CREDENTIAL_PAUSE_SECONDS)
            assert "refuses our credentials" in account.pause_reason
            assert not ProviderAccount.objects.filter(not_paused("")).exists()
        with time_machine.travel(now + timedelta(seconds=calls.CREDENTIAL_PAUSE_SECONDS), tick=False):
            assert not account.is_paused()
            assert ProviderAccount.objects.filter(not_paused("")).exists()

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wordless_401_or_403_pauses_only_as_the_fifth_in_a_row(
        self, account: ProviderAccount, provider: ScriptedProvider, status: int
    ) -> None:
        provider.script(AVAILABLE, (status, b"no"))
        for streak in (1, 2, 3, 4, 5):
            ask(account)
            account.refresh_from_db()
            assert (account.not_found_streak, account.is_paused()) == (streak, streak == 5)

    def test_a_missing_address_pauses_only_when_five_were_missing_in_a_row(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        provider.script(AVAILABLE, NOT_FOUND)
        for streak in (1, 2, 3, 4, 5):
            ask(account)
            account.refresh_from_db()
            assert (account.not_found_streak, account.is_paused()) == (streak, streak == 5)

    @pytest.mark.parametrize("between", [OK, REFUSED], ids=["ok", "refused"])
    def test_a_word_of_the_provider_ends_the_row(
        self, account: ProviderAccount, provider: ScriptedProvider, between: Any
    ) -> None:
        provider.script(AVAILABLE, *[NOT_FOUND] * 4, between, *[NOT_FOUND] * 4)
        for _ in range(9):
            ask(account)
        account.refresh_from_db()
        assert (account.not_found_streak, account.is_paused()) == (4, False)

    @pytest.mark.parametrize("between", [DOWN, DROP], ids=["503", "dropped"])
    def test_silence_proves_nothing_either_way(
        self, account: ProviderAccount, provider: ScriptedProvider, between: Any
    ) -> None:
        provider.script(AVAILABLE, WRONG_SECRET, between)
        ask(account)
        ask(account)
        account.refresh_from_db()
        assert (account.is_paused(), account.not_found_streak) == (True, 1)

    def test_the_first_right_answer_clears_everything(
        self, account: ProviderAccount, provider: ScriptedProvider
    ) -> None:
        provider.script(AVAILABLE, WRONG_SECRET, OK)
        ask(account)
        ask(account)
        account.refresh_from_db()
        assert (account.paused_until, account.pause_reason, account.not_found_streak) == (None, "", 0)

    def test_another_account_goes_on(self, account: ProviderAccount, provider: ScriptedProvider) -> None:
        other = ProviderAccount.objects.get()
        other.pk, other.name, other.postback_token, other.is_active = None, "other", "another-token", False
        other._state.adding = True
        other.id = ProviderAccount._meta.pk.get_default()
        other.save()
        provider.script(AVAILABLE, WRONG_SECRET)
        ask(account)
        other.refresh_from_db()
        assert (other.is_paused(), other.not_found_streak) == (False, 0)


def test_long_answers_are_kept_by_their_beginning(account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, (200, b"x" * 300_000))
    ask(account)
    row = ProviderCall.objects.get()
    assert row.response == b"x" * 65_536


def test_the_lease_outlives_the_longest_call() -> None:
    assert calls.CONNECT_SECONDS + calls.READ_SECONDS < calls.LEASE_SECONDS
