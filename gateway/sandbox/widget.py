"""The payment window (C§1.8): a page whose address says everything about the deposit, which begins when it is paid."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from decimal import Decimal
from http import HTTPStatus
from typing import Final

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from gateway.sandbox import faults, pages, payments
from gateway.sandbox.catalogue import AMOUNT_MAX, AMOUNT_MIN, SYSTEMS, Flow, PaymentSystem
from gateway.sandbox.deposits import PENDING_FAULTS, check_currency, insert, new_deposit, refusal
from gateway.sandbox.faults import Scope
from gateway.sandbox.provider import Provider
from gateway.sandbox.received import receive
from gateway.sandbox.rows import Deposit, DepositStatus
from gateway.sandbox.validation import CUSTOM_ID_MAX_CHARS, Complaints

# ISO 639-1.
_LANGUAGE: Final = re.compile(r"[a-z]{2}")

_WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

_WAYS_BACK: Final = ("success_url", "fail_url", "pending_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the address asks for; the ways back are addresses, or empty."""

    system: PaymentSystem
    label: str
    custom_id: str
    amount: Decimal
    success_url: str
    fail_url: str
    pending_url: str


def window(provider: Provider, request: Request) -> Response:
    """Show the window, or take the customer's decision in it and lead back."""
    complaints = Complaints(receive(request).fields)
    wish = _read(provider, complaints)
    if wish is None:
        return pages.widget_refusal(complaints.messages)
    if request.method == "GET":
        known = provider.book.deposits.get(wish.custom_id)
        return pages.widget_page(wish.system.name, wish.amount, wish.system.currency_code, known)
    deposit = _decide(provider, wish, complaints, is_paid=request.form.get("decision") == "pay")
    if deposit is None:
        return pages.widget_refusal(complaints.messages)
    target = _way_back(wish, deposit)
    if target:
        return redirect(target, HTTPStatus.SEE_OTHER)
    return pages.widget_page(wish.system.name, wish.amount, wish.system.currency_code, deposit)


def _read(provider: Provider, complaints: Complaints) -> _Wish | None:
    label = complaints.text("label")
    custom_id = complaints.text("custom_transaction_id", CUSTOM_ID_MAX_CHARS)
    wallet_type = complaints.text("wallet_type")
    system = SYSTEMS.get(wallet_type)
    if system is None or system.flow is Flow.NONE:
        if wallet_type:
            complaints.add("wallet_type", "The selected wallet type is invalid.")
        return None
    check_currency(complaints, system, "currency_code")
    if complaints.value("lang") is not None:
        complaints.shape("lang", _LANGUAGE)
    amount = complaints.shape("fixed_amount", _WHOLE)
    if not complaints:
        complaints.between("fixed_amount", Decimal(amount), AMOUNT_MIN, AMOUNT_MAX)
    ways = {name: _url_behind(provider, complaints, name) for name in _WAYS_BACK}
    if complaints:
        return None
    return _Wish(system=system, label=label, custom_id=custom_id, amount=Decimal(amount), **ways)


def _url_behind(provider: Provider, complaints: Complaints, name: str) -> str:
    digest = complaints.text(name, is_required=False)
    if not digest:
        return ""
    url = provider.book.url_behind(name, digest, provider.clock.now())
    if url is None:
        complaints.add(name, f"The {name.replace('_', ' ')} is unknown or expired.")
    return url or ""


def _decide(provider: Provider, wish: _Wish, complaints: Complaints, *, is_paid: bool) -> Deposit | None:
    with provider.book.changing():
        known = provider.book.deposits.get(wish.custom_id)
        if known is None:
            fault = faults.of_amount(wish.amount, Scope.DEPOSITS)
            if refusal(fault, "fixed_amount", "") is not None:
                complaints.add("fixed_amount", "The payment system is temporarily unavailable.")
                return None
            insert(provider, _begun(provider, wish))
        elif (known.label, known.wallet_type, known.amount) != (wish.label, wish.system.wallet_type, wish.amount):
            complaints.add("custom_transaction_id", "The custom transaction id has already been taken.")
            return None
        return payments.decide(provider, wish.custom_id, is_paid=is_paid)


def _begun(provider: Provider, wish: _Wish) -> Deposit:
    begun = new_deposit(
        provider,
        wish.system,
        custom_id=wish.custom_id,
        label=wish.label,
        reference=f"SBX{secrets.token_hex(8)}",
        amount=wish.amount,
        currency_code=wish.system.currency_code,
        fault=faults.of_amount(wish.amount, Scope.DEPOSITS),
        status=DepositStatus.AWAITING_CUSTOMER,
    )
    return replace(begun, settle_at=None, success_url=wish.success_url, fail_url=wish.fail_url)


def _way_back(wish: _Wish, deposit: Deposit) -> str:
    if deposit.status is DepositStatus.DECLINED:
        return wish.fail_url
    is_saved = deposit.paid < wish.system.minimum_deposit
    return wish.pending_url if is_saved or deposit.fault in PENDING_FAULTS else wish.success_url
