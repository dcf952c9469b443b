"""Deposits to which letters belong, made through the API and the workers' own steps."""

import secrets
from typing import Any

from gateway.webhooks.models import Event
from payments import activation, opening
from payments.models import Confirmation, Deposit, Receipt
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider

WISH = {"payment_system": "upi_l", "currency": "INR", "amount": "1000.00", "customer": "55"}


def ready(provider: ScriptedProvider) -> None:
    """The provider hands out details and takes every reference for a possible transaction."""
    wallets = [{"type": "upi_l", "currency_code": "INR", "is_manual": False}]
    provider.script("/api/v1/payment-systems/available", (200, {"status": "ok", "params": {"wallets": wallets}}))
    provider.script("/api/v1/transaction/create/upi_l", (200, {"status": "ok", "params": {"identifier": "t@upi"}}))
    provider.script("/api/v1/transaction/activate", (200, {"status": "possible_transaction_created"}))


def awaiting(api: Api, **changes: Any) -> Deposit:
    """A deposit that waits for payment."""
    answer = api.post("deposits", {**WISH, "reference": secrets.token_hex(8), **changes})
    assert answer.status_code == 201, answer.content
    deposit = Deposit.objects.get(reference=answer.json()["reference"])
    opening.open_deposit(deposit.pk)
    return Deposit.objects.get(pk=deposit.pk)


def named(api: Api, deposit: Deposit, reference: str) -> Confirmation:
    """The customer names a reference; not yet sent."""
    body = {"provider_reference": reference, "amount": "1000.00"}
    answer = api.post(f"deposits/{deposit.public_id}/confirmations", body)
    assert answer.status_code == 201, answer.content
    return Confirmation.objects.get(deposit=deposit, provider_reference=reference)


def verifying(api: Api, reference: str = "123456789012", **changes: Any) -> Confirmation:
    """A confirmation that the provider has."""
    confirmation = named(api, awaiting(api, **changes), reference)
    activation.send_confirmation(confirmation.pk)
    confirmation.refresh_from_db()
    assert (confirmation.status, confirmation.deposit.status) == ("verifying", "verifying")
    return confirmation


def state(confirmation: Confirmation) -> tuple[str, str]:
    """Status of the deposit and of its confirmation, as they are now."""
    now = Confirmation.objects.select_related("deposit").get(pk=confirmation.pk)
    return now.deposit.status, now.status


def receipts() -> list[tuple[str, str, str, bool]]:
    """Amount, currency and status of every receipt, and whether it has a deposit."""
    return [
        (str(row.amount), row.currency, row.status, row.deposit_id is not None)
        for row in Receipt.objects.order_by("received_at", "id")
    ]


def news(deposit: Deposit) -> list[str]:
    rows = Event.objects.filter(subject=deposit.public_id).order_by("sequence")
    return [row.type.removeprefix("deposit.") for row in rows]
