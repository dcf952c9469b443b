"""What runs by itself: looking at the provider's list of payment systems, forgetting old evidence."""

from celery import shared_task

from gateway.providers import actions, redaction


@shared_task
def observe_systems() -> None:
    """Fetch the list for every account whose last look is old."""
    actions.observe_due_accounts()


@shared_task
def forget_calls() -> None:
    """Redact old calls that are about no order."""
    redaction.forget_old_calls()
