"""Fields that every resource shares. Each refuses with a sentence that says what would be right."""

import re
import unicodedata
from decimal import Decimal
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError as InvalidUrl
from django.core.validators import URLValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import BindingDict

from gateway.products.models import REFERENCE_MAX_LENGTH

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
#: Longest address that browsers and payment pages take without question.
WEB_ADDRESS_MAX_LENGTH: Final = 500
_WEB_ADDRESS: Final = re.compile(r"https?://[^/?#@\\\x00-\x20\x7f-\U0010ffff]+([/?#][\x21-\x5b\x5d-\x7e]*)?", re.ASCII)


def is_plain(text: str) -> bool:
    """True where a text has no control, format (bidi), surrogate, private or unassigned character, nor a line end."""
    if text.isascii():
        return text.isprintable()  # the same answer, and nearly every text
    categories = map(unicodedata.category, text)
    return all(category[0] != "C" and category not in {"Zl", "Zp"} for category in categories)


class PlainTextField(serializers.CharField):
    """Visible text without control or bidi characters and without blanks at its ends."""

    default_error_messages = {
        "not_text": "Send a string.",
        "not_plain": "Send visible characters only: no control, formatting or bidi characters.",
        "blank_ends": "Leave out blanks at the beginning and the end.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The text itself; numbers are not taken for text."""
        if not isinstance(data, str):
            self.fail("not_text")
        if not is_plain(data):
            self.fail("not_plain")
        if data != data.strip():
            self.fail("blank_ends")
        return data


class ReferenceField(PlainTextField):
    """A product's own id for something."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", REFERENCE_MAX_LENGTH)
        super().__init__(**kwargs)


class WordField(serializers.ChoiceField):
    """One of a few words. What was sent instead is not repeated: it may be anything."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.error_messages["invalid_choice"] = f"Send one of {', '.join(map(str, self.choices))}."


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "example": "INR", "description": "ISO 4217 code"})
class CurrencyField(serializers.CharField):
    """Three capital letters."""

    default_error_messages = {"invalid": 'Send an ISO 4217 code such as "INR".'}

    def to_internal_value(self, data: Any) -> str:
        """The code as it was sent; nothing is stripped or made capital."""
        if not isinstance(data, str) or not _CURRENCY.fullmatch(data):
            self.fail("invalid")
        return data


#: For the document; `gateway.money` decides.
AMOUNT_PATTERN: Final = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$"


@extend_schema_field(
    {
        "type": "string",
        "pattern": AMOUNT_PATTERN,
        "example": "1000.00",
        "description": "A decimal string: plain digits, no more decimals than the currency has.",
    }
)
class AmountField(serializers.Field):  # type: ignore[type-arg]
    """An amount as text. The serializer parses it with `gateway.money.parse_amount`, which needs the currency."""

    default_error_messages = {"not_text": 'Send the amount as a string, for example "1000.00".'}

    def to_internal_value(self, data: Any) -> str:
        """The text; its meaning is checked where the currency is known."""
        if not isinstance(data, str):
            self.fail("not_text")
        return str(data)

    def to_representation(self, value: Decimal | str) -> str:
        """Already formatted by the shape."""
        return str(value)


@extend_schema_field({"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,4})?$", "example": "-1000.00"})
class SignedAmountField(serializers.Field):  # type: ignore[type-arg]
    """An amount or a balance that may be below zero, as text; in answers alone."""

    def to_representation(self, value: str) -> str:
        """Already formatted by the shape."""
        return value


@extend_schema_field({"type": "string", "format": "uri", "maxLength": WEB_ADDRESS_MAX_LENGTH})
class WebAddressField(PlainTextField):
    """A web address that a customer's browser is sent to."""

    default_error_messages = {
        "not_web": 'Send an https address in visible ASCII, such as "https://shop.example/paid", without a user name.',
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=WEB_ADDRESS_MAX_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The address as it was sent."""
        text = super().to_internal_value(data)
        # What browsers and servers read in two ways (backslashes, user names) leads customers astray.
        if not _WEB_ADDRESS.fullmatch(text):
            self.fail("not_web")
        try:
            URLValidator(schemes=["https", "http"])(text)
            has_port = urlsplit(text).port != 0  # raises where it is more than a port can be
        except (InvalidUrl, ValueError):
            has_port = False
        if not has_port:
            self.fail("not_web")
        return text


#: Most fields that one problem document names: a body of ten thousand wrong names does not earn ten thousand sentences.
_MAX_UNKNOWN_NAMED: Final = 20

#: Most keys, and longest key and value, of a product's ``metadata``: notes, not a document store.
METADATA_MAX_KEYS, METADATA_MAX_KEY_LENGTH, METADATA_MAX_VALUE_LENGTH = 50, 40, 500


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "maxProperties": METADATA_MAX_KEYS,
        "description": "Your own notes, given back unchanged. They are kept in plain text: no account data here.",
    }
)
class MetadataField(serializers.Field):  # type: ignore[type-arg]
    """A product's own notes on an order: a flat object of strings, given back unchanged."""

    default_error_messages = {
        "not_object": "Send an object of strings.",
        "too_many": f"At most {METADATA_MAX_KEYS} keys.",
        "bad_key": f"Keys have 1 to {METADATA_MAX_KEY_LENGTH} visible characters.",
        "bad_value": f"Values are strings of at most {METADATA_MAX_VALUE_LENGTH} characters without NUL.",
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The object, checked."""
        if not isinstance(data, dict):
            self.fail("not_object")
        if len(data) > METADATA_MAX_KEYS:
            self.fail("too_many")
        errors = {key: [error] for key, value in data.items() if (error := self._objection(key, value)) is not None}
        if errors:
            raise serializers.ValidationError(errors)
        return data

    def _objection(self, key: str, value: Any) -> ErrorDetail | None:
        if not 1 <= len(key) <= METADATA_MAX_KEY_LENGTH or not is_plain(key):
            return ErrorDetail(str(self.error_messages["bad_key"]), code="bad_key")
        if not isinstance(value, str) or len(value) > METADATA_MAX_VALUE_LENGTH or "\0" in value:
            return ErrorDetail(str(self.error_messages["bad_value"]), code="bad_value")
        return None

    def to_representation(self, value: dict[str, str]) -> dict[str, str]:
        """As it was sent."""
        return value


@cache
def _shared_fields(serializer: "type[StrictSerializer]") -> BindingDict:
    return super(StrictSerializer, serializer()).fields


class StrictSerializer(serializers.Serializer[Any]):
    """Input: a field that we do not know is refused by name, not ignored.

    The fields are built once in a process: to copy them for each request was the dearest part of checking it. So they
    are bound to a serializer without data or context, and nobody may change them.
    """

    @property
    def fields(self) -> BindingDict:
        """Every field by name."""
        return _shared_fields(type(self))

    def to_internal_value(self, data: Any) -> Any:
        """The fields, checked, after unknown ones were refused."""
        if isinstance(data, dict) or hasattr(data, "keys"):
            unknown = sorted(set(data.keys()) - set(self.fields))
            if unknown:
                known = ", ".join(sorted(name for name, field in self.fields.items() if not field.read_only))
                raise serializers.ValidationError(
                    {name: [f"There is no such field here. Known: {known}."] for name in unknown[:_MAX_UNKNOWN_NAMED]}
                )
        return super().to_internal_value(data)
