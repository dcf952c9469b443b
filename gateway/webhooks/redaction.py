"""What products were told of an order loses its personal parts together with the order."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from gateway.encryption import readable_or
from gateway.webhooks.models import DeliveryAttempt, Event


@transaction.atomic(savepoint=False)
def redact_events(subject: str, redacted: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Rewrite the data of every event of an object, and forget what its receivers answered.

    Args:
        subject: TypeID of the object.
        redacted: makes of an event's data what may stay of it.
    """
    for event in Event.objects.filter(subject=subject).order_by("sequence"):
        Event.objects.filter(pk=event.pk).update(data=redacted(readable_or(event, "data", {})))
    DeliveryAttempt.objects.filter(delivery__event__subject=subject).update(answer=b"")
