"""What runs by itself: looking at the provider's systems and balances, renewing hashes, probing, forgetting."""

import uuid

from celery import shared_task

from gateway.providers import actions, balances, media_copies, probing, redaction, redirect_hashes


@shared_task
def observe_systems() -> None:
    """Fetch the list for every account whose last look is old."""
    actions.observe_due_accounts()


@shared_task
def observe_balances() -> None:
    """Ask every account for its balances whose last question is old."""
    balances.observe_due_balances()


@shared_task
def fetch_media() -> None:
    """Fetch pictures and films of the provider that are due."""
    media_copies.fetch_due()


@shared_task
def sweep_media() -> None:
    """Take in which files the provider names now, and ring for whatever is due."""
    media_copies.follow_words()


@shared_task
def sweep_redirect_hashes() -> None:
    """Renew the hashes of return addresses whose day is nearly over."""
    redirect_hashes.renew_due_hashes()


@shared_task
def probe_account(account_id: str) -> None:
    """Ask whether a paused account may go on."""
    probing.probe_account(uuid.UUID(account_id))


@shared_task
def sweep_paused_accounts() -> None:
    """Ring for every probe that is due."""
    probing.ring_for_due()


@shared_task
def forget_calls() -> None:
    """Redact old calls that are about no order."""
    redaction.forget_old_calls()
