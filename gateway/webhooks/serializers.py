"""What products may send."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gateway.api.fields import StrictSerializer, WordField
from gateway.webhooks.addresses import objection_to
from gateway.webhooks.event_types import EventType
from gateway.webhooks.models import URL_MAX_LENGTH


@extend_schema_field({"type": "string", "format": "uri", "maxLength": URL_MAX_LENGTH})
class EndpointUrlField(serializers.Field):  # type: ignore[type-arg]
    """An address that webhooks may be sent to."""

    default_error_messages = {
        "not_text": "Send a string.",
        "max_length": f"Send at most {URL_MAX_LENGTH} characters.",
    }

    def to_internal_value(self, data: Any) -> str:
        """The address as it was sent; the sentence says what is wrong with it."""
        if not isinstance(data, str):
            self.fail("not_text")
        if len(data) > URL_MAX_LENGTH:
            self.fail("max_length")
        if (objection := objection_to(data)) is not None:
            raise serializers.ValidationError(objection, code="invalid_url")
        return data

    def to_representation(self, value: str) -> str:
        """As it was sent."""
        return value


class NewWebhookEndpointSerializer(StrictSerializer):
    """A new endpoint."""

    url = EndpointUrlField(help_text="An https URL on a public host. Redirects are not followed.")
    event_types = serializers.ListField(
        child=WordField(choices=EventType.choices),
        required=False,
        default=list,
        max_length=len(EventType),
        help_text="What to send; empty: everything, including kinds that are added later.",
    )
