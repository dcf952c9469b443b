"""Letters are evidence as long as their orders are; afterwards their digest and what was read of them is enough."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from gateway import ids
from payments.models import Confirmation, Deposit
from postbacks.models import Letter, LetterItem, RejectedLetter
from withdrawals.models import Withdrawal

#: Letters looked at together, and how often in one run: letters of orders that are not redacted yet are passed over,
#: and must not hide those behind them.
_BATCH: Final = 200
_BATCHES: Final = 20


def forget_letters() -> int:
    """Redact old letters whose orders are redacted or unknown, oldest first; how many. Old samples are deleted."""
    before = timezone.now() - timedelta(days=settings.REDACT_AFTER_DAYS)
    RejectedLetter.objects.filter(received_at__lt=before).delete()
    unsettled = LetterItem.objects.filter(letter=OuterRef("pk"), next_at__isnull=False)
    old = Letter.objects.filter(~Exists(unsettled), redacted_at=None, last_received_at__lt=before)
    redacted, after = 0, Q()
    for _ in range(_BATCHES):
        batch = list(
            old.filter(after).order_by("last_received_at", "pk").values_list("pk", "last_received_at")[:_BATCH]
        )
        if not batch:
            break
        last_pk, last_at = batch[-1]
        after = Q(last_received_at__gt=last_at) | Q(last_received_at=last_at, pk__gt=last_pk)
        letters = {pk for pk, _ in batch} - _needed(pk for pk, _ in batch)
        # A copy that comes at this moment makes the letter young again, and it keeps its body.
        redacted += old.filter(pk__in=letters).update(body=b"", redacted_at=timezone.now())
    return redacted


def _needed(letters: Iterable[UUID]) -> set[UUID]:
    """Those of the letters that speak of an order which still has its own data."""
    items = list(LetterItem.objects.filter(letter__in=list(letters)).values_list("letter", "order_id"))
    payouts = {order_id: ids.decode(ids.WITHDRAWAL, order_id) for _, order_id in items}
    deposits = {order_id: ids.decode(ids.DEPOSIT, order_id) for _, order_id in items}
    confirmations = {order_id: ids.decode(ids.CONFIRMATION, order_id) for _, order_id in items}
    alive = {
        *Withdrawal.objects.filter(pk__in=_known(payouts), redacted_at=None).values_list("pk", flat=True),
        *Deposit.objects.filter(pk__in=_known(deposits), redacted_at=None).values_list("pk", flat=True),
        *Confirmation.objects.filter(pk__in=_known(confirmations), deposit__redacted_at=None).values_list(
            "pk", flat=True
        ),
    }
    return {
        letter for letter, order_id in items if {payouts[order_id], deposits[order_id], confirmations[order_id]} & alive
    }


def _known(decoded: dict[str, UUID | None]) -> set[UUID]:
    return {pk for pk in decoded.values() if pk is not None}
