"""What deposits and withdrawals check alike: the system, its currency, its limits, its extra fields."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from gateway.api.fields import is_plain
from gateway.money import AmountError, format_amount, parse_amount


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
        fields: rows of `gateway.providers.catalogue.DetailField`.
        name: the member that holds them, for the error's pointer.
    """
    if not isinstance(values, dict):
        raise serializers.ValidationError({name: ["Send an object of strings."]})
    known = {field["name"]: field for field in fields}
    errors: dict[str, list[str]] = {}
    for key in sorted(set(values) - set(known)):
        errors[key] = [f"This system has no such field. Known: {', '.join(sorted(known)) or 'none'}."]
    for key, field in known.items():
        value = values.get(key)
        if value is None:
            if field["required"]:
                errors[key] = [f'{field["title"]} is missing, for example "{field["example"]}".']
        elif not isinstance(value, str) or not _fits(value, field["pattern"]):
            errors[key] = [f'Send {field["title"]} as a string such as "{field["example"]}".']
    if errors:
        raise serializers.ValidationError({name: errors})
    return {key: value for key, value in values.items() if value is not None}


def _fits(value: str, pattern: str) -> bool:
    # Blanks at the ends are cut off by the provider (C§0), perhaps before it checks the signature.
    return is_plain(value) and value == value.strip() and re.fullmatch(pattern, value, re.ASCII) is not None


def json_schema(fields: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The same fields as JSON Schema, for integrators."""
    return {
        "type": "object",
        "properties": {
            field["name"]: {
                "type": "string",
                "title": field["title"],
                "pattern": f"^{field['pattern']}$",
                "examples": [field["example"]],
            }
            for field in fields
        },
        "required": [field["name"] for field in fields if field["required"]],
        "additionalProperties": False,
    }
