"""Doors for Celery: one line each."""

from celery import shared_task

from balances import instructions, snapshots


@shared_task
def take_snapshots() -> None:
    """Count the accounts on which much was posted."""
    snapshots.take_snapshots()


@shared_task
def end_undecided() -> None:
    """End the instructions that nobody decided in time."""
    instructions.expire_undecided()
