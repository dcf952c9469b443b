"""Amounts: Decimal in code, a decimal string on the wire, numeric(20,4) in the database.

Exponents are those of ISO 4217 (the number of decimals of a currency's minor unit). Nothing is rounded silently: an
amount that does not fit its currency is refused, and what we compute ourselves is `rounded` by name.
"""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

#: Currencies whose minor unit is not a hundredth, by ISO 4217. Every other currency has two decimals.
_EXPONENTS: Final = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

#: Scale of every money column: the largest exponent that ISO 4217 knows.
DECIMAL_PLACES: Final = 4
#: Precision of every money column: 16 digits before the point, above any order a wallet system takes.
MAX_DIGITS: Final = 20
#: Most whole digits a caller may ask for: a trillion is a typing error in every currency we serve.
_MAX_WHOLE_DIGITS: Final = 12
#: No order is of so much, so no order's money is either. Ten thousand amounts below it fit into one balance.
BEYOND_ORDERS: Final = Decimal(10) ** _MAX_WHOLE_DIGITS

#: Rounds whatever a money column holds; the thread's own context might be of fewer digits.
_ROUNDING: Final = Context(prec=MAX_DIGITS + 1, rounding=ROUND_HALF_UP)

_PLAIN = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)


class AmountError(ValueError):
    """A text that is no amount of its currency. The message is a sentence for the caller."""


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def parse_amount(text: object, currency: str) -> Decimal:
    """A positive amount from its wire form.

    Args:
        text: plain decimal notation in ASCII digits, such as ``"1000.00"``: no sign, no exponent, no grouping.
        currency: ISO 4217 code; sets how many decimals are allowed.

    Raises:
        AmountError: with a sentence that says what would be right.
    """
    if not isinstance(text, str):
        raise AmountError('Send the amount as a string, for example "1000.00".')
    matched = _PLAIN.fullmatch(text)
    if matched is None:
        raise AmountError('Use plain digits with an optional decimal point, for example "1000.00".')
    whole, fraction = matched.group(1), matched.group(2) or ""
    if len(whole) > _MAX_WHOLE_DIGITS:
        raise AmountError(f"At most {_MAX_WHOLE_DIGITS} digits may stand before the decimal point.")
    if len(fraction) > exponent(currency):
        raise AmountError(f"{currency} has {exponent(currency)} decimals; send no more than that.")
    amount = Decimal(text)
    if amount == 0:
        raise AmountError("The amount must be greater than zero.")
    return amount


def amount_pattern(currencies: Iterable[str]) -> str:
    """Regular expression (JSON Schema) of the amounts that `parse_amount` takes in at least one of the currencies."""
    decimals = max(map(exponent, currencies))
    fraction = rf"(\.[0-9]{{1,{decimals}}})?" if decimals else ""
    return rf"^(?!0[.0]*$)(0|[1-9][0-9]{{0,{_MAX_WHOLE_DIGITS - 1}}}){fraction}$"


def format_amount(amount: Decimal, currency: str) -> str:
    """The wire form with all decimals of the currency, more where the provider sent a finer amount."""
    decimals = max(exponent(currency), -_exponent_of(amount.normalize()))
    return f"{amount:.{decimals}f}"


def grouped(amount: Decimal, currency: str) -> str:
    """As people read it on pages, in groups of three digits: ``1,234,567.00``. Never in a file or an answer."""
    return f"{Decimal(format_amount(amount, currency)):,}"


def shown_amount(amount: Decimal, currency: str) -> str:
    """`grouped`, with its currency's code: ``1,234,567.00 INR``."""
    return f"{grouped(amount, currency)} {currency}"


def rounded(amount: Decimal, currency: str) -> Decimal:
    """A computed amount with the decimals of its currency; a half goes away from zero (5 at the end goes up)."""
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)), context=_ROUNDING)


def fits_column(amount: Decimal, *, max_digits: int = MAX_DIGITS, decimal_places: int = DECIMAL_PLACES) -> bool:
    """True where a numeric column, that of money by default, holds the amount without rounding."""
    if not amount.is_finite():
        return False
    _, digits, exponent = amount.as_tuple()
    if (
        isinstance(exponent, int)
        and -decimal_places <= exponent <= 0
        and len(digits) + exponent <= max_digits - decimal_places
    ):
        return True  # as nearly all are, and it takes a third of the time
    normal = amount.normalize()
    # Normalising keeps 28 digits at most: what had more was rounded there and is not the amount any more.
    is_whole = normal == amount and -_exponent_of(normal) <= decimal_places
    return is_whole and normal.adjusted() < max_digits - decimal_places


def _exponent_of(amount: Decimal) -> int:
    value = amount.as_tuple().exponent
    assert isinstance(value, int), "finite amounts only"
    return value
