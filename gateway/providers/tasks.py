"""What runs by itself: looking at the provider's list of payment systems."""

from celery import shared_task

from gateway.providers import actions


@shared_task
def observe_systems() -> None:
    """Fetch the list for every account whose last look is old."""
    actions.observe_due_accounts()
