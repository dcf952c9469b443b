"""A deposit that ended long ago forgets its payer: what was entered, shown and uploaded. Money and digests stay."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from gateway import due_work
from gateway.providers.redaction import forget_calls_about
from gateway.webhooks.redaction import redact_events
from payments.models import CheckoutSession, Confirmation, Deposit, Receipt, Screenshot
from payments.states import FINAL, OPEN_CONFIRMATIONS, ReceiptStatus

log = structlog.get_logger(__name__)

#: Orders of one run, each in a transaction of its own: some seconds of work. The next run comes in minutes, which
#: makes 80,000 a day.
_BATCH: Final = 300


def forget_payers() -> int:
    """Redact deposits that are final and untouched for `REDACT_AFTER_DAYS`, oldest first; how many."""
    before = timezone.now() - timedelta(days=settings.REDACT_AFTER_DAYS)
    old = _forgettable(before).order_by("updated_at").values_list("pk", flat=True)[:_BATCH]
    redacted = sum(_forget(deposit_id, before) for deposit_id in old)
    if redacted:
        log.info("deposits_redacted", count=redacted)
    return redacted


def _forgettable(before: datetime) -> "QuerySet[Deposit]":
    mine = {"deposit": OuterRef("pk")}
    # A late reference does not move its deposit, and money in review waits for a person: both still need everything.
    alive = Confirmation.objects.filter(Q(status__in=OPEN_CONFIRMATIONS) | Q(updated_at__gte=before), **mine)
    in_review = Receipt.objects.filter(status=ReceiptStatus.IN_REVIEW, **mine)
    return Deposit.objects.filter(
        ~Exists(alive), ~Exists(in_review), status__in=FINAL, redacted_at=None, updated_at__lt=before, next_at=None
    )


@transaction.atomic(durable=True)
def _forget(deposit_id: UUID, before: datetime) -> bool:
    deposit: Deposit = due_work.lock(Deposit.objects.all(), deposit_id)
    if not _forgettable(before).filter(pk=deposit.pk).exists():
        return False  # somebody touched it meanwhile
    deposit.details, deposit.shown, deposit.return_urls = {}, None, {}
    deposit.redacted_at = timezone.now()
    deposit.save(update_fields=["details", "shown", "return_urls", "redacted_at"])
    Screenshot.objects.filter(confirmation__deposit=deposit).update(picture=b"", look="")
    confirmations = Confirmation.objects.filter(deposit=deposit).only("pk")
    forget_calls_about([deposit.public_id, *(one.public_id for one in confirmations)])
    redact_events(deposit.public_id, _without_details)
    return True


def forget_links() -> int:
    """Take the links of checkout sessions away that ended `REDACT_AFTER_DAYS` ago, after their deposits; how many."""
    before = timezone.now() - timedelta(days=settings.REDACT_AFTER_DAYS)
    remembered = Deposit.objects.filter(checkout_session=OuterRef("pk"), redacted_at=None)
    old = CheckoutSession.objects.filter(~Exists(remembered), redacted_at=None, expires_at__lt=before)
    chosen = old.order_by("expires_at").values("pk")[:_BATCH]
    taken = CheckoutSession.objects.filter(pk__in=chosen).update(
        token=None, return_secret=None, return_urls={}, redacted_at=timezone.now()
    )
    if taken:
        log.info("checkout_links_redacted", count=taken)
    return taken


def _without_details(data: dict[str, Any]) -> dict[str, Any]:
    """What to do next is over: only its kind stays, without addresses, accounts and messages."""
    return {**data, "next_action": {"type": data["next_action"]["type"]}} if "next_action" in data else data
