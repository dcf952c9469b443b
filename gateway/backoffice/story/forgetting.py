"""Notes keep their words as long as their orders have data of their own; afterwards who wrote, and when, stays."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from gateway import ids
from gateway.backoffice.models import Note, StruckNote
from payments.models import Deposit, Receipt, Savings
from payments.states import SUSPENDED
from withdrawals.models import Withdrawal, WithdrawalBatch

log = structlog.get_logger(__name__)

#: Notes looked at together, and how often in one run: those of orders that are not redacted yet are passed over, and
#: must not hide those behind them.
_BATCH: Final = 200
_BATCHES: Final = 20


def forget_notes() -> int:
    """Take away the words of notes that are older than `REDACT_AFTER_DAYS` and whose order is redacted; how many.

    A receipt has what its deposit has; one without, a batch and savings have no account data of their own, and keep
    their notes as long as they are under way.
    """
    before = timezone.now() - timedelta(days=settings.REDACT_AFTER_DAYS)
    old = Note.objects.filter(redacted_at=None, created_at__lt=before).order_by("id")
    redacted, after = 0, Q()
    for _ in range(_BATCHES):
        batch = dict(old.filter(after).values_list("pk", "subject")[:_BATCH])
        if not batch:
            break
        after = Q(pk__gt=max(batch))
        needed = _needed(set(batch.values()))
        redacted += _forget([key for key, subject in batch.items() if subject not in needed])
    if redacted:
        log.info("notes_redacted", count=redacted)
    return redacted


@transaction.atomic(durable=True)
def _forget(notes: Collection[UUID]) -> int:
    StruckNote.objects.filter(note__in=notes).update(reason="")
    return Note.objects.filter(pk__in=notes, redacted_at=None).update(text="", redacted_at=timezone.now())


def _needed(subjects: Collection[str]) -> set[str]:
    """Those of the orders that still have their own data, or are under way."""
    deposits, receipts = _keys(ids.DEPOSIT, subjects), _keys(ids.RECEIPT, subjects)
    under_way = Q(status__in=SUSPENDED) | Q(deposit__isnull=False, deposit__redacted_at=None)
    found = {
        ids.DEPOSIT: Deposit.objects.filter(pk__in=deposits, redacted_at=None),
        ids.RECEIPT: Receipt.objects.filter(under_way, pk__in=receipts),
        ids.WITHDRAWAL: Withdrawal.objects.filter(pk__in=_keys(ids.WITHDRAWAL, subjects), redacted_at=None),
        ids.BATCH: WithdrawalBatch.objects.filter(pk__in=_keys(ids.BATCH, subjects), finished_at=None),
        ids.SAVINGS: Savings.objects.filter(pk__in=_keys(ids.SAVINGS, subjects), saved__gt=0),
    }
    return {ids.encode(prefix, key) for prefix, rows in found.items() for key in rows.values_list("pk", flat=True)}


def _keys(prefix: str, subjects: Iterable[str]) -> list[UUID]:
    return [key for one in subjects if (key := ids.decode(prefix, one)) is not None]
