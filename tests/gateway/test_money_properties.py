"""Money from callers and from the provider: exactly the grammar is taken, no digit is lost, no float is made."""

import json
import re
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.money import AmountError, exponent, fits_column, format_amount, parse_amount
from gateway.paykassma.php_json import parse
from gateway.paykassma.php_numbers import NumberLexeme
from gateway.paykassma.wire_values import read_amount
from tests.properties import PURE

CURRENCIES = {"INR": 2, "JPY": 0, "KWD": 3, "CLF": 4}

# The grammars, written down a second time.
CALLERS = re.compile(r"(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,4})?", re.ASCII)
PROVIDERS_TEXT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,8})?", re.ASCII)

#: Near misses are met more often than by chance.
texts = (
    st.text(alphabet="0123456789.-+eE_, \n٠１", max_size=18)
    | st.from_regex(r"[0-9]{1,14}(\.[0-9]{0,5})?", fullmatch=True)
    | st.text(max_size=8)
)


@PURE
@given(texts, st.sampled_from(sorted(CURRENCIES)))
@example("1\n", "INR")
@example("0.00", "INR")
@example("999999999999.9999", "CLF")
def test_an_amount_of_a_caller_is_exactly_the_grammar(text: str, currency: str) -> None:
    fraction = text.partition(".")[2]
    is_right = CALLERS.fullmatch(text) is not None and len(fraction) <= CURRENCIES[currency] and text.strip("0.") != ""
    if not is_right:
        with pytest.raises(AmountError, match=r"\.\Z"):
            parse_amount(text, currency)
        return
    amount = parse_amount(text, currency)
    assert type(amount) is Decimal
    assert str(amount) == text  # digit by digit, trailing zeros included
    assert fits_column(amount)
    shown = format_amount(amount, currency)
    assert Decimal(shown) == amount
    assert len(shown.partition(".")[2]) == exponent(currency)


@PURE
@given(st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.lists(st.text()))
def test_what_is_no_text_is_no_amount_of_a_caller(value: Any) -> None:
    with pytest.raises(AmountError):
        parse_amount(value, "INR")


@PURE
@given(texts)
@example("-0.00000001")
@example("1000000000000000")
def test_an_amount_that_the_provider_writes_as_a_text_is_exactly_the_grammar(text: str) -> None:
    amount = read_amount(text)
    assert (amount is not None) == (PROVIDERS_TEXT.fullmatch(text) is not None)
    if amount is not None:
        assert type(amount) is Decimal
        assert str(amount) == str(Decimal(text))


@PURE
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
@example("13628.5")
@example("1.0e+25")
@example("1e999999999")
@example("-0")
@example("0.30000000000000004")
def test_an_amount_that_the_provider_writes_as_a_number_is_its_very_digits_or_nothing(lexeme: str) -> None:
    read = parse(f"[{lexeme}]".encode())[0]
    assert isinstance(read, NumberLexeme)
    # A context that would round anything beyond two digits, or complain: no arithmetic may be done with it.
    with localcontext(prec=2):
        amount = read_amount(read)
    meant = Decimal(lexeme)
    is_right = len(lexeme) <= 32 and (not meant or -32 <= meant.adjusted() < 15)
    assert (amount is not None) == is_right
    if amount is not None:
        assert type(amount) is Decimal
        assert amount == meant


@PURE
@given(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.lists(st.integers())
    | st.dictionaries(st.text(), st.text())
)
def test_a_python_number_is_no_amount_of_the_provider(value: Any) -> None:
    """Whatever came over the wire is a lexeme or a text; a float would have lost its digits already."""
    assert read_amount(value) is None


@PURE
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_php_writes_of_a_float_is_never_rounded(number: float) -> None:
    written = json.dumps(number)
    amount = read_amount(parse(f"[{written}]".encode())[0])
    assert amount is None or amount == Decimal(written)
