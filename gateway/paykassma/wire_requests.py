"""Values as they are written into requests: money as a number of its own digits, texts trimmed (C§0, C§1).

Every function raises ValueError, whose text holds none of the content, for what has no place in a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from gateway.paykassma.php_json import encode
from gateway.paykassma.php_numbers import NumberLexeme


def json_body(body: Mapping[str, Any]) -> bytes:
    """Write a request; what is None is left out, texts are trimmed."""
    encoded = encode({name: _wire(value) for name, value in body.items() if value is not None}, unescaped=True)
    if encoded is None:
        raise ValueError("a text has no UTF-8")
    return encoded


def _wire(value: Any) -> Any:
    match value:
        case Decimal():
            return NumberLexeme(amount_text(value))
        case str():
            return value.strip()
        case _:
            return value


def amount_text(amount: Decimal) -> str:
    """Write money with exactly the decimals that it has, never by way of a float."""
    if not amount.is_finite():
        raise ValueError("an amount is not a number")
    return format(amount, "f")


def utf8(text: str) -> bytes:
    """Encode a text without naming it where that fails."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text has no UTF-8") from None


def path_segment(name: str) -> str:
    """Write a payment system's name into a path."""
    # A path of dots would be resolved away before it is sent, and another endpoint would be called.
    if not name.strip("."):
        raise ValueError("not a payment system")
    return quote(utf8(name), safe="")
