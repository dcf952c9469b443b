"""What deposits and withdrawals check alike: the system, its currency, its limits, its extra fields."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from gateway import patterns
from gateway.api import formats
from gateway.api.fields import is_plain
from gateway.money import AmountError, format_amount, parse_amount

#: Of JSON Schema; the one that OpenAPI 3.1 is made of.
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def checked_amount(text: str, currency: str, name: str = "amount") -> Decimal:
    """The amount of a currency, or a ValidationError at its field."""
    try:
        return parse_amount(text, currency)
    except AmountError as error:
        raise serializers.ValidationError({name: [str(error)]}) from None


def check_limits(amount: Decimal, currency: str, *, minimum: Decimal | None, maximum: Decimal | None) -> None:
    """Refuse an amount outside of the system's limits."""
    if minimum is not None and amount < minimum:
        sentence = f"The least is {format_amount(minimum, currency)} {currency}."
        raise serializers.ValidationError({"amount": [ErrorDetail(sentence, code="amount_below_minimum")]})
    if maximum is not None and amount > maximum:
        sentence = f"The most is {format_amount(maximum, currency)} {currency}."
        raise serializers.ValidationError({"amount": [ErrorDetail(sentence, code="amount_above_maximum")]})


def checked_fields(values: Any, fields: list[Mapping[str, Any]], name: str) -> dict[str, str]:
    """The extra fields that a system wants, each against its pattern; unknown ones are refused.

    Args:
        values: what the caller sent.
        fields: rows of `gateway.providers.detail_fields.DetailField`.
        name: the member that holds them, for the error's pointer.
    """
    if not isinstance(values, dict):
        raise serializers.ValidationError({name: ["Send an object of strings."]})
    known = {field["name"]: field for field in fields}
    errors: dict[str, list[str]] = {}
    for key in sorted(set(values) - set(known)):
        errors[key] = [f"This system has no such field. Known: {', '.join(sorted(known)) or 'none'}."]
    for key, field in known.items():
        if key in values:
            objection = _objection(values[key], field)
        else:
            objection = f'{field["title"]} is missing, for example "{field["example"]}".' if field["required"] else None
        if objection is not None:
            errors[key] = [objection]
    if errors:
        raise serializers.ValidationError({name: errors})
    return dict(values)


def _objection(value: Any, field: Mapping[str, Any]) -> str | None:
    # Blanks at the ends are cut off by the provider (C§0), perhaps before it checks the signature.
    is_text = isinstance(value, str) and is_plain(value) and value == value.strip()
    if not is_text or len(value) > patterns.TEXT_MAX_CHARS:
        return f'Send {field["title"]} as a string such as "{field["example"]}".'
    # Before the pattern, since it knows better what is wrong. A row of an older installation has no format.
    wrong = formats.objection(value, field.get("format", ""))
    if wrong is None and not patterns.fits(field["pattern"], value):
        wrong = f'Send {field["title"]} as a string such as "{field["example"]}".'
    return wrong


def json_schema(fields: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The same fields as JSON Schema, for integrators."""
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": {field["name"]: _property(field) for field in fields},
        "required": [field["name"] for field in fields if field["required"]],
        "additionalProperties": False,
    }


def _property(field: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "type": "string",
        "title": field["title"],
        "pattern": patterns.for_schema(field["pattern"]),
        "maxLength": patterns.longest(field["pattern"]),
        "examples": [field["example"]],
    }
    return {**shown, "format": field["format"]} if field.get("format") else shown
