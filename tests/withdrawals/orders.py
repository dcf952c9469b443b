"""Withdrawals as a product makes them, and what became of them: history and news, row by row."""

import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone

from gateway import due_work
from gateway.providers import calls
from gateway.webhooks.models import Event
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider
from withdrawals import sending
from withdrawals.models import Withdrawal, WithdrawalMove
from withdrawals.states import UNKNOWN_DELAYS_SECONDS, WithdrawalStatus

IMPS: dict[str, Any] = {
    "payment_system": "imps_ib",
    "currency": "INR",
    "amount": "1218",
    "customer": "55",
    "recipient": {"account_number": "123456789012", "account_name": "Test Name", "bank_code": "MAHB0001821"},
    "comment": "payout",
}
BKASH: dict[str, Any] = {
    "payment_system": "bkash",
    "currency": "BDT",
    "amount": "500",
    "customer": "56",
    "recipient": {"account_number": "11111111", "account_email": "name@example.com"},
}


def order(api: Api, wish: dict[str, Any] = IMPS, **changes: Any) -> Withdrawal:
    """A queued withdrawal, made through the API."""
    answer = api.post("withdrawals", {**wish, "reference": secrets.token_hex(8), **changes})
    assert answer.status_code == 201, answer.content
    return Withdrawal.objects.get(reference=answer.json()["reference"])


def send(withdrawal: Withdrawal) -> Withdrawal:
    """One worker's step; the row afterwards."""
    sending.send_withdrawal(withdrawal.pk)
    withdrawal.refresh_from_db()
    return withdrawal


def sent(api: Api, provider: ScriptedProvider, answer: Any, wish: dict[str, Any] = IMPS) -> Withdrawal:
    """A withdrawal that was sent and got this answer."""
    provider.script("/v2/withdrawal/create", answer)
    return send(order(api, wish))


def creates(provider: ScriptedProvider) -> list[bytes]:
    """Every request for a withdrawal that the provider got, in order."""
    return [request.body for request in provider.to("/v2/withdrawal/create")]


def begin_sending(withdrawal: Withdrawal) -> Withdrawal:
    """As a worker leaves it between its mark and the first byte; the row with the worker's token."""
    [claimed] = due_work.claim(
        Withdrawal.objects.filter(pk=withdrawal.pk).select_related("account"),
        limit=1,
        lease_seconds=calls.LEASE_SECONDS,
    )
    assert sending._mark_sending(claimed, WithdrawalStatus(claimed.status))
    return claimed


def make_due(withdrawal: Withdrawal) -> None:
    """As if its time had passed."""
    Withdrawal.objects.filter(pk=withdrawal.pk).update(next_at=timezone.now() - timedelta(seconds=1))


def week_is_nearly_over(withdrawal: Withdrawal) -> None:
    """As if the provider had been asked about it for days (`tests.withdrawals.test_pull_ladder` waits for them)."""
    Withdrawal.objects.filter(pk=withdrawal.pk).update(attempts=len(UNKNOWN_DELAYS_SECONDS) - 2)


def moves(withdrawal: Withdrawal) -> list[tuple[str, str]]:
    """Every move with its cause, in order."""
    rows = WithdrawalMove.objects.filter(subject=withdrawal).order_by("sequence")
    return [(row.to_status, row.cause) for row in rows]


def news(withdrawal: Withdrawal) -> list[tuple[str, int]]:
    """Every event of it that the product can see, in order."""
    rows = Event.objects.filter(subject=withdrawal.public_id).order_by("sequence")
    return [(row.type.removeprefix("withdrawal."), row.sequence) for row in rows]
