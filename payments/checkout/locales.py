"""Amounts, numbers, times and digits as the reader of a page writes them (CLDR, by Babel).

The locale is that of the page's language in the country of the currency: Bengali with taka is written as in Bangladesh
(Bengali digits), with rupees as in India (Latin digits), English with rupees in lakhs. Where CLDR knows no such locale,
Hindi with Kenyan shillings for one, it is that of the language alone; of English the world's, whose days come first.

Languages are ``en``, ``hi``, ``bn`` and ``ur``, currencies codes of ISO 4217. What comes out is text for people: never
parse it, never send it to anybody but the reader.
"""

import re
import unicodedata
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel import Locale, dates, localedata, numbers, units
from babel.core import get_global

from gateway.money import format_amount

_UTC: Final = ZoneInfo("UTC")
_NO_BREAK_SPACE: Final = "\u00a0"

#: The zero of each numbering system of CLDR that our locales write in; its other digits follow it in Unicode.
_ZEROS: Final = {"latn": "0", "beng": "\u09e6"}

#: A country's time. Of Hindi and Urdu CLDR has "India" and "time" side by side, as nobody says it.
_TIMES: Final = {"hi": "{} का समय", "ur": "{} کا وقت"}

#: Seconds of each unit that a duration is told in.
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))

#: Groups of three digits, or of two before the last three, as people and wallets write thousands and lakhs.
_GROUPED: Final = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3})(?:\.[0-9]*)?", re.ASCII)


def amount(value: Decimal, currency: str, language: str) -> str:
    """An amount with its currency, on one line: ``₹1,00,000.00``, ``KES 1,000.00``.

    All decimals of the currency are there, and more where the provider sent a finer amount; nothing is rounded.
    """
    locale = _locale(language, currency)
    pattern = numbers.parse_pattern(_pattern(locale, currency))
    decimals = len(format_amount(value, currency).partition(".")[2])
    pattern.frac_prec = (decimals, decimals)
    text = pattern.apply(
        value,
        locale,
        currency=currency,
        currency_digits=False,  # CLDR has no decimals for some currencies that ISO 4217 gives two, kyats for one
        decimal_quantization=False,
    )
    return _in_digits_of(locale, text)


def plain_amount(value: Decimal, currency: str) -> str:
    """The amount to copy into a wallet: ASCII digits, a point, no groups, no currency.

    A whole amount has no decimals: the fields of some wallets take digits only.
    """
    whole, _, fraction = format_amount(value, currency).partition(".")
    return f"{whole}.{fraction}" if fraction.strip("0") else whole


def number(value: int | Decimal, language: str, currency: str = "") -> str:
    """A plain number, grouped; with a currency, in the digits in which its amounts are written."""
    locale = _locale(language, currency)
    text = numbers.format_decimal(value, locale=locale, decimal_quantization=False)
    return _in_digits_of(locale, text)


def digits(language: str, currency: str) -> str:
    """The digits from 0 to 9 in which amounts of the currency are written, for all numbers of a page."""
    return _in_digits_of(_locale(language, currency), "0123456789")


def moment(at: datetime, language: str, currency: str) -> str:
    """Date and time of the currency's country, with the zone's name: ``27 November 2026, 11:22 AM (India Time)``.

    In UTC where the country is not known, or has several zones.
    """
    locale = _locale(language, currency)
    zone = _zone(currency)
    date = dates.format_date(at.astimezone(zone), "long", locale)
    time = dates.format_time(at, "short", tzinfo=zone, locale=locale)
    both = str(locale.datetime_formats["long"]).replace("{1}", date).replace("{0}", time)
    # Of the language alone: some countries' data call every time one of summer.
    own = Locale(language)
    if zone is _UTC:
        name = "UTC"
    elif language in _TIMES:
        name = _TIMES[language].format(own.territories[_country(currency)])
    else:
        name = dates.get_timezone_location(zone, own)
    return _in_digits_of(locale, f"{both} ({name})")


def duration(seconds: int, language: str, currency: str = "") -> str:
    """How long it is, in one unit or two: ``2 days 3 hours``, ``23 hours 59 minutes``, ``14 minutes``, ``45 seconds``.

    Rounded down, so that nobody is promised time that is not there; what is over is ``0 seconds``. With a currency, in
    the digits in which its amounts are written.
    """
    left = max(seconds, 0)
    at = next((place for place, (_, size) in enumerate(_UNITS) if left >= size), len(_UNITS) - 1)
    unit, size = _UNITS[at]
    parts = [(left // size, unit)]
    if unit in {"day", "hour"}:  # next to minutes seconds would only make people hurry
        smaller, smaller_size = _UNITS[at + 1]
        parts.append((left % size // smaller_size, smaller))
    locale = _locale(language, currency)
    told = [units.format_unit(count, f"duration-{name}", "long", locale=locale) for count, name in parts if count]
    return _in_digits_of(
        locale, " ".join(told) if told else units.format_unit(0, "duration-second", "long", locale=locale)
    )


def direction(language: str) -> Literal["ltr", "rtl"]:
    """The value of ``dir`` of a page."""
    return "rtl" if Locale(language).character_order == "right-to-left" else "ltr"


def ascii_digits(text: str) -> str:
    """What a customer typed, with every decimal digit of any script as an ASCII one.

    Characters that nobody sees (marks of direction, joiners, spaces of no width) are dropped: they come along with what
    is copied from a message. All others stay.
    """
    return "".join(str(unicodedata.decimal(one, one)) for one in text if unicodedata.category(one) != "Cf")


def typed_amount(text: str) -> str:
    """An amount as a customer types it, ready for `gateway.money.parse_amount`: ``1,00,000.50`` is ``100000.50``.

    Commas are dropped only where they stand as people group digits. ``1000,50`` stays as it is, to be refused: taken
    for groups it would be a hundred times the amount.
    """
    plain = ascii_digits(text).replace("\u066c", ",").replace("\u066b", ".")  # the Arabic signs for groups and decimals
    plain = "".join(plain.split())
    return plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain


@cache
def _locale(language: str, currency: str) -> Locale:
    name = f"{language}_{_country(currency)}"
    if localedata.exists(name):
        return Locale.parse(name)
    return Locale.parse("en_001" if language == "en" else language)


def _country(currency: str) -> str:
    """ISO 4217 begins a national currency with its country's code of ISO 3166; X begins those of no country."""
    return currency[:2] if not currency.startswith("X") else ""


def _numbering(locale: Locale) -> str:
    """CLDR's, but Urdu has Latin digits in India, too, as in Pakistan and in every UPI app: its own zero is a dot."""
    return "latn" if locale.language == "ur" else str(locale.default_numbering_system)


@cache
def _zone(currency: str) -> ZoneInfo:
    zones = get_global("territory_zones").get(_country(currency), [])
    return ZoneInfo(zones[0]) if len(zones) == 1 else _UTC


@cache
def _pattern(locale: Locale, currency: str) -> str:
    """CLDR's pattern with CLDR's ``currencySpacing``: a space where digits meet a letter of the currency."""
    pattern = str(locale.currency_formats["standard"].pattern)
    symbol = numbers.get_currency_symbol(currency, locale)
    if pattern.startswith("¤#") and not _is_sign(symbol[-1]):
        return pattern.replace("¤", f"¤{_NO_BREAK_SPACE}")
    if pattern.endswith("0¤") and not _is_sign(symbol[0]):
        return pattern.replace("¤", f"{_NO_BREAK_SPACE}¤")
    return pattern


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "SZ"  # symbols and separators


def _in_digits_of(locale: Locale, text: str) -> str:
    """Babel writes ASCII digits, and the signs between them that go with those; Bengali ones have the same."""
    zero = ord(_ZEROS[_numbering(locale)])
    return text.translate({ord("0") + digit: zero + digit for digit in range(10)})
