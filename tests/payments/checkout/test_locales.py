"""What a reader sees of amounts, times and digits, in each language and each currency of the catalogue."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.money import AmountError, format_amount, parse_amount
from gateway.providers.catalogue import SYSTEMS
from payments.checkout import locales

LANGUAGES = ("en", "hi", "bn", "ur")
CURRENCIES = sorted({currency for system in SYSTEMS for currency in system.currencies})
AT = datetime(2026, 11, 27, 5, 52, 55, tzinfo=UTC)
#: 1234567.5 of the currency, and `AT`. Below ``~`` is a no-break space and ``_`` a narrow one.
SHOWN = [
    ("en", "INR", "₹12,34,567.50", "27 November 2026, 11:22_AM (India Time)"),
    ("hi", "INR", "₹12,34,567.50", "27 नवंबर 2026, 11:22 am (भारत का समय)"),
    ("bn", "INR", "₹12,34,567.50", "27 নভেম্বর, 2026 11:22 AM (ভারত সময়)"),
    ("ur", "INR", "₹1,234,567.50", "27 نومبر، 2026 11:22 AM (بھارت کا وقت)"),
    ("en", "BDT", "BDT~1,234,567.50", "27 November 2026, 11:52_am (Bangladesh Time)"),
    ("hi", "BDT", "BDT~12,34,567.50", "27 नवंबर 2026, 11:52 am (बांग्लादेश का समय)"),
    ("bn", "BDT", "১২,৩৪,৫৬৭.৫০৳", "২৭ নভেম্বর, ২০২৬ ১১:৫২ AM (বাংলাদেশ সময়)"),
    ("ur", "BDT", "BDT~1,234,567.50", "27 نومبر، 2026 11:52 AM (بنگلہ دیش کا وقت)"),
    ("en", "PKR", "Rs~1,234,567.50", "27 November 2026, 10:52_am (Pakistan Time)"),
    ("hi", "PKR", "PKR~12,34,567.50", "27 नवंबर 2026, 10:52 am (पाकिस्तान का समय)"),
    ("bn", "PKR", "১২,৩৪,৫৬৭.৫০~PKR", "২৭ নভেম্বর, ২০২৬ ১০:৫২ AM (পাকিস্তান সময়)"),
    ("ur", "PKR", "Rs~1,234,567.50", "27 نومبر، 2026 10:52 AM (پاکستان کا وقت)"),
    ("en", "KES", "Ksh~1,234,567.50", "27 November 2026, 08:52 (Kenya Time)"),
    ("hi", "KES", "KES~12,34,567.50", "27 नवंबर 2026, 8:52 am (केन्या का समय)"),
    ("bn", "KES", "১২,৩৪,৫৬৭.৫০~KES", "২৭ নভেম্বর, ২০২৬ ৮:৫২ AM (কেনিয়া সময়)"),
    ("ur", "KES", "KES~1,234,567.50", "27 نومبر، 2026 8:52 AM (کینیا کا وقت)"),
    ("en", "MMK", "MMK~1,234,567.50", "27 November 2026, 12:22_pm (Myanmar (Burma) Time)"),
    ("hi", "MMK", "MMK~12,34,567.50", "27 नवंबर 2026, 12:22 pm (म्यांमार (बर्मा) का समय)"),
    ("bn", "MMK", "১২,৩৪,৫৬৭.৫০~MMK", "২৭ নভেম্বর, ২০২৬ ১২:২২ PM (মায়ানমার (বার্মা) সময়)"),
    ("ur", "MMK", "MMK~1,234,567.50", "27 نومبر، 2026 12:22 PM (میانمار (برما) کا وقت)"),
    ("en", "LKR", "LKR~1,234,567.50", "27 November 2026, 11:22_am (Sri Lanka Time)"),
    ("hi", "LKR", "LKR~12,34,567.50", "27 नवंबर 2026, 11:22 am (श्रीलंका का समय)"),
    ("bn", "LKR", "১২,৩৪,৫৬৭.৫০~LKR", "২৭ নভেম্বর, ২০২৬ ১১:২২ AM (শ্রীলঙ্কা সময়)"),
    ("ur", "LKR", "LKR~1,234,567.50", "27 نومبر، 2026 11:22 AM (سری لنکا کا وقت)"),
    ("en", "CRC", "CRC~1,234,567.50", "26 November 2026, 11:52_pm (Costa Rica Time)"),
    ("hi", "CRC", "CRC~12,34,567.50", "26 नवंबर 2026, 11:52 pm (कोस्टारिका का समय)"),
    ("bn", "CRC", "১২,৩৪,৫৬৭.৫০~CRC", "২৬ নভেম্বর, ২০২৬ ১১:৫২ PM (কোস্টারিকা সময়)"),
    ("ur", "CRC", "CRC~1,234,567.50", "26 نومبر، 2026 11:52 PM (کوسٹا ریکا کا وقت)"),
    ("en", "BTN", "BTN~1,234,567.50", "27 November 2026, 11:52_am (Bhutan Time)"),
    ("hi", "BTN", "BTN~12,34,567.50", "27 नवंबर 2026, 11:52 am (भूटान का समय)"),
    ("bn", "BTN", "১২,৩৪,৫৬৭.৫০~BTN", "২৭ নভেম্বর, ২০২৬ ১১:৫২ AM (ভুটান সময়)"),
    ("ur", "BTN", "BTN~1,234,567.50", "27 نومبر، 2026 11:52 AM (بھوٹان کا وقت)"),
    ("en", "UYU", "UYU~1,234,567.50", "27 November 2026, 2:52_am (Uruguay Time)"),
    ("hi", "UYU", "UYU~12,34,567.50", "27 नवंबर 2026, 2:52 am (उरूग्वे का समय)"),
    ("bn", "UYU", "১২,৩৪,৫৬৭.৫০~UYU", "২৭ নভেম্বর, ২০২৬ ২:৫২ AM (উরুগুয়ে সময়)"),
    ("ur", "UYU", "UYU~1,234,567.50", "27 نومبر، 2026 2:52 AM (یوروگوئے کا وقت)"),
]


def spaced(text: str) -> str:
    return text.replace("~", "\N{NO-BREAK SPACE}").replace("_", "\N{NARROW NO-BREAK SPACE}")


def test_the_table_has_every_language_with_every_currency_of_the_catalogue() -> None:
    pairs = [(language, currency) for language, currency, _, _ in SHOWN]

    assert sorted(pairs) == sorted((language, currency) for language in LANGUAGES for currency in CURRENCIES)


@pytest.mark.parametrize(("language", "currency", "amount", "moment"), SHOWN)
def test_amounts_and_times_are_written_as_in_the_country_of_the_currency(
    language: str, currency: str, amount: str, moment: str
) -> None:
    assert locales.amount(Decimal("1234567.5"), currency, language) == spaced(amount)
    assert locales.moment(AT, language, currency) == spaced(moment)


@pytest.mark.parametrize(
    ("value", "currency", "language", "shown"),
    [
        ("100000", "INR", "en", "₹1,00,000.00"),
        ("0.01", "INR", "hi", "₹0.01"),
        ("1.23456789", "INR", "en", "₹1.23456789"),  # finer than its currency: not rounded
        ("1.005", "BDT", "bn", "১.০০৫৳"),
        ("1000", "MMK", "en", "MMK~1,000.00"),  # of ISO 4217 two decimals, of CLDR none
        ("1000", "JPY", "en", "¥1,000"),
        ("1", "BHD", "ur", "BHD~1.000"),
        ("9999999999999999.9999", "INR", "bn", "₹9,99,99,99,99,99,99,999.9999"),  # the most a column holds
        ("5", "XAF", "en", "FCFA~5"),  # of several countries
        ("5", "EUR", "hi", "€5.00"),
    ],
)
def test_every_decimal_is_shown(value: str, currency: str, language: str, shown: str) -> None:
    assert locales.amount(Decimal(value), currency, language) == spaced(shown)


@given(
    st.decimals(min_value=0, max_value="9999999999999999.9999", places=4),
    st.sampled_from([*CURRENCIES, "JPY", "KWD"]),
    st.sampled_from(LANGUAGES),
)
def test_no_digit_of_an_amount_is_lost_or_changed(value: Decimal, currency: str, language: str) -> None:
    shown = locales.ascii_digits(locales.amount(value, currency, language))

    assert re.sub("[^0-9]", "", shown) == format_amount(value, currency).replace(".", "")


@pytest.mark.parametrize(
    ("value", "currency", "plain"),
    [
        ("1234567.5", "INR", "1234567.50"),
        ("1000.00", "BDT", "1000"),
        ("1000", "JPY", "1000"),
        ("0.01", "PKR", "0.01"),
        ("10.1234", "INR", "10.1234"),
    ],
)
def test_an_amount_to_copy_is_plain(value: str, currency: str, plain: str) -> None:
    assert locales.plain_amount(Decimal(value), currency) == plain


@pytest.mark.parametrize(
    ("language", "currency", "shown"),
    [
        ("en", "", "1,234,567"),
        ("en", "INR", "12,34,567"),
        ("hi", "", "12,34,567"),
        ("bn", "", "১২,৩৪,৫৬৭"),
        ("bn", "INR", "12,34,567"),
        ("ur", "", "1,234,567"),
        ("ur", "INR", "1,234,567"),
    ],
)
def test_a_number_is_grouped_in_the_digits_of_its_amounts(language: str, currency: str, shown: str) -> None:
    assert locales.number(1234567, language, currency) == shown


def test_where_a_country_has_several_zones_or_none_it_is_utc() -> None:
    assert locales.moment(AT, "en", "USD") == spaced("November 27, 2026, 5:52_AM (UTC)")
    assert locales.moment(AT, "hi", "EUR") == "27 नवंबर 2026, 5:52 am (UTC)"


@pytest.mark.parametrize(
    ("seconds", "english", "hindi", "bengali", "urdu"),
    [
        (-1, "0 seconds", "0 सेकंड", "০ সেকেন্ড", "0 سیکنڈ"),
        (0, "0 seconds", "0 सेकंड", "০ সেকেন্ড", "0 سیکنڈ"),
        (1, "1 second", "1 सेकंड", "১ সেকেন্ড", "1 سیکنڈ"),
        (59, "59 seconds", "59 सेकंड", "৫৯ সেকেন্ড", "59 سیکنڈ"),
        (119, "1 minute", "1 मिनट", "১ মিনিট", "1 منٹ"),
        (3599, "59 minutes", "59 मिनट", "৫৯ মিনিট", "59 منٹ"),
        (3600, "1 hour", "1 घंटा", "১ ঘণ্টা", "1 گھنٹہ"),
        (3719, "1 hour 1 minute", "1 घंटा 1 मिनट", "১ ঘণ্টা ১ মিনিট", "1 گھنٹہ 1 منٹ"),
        (86399, "23 hours 59 minutes", "23 घंटे 59 मिनट", "২৩ ঘণ্টা ৫৯ মিনিট", "23 گھنٹے 59 منٹ"),
        (86400, "1 day", "1 दिन", "১ দিন", "1 دن"),
        (183599, "2 days 2 hours", "2 दिन 2 घंटे", "২ দিন ২ ঘণ্টা", "2 دن 2 گھنٹے"),
    ],
)
def test_a_duration_has_its_plurals_and_promises_no_time_that_is_not_there(
    seconds: int, english: str, hindi: str, bengali: str, urdu: str
) -> None:
    assert [locales.duration(seconds, language) for language in LANGUAGES] == [english, hindi, bengali, urdu]


def test_a_duration_next_to_an_amount_is_in_its_digits() -> None:
    assert locales.duration(60, "bn", "INR") == "1 মিনিট"
    assert locales.duration(60, "bn", "BDT") == "১ মিনিট"


def test_only_urdu_is_written_from_the_right() -> None:
    assert [locales.direction(language) for language in LANGUAGES] == ["ltr", "ltr", "ltr", "rtl"]


@pytest.mark.parametrize(
    ("typed", "ascii_text"),
    [
        ("123456789012", "123456789012"),
        ("১২৩৪৫৬৭৮৯০", "1234567890"),
        ("१२३४५६७८९०", "1234567890"),
        ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
        ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
        ("９AB８", "9AB8"),
        ("9AB8-cd 7é½²", "9AB8-cd 7é½²"),  # no decimal digits of any script at its end
        ("\u200f\u202a9AB8\u202c\u2066CD\u2069\u200b\ufeff", "9AB8CD"),
        ("", ""),
    ],
)
def test_digits_of_any_script_become_ascii_and_unseen_marks_go(typed: str, ascii_text: str) -> None:
    assert locales.ascii_digits(typed) == ascii_text


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("1000", "1000"),
        ("1,000.50", "1000.50"),
        ("1,00,000", "100000"),
        (" 10 000.5 ", "10000.5"),
        ("১,০০,০০০.৫০", "100000.50"),
        ("۱٬۰۰۰٫۵۰", "1000.50"),
        ("१२,३४,५६७.८९", "1234567.89"),
    ],
)
def test_an_amount_may_be_typed_as_it_is_written(typed: str, wire: str) -> None:
    assert locales.typed_amount(typed) == wire
    assert parse_amount(locales.typed_amount(typed), "INR") == Decimal(wire)


@pytest.mark.parametrize("typed", ["1000,50", "1,50", "1.000,50", "1,0000", "10,00", "₹5", "1e3", "-5", "½", ""])
def test_what_is_not_surely_that_amount_is_left_to_be_refused(typed: str) -> None:
    assert locales.typed_amount(typed) == typed
    with pytest.raises(AmountError):
        parse_amount(locales.typed_amount(typed), "INR")


@given(st.decimals(min_value="0.0001", max_value="99999999", places=4), st.sampled_from(LANGUAGES))
def test_an_amount_typed_as_it_is_shown_is_that_amount(value: Decimal, language: str) -> None:
    shown = locales.amount(value, "INR", language)

    assert Decimal(locales.typed_amount(shown.replace("₹", ""))) == value
