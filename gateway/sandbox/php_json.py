"""JSON as PHP's json_encode writes it (C§3, end)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any


def encode(value: Any, *, unescaped: bool = False) -> str:
    r"""Write compact JSON.

    Args:
        value: str, bool, None, int, finite Decimal, mappings and sequences of these. A float is a TypeError.
        unescaped: JSON_UNESCAPED_SLASHES|JSON_UNESCAPED_UNICODE; otherwise `\/` and `\uXXXX`.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value, unescaped=unescaped)
        case int():
            return str(value)
        case Decimal():
            return plain(value)
        case Mapping():
            members = (
                f"{_text(name, unescaped=unescaped)}:{encode(member, unescaped=unescaped)}"
                for name, member in value.items()
            )
            return "{" + ",".join(members) + "}"
        case Sequence():
            return "[" + ",".join(encode(item, unescaped=unescaped) for item in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} is not written as JSON here")


def plain(amount: Decimal) -> str:
    """Write an amount in digits, without exponent and without trailing zeros: `100`, `13628.5`."""
    return f"{amount.normalize():f}"


def _text(text: str, *, unescaped: bool) -> str:
    if unescaped:
        raw = json.dumps(text, ensure_ascii=False)
        # These two stay escaped even with JSON_UNESCAPED_UNICODE.
        return raw.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return json.dumps(text).replace("/", "\\/")
