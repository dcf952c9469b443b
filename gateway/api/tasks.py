"""What runs by itself: forgetting idempotency keys that are older than promised."""

from celery import shared_task

from gateway.api import idempotency


@shared_task
def forget_old_keys() -> None:
    """Delete expired keys."""
    idempotency.forget_old_keys()
