"""Doors for Celery: one line each."""

from celery import shared_task

from balances import snapshots


@shared_task
def take_snapshots() -> None:
    """Count the accounts on which much was posted."""
    snapshots.take_snapshots()
