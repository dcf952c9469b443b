"""Numbers as PHP reads and writes them (C§3)."""

from __future__ import annotations

import math
import re
from typing import Final

# PHP_INT_MIN and PHP_INT_MAX: to PHP an integer outside them is a float.
PHP_INT_MIN: Final = -(2**63)
PHP_INT_MAX: Final = 2**63 - 1

# The longest 64-bit integer has 19 digits and a sign. A longer lexeme is never handed to int(), whose cost is
# the square of the digits and which refuses more than 4,300 of them with an exception.
PHP_INT_MAX_CHARS: Final = 20

# PHP writes 0.0001 in full but 0.00001 as 1.0e-5 (php_gcvt), with either precision.
SMALL_PLAIN_EXPONENT_MIN: Final = -4

# serialize_precision=-1, which json_encode obeys, means: shortest digits, and an exponent beyond this many.
JSON_PLAIN_DIGITS_MAX: Final = 17

# precision=14, which string conversion obeys (C§3): digits kept, and an exponent beyond as many.
TEXT_PRECISION_DIGITS: Final = 14

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")


class NumberLexeme(str):
    """A JSON number kept as the characters that were sent: no float, and no int of a thousand digits."""

    __slots__ = ()


class NumberNotWritableError(ValueError):
    """A number that json_encode answers with false."""


def php_number(lexeme: NumberLexeme) -> int | float:
    """Read a number as PHP does: an int where it fits into 64 bits, a float (perhaps infinite) otherwise."""
    if len(lexeme) <= PHP_INT_MAX_CHARS and lexeme != "-0" and _INTEGER.fullmatch(lexeme):
        return int(lexeme)
    return float(lexeme)


def json_number(number: float) -> str:
    """Write a number as PHP's json_encode does (10.0 → 10, 1e25 → 1.0e+25).

    Raises:
        NumberNotWritableError: it is infinite or not a number.
    """
    if isinstance(number, int):
        if PHP_INT_MIN <= number <= PHP_INT_MAX:
            return str(number)
        number = _float_of(number)
    if not math.isfinite(number):
        raise NumberNotWritableError
    digits, exponent = _shortest_digits(number)
    return _php_float(number, digits, exponent, plain_digits_max=JSON_PLAIN_DIGITS_MAX, mark="e")


def number_text(number: float | NumberLexeme) -> str:
    """Turn a number into a string as PHP does where it joins values (C§3: 1000.50 → 1000.5, 1e25 → 1.0E+25).

    Never raises: PHP's strings know INF and NAN.
    """
    if isinstance(number, NumberLexeme):
        number = php_number(number)
    if isinstance(number, int):
        if PHP_INT_MIN <= number <= PHP_INT_MAX:
            return str(number)
        number = _float_of(number)
    if not math.isfinite(number):
        return {math.inf: "INF", -math.inf: "-INF"}.get(number, "NAN")
    mantissa, _, exponent = f"{number:.{TEXT_PRECISION_DIGITS - 1}e}".partition("e")
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    return _php_float(number, digits, int(exponent), plain_digits_max=TEXT_PRECISION_DIGITS, mark="E")


def _float_of(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _shortest_digits(number: float) -> tuple[str, int]:
    """Give the shortest digits that mean this float, and the decimal exponent of the first of them."""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    padded = whole + fraction
    digits = padded.lstrip("0")
    if not digits:
        return "0", 0
    first = len(whole) - 1 - (len(padded) - len(digits))
    return digits.rstrip("0"), first + int(exponent or 0)


def _php_float(number: float, digits: str, exponent: int, *, plain_digits_max: int, mark: str) -> str:
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    if not SMALL_PLAIN_EXPONENT_MIN <= exponent < plain_digits_max:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}{mark}{exponent:+d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
