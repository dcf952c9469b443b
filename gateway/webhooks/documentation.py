"""How the OpenAPI document describes what a product's endpoint receives."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiResponse, OpenApiWebhook, extend_schema, inline_serializer
from rest_framework import serializers

from gateway.webhooks.event_types import EventType
from gateway.webhooks.shapes import EndpointTestShape

_DESCRIPTION: Final = """Signed by Standard Webhooks, in three headers:

- `webhook-id`: id of the event; the same in every attempt, so that you can tell repetitions.
- `webhook-timestamp`: Unix time of the attempt, in seconds; refuse what is older than five minutes.
- `webhook-signature`: `v1,` and the Base64 HMAC-SHA256 of `id.timestamp.body`; one for each live secret.

Any 2xx answer ends the delivery; 410 disables the endpoint; everything else is tried again for four days."""


def webhook_about(kind: str, shape: type[serializers.Serializer[Any]]) -> OpenApiWebhook:
    """The webhook with news of one kind of object.

    Args:
        kind: the word before the dot of its event types.
        shape: what ``data`` holds.
    """
    types = [one for one in EventType.values if one.startswith(f"{kind}.")]
    envelope = inline_serializer(
        name=f"{kind.capitalize()}News",
        fields={
            "id": serializers.CharField(),
            "type": serializers.ChoiceField(choices=types),
            "timestamp": serializers.DateTimeField(),
            "mode": serializers.ChoiceField(choices=["live", "test"]),
            "sequence": serializers.IntegerField(help_text="A greater one is newer; it may skip."),
            "data": shape(),
        },
    )
    return OpenApiWebhook(
        name=kind,
        decorator=extend_schema(
            summary=f"News of a {kind}",
            description=_DESCRIPTION,
            tags=["webhooks"],
            request={"application/json": envelope},
            responses={204: OpenApiResponse(description="Taken.")},
        ),
    )


endpoint_webhook = webhook_about("webhook_endpoint", EndpointTestShape)
