"""Calls about orders and money: what customers pay, what becomes of it, what the book says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from gateway.sandbox import deposits, letters, payments
from gateway.sandbox.catalogue import SYSTEMS
from gateway.sandbox.control_calls import ControlError, find, refuse
from gateway.sandbox.faults import Fault
from gateway.sandbox.provider import Provider
from gateway.sandbox.rows import (
    Deposit,
    Entry,
    Kind,
    Movement,
    OrderRef,
    RegisteredPayment,
    Withdrawal,
    WithdrawalStatus,
)
from gateway.sandbox.snapshot import plain_row
from gateway.sandbox.validation import Complaints


def register_payment(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Say what a customer really paid under a reference, and what goes wrong with it.

    Fields: wallet_type, key1, amount (optional, 500), currency_code (optional), fault (optional, a name).
    """
    complaints = Complaints(fields)
    wallet_type = complaints.text("wallet_type")
    reference = complaints.text("key1")
    amount = complaints.amount("amount", is_required=False)
    currency_code = complaints.text("currency_code", is_required=False)
    fault = complaints.text("fault", is_required=False)
    refuse(complaints)
    if wallet_type not in SYSTEMS:
        raise ControlError("unknown wallet_type")
    if fault and fault not in set(Fault):
        raise ControlError("unknown fault")
    if currency_code and currency_code not in letters.UNITS_PER_USD:
        raise ControlError("unknown currency_code")
    payment = RegisteredPayment(
        wallet_type=wallet_type,
        reference=reference,
        amount=amount or deposits.PAID_DEFAULT,
        currency_code=currency_code or SYSTEMS[wallet_type].currency_code,
        fault=Fault(fault) if fault else None,
    )
    provider.book.register(payment)
    return plain_row(payment)


def top_up(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Put money on a balance; 9015 may spend it. Fields: wallet_type, amount."""
    complaints = Complaints(fields)
    wallet_type = complaints.text("wallet_type")
    amount = complaints.amount("amount", is_required=True)
    refuse(complaints)
    if wallet_type not in SYSTEMS or amount is None:
        raise ControlError("unknown wallet_type")
    code = SYSTEMS[wallet_type].currency_code
    with provider.book.changing():
        purse = provider.book.purses.get(code, Decimal(0)) + amount
        provider.book.purses[code] = purse
        provider.book.enter(
            Entry(
                movement=Movement.TOPPED_UP,
                order_id="",
                wallet_type=wallet_type,
                label="",
                transaction_id="",
                amount=amount,
                currency_code=code,
                at=provider.clock.now(),
            ),
        )
    return {"currency_code": code, "purse": str(purse)}


def pay(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Decide on a redirect page. Fields: order_id (ours or the provider's), decision (pay or decline)."""
    decision = fields.get("decision", "pay")
    if decision not in ("pay", "decline"):
        raise ControlError("decision is pay or decline")
    order_id = str(fields.get("order_id", ""))
    deposit = provider.book.deposit_of_page(order_id) or provider.book.deposits.get(order_id)
    if deposit is None:
        raise ControlError("no such order")
    return plain_row(payments.decide(provider, deposit.custom_id, is_paid=decision == "pay"))


def settle(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Bring an order to its outcome now.

    Fields: order_id; status (withdrawals only, optional: the one to tell).
    """
    ref = find(provider, fields)
    status = fields.get("status")
    if status is not None and ref.kind is Kind.WITHDRAWAL:
        if type(status) is not int or status not in set(WithdrawalStatus):
            raise ControlError("unknown status")
        with provider.book.changing():
            withdrawal = provider.book.withdrawals[ref.order_id]
            provider.book.put_withdrawal(replace(withdrawal, steps=(status,)))
    provider.settlement.settle(ref)
    return _order(provider, ref)


def order(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """One order with its letters. Fields: order_id."""
    return _order(provider, find(provider, fields))


def book(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """All money that moved, in order, with all orders."""
    with provider.book.lock:
        return {
            "entries": [plain_row(row) for row in provider.book.entries],
            "deposits": [plain_row(row) for row in provider.book.deposits.values()],
            "withdrawals": [plain_row(row) for row in provider.book.withdrawals.values()],
        }


def requests(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """The calls received, without secrets, and how often each was made (`METHOD path order_id`)."""
    with provider.book.lock:
        return {
            "requests": [plain_row(row) for row in provider.book.requests],
            "counts": dict(provider.book.request_counts),
        }


def _order(provider: Provider, ref: OrderRef) -> Any:
    with provider.book.lock:
        row: Deposit | Withdrawal | None = provider.book.order(ref)
        return {
            "order": None if row is None else plain_row(row),
            "letters": [plain_row(letter) for letter in provider.book.letters_of(ref)],
        }
