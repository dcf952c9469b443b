"""Snapshots keep accounts without a live balance quick to read: beat counts what has piled up since the last one."""

from datetime import timedelta
from typing import Final

import structlog
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from balances.guards import SNAPSHOT_MARGIN_SECONDS
from balances.kinds import LIVE
from balances.models import Account, Entry, Snapshot

log = structlog.get_logger(__name__)

#: Entries that pile up before an account is counted anew: summing that many takes less than a millisecond.
TAIL_ENTRIES: Final = 1_000


def take_snapshots() -> int:
    """Count every account that has piled up `TAIL_ENTRIES` or more; gives how many were counted."""
    settled = timezone.now() - timedelta(seconds=SNAPSHOT_MARGIN_SECONDS)
    taken = 0
    for account in Account.objects.exclude(kind__in=LIVE).only("id", "covered_until").iterator():
        tail = Entry.objects.filter(account=account.pk, created_at__lt=settled)
        if account.covered_until is not None:
            tail = tail.filter(created_at__gte=account.covered_until)
        if len(tail.values("id")[:TAIL_ENTRIES]) == TAIL_ENTRIES:
            taken += _take(account)
    return taken


def _take(account: Account) -> int:
    now = timezone.now()
    try:
        with transaction.atomic(durable=True):
            # The database fills in the figures.
            Snapshot(account=account, covered_until=now, created_at=now, balance=0).save(force_insert=True)
    except IntegrityError:
        return 0  # another one was quicker
    except DataError:
        # Its sum fits no column. It goes on being summed as a whole, and the other accounts are counted all the same.
        log.exception("snapshot_has_no_room", account=str(account.pk))
        return 0
    return 1
