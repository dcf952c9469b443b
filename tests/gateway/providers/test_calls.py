"""The one door to the provider: with empty hands, with evidence, and closed while the account is paused."""

import hashlib
from typing import Any

import pytest
from django.db import transaction

from gateway import logs
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.client import Client
from gateway.providers import calls, health
from gateway.providers.models import ProviderAccount, ProviderCall
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


def test_a_paused_account_is_not_called_whoever_asks(account: ProviderAccount, provider: ScriptedProvider) -> None:
    health.pause_by_hand(account, "maintenance")
    assert account.pause_kind == "none"  # a worker that loaded its account before the pause
    said = ask(account)
    assert said is calls.HELD_BACK
    assert (said.sent, said.outcome) == (False, "unknown")
    assert (provider.requests, ProviderCall.objects.count()) == ([], 0)


def test_long_answers_are_kept_by_their_beginning(account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, (200, b"x" * 300_000))
    ask(account)
    row = ProviderCall.objects.get()
    assert row.response == b"x" * 65_536


def test_the_lease_outlives_the_longest_call() -> None:
    assert calls.CONNECT_SECONDS + calls.READ_SECONDS < calls.LEASE_SECONDS
