"""What runs by itself: looking at the provider's list of systems, and asking whether a paused account may go on."""

import uuid

from celery import shared_task

from gateway.providers import actions, probing


@shared_task
def observe_systems() -> None:
    """Fetch the list for every account whose last look is old."""
    actions.observe_due_accounts()


@shared_task
def probe_account(account_id: str) -> None:
    """Ask whether a paused account may go on."""
    probing.probe_account(uuid.UUID(account_id))


@shared_task
def sweep_paused_accounts() -> None:
    """Ring for every probe that is due."""
    probing.ring_for_due()
