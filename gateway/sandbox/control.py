"""The control API: what tests and demonstrations tell the sandbox.

JSON both ways, header `X-Control-Key` on every call; `VERBS` lists the calls.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from gateway.sandbox import deposits, letters, payments, php_json
from gateway.sandbox.catalogue import SYSTEMS
from gateway.sandbox.faults import Fault
from gateway.sandbox.postman import Reception
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
from gateway.sandbox.weather import Outage


class ControlError(Exception):
    """A call that cannot be done; its text goes to the caller."""


def answer(provider: Provider, request: Request, action: str) -> Response:
    """Authenticate a call and do it."""
    given = request.headers.get("X-Control-Key", "")
    if not hmac.compare_digest(given.encode(), provider.settings.control_key.encode()):
        return _json({"error": "wrong X-Control-Key"}, HTTPStatus.FORBIDDEN)
    verb = VERBS.get((request.method, action))
    if verb is None:
        return _json({"error": "no such call"}, HTTPStatus.NOT_FOUND)
    try:
        return _json(verb(provider, _fields(request)), HTTPStatus.OK)
    except ControlError as error:
        return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)


def _json(body: Any, status: HTTPStatus) -> Response:
    return Response(json.dumps(body, default=str), status=status, content_type="application/json")


def _fields(request: Request) -> dict[str, Any]:
    raw = request.get_data()
    try:
        fields = json.loads(raw, parse_float=Decimal) if raw else dict(request.args)
    except (ValueError, RecursionError):
        raise ControlError("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise ControlError("the body is not an object")
    return fields


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
    _refuse(complaints)
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


def release(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """Let all hanging answers go."""
    return {"released": provider.weather.release()}


def set_hang(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Set how long 9011 hangs. Fields: seconds."""
    provider.weather.hang_seconds = _seconds(fields)
    return {"seconds": provider.weather.hang_seconds}


def set_outage(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Trouble every call. Fields: outage (none, down, revoked, slow), seconds (for slow)."""
    name = fields.get("outage")
    if not isinstance(name, str) or name not in set(Outage):
        raise ControlError("unknown outage")
    outage = Outage(name)
    provider.weather.pause_seconds = _seconds(fields) if outage is Outage.SLOW else 0.0
    provider.weather.outage = outage
    return {"outage": outage.value, "seconds": provider.weather.pause_seconds}


def advance_clock(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Move the clock forward. Fields: seconds."""
    provider.clock.advance(_seconds(fields))
    return {"now": provider.clock.now()}


def resend(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Post the last letter about an order once more, now, and wait for the answer.

    Fields: order_id or letter_id.
    """
    letter_id = fields.get("letter_id")
    if letter_id is None:
        about = provider.book.letters_of(_find(provider, fields))
        if not about:
            raise ControlError("no letter about this order yet")
        letter_id = about[-1].letter_id
    try:
        return _reception(provider.postman.deliver(letter_id))
    except (KeyError, TypeError):
        raise ControlError("no such letter") from None


def send(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Post any letter, once, and wait for the answer.

    Fields: body (an object, posted as PHP writes it) or raw (a string, posted as it is); is_signed (optional,
    true): whether `additional_data` gets the provider's signature or the body goes out as given.
    """
    raw, body = fields.get("raw"), fields.get("body")
    if isinstance(raw, str):
        text = raw
    elif isinstance(body, dict):
        message = {name: value for name, value in body.items() if name != "signature"}
        is_signed = fields.get("is_signed", True) is True
        text = letters.signed(message, provider.settings) if is_signed else php_json.encode(body)
    else:
        raise ControlError("body or raw is required")
    return _reception(provider.postman.post(text))


def set_format(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Choose the format of the letters that are written from now on. Fields: format (present, older)."""
    name = fields.get("format")
    if name not in ("present", "older"):
        raise ControlError("format is present or older")
    with provider.book.lock:
        provider.book.older_letters = name == "older"
    return {"format": name}


def top_up(provider: Provider, fields: Mapping[str, Any]) -> Any:
    """Put money on a balance; 9015 may spend it. Fields: wallet_type, amount."""
    complaints = Complaints(fields)
    wallet_type = complaints.text("wallet_type")
    amount = complaints.amount("amount", is_required=True)
    _refuse(complaints)
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
    ref = _find(provider, fields)
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
    return _order(provider, _find(provider, fields))


def book(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """All money that moved, in order, with all orders."""
    with provider.book.lock:
        return {
            "entries": [plain_row(row) for row in provider.book.entries],
            "deposits": [plain_row(row) for row in provider.book.deposits.values()],
            "withdrawals": [plain_row(row) for row in provider.book.withdrawals.values()],
        }


def list_letters(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """All letters and how they were received."""
    with provider.book.lock:
        return {"letters": [plain_row(row) for row in provider.book.letters.values()]}


def requests(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """The calls received, without secrets, and how often each was made (`METHOD path order_id`)."""
    with provider.book.lock:
        return {
            "requests": [plain_row(row) for row in provider.book.requests],
            "counts": dict(provider.book.request_counts),
        }


def reset(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """Forget everything."""
    provider.reset()
    return {}


VERBS: Final[Mapping[tuple[str, str], Callable[[Provider, Mapping[str, Any]], Any]]] = MappingProxyType(
    {
        ("POST", "payments"): register_payment,
        ("POST", "release"): release,
        ("POST", "hang"): set_hang,
        ("POST", "outage"): set_outage,
        ("POST", "clock"): advance_clock,
        ("POST", "letters/resend"): resend,
        ("POST", "letters/send"): send,
        ("POST", "letters/format"): set_format,
        ("GET", "letters"): list_letters,
        ("POST", "top-up"): top_up,
        ("POST", "pay"): pay,
        ("POST", "settle"): settle,
        ("GET", "order"): order,
        ("GET", "book"): book,
        ("GET", "requests"): requests,
        ("POST", "reset"): reset,
    },
)


def _find(provider: Provider, fields: Mapping[str, Any]) -> OrderRef:
    ref = provider.find(str(fields.get("order_id", "")))
    if ref is None:
        raise ControlError("no such order")
    return ref


def _order(provider: Provider, ref: OrderRef) -> Any:
    with provider.book.lock:
        row: Deposit | Withdrawal | None = provider.book.order(ref)
        return {
            "order": None if row is None else plain_row(row),
            "letters": [plain_row(letter) for letter in provider.book.letters_of(ref)],
        }


def _reception(reception: Reception) -> dict[str, Any]:
    return plain_row(reception)


def _seconds(fields: Mapping[str, Any]) -> float:
    complaints = Complaints(fields)
    seconds = complaints.amount("seconds", is_required=True)
    _refuse(complaints)
    return float(seconds or 0)


def _refuse(complaints: Complaints) -> None:
    if complaints:
        raise ControlError("; ".join(text for texts in complaints.messages.values() for text in texts))
