"""Doorbell and sweep of letters: load nothing, call the verb."""

import uuid

from celery import shared_task
from django.utils import timezone

from gateway.after_commit import ring
from gateway.providers.models import not_paused
from postbacks import redaction, settling
from postbacks.models import LetterItem


@shared_task
def settle_letters(account_id: str) -> None:
    """Settle every due item of an account's letters."""
    settling.settle_letters(uuid.UUID(account_id))


@shared_task
def sweep_letters() -> None:
    """Ring for every account with due items: the sweep alone would be enough."""
    due = LetterItem.objects.filter(not_paused(), next_at__lte=timezone.now())
    for account_id in due.order_by().values_list("account", flat=True).distinct():
        ring("postbacks.tasks.settle_letters", str(account_id))


@shared_task
def forget_letters() -> None:
    """Redact letters whose orders are redacted."""
    redaction.forget_letters()
