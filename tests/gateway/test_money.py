from decimal import Decimal, localcontext

import pytest

from gateway.money import AmountError, fits_column, format_amount, parse_amount, rounded


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1000.00", "INR", Decimal("1000.00")),
        ("1", "INR", Decimal(1)),
        ("0.01", "INR", Decimal("0.01")),
        ("5", "JPY", Decimal(5)),
        ("0.001", "KWD", Decimal("0.001")),
        ("999999999999.99", "INR", Decimal("999999999999.99")),
    ],
)
def test_a_plain_amount_is_taken_as_it_stands(text: str, currency: str, amount: Decimal) -> None:
    assert parse_amount(text, currency) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("1_000.00", "١٠٠٠", "1e2", "-0", "0", "0.00", "-1", "+1", "01", "1.", ".5", "1,5", " 1", "1 ", "", "NaN"),
        *("Infinity", "1000000000000", "1.001", "0x10", "1\n", "１", "1.0.0", "𝟙"),
    ],
)
def test_every_other_notation_is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        parse_amount(text, "INR")


@pytest.mark.parametrize("value", [1000, 1000.0, Decimal(1), None, True, ["1"], {"amount": "1"}])
def test_only_a_string_is_an_amount(value: object) -> None:
    with pytest.raises(AmountError, match="as a string"):
        parse_amount(value, "INR")


def test_a_currency_without_decimals_takes_none() -> None:
    with pytest.raises(AmountError, match="JPY has 0 decimals"):
        parse_amount("5.0", "JPY")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [("1000", "INR", "1000.00"), ("13628.5", "INR", "13628.50"), ("5", "JPY", "5"), ("0.125", "INR", "0.125")],
)
def test_an_amount_is_shown_with_all_decimals_of_its_currency_and_never_rounded(
    amount: str, currency: str, text: str
) -> None:
    assert format_amount(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("0.005", "INR", "0.01"),
        ("0.015", "INR", "0.02"),
        ("0.0149999999", "INR", "0.01"),
        ("-0.005", "INR", "-0.01"),
        ("2.5", "JPY", "3"),
        ("9999999999999999.99995", "CLF", "10000000000000000.0000"),
    ],
)
def test_what_we_compute_is_rounded_half_up_whatever_the_threads_context(amount: str, currency: str, text: str) -> None:
    with localcontext(prec=2):
        assert str(rounded(Decimal(amount), currency)) == text


@pytest.mark.parametrize(
    ("amount", "fits"),
    [("1.2345", True), ("1.23456", False), ("9999999999999999.9999", True), ("1E16", False), ("NaN", False)],
)
def test_what_the_column_would_round_does_not_fit(amount: str, fits: bool) -> None:
    assert fits_column(Decimal(amount)) is fits


@pytest.mark.parametrize(
    ("amount", "fits"),
    [
        ("-0.00000001", True),
        ("0.000000001", False),
        ("999999999999999.99999999", True),
        ("1E15", False),
        # Of its 31 digits 28 would be left, and those would fit.
        ("123456789012345.0000000000000001", False),
    ],
)
def test_another_column_than_that_of_money_has_its_own_size(amount: str, fits: bool) -> None:
    assert fits_column(Decimal(amount), max_digits=23, decimal_places=8) is fits
