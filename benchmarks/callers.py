"""The requests, made before the clock runs: an order for the bare endpoint, the same for the service, a letter."""

import itertools
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gateway import ids
from gateway.paykassma.signatures import postback_signature

#: Customers that order again and again, as most do; each is met before anything is measured.
CUSTOMERS: Final = 100

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What a caller needs to know of the service."""

    api_key: str = field(repr=False)
    postback_token: str = field(repr=False)
    postback_access_key: str = field(repr=False)
    postback_private_key: str = field(repr=False)


def bare_orders() -> Iterator[str]:
    """``POST /orders/`` of the bare endpoint, for ever."""
    while True:
        yield _http("/orders/", _order())


def deposits(doors: Doors) -> Iterator[str]:
    """``POST /api/v1/deposits`` with a fresh Idempotency-Key each, for ever."""
    while True:
        yield _http(
            "/api/v1/deposits",
            _order(),
            f"Authorization: Bearer {doors.api_key}",
            f"Idempotency-Key: {secrets.token_hex(16)}",
        )


def letters(doors: Doors) -> Iterator[str]:
    """Well-signed letters of one deposit each (C§2.1), every one about other money, for ever."""
    while True:
        yield _http(f"/postbacks/paykassma/{doors.postback_token}/", _letter(doors))


def _http(path: str, body: str, *headers: str) -> str:
    assert body.isascii(), "one character is one byte"
    lines = ["Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", body])


def _order() -> str:
    number = next(_numbers)
    return _json(
        {
            "payment_system": "upi_l",
            "currency": "INR",
            "amount": "1000.00",
            "customer": f"customer-{number % CUSTOMERS}",
            "reference": f"order-{number}-{secrets.token_hex(4)}",
        }
    )


def _letter(doors: Doors) -> str:
    item = {
        "activated_datetime": "2026-01-02 03:04:05",
        "exchanger_identifier": "",
        "comment": "",
        "amount": "1000.00",
        "currency_code": "INR",
        "wallet_type": "upi_l",
        "stockpiling_id": None,
        "transaction_id": secrets.token_hex(6),
        "transaction_type": 0,
        "plugin_custom_order_id": ids.encode(ids.CONFIRMATION, ids.new_id()),
        "withdrawal_id": None,
        "withdrawal_status": None,
        "account_number": "",
        "account_name": "",
        "account_email": "",
        "bank_details": {"bank_code": "", "branch_code": ""},
    }
    signature = postback_signature(_json([item]), doors.postback_access_key, doors.postback_private_key)
    return _json(
        {
            "signature": signature,
            "wallet_type": "upi_l",
            "amount": 1000,
            "currency_code": "INR",
            "label": ids.encode(ids.CUSTOMER, ids.new_id()),
            "converted_amount": {"USD": 11.83, "EUR": 10.16, "INR": 1000, "BTC": 0.00012417},
            "direction": "ingoing",
            "created_datetime": "2026-01-02 03:04:05",
            "additional_data": [item],
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
