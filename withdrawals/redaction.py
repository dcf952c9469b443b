"""A withdrawal that ended long ago forgets its recipient: a mask, the amounts, ids and digests stay."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from gateway.encryption import readable_or
from gateway.providers.redaction import forget_calls_about
from gateway.webhooks.redaction import redact_events
from withdrawals.models import Withdrawal
from withdrawals.moves import lock_withdrawal
from withdrawals.shapes import masked_recipient
from withdrawals.states import FINAL

log = structlog.get_logger(__name__)

#: Orders of one run, each in a transaction of its own: some seconds of work. The next run comes in minutes, which
#: makes 80,000 a day.
_FORGOTTEN_AT_ONCE: Final = 300


def forget_recipients() -> int:
    """Redact withdrawals that are final and untouched for `REDACT_AFTER_DAYS`, oldest first; how many."""
    before = timezone.now() - timedelta(days=settings.REDACT_AFTER_DAYS)
    old = _forgettable(before).order_by("updated_at").values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE]
    redacted = sum(_forget(withdrawal_id, before) for withdrawal_id in old)
    if redacted:
        log.info("withdrawals_redacted", count=redacted)
    return redacted


def _forgettable(before: datetime) -> "QuerySet[Withdrawal]":
    # One that contradicts itself waits for a person, who needs everything.
    return Withdrawal.objects.filter(
        status__in=FINAL, redacted_at=None, updated_at__lt=before, next_at=None, contradiction=""
    )


@transaction.atomic(durable=True)
def _forget(withdrawal_id: UUID, before: datetime) -> bool:
    withdrawal = lock_withdrawal(withdrawal_id)
    if not _forgettable(before).filter(pk=withdrawal.pk).exists():
        return False  # somebody touched it meanwhile
    # One that no key opens leaves no mask, and that is all that is lost: its text was to go today. Left as it is, it
    # would be account data again as soon as its key was found.
    recipient: dict[str, str] = readable_or(withdrawal, "recipient", {})
    withdrawal.recipient = masked_recipient(recipient)
    withdrawal.recipient_hashes, withdrawal.comment, withdrawal.body = [], "", b""
    withdrawal.redacted_at = timezone.now()
    withdrawal.save(update_fields=["recipient", "recipient_hashes", "comment", "body", "redacted_at"])
    forget_calls_about([withdrawal.public_id])
    redact_events(withdrawal.public_id, _without_words)
    return True


def _without_words(data: dict[str, Any]) -> dict[str, Any]:
    """The recipient was masked when it was told; the comment may name anybody."""
    return {**data, "comment": ""} if "comment" in data else data
