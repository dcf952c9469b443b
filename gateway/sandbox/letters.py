"""Postbacks as the provider writes and signs them (C§2.1, C§2.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from gateway.paykassma.signatures import postback_signature
from gateway.sandbox import php_json
from gateway.sandbox.clock import provider_text
from gateway.sandbox.faults import ENVELOPE_FACTOR, Fault
from gateway.sandbox.rows import Deposit, Withdrawal
from gateway.sandbox.settings import Settings

# Made-up rates, units per US dollar, so that `converted_amount` looks as it does; nobody may post it (C§2.1).
UNITS_PER_USD: Final[Mapping[str, Decimal]] = {
    "USD": Decimal(1),
    "INR": Decimal(85),
    "EUR": Decimal("0.92"),
    "BDT": Decimal(120),
    "PKR": Decimal(280),
    "KES": Decimal(130),
    "MMK": Decimal(2100),
    "LKR": Decimal(300),
    "CRC": Decimal(510),
    "BTN": Decimal(85),
    "UYU": Decimal(40),
    "THB": Decimal(33),
    "BTC": Decimal("0.00001"),
}
_CENT: Final = Decimal("0.01")
_SATOSHI: Final = Decimal("0.00000001")

# What an operator may type: a slash and letters beyond ASCII, so that a careless verifier is found out.
OPERATOR_COMMENT: Final = "approved by file 1/1, সফল"

# As in the contract's sample 12*****89: two characters stay at either end, a short number none.
MASK_KEPT_CHARS: Final = 2
MASK: Final = "*****"


def deposit_item(deposit: Deposit, stockpiling_id: int | None) -> dict[str, Any]:
    """One item of `additional_data` for money that came in."""
    return {
        "activated_datetime": provider_text(deposit.activated_at),
        "exchanger_identifier": "sandbox-payer",
        "comment": "",
        "amount": php_json.plain(deposit.paid),
        "currency_code": deposit.paid_currency,
        "wallet_type": deposit.wallet_type,
        "stockpiling_id": stockpiling_id,
        "transaction_id": deposit.reference,
        "transaction_type": 0,
        "plugin_custom_order_id": deposit.custom_id,
        "withdrawal_id": None,
        "withdrawal_status": None,
        "account_number": "",
        "account_name": "",
        "account_email": "",
        "bank_details": {"bank_code": "", "branch_code": ""},
    }


def withdrawal_item(withdrawal: Withdrawal, status: int) -> dict[str, Any]:
    """The only item of `additional_data` for money that goes out."""
    is_elsewhere = withdrawal.fault is Fault.OTHER_RECIPIENT
    return {
        "activated_datetime": "",
        "exchanger_identifier": "",
        "comment": withdrawal.comment or OPERATOR_COMMENT,
        "amount": php_json.plain(withdrawal.paid),
        "currency_code": withdrawal.paid_currency,
        "wallet_type": withdrawal.payment_system,
        "stockpiling_id": None,
        "transaction_id": "",
        "transaction_type": None,
        "plugin_custom_order_id": "",
        "withdrawal_id": withdrawal.withdrawal_id,
        "withdrawal_status": status,
        "account_number": "sandbox-other-account" if is_elsewhere else withdrawal.account_number,
        "account_name": withdrawal.account_name,
        "account_email": withdrawal.account_email,
        "bank_details": {"bank_code": withdrawal.bank_code, "branch_code": withdrawal.branch_code},
    }


def envelope(
    *,
    wallet_type: str,
    label: str,
    direction: str,
    created_at: float,
    items: Sequence[Mapping[str, Any]],
    fault: Fault | None,
) -> dict[str, Any]:
    """The unsigned postback around its items, in the contract's order of fields.

    The top-level amount is the sum of the items, rounded to a whole as in the contract's sample.
    """
    amount = sum((Decimal(item["amount"]) for item in items), Decimal(0))
    currency_code = str(items[0]["currency_code"])
    shown = amount.quantize(Decimal(1), ROUND_HALF_UP)
    if fault is Fault.ENVELOPE_LIES:
        shown *= ENVELOPE_FACTOR
    return {
        "wallet_type": wallet_type,
        "amount": shown,
        "currency_code": currency_code,
        "label": label,
        "converted_amount": _converted(amount, currency_code),
        "direction": direction,
        "created_datetime": provider_text(created_at),
        "additional_data": list(items),
    }


def _converted(amount: Decimal, currency_code: str) -> dict[str, Decimal]:
    dollars = amount / UNITS_PER_USD[currency_code]
    return {
        code: (dollars * rate).quantize(_SATOSHI if code == "BTC" else _CENT) for code, rate in UNITS_PER_USD.items()
    }


def signed(message: Mapping[str, Any], settings: Settings, fault: Fault | None = None) -> str:
    """Sign a message and write it as PHP does by default; `signature` is its first field.

    Args:
        message: an envelope without signature; only its `additional_data` is signed.
        settings: for the two postback keys.
        fault: `SIGNED_ESCAPED` signs the text with default flags instead of the documented ones.
    """
    text = php_json.encode(message.get("additional_data"), unescaped=fault is not Fault.SIGNED_ESCAPED)
    signature = postback_signature(text, settings.postback_access_key, settings.postback_private_key)
    return php_json.encode({"signature": signature, **message})


def pulled(body: str, *, is_masked: bool) -> dict[str, Any]:
    """Turn a posted body into what 1.10 and 1.12 repeat: without `signature`."""
    message: dict[str, Any] = json.loads(body, parse_float=Decimal)
    del message["signature"]
    if is_masked:
        for item in message["additional_data"]:
            item["account_number"] = masked(item["account_number"])
    return message


def masked(account_number: str) -> str:
    """Hide the middle of an account number; one without any digit stays as it is."""
    if not any(character.isdigit() for character in account_number):
        return account_number
    if len(account_number) <= 2 * MASK_KEPT_CHARS:
        return MASK
    return account_number[:MASK_KEPT_CHARS] + MASK + account_number[-MASK_KEPT_CHARS:]
