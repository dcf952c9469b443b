"""What products are shown of their endpoints and events."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from gateway import ids
from gateway.encryption import readable_or
from gateway.products.models import Mode
from gateway.webhooks.event_types import EventType
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint
from gateway.webhooks.states import AttemptOutcome, DeliveryStatus, DisabledReason


class WebhookEndpointShape(serializers.Serializer[Any]):
    """An address that is told."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["webhook_endpoint"])
    url = serializers.URLField()
    event_types = serializers.ListField(
        child=serializers.ChoiceField(choices=EventType.choices), help_text="Empty: all."
    )
    enabled = serializers.BooleanField()
    disabled_reason = serializers.ChoiceField(choices=DisabledReason.choices, allow_null=True)
    disabled_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="First failure since the last success.")
    mode = serializers.ChoiceField(choices=Mode.choices)
    created_at = serializers.DateTimeField()


class WebhookEndpointWithSecretShape(WebhookEndpointShape):
    """An endpoint with its newest secret, in the one answer that shows it."""

    secret = serializers.CharField(help_text="`whsec_…` (Standard Webhooks). Shown this once.")


class EndpointTestShape(serializers.Serializer[Any]):
    """Of which endpoint somebody tries whether it takes what it is told."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["webhook_endpoint"])
    url = serializers.URLField()
    mode = serializers.ChoiceField(choices=Mode.choices)


class EventShape(serializers.Serializer[Any]):
    """Something that happened."""

    id = serializers.CharField(help_text="Also the `webhook-id` of every delivery.")
    object = serializers.ChoiceField(choices=["event"])
    type = serializers.ChoiceField(choices=EventType.choices)
    subject = serializers.CharField(help_text="Id of the object it is about.")
    sequence = serializers.IntegerField(help_text="Counts the moves of that object; deliveries may change places.")
    mode = serializers.ChoiceField(choices=Mode.choices)
    data = serializers.DictField(help_text="The object as it was at that moment.")  # type: ignore[assignment]  # a field
    created_at = serializers.DateTimeField()


class DeliveryAttemptShape(serializers.Serializer[Any]):
    """One attempt to deliver."""

    number = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=AttemptOutcome.choices)
    http_status = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()


class DeliveryShape(serializers.Serializer[Any]):
    """An event on its way to one endpoint."""

    endpoint = serializers.CharField()
    status = serializers.ChoiceField(choices=DeliveryStatus.choices)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    attempts = DeliveryAttemptShape(many=True)


class EventWithDeliveriesShape(EventShape):
    """An event and what became of it at each endpoint."""

    deliveries = DeliveryShape(many=True)


def endpoint_shape(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """The values of `WebhookEndpointShape`."""
    return {
        "id": ids.encode(ids.WEBHOOK_ENDPOINT, endpoint.pk),
        "object": "webhook_endpoint",
        "url": endpoint.url,
        "event_types": endpoint.event_types,
        "enabled": endpoint.is_enabled,
        "disabled_reason": endpoint.disabled_reason or None,
        "disabled_at": _time(endpoint.disabled_at),
        "failing_since": _time(endpoint.failing_since),
        "mode": endpoint.mode,
        "created_at": _time(endpoint.created_at),
    }


def event_shape(event: Event) -> dict[str, Any]:
    """The values of `EventShape`."""
    return {
        "id": ids.encode(ids.EVENT, event.pk),
        "object": "event",
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "mode": event.mode,
        "data": readable_or(event, "data", {}),
        "created_at": _time(event.created_at),
    }


def event_with_deliveries_shape(event: Event) -> dict[str, Any]:
    """The values of `EventWithDeliveriesShape`; deliveries and their attempts in the order they were made."""
    deliveries = sorted(event.deliveries.all(), key=lambda row: row.pk)
    return {**event_shape(event), "deliveries": [_delivery_shape(row) for row in deliveries]}


def _delivery_shape(delivery: Delivery) -> dict[str, Any]:
    return {
        "endpoint": ids.encode(ids.WEBHOOK_ENDPOINT, delivery.endpoint_id),
        "status": delivery.status,
        "next_attempt_at": _time(delivery.next_at),
        "finished_at": _time(delivery.finished_at),
        "attempts": [_attempt_shape(row) for row in sorted(delivery.tries.all(), key=lambda row: row.number)],
    }


def _attempt_shape(made: DeliveryAttempt) -> dict[str, Any]:
    return {
        "number": made.number,
        "outcome": made.outcome,
        "http_status": made.http_status,
        "started_at": _time(made.started_at),
        "duration_ms": made.duration_ms,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
