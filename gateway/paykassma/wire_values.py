"""Single values as the provider writes them: money, ids, counts, texts, whose JSON type changes at will.

Each reader takes what `php_json.parse` gives and answers None for what it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from gateway.paykassma.php_numbers import NumberLexeme

# 15 digits before the point hold any sum of any currency and still fit numeric(20,4).
WHOLE_DIGITS_MAX: Final = 15

# Balances show 3 or 4 decimals, a satoshi has 8; a written amount with more is not an amount.
FRACTION_DIGITS_MAX: Final = 8

# PHP writes a computed float with up to 17 digits and an exponent (C§3); a longer number is nobody's money.
AMOUNT_LEXEME_MAX_CHARS: Final = 32

# custom_transaction_id, label and wallet_type are at most 190 characters (C§0).
ID_MAX_CHARS: Final = 190

_PLAIN_DECIMAL = re.compile(rf"-?[0-9]{{1,{WHOLE_DIGITS_MAX}}}(?:\.[0-9]{{1,{FRACTION_DIGITS_MAX}}})?")
# PHP's largest integer, 2^63 - 1, has 19 digits; what is larger became a float before it was written (C§3).
_ID_LEXEME = re.compile(r"-?[0-9]{1,19}")
_ID_LEXEME_MAX: Final = 2**63 - 1

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_LIST_INDEX = re.compile(r"[0-9]{1,9}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _has_control(text: str) -> bool:
    # Nearly every text is printable, and known to be so much sooner than it is searched.
    return not text.isprintable() and _CONTROL.search(text) is not None


def read_amount(value: Any) -> Decimal | None:
    """Read money: a JSON number, or a string in plain decimal notation. Never by way of a float."""
    if isinstance(value, NumberLexeme):
        if len(value) > AMOUNT_LEXEME_MAX_CHARS:
            return None
        try:
            amount = Decimal(value)
        except InvalidOperation:  # an exponent beyond all bounds
            return None
        # Before anything is written out: 1e999999999 is eleven characters and a gigabyte of digits.
        if amount and not -AMOUNT_LEXEME_MAX_CHARS <= amount.adjusted() < WHOLE_DIGITS_MAX:
            return None
        return Decimal(format(amount, "f")) if amount else Decimal(0)
    if isinstance(value, str) and _PLAIN_DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def read_id(value: Any) -> str | None:
    """Read an id or a name of the field's vocabulary that may come as a string or as a JSON integer.

    Returns:
        "" for null or an empty string; None for any other type, over-long or with control characters.
    """
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > ID_MAX_CHARS or _has_control(value):
        return None
    if isinstance(value, NumberLexeme) and not (_ID_LEXEME.fullmatch(value) and abs(int(value)) <= _ID_LEXEME_MAX):
        return None
    return str(value)


def read_integer(value: Any) -> int | None:
    """Read a small whole number that may come as a JSON integer or as a string (1 or "1")."""
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def read_currency(value: Any) -> str | None:
    """Read a currency code, in capitals."""
    if isinstance(value, NumberLexeme) or not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        return None
    return value.upper()


def read_text(value: Any) -> str:
    """Read a text that decides nothing: "" for what is neither a string nor a number.

    Control characters and halves of surrogate pairs, which no database takes, become U+FFFD.
    """
    if not isinstance(value, str):
        return ""
    return _CONTROL.sub("\ufffd", value) if _has_control(value) else str(value)


def read_items(value: Any) -> Sequence[Any]:
    """Read a list that PHP may have written as an object with numbers for keys, or as its only element."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value:
        return list(value.values()) if all(map(_LIST_INDEX.fullmatch, value)) else [value]
    return []


def read_object(value: Any) -> dict[str, Any]:
    """Read an object; PHP writes an empty one as an empty list."""
    return value if isinstance(value, dict) else {}
