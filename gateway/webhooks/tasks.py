"""The doors for Celery: one line each."""

import uuid

from celery import shared_task

from gateway.webhooks import deliveries


@shared_task(time_limit=deliveries.TASK_MAX_SECONDS)
def deliver(delivery_id: str) -> None:
    """Make one attempt of a delivery, where it is due."""
    deliveries.attempt(uuid.UUID(delivery_id))


@shared_task
def sweep_deliveries() -> None:
    """Ring for every delivery that is due; alone it would be enough."""
    deliveries.ring_for_due()
