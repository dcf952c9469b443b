"""Doors for Celery: one line each."""

from celery import shared_task

from gateway.backoffice import counting


@shared_task
def count_figures() -> None:
    """Count what the first page shows."""
    counting.count_figures()
