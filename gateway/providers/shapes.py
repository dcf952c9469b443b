"""How payment systems and hashed return addresses are shown to integrators."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from gateway import patterns
from gateway.api.fields import AmountField
from gateway.api.order_fields import DIALECT, json_schema
from gateway.money import amount_pattern, exponent, format_amount
from gateway.providers.models import Flow, PaymentSystem, RedirectKind, ScreenshotWish
from gateway.providers.redirect_hashes import Hashed, WayBack


class ReferenceFormatShape(serializers.Serializer[Any]):
    """What a bank's reference looks like."""

    pattern = serializers.CharField(help_text="Regular expression of the whole, normalised reference; may be empty.")
    example = serializers.CharField()


class LimitsShape(serializers.Serializer[Any]):
    """The least and the most, where they are known."""

    minimum = AmountField(allow_null=True)
    maximum = AmountField(allow_null=True)


class MediaShape(serializers.Serializer[Any]):
    """A picture or film of the provider that shows how to pay."""

    url = serializers.URLField()


class PaymentSystemShape(serializers.Serializer[Any]):
    """A payment system in one direction."""

    id = serializers.CharField(help_text="What `payment_system` of an order takes.")
    object = serializers.ChoiceField(choices=["payment_system"])
    name = serializers.CharField()
    direction = serializers.ChoiceField(choices=["deposit", "withdrawal"])
    currencies = serializers.ListField(child=serializers.CharField())
    flow = serializers.ChoiceField(choices=Flow.choices, allow_null=True, help_text="Of deposits.")
    limits = LimitsShape()
    reference_format = ReferenceFormatShape(allow_null=True, help_text="Of a confirmation's provider_reference.")
    requires_amount = serializers.BooleanField(help_text="A confirmation carries the amount.")
    screenshot = serializers.ChoiceField(choices=ScreenshotWish.choices)
    details_schema = serializers.DictField(help_text="JSON Schema of a deposit's `details`.", allow_null=True)
    confirmation_schema = serializers.DictField(
        help_text="JSON Schema of a confirmation: what is sent where nothing has to be normalised.", allow_null=True
    )
    recipient_schema = serializers.DictField(help_text="JSON Schema of a withdrawal's `recipient`.", allow_null=True)
    logo = serializers.CharField(allow_null=True)
    media = MediaShape(
        many=True, allow_null=True, help_text="Pictures or films that show how to pay; null where there are none."
    )


class PaymentSystemListShape(serializers.Serializer[Any]):
    """Every payment system that fits the question."""

    object = serializers.ChoiceField(choices=["list"])
    data = PaymentSystemShape(many=True)  # type: ignore[assignment]  # a field of that name
    as_of = serializers.DateTimeField(help_text="When the provider was last heard on this.", allow_null=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        choices=["provider", "catalogue"], help_text="catalogue: the provider could not be asked just now."
    )


class RedirectHashShape(serializers.Serializer[Any]):
    """A return address as the widget takes it."""

    url = serializers.CharField(help_text="As it was sent.")
    hash = serializers.CharField(help_text="64 characters: `success_url`, `fail_url` or `pending_url` of the widget.")
    expires_at = serializers.DateTimeField(help_text="Ask again before then; a hash that is in use is renewed early.")


class RedirectHashesShape(serializers.Serializer[Any]):
    """Hashes of return addresses, each list in the order of the addresses."""

    object = serializers.ChoiceField(choices=["redirect_hashes"])
    success = RedirectHashShape(many=True)
    failure = RedirectHashShape(many=True)
    pending = RedirectHashShape(many=True)


def redirect_hashes_shape(ways: Mapping[RedirectKind, Sequence[WayBack]], hashed: Hashed) -> dict[str, Any]:
    """The values of `RedirectHashesShape`; every way back has its row."""
    return {
        "object": "redirect_hashes",
        **{
            kind.value: [
                {
                    "url": way.url,
                    "hash": hashed.rows[way].hash,
                    "expires_at": hashed.rows[way].expires_at.isoformat(),
                }
                for way in ways[kind]
            ]
            for kind in RedirectKind
        },
    }


def payment_system_shape(
    system: PaymentSystem, direction: str, logo: str | None, media: list[dict[str, str]] | None
) -> dict[str, Any]:
    """The values of `PaymentSystemShape`."""
    is_deposit = direction == "deposit"
    confirms = is_deposit and system.flow == Flow.ACTIVATION
    currency = system.currencies[0]
    least, most = (
        (system.deposit_minimum, system.deposit_maximum)
        if is_deposit
        else (system.withdrawal_minimum, system.withdrawal_maximum)
    )
    return {
        "id": system.code,
        "object": "payment_system",
        "name": system.name,
        "direction": direction,
        "currencies": system.currencies,
        "flow": system.flow if is_deposit else None,
        "limits": {
            "minimum": None if least is None else format_amount(least, currency),
            "maximum": None if most is None else format_amount(most, currency),
        },
        "reference_format": (
            {"pattern": system.reference_pattern, "example": system.reference_example} if confirms else None
        ),
        "requires_amount": confirms and system.wants_amount,
        "screenshot": system.screenshot if confirms else ScreenshotWish.NEVER,
        "details_schema": json_schema(system.detail_fields) if is_deposit else None,
        "confirmation_schema": _confirmation_schema(system) if confirms else None,
        "recipient_schema": None if is_deposit else json_schema(system.recipient_fields),
        "logo": logo or None,
        "media": media if is_deposit else None,
    }


def _confirmation_schema(system: PaymentSystem) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "provider_reference": {
            "type": "string",
            "title": f"{system.name} reference",
            "pattern": patterns.for_schema(system.reference_format),
            "maxLength": patterns.longest(system.reference_format),
            "examples": [system.reference_example] if system.reference_example else [],
        },
        "amount": {
            "type": "string",
            "title": "Amount that was paid",
            "pattern": amount_pattern(system.currencies),
            "examples": ["1000" if exponent(system.currencies[0]) == 0 else "1000.00"],
        },
    }
    if system.screenshot != ScreenshotWish.NEVER:
        properties["screenshot"] = {
            "title": "Picture of the payment",
            "description": "A file (JPEG, PNG or WebP) of a multipart/form-data request.",
        }
    required = ["provider_reference"]
    required += ["amount"] if system.wants_amount else []
    required += ["screenshot"] if system.screenshot == ScreenshotWish.REQUIRED else []
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
