"""The one gate through which a batch changes its status: table, sequence, history, news."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from gateway import due_work
from gateway.after_commit import ring
from gateway.lifecycles import Cause
from gateway.moving import moved
from gateway.webhooks.actions import owe
from withdrawals.batch_shapes import progress_shape
from withdrawals.batch_states import WITHDRAWAL_BATCH, BatchStatus, RowStatus
from withdrawals.models import BatchRow, WithdrawalBatch, WithdrawalBatchMove


def lock_batch(batch_id: uuid.UUID) -> WithdrawalBatch:
    """The batch, locked until the transaction ends, with what its shape shows."""
    found: WithdrawalBatch = due_work.lock(WithdrawalBatch.objects.select_related("product"), batch_id)
    return found


@transaction.atomic(savepoint=False)
def move_batch(batch: WithdrawalBatch, to_status: BatchStatus, cause: Cause, **changes: Any) -> None:
    """Move a locked batch, together with the columns that change with it.

    Raises:
        IllegalMove: the table does not allow it; nothing was written.
    """
    moved(WITHDRAWAL_BATCH, WithdrawalBatchMove, batch, to_status, cause, updated_at=timezone.now(), **changes)


@transaction.atomic(savepoint=False)
def finish_batch(batch: WithdrawalBatch, status: BatchStatus, by: Cause) -> None:
    """Move a locked batch to its end, and owe the news of it."""
    move_batch(batch, status, by, next_at=None, token=None, finished_at=timezone.now())
    owe(
        product=batch.product,
        mode=batch.mode,
        type="withdrawal_batch.finished",
        subject=batch.public_id,
        sequence=batch.sequence,
        data=progress_shape(batch),
    )


@transaction.atomic(savepoint=False)
def call_off(batch: WithdrawalBatch, by: Cause) -> None:
    """End a locked batch, and every row of it that waits: nobody needs their recipients any more."""
    left = BatchRow.objects.filter(batch=batch, status=RowStatus.WAITING)
    left.update(status=RowStatus.CANCELLED, recipient={}, comment="", ended_at=timezone.now())
    finish_batch(batch, BatchStatus.CANCELLED, by)


def ring_for(batch: WithdrawalBatch) -> None:
    """Hurry a worker to the batch, once the transaction is committed."""
    ring("withdrawals.tasks.work_on_batch", str(batch.pk))
