"""Doors for Celery: one line each."""

from celery import shared_task

from gateway.backoffice import counting_figures


@shared_task
def count_figures() -> None:
    """Count what the first page shows."""
    counting_figures.count_figures()
