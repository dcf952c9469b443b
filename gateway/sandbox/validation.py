"""Checks in the manner of the provider's framework: all complaints at once, each under its field (ERR-2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

# C§1.5: the narrower of the two lengths that the pages print.
CUSTOM_ID_MAX_CHARS: Final = 64
TEXT_MAX_CHARS: Final = 190

# An ISO 4217 code.
CURRENCY_CHARS: Final = 3

# A plain decimal number, so that no exponent or underscore is taken for money.
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?", re.ASCII)

# Half of a surrogate pair is JSON but no text that can be written again.
_HALF_PAIR: Final = re.compile(r"[\ud800-\udfff]")


class Complaints:
    """Reads fields and collects what is wrong with them."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self.messages: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self.messages)

    def add(self, field: str, text: str) -> None:
        """Complain about a field."""
        self.messages.setdefault(field, []).append(text)

    def value(self, field: str) -> Any:
        """A field's value, by a dotted path; None where it is missing or empty."""
        found: Any = self._fields
        for name in field.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return None if found == "" else found

    def text(self, field: str, max_chars: int = TEXT_MAX_CHARS, *, is_required: bool = True) -> str:
        """A string of 1 to `max_chars`; empty, with a complaint unless it may be missing, otherwise."""
        value = self.value(field)
        if value is None:
            if is_required:
                self.add(field, f"The {_spoken(field)} field is required.")
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or _HALF_PAIR.search(value):
            self.add(field, f"The {_spoken(field)} must be a string.")
            return ""
        if len(value) > max_chars:
            self.add(field, f"The {_spoken(field)} may not be greater than {max_chars} characters.")
            return ""
        return value

    def amount(self, field: str, *, is_required: bool) -> Decimal | None:
        """A positive number, as a JSON number or as digits in a string."""
        value = self.value(field)
        if value is None:
            if is_required:
                self.add(field, f"The {_spoken(field)} field is required.")
            return None
        number = None if isinstance(value, bool) else _decimal(value)
        if number is None or number <= 0:
            self.add(field, f"The {_spoken(field)} must be a number.")
            return None
        return number

    def shape(self, field: str, pattern: re.Pattern[str]) -> str:
        """A required string of a certain form."""
        value = self.text(field)
        if value and not pattern.fullmatch(value):
            self.add(field, f"The {_spoken(field)} format is invalid.")
        return value

    def between(self, field: str, amount: Decimal, minimum: Decimal, maximum: Decimal) -> None:
        """An amount within bounds."""
        if amount < minimum:
            self.add(field, f"The {_spoken(field)} must be at least {minimum}.")
        elif amount > maximum:
            self.add(field, f"The {_spoken(field)} may not be greater than {maximum}.")


def _spoken(field: str) -> str:
    return field.replace("_", " ")


def _decimal(value: Any) -> Decimal | None:
    text = f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else str(value)
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
