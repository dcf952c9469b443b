"""The request that pays money out (C§1.9): signed and frozen; only the same request may be sent again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from gateway.paykassma.php_json import encode
from gateway.paykassma.php_numbers import PHP_INT_MAX
from gateway.paykassma.signatures import withdrawal_signature

# The signature joins values with ":", so one inside a value makes two different orders sign alike (C§3).
# Control characters are trimmed or refused by PHP, and half a surrogate pair has no UTF-8.
_UNSIGNABLE = re.compile(r"[:\x00-\x1f\x7f\ud800-\udfff]")

_NEVER_EXTRA: Final = frozenset({"signature", "secret"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalOrder:
    """What to pay to whom. Texts are trimmed, and left out where nothing remains.

    Attributes:
        withdrawal_id: our own id, at most 36 characters, never used twice.
        amount: whole units of the currency; the provider takes nothing smaller.
        label: our id of the customer.
        comment: 4 to 64 characters.
        payments_details: `payments_method`, `payments_provider`.
        bank_details: `bank_code`, `branch_code`, `bank_code_in_payments_system`.
        extra: further top-level fields that a payment system wants.
    """

    withdrawal_id: str
    payment_system: str
    amount: int
    currency_code: str
    label: str
    is_test: bool
    comment: str | None = None
    account_number: str | None = field(default=None, repr=False)
    account_name: str | None = field(default=None, repr=False)
    account_email: str | None = field(default=None, repr=False)
    iban: str | None = field(default=None, repr=False)
    payments_details: Mapping[str, str] = field(default_factory=dict, repr=False)
    bank_details: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


_OWN_NAMES: Final = frozenset(each.name for each in fields(WithdrawalOrder)) - {"extra"}


def unsignable_fields(order: WithdrawalOrder) -> tuple[str, ...]:
    """Name the fields that cannot be signed without doubt, nested ones as `bank_details.bank_code`.

    Returns:
        Names in the order of sending; empty when `freeze_withdrawal` will take the order.
    """
    found = [
        name
        for name, value in _texts(_request(order))
        if _UNSIGNABLE.search(value) or _UNSIGNABLE.search(name.replace(".", ""))
    ]
    if isinstance(order.amount, bool) or not 0 < order.amount <= PHP_INT_MAX:
        found.append("amount")
    found += sorted(order.extra.keys() & (_OWN_NAMES | _NEVER_EXTRA))
    return tuple(found)


def freeze_withdrawal(order: WithdrawalOrder, key: str) -> bytes:
    """Serialise and sign a withdrawal.

    Args:
        order: for which `unsignable_fields` is empty.
        key: the private key for withdrawals.

    Returns:
        The JSON body to keep and to send, byte for byte. Nested keys are in alphabetical order: whether
        the provider sorts them before it checks the signature is not known, and so both readings agree
        (C§5 row 16).

    Raises:
        ValueError: the order cannot be signed; the text names the fields and none of their contents.
    """
    if unsignable := unsignable_fields(order):
        raise ValueError(f"cannot be signed: {', '.join(unsignable)}")
    request = _request(order)
    # Signed last and from the very object that is written: what is sent is what was signed.
    body = encode({**request, "signature": withdrawal_signature(request, key)}, unescaped=True)
    assert body is not None
    return body


def sign_again(body: bytes, key: str) -> bytes:
    """Sign a frozen withdrawal with another key; with the key that signed it, the very same bytes.

    Args:
        body: from `freeze_withdrawal`.
        key: the private key for withdrawals.
    """
    request: dict[str, Any] = json.loads(body)
    del request["signature"]
    signed = encode({**request, "signature": withdrawal_signature(request, key)}, unescaped=True)
    assert signed is not None
    return signed


def _request(order: WithdrawalOrder) -> dict[str, Any]:
    candidates: dict[str, Any] = {
        "withdrawal_id": order.withdrawal_id,
        "payment_system": order.payment_system,
        "amount": order.amount,
        "currency_code": order.currency_code,
        "label": order.label,
        "is_test": bool(order.is_test),
        "comment": order.comment,
        "account_number": order.account_number,
        "account_name": order.account_name,
        "account_email": order.account_email,
        "iban": order.iban,
        "payments_details": _trimmed(order.payments_details),
        "bank_details": _trimmed(order.bank_details),
        **order.extra,
    }
    return _trimmed(candidates)


def _trimmed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Sort by key, trim texts, and leave out what is None, empty text or an empty object."""
    trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in sorted(values.items())}
    return {name: value for name, value in trimmed.items() if value not in (None, "", {})}


def _texts(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in request.items():
        if isinstance(value, dict):
            found += [(f"{name}.{inner}", text) for inner, text in _texts(value)]
        elif isinstance(value, str):
            found.append((name, value))
    return found
