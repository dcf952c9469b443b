"""Deposits that the customer pays by hand and then confirms (C§1.4), and what all deposits share."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from gateway.sandbox import answers, faults
from gateway.sandbox.answers import Answer
from gateway.sandbox.catalogue import SYSTEMS, Flow, PaymentSystem
from gateway.sandbox.faults import Fault, Scope
from gateway.sandbox.provider import Provider, new_order_id
from gateway.sandbox.received import Received
from gateway.sandbox.rows import Deposit, DepositStatus
from gateway.sandbox.validation import CURRENCY_CHARS, CUSTOM_ID_MAX_CHARS, Complaints

# What a customer paid when neither the call nor the control API says how much.
PAID_DEFAULT: Final = Decimal(500)

# Nobody can say at once whether these are paid.
PENDING_FAULTS: Final = frozenset({Fault.POSSIBLE, Fault.CHECK_STARTED, Fault.NEVER_CONFIRMED, Fault.UNKNOWN_TO_PULL})


def activate(provider: Provider, received: Received) -> Answer:
    """C§1.4a: confirm a payment with the number that the customer's bank gave it."""
    return _confirm(provider, received, is_manual=False)


def activate_possible(provider: Provider, received: Received, path: str) -> Answer:
    """C§1.4b: the same for manual systems, as a form with a screenshot; an operator decides later."""
    system = SYSTEMS.get(str(received.fields.get("wallet_type")))
    if system is not None and system.manual_path not in {"", path}:
        return answers.fail({"wallet_type": ["The selected wallet type is invalid."]})
    return _confirm(provider, received, is_manual=True)


def _confirm(provider: Provider, received: Received, *, is_manual: bool) -> Answer:
    complaints = Complaints(received.fields)
    label = complaints.text("label")
    reference = complaints.text("key1")
    wallet_type = complaints.text("wallet_type")
    custom_id = complaints.text("custom_transaction_id", CUSTOM_ID_MAX_CHARS)
    flow = Flow.MANUAL if is_manual else Flow.ACTIVATION
    system = SYSTEMS.get(wallet_type)
    if system is None or system.flow is not flow:
        if wallet_type:
            complaints.add("wallet_type", "The selected wallet type is invalid.")
        return answers.fail(complaints.messages)
    check_currency(complaints, system, "currency_code")
    claimed = complaints.amount("amount", is_required=system.amount_required)
    if reference and not system.reference.fullmatch(reference):
        complaints.add("key1", "Transaction field has wrong length")
    # From here to the insertion nobody else may take the id or the reference.
    with provider.book.changing():
        if custom_id in provider.book.deposits:
            complaints.add("custom_transaction_id", "The custom transaction id has already been taken.")
        if provider.book.owner_of_reference(wallet_type, reference) is not None:
            complaints.add("key1", "The transaction has already been activated.")
        if complaints:
            return answers.fail(complaints.messages)
        registered = provider.book.registered.get((wallet_type, reference))
        amount = registered.amount if registered else claimed or PAID_DEFAULT
        currency_code = registered.currency_code if registered else system.currency_code
        fault = (registered.fault if registered else None) or faults.of_amount(claimed or amount, Scope.DEPOSITS)
        if (refused := refusal(fault, "key1", "Transaction field has wrong length")) is not None:
            return refused
        status = DepositStatus.POSSIBLE if is_manual or fault in PENDING_FAULTS else DepositStatus.ACTIVATED
        deposit = new_deposit(
            provider,
            system,
            custom_id=custom_id,
            label=label,
            reference=reference,
            amount=amount,
            currency_code=currency_code,
            fault=fault,
            status=status,
        )
        if fault is Fault.NEVER_CONFIRMED:
            deposit = replace(deposit, settle_at=None)
        insert(provider, deposit)
    return _confirmation_answer(deposit, is_manual=is_manual)


def _confirmation_answer(deposit: Deposit, *, is_manual: bool) -> Answer:
    fault = deposit.fault
    if fault is Fault.CHECK_STARTED:
        body: dict[str, Any] = {"status": "fail", "message": answers.CHECK_STARTED}
        return answers.accepted(body, fault, deposit.ref, HTTPStatus.BAD_REQUEST)
    if fault in PENDING_FAULTS:
        return answers.accepted(answers.possible_created_body(), fault, deposit.ref)
    if is_manual:
        return answers.accepted(answers.success_body([], total=1), fault, deposit.ref)
    is_saved = deposit.paid < SYSTEMS[deposit.wallet_type].minimum_deposit
    body = {
        "status": "ok",
        "deposit": not is_saved,
        "deposit_amount": deposit.paid,
        "currency": {"code": deposit.paid_currency, "symbol": deposit.paid_currency},
    }
    return answers.accepted(body, fault, deposit.ref)


def check_currency(complaints: Complaints, system: PaymentSystem, field: str) -> None:
    """Complain about a currency that is not the system's."""
    code = complaints.text(field, CURRENCY_CHARS)
    if code and code != system.currency_code:
        complaints.add(field, f"The selected {field.replace('_', ' ')} is invalid.")


def refusal(fault: Fault | None, field: str, text: str) -> Answer | None:
    """The answer of a fault that keeps an order from coming into being; None for all others."""
    match fault:
        case Fault.REFUSED_FIELD:
            return answers.fail({field: [text]})
        case Fault.REFUSED_TEXT:
            return answers.fail("Payment system is temporarily unavailable")
        case Fault.LOST_BEFORE:
            return answers.dropped()
        case _:
            return None


def new_deposit(
    provider: Provider,
    system: PaymentSystem,
    *,
    custom_id: str,
    label: str,
    reference: str,
    amount: Decimal,
    currency_code: str,
    fault: Fault | None,
    status: DepositStatus,
) -> Deposit:
    """Make the row of a deposit that is accepted now."""
    now = provider.clock.now()
    paid, paid_currency = faults.paid(amount, currency_code, fault)
    return Deposit(
        custom_id=custom_id,
        order_id=new_order_id(),
        wallet_type=system.wallet_type,
        label=label,
        reference=reference,
        amount=amount,
        currency_code=currency_code,
        paid=paid,
        paid_currency=paid_currency,
        fault=fault,
        status=status,
        created_at=now,
        activated_at=now,
        settle_at=now + faults.outcome_delay(fault, provider.settings.postback_delay_seconds),
        success_url="",
        fail_url="",
    )


def insert(provider: Provider, deposit: Deposit) -> None:
    """Store a new deposit and see to its outcome."""
    provider.book.put_deposit(deposit)
    # The letter that comes first is posted by the server before it answers, not by the clock.
    if deposit.fault is not Fault.LETTER_FIRST:
        provider.settlement.expect(deposit)
