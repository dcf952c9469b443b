"""Deposits on a page or on the customer's telephone, without confirmation (C§1.5)."""

from __future__ import annotations

import secrets
from dataclasses import replace

from gateway.sandbox import answers, faults
from gateway.sandbox.answers import Answer
from gateway.sandbox.catalogue import AMOUNT_MAX, AMOUNT_MIN, SYSTEMS, Flow
from gateway.sandbox.deposits import check_currency, insert, new_deposit, refusal
from gateway.sandbox.faults import Fault, Scope
from gateway.sandbox.provider import Provider
from gateway.sandbox.received import Received
from gateway.sandbox.rows import Deposit, DepositStatus
from gateway.sandbox.validation import CUSTOM_ID_MAX_CHARS, Complaints


def create_payment(provider: Provider, received: Received, base_url: str, wallet_type: str) -> Answer:
    """C§1.5: a page to pay on, or a question on the customer's telephone."""
    system = SYSTEMS.get(wallet_type)
    if system is None or system.flow not in {Flow.REDIRECT, Flow.PUSH}:
        return answers.fail("Payment system not found")
    complaints = Complaints(received.fields)
    label = complaints.text("label")
    custom_id = complaints.text("custom_transaction_id", CUSTOM_ID_MAX_CHARS)
    check_currency(complaints, system, "currency")
    amount = complaints.amount("amount", is_required=True)
    if amount is not None:
        complaints.between("amount", amount, AMOUNT_MIN, AMOUNT_MAX)
    for field, pattern in system.payment_fields.items():
        complaints.shape(field, pattern)
    success_url, fail_url = _return_urls(complaints)
    with provider.book.changing():
        if custom_id in provider.book.deposits:
            complaints.add("custom_transaction_id", "The custom transaction id has already been taken.")
        if complaints or amount is None:
            return answers.fail(complaints.messages)
        fault = faults.of_amount(amount, Scope.DEPOSITS)
        if (refused := refusal(fault, "amount", "The amount is invalid.")) is not None:
            return refused
        deposit = replace(
            new_deposit(
                provider,
                system,
                custom_id=custom_id,
                label=label,
                reference=f"SBX{secrets.token_hex(8)}",
                amount=amount,
                currency_code=system.currency_code,
                fault=fault,
                status=DepositStatus.AWAITING_CUSTOMER,
            ),
            success_url=success_url,
            fail_url=fail_url,
        )
        # On a page a person decides; on a telephone the pretended customer approves by itself.
        if system.flow is Flow.REDIRECT:
            deposit = replace(deposit, settle_at=None)
        insert(provider, deposit)
    if system.flow is Flow.PUSH:
        data = {
            "order_id": deposit.order_id,
            "message": "Success. Request accepted, waiting for the customer",
        }
    elif fault is Fault.NO_URL:
        data = {"order_id": deposit.order_id}
    else:
        data = {"order_id": deposit.order_id, "url": f"{base_url}pay/{deposit.order_id}"}
    return answers.accepted({"status": "ok", "data": data}, fault, deposit.ref)


def decide(provider: Provider, custom_id: str, *, is_paid: bool) -> Deposit:
    """The customer's decision on the pay page; a second one changes nothing.

    Raises:
        KeyError: there is no such deposit.
    """
    with provider.book.changing():
        deposit = provider.book.deposits[custom_id]
        if deposit.status is not DepositStatus.AWAITING_CUSTOMER:
            return deposit
        if is_paid:
            now = provider.clock.now()
            delay = faults.outcome_delay(deposit.fault, provider.settings.postback_delay_seconds)
            deposit = replace(deposit, status=DepositStatus.ACTIVATED, activated_at=now, settle_at=now + delay)
        else:
            deposit = replace(deposit, status=DepositStatus.DECLINED, settle_at=None)
        provider.book.put_deposit(deposit)
        provider.settlement.expect(deposit)
        return deposit


def _return_urls(complaints: Complaints) -> tuple[str, str]:
    back = complaints.text("redirect_url", is_required=False)
    success = complaints.text("success_url", is_required=False) or back
    failure = complaints.text("fail_url", is_required=False) or complaints.text("cancel_url", is_required=False) or back
    for field, url in (("success_url", success), ("fail_url", failure)):
        if url and not url.startswith(("https://", "http://")):
            complaints.add(field, f"The {field.replace('_', ' ')} format is invalid.")
    return success, failure
