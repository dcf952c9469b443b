"""What can be asked of a batch: that it is kept, confirmed, called off. `withdrawals.batch_work` makes its rows."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway import ids
from gateway.api.idempotency import Claim
from gateway.api.problems import Problem, reference_taken
from gateway.keyed_hashes import keyed_hash
from gateway.lifecycles import Cause
from gateway.moving import record
from gateway.products.models import Mode, Product
from withdrawals.batch_moves import call_off, lock_batch, move_batch, ring_for
from withdrawals.batch_rows import CheckedRow
from withdrawals.batch_states import CONFIRM_HOURS, BatchSource, BatchStatus
from withdrawals.models import BatchRow, WithdrawalBatch, WithdrawalBatchMove

#: Rows of one INSERT.
_WRITTEN_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """Withdrawals that somebody wants together: all rows are checked (`batch_rows.check_rows`)."""

    product: Product
    mode: Mode
    reference: str
    source: BatchSource
    rows: Sequence[CheckedRow]


def open_batch(wish: NewBatch, by: Cause, *, claim: Claim | None = None) -> WithdrawalBatch:
    """Keep a batch with all of its rows, or nothing.

    Args:
        wish: what is asked for.
        by: who asks, and with that who has asked for each of its withdrawals.
        claim: of a call, which is accepted at once. Without one a person has to say yes (`confirm_batch`).

    Raises:
        AlreadyAnswered: the same request was answered before.
        Problem: 409 where the product used the batch's reference before.
    """
    try:
        return _open(wish, by, claim)
    except IntegrityError:
        # As of a single withdrawal: looked up only after the rollback.
        mine = WithdrawalBatch.objects.filter(product=wish.product, mode=wish.mode, reference=wish.reference)
        existing = mine.first()
        if existing is None:
            raise
        raise reference_taken(existing.public_id) from None


@transaction.atomic(durable=True)
def _open(wish: NewBatch, by: Cause, claim: Claim | None) -> WithdrawalBatch:
    batch_id, now = ids.new_id(), timezone.now()
    if claim is not None:
        claim.take(object_id=batch_id)
    batch = WithdrawalBatch(
        id=batch_id,
        product=wish.product,
        mode=wish.mode,
        reference=wish.reference,
        source=wish.source,
        row_count=len(wish.rows),
        fingerprint=_fingerprint(wish.rows),
        asked_by=by.kind,
        asked_by_id=by.id,
        status=BatchStatus.CHECKED if claim is None else BatchStatus.ACCEPTED,
        next_at=now + timedelta(hours=CONFIRM_HOURS) if claim is None else now,
        created_at=now,
        updated_at=now,
    )
    batch.save(force_insert=True)
    BatchRow.objects.bulk_create(
        [
            BatchRow(
                batch=batch,
                number=number,
                reference=row.wish.reference,
                payment_system=row.wish.payment_system,
                currency=row.wish.currency,
                amount=row.wish.amount,
                customer=row.wish.customer,
                recipient=row.wish.recipient,
                comment=row.wish.comment,
                metadata=row.wish.metadata,
            )
            for number, row in enumerate(wish.rows, 1)
        ],
        batch_size=_WRITTEN_AT_ONCE,
    )
    record(WithdrawalBatchMove, batch, "", by)
    if batch.status == BatchStatus.ACCEPTED:
        ring_for(batch)
    return batch


def _fingerprint(rows: Sequence[CheckedRow]) -> str:
    said = [
        (one.reference, one.payment_system.code, one.currency, str(one.amount), one.customer, one.recipient)
        for one in (row.wish for row in rows)
    ]
    return keyed_hash("batch", json.dumps(said, sort_keys=True))


@transaction.atomic(durable=True)
def confirm_batch(batch_id: uuid.UUID, by: Cause) -> WithdrawalBatch:
    """A person who has seen what it would do says yes: its withdrawals are made. Saying it twice is saying it once.

    Raises:
        Problem: 409 where it was called off.
    """
    batch = lock_batch(batch_id)
    if batch.status == BatchStatus.CHECKED:
        move_batch(batch, BatchStatus.ACCEPTED, by, next_at=timezone.now(), token=None)
        ring_for(batch)
    elif batch.status == BatchStatus.CANCELLED:
        raise _conflict(batch)
    return batch


@transaction.atomic(durable=True)
def cancel_batch(batch_id: uuid.UUID, by: Cause) -> WithdrawalBatch:
    """Make no more of its withdrawals; those that are made go on, and are cancelled each by itself.

    Cancelling twice is one cancelling. The lock decides the race with the worker, who has it for one row at a time.

    Raises:
        Problem: 409 once every row was made or refused.
    """
    batch = lock_batch(batch_id)
    if batch.status == BatchStatus.DONE:
        raise _conflict(batch)
    if batch.status != BatchStatus.CANCELLED:
        call_off(batch, by)
    return batch


def _conflict(batch: WithdrawalBatch) -> Problem:
    return Problem(
        status=409,
        code="conflict",
        detail=f"The batch is {batch.status}.",
        extra={"current_status": batch.status},
    )
