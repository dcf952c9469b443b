"""Making the withdrawals of a batch, row by row.

Its rows are the queue. One worker at a time has the batch, by lease and token; each row ends in the transaction in
which its withdrawal is made, under the lock of the batch. A worker that dies leaves the rows that it had not come to.
"""

import time
import uuid
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from gateway import due_work, ids
from gateway.api.problems import Problem
from gateway.encryption import UnreadableColumn
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Mode
from withdrawals.actions import NewWithdrawal, explained, open_withdrawal
from withdrawals.batch_moves import call_off, finish_batch, lock_batch, move_batch, ring_for
from withdrawals.batch_refusals import AskerEnded, check_asker, in_words
from withdrawals.batch_rows import is_same
from withdrawals.batch_states import AT_WORK, ENDED, BatchStatus, RowStatus
from withdrawals.batch_wishes import checked, kept
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch
from withdrawals.models.batches import CODE_MAX_LENGTH, DETAIL_MAX_LENGTH
from withdrawals.shapes import masked_recipient

log = structlog.get_logger(__name__)

#: How long a batch belongs to its worker: twice what it works (`due_work.WORK_SECONDS`), so that a row that waits for
#: a lock does not lose it. A worker that died is followed by the next one after so long.
LEASE_SECONDS: Final = 60
#: A row that fails as nothing should, of a mistake of ours or a database in trouble, is tried again so long after, when
#: all others had their turn: a deadlock or a restart has passed by then. After the last one it is refused.
ROW_DELAYS_SECONDS: Final = (10, 60)
_ROW_ATTEMPTS: Final = len(ROW_DELAYS_SECONDS) + 1
#: Rows that a worker reads, and decrypts, at once: about a second of work.
_READ_AT_ONCE: Final = 100


def due_batches() -> list[uuid.UUID]:
    """Batches that are due: the sweep rings for them."""
    return list(WithdrawalBatch.objects.filter(next_at__lte=timezone.now()).values_list("pk", flat=True))


def work_on_batch(batch_id: uuid.UUID) -> None:
    """Make the withdrawals of a batch that is due, in the order of its rows, for as long as a task may work.

    A row that cannot be made is refused with its code, and the next one is made. One that fails unexpectedly comes
    once more after all others, and is refused as `not_made` in the end: it holds up nobody.
    """
    due = WithdrawalBatch.objects.filter(pk=batch_id).exclude(status__in=ENDED)
    for batch in due_work.claim(due, limit=1, lease_seconds=LEASE_SECONDS):
        if not _begin(batch):
            continue
        until = time.monotonic() + due_work.WORK_SECONDS
        if _work_off(batch, until):
            _end_work(batch)


@transaction.atomic(durable=True)
def _begin(claimed: WithdrawalBatch) -> bool:
    """Whether there are rows to make: what nobody confirmed in time is called off instead."""
    batch = lock_batch(claimed.pk)
    by_clock = Cause(kind=CauseKind.CLOCK)
    if not batch.holds(claimed.token):
        return False
    if batch.status == BatchStatus.CHECKED:
        call_off(batch, by_clock)
        return False
    if batch.status == BatchStatus.ACCEPTED:
        move_batch(batch, BatchStatus.WORKING, by_clock)
    return batch.status in AT_WORK


def _work_off(batch: WithdrawalBatch, until: float) -> bool:
    """Make rows until the time is up or none waits; False where the batch is another worker's, or was called off."""
    waiting = BatchRow.objects.filter(batch=batch, status=RowStatus.WAITING).select_related("payment_system")
    attempts = None
    while rows := list(waiting.order_by("attempts", "number")[:_READ_AT_ONCE]):
        for row in rows:
            attempts = row.attempts if attempts is None else attempts
            # What is left has failed just now: another worker tries it again, after a while.
            if time.monotonic() >= until or row.attempts > attempts:
                return True
            if not _end_row(batch, row):
                return False
    return True


def _end_row(batch: WithdrawalBatch, row: BatchRow) -> bool:
    """Make the row's withdrawal, or write down why not; False where the batch is not ours any more."""
    try:
        wish = kept(row)
    except UnreadableColumn:
        return _refuse(batch, row, "internal_error", "The recipient cannot be decrypted.")
    try:
        with explained(batch.product, Mode(batch.mode), wish):
            return _make(batch, row)
    except (Problem, ValidationError, AskerEnded) as refusal:
        return _make_not(batch, row, wish, *in_words(refusal))
    except Exception:
        # Whatever it was, its transaction is undone. Raised, it would end the worker, and each one after it, at this
        # very row. A database that is away raises once more below, and that is no attempt.
        log.exception("batch_row_failed", id=batch.public_id, row=row.number, attempt=row.attempts + 1)
        if row.attempts + 1 < _ROW_ATTEMPTS:
            return _try_later(batch, row)
        return _make_not(batch, row, wish, "not_made", "It failed here for a reason of ours; nothing of it was made.")


def _make_not(batch: WithdrawalBatch, row: BatchRow, wish: NewWithdrawal, code: str, detail: str) -> bool:
    existing = Withdrawal.of_reference(batch.product, batch.mode, row.reference)
    known = existing.select_related("customer", "payment_system").first()
    if known is not None and is_same(known, wish):
        return _adopt(batch, row, known)
    return _refuse(batch, row, code, detail)


@transaction.atomic(durable=True)
def _make(claimed: WithdrawalBatch, row: BatchRow) -> bool:
    if (batch := _ours(claimed)) is None:
        return False
    check_asker(batch)
    by = Cause(kind=CauseKind(batch.asked_by), id=batch.asked_by_id, detail=f"row {row.number} of {batch}")
    made = open_withdrawal(batch.product, Mode(batch.mode), checked(row), by, withdrawal_id=ids.new_id())
    # In the transaction of the withdrawal: a row is never made twice, and none is made and forgotten.
    _write_end(row, RowStatus.MADE, withdrawal=made)
    return True


@transaction.atomic(durable=True)
def _adopt(claimed: WithdrawalBatch, row: BatchRow, known: Withdrawal) -> bool:
    """The very withdrawal was made already, by another batch or a call of its own."""
    if _ours(claimed) is None:
        return False
    _write_end(row, RowStatus.MADE, withdrawal=known)
    return True


@transaction.atomic(durable=True)
def _refuse(claimed: WithdrawalBatch, row: BatchRow, code: str, detail: str) -> bool:
    if _ours(claimed) is None:
        return False
    _write_end(row, RowStatus.REFUSED, code=code[:CODE_MAX_LENGTH], detail=detail[:DETAIL_MAX_LENGTH])
    return True


@transaction.atomic(durable=True)
def _try_later(claimed: WithdrawalBatch, row: BatchRow) -> bool:
    if _ours(claimed) is None:
        return False
    # Not where it was made after all, and only the word of it was lost.
    BatchRow.objects.filter(pk=row.pk, status=RowStatus.WAITING).update(attempts=row.attempts + 1)
    return True


def _ours(claimed: WithdrawalBatch) -> WithdrawalBatch | None:
    """The batch, locked from here on; None where it is not this worker's any more, or not to be worked off."""
    batch = lock_batch(claimed.pk)
    return batch if batch.holds(claimed.token) and batch.status == BatchStatus.WORKING else None


def _write_end(row: BatchRow, status: RowStatus, **end: Any) -> None:
    _forget_recipient(row)
    row.status, row.ended_at = status, timezone.now()
    for name, value in end.items():
        setattr(row, name, value)
    row.save(update_fields=["status", "recipient", "comment", "ended_at", *end])


def _forget_recipient(row: BatchRow) -> None:
    """The withdrawal has it, or nobody needs it any more: a mask stays, for support to tell two accounts apart."""
    try:
        row.recipient = masked_recipient(row.recipient)
    except UnreadableColumn:
        row.recipient = {}
    row.comment = ""


@transaction.atomic(durable=True)
def _end_work(claimed: WithdrawalBatch) -> None:
    if (batch := _ours(claimed)) is None:
        return
    waiting = BatchRow.objects.filter(batch=batch, status=RowStatus.WAITING)
    fewest: int | None = waiting.aggregate(fewest=Min("attempts"))["fewest"]
    if fewest is not None:
        batch.next_at, batch.token = due_work.after(ROW_DELAYS_SECONDS, fewest) if fewest else timezone.now(), None
        batch.save(update_fields=["next_at", "token"])
        if not fewest:
            ring_for(batch)
    else:
        finish_batch(batch, BatchStatus.DONE, Cause(kind=CauseKind.CLOCK))
