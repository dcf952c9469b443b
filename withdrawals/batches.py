"""What can happen to a batch: it is opened, confirmed, worked off row by row, called off.

Its rows are the queue. One worker at a time has the batch, by lease and token; each row ends in the transaction in
which its withdrawal is made, under the lock of the batch. A worker that dies leaves the rows that it had not come to.
"""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Min
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from gateway import due_work, ids, logs
from gateway.after_commit import ring
from gateway.api.idempotency import Claim
from gateway.api.problems import Problem, reference_taken
from gateway.encryption import UnreadableColumn
from gateway.keyed_hashes import keyed_hash
from gateway.lifecycles import Cause, CauseKind, recorded
from gateway.products.models import Mode, Product
from gateway.webhooks.actions import owe
from withdrawals.actions import NewWithdrawal, explained, open_withdrawal
from withdrawals.batch_refusals import AskerEnded, check_asker, checked, in_words
from withdrawals.batch_rows import CheckedRow, is_same
from withdrawals.batch_shapes import progress_shape
from withdrawals.batch_states import AT_WORK, BATCH, CONFIRM_HOURS, ENDED, BatchSource, BatchStatus, RowStatus
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch, WithdrawalBatchMove
from withdrawals.models.batches import CODE_MAX_LENGTH, DETAIL_MAX_LENGTH
from withdrawals.shapes import masked

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
    _record(batch, "", by)
    if batch.status == BatchStatus.ACCEPTED:
        _ring(batch)
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
    batch = _lock(batch_id)
    if batch.status == BatchStatus.CHECKED:
        _move(batch, BatchStatus.ACCEPTED, by, next_at=timezone.now(), token=None)
        _ring(batch)
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
    batch = _lock(batch_id)
    if batch.status == BatchStatus.DONE:
        raise _conflict(batch)
    if batch.status != BatchStatus.CANCELLED:
        _cancel(batch, by)
    return batch


def _cancel(batch: WithdrawalBatch, by: Cause) -> None:
    left = BatchRow.objects.filter(batch=batch, status=RowStatus.WAITING)
    left.update(status=RowStatus.CANCELLED, recipient={}, comment="", ended_at=timezone.now())
    _finish(batch, BatchStatus.CANCELLED, by)


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
    batch = _lock(claimed.pk)
    by_clock = Cause(kind=CauseKind.CLOCK)
    if not batch.holds(claimed.token):
        return False
    if batch.status == BatchStatus.CHECKED:
        _cancel(batch, by_clock)
        return False
    if batch.status == BatchStatus.ACCEPTED:
        _move(batch, BatchStatus.WORKING, by_clock)
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
        wish = _wish(row)
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
    existing = Withdrawal.objects.filter(product=batch.product, mode=batch.mode, reference=row.reference)
    known = existing.select_related("customer", "payment_system").first()
    if known is not None and is_same(known, wish):
        return _adopt(batch, row, known)
    return _refuse(batch, row, code, detail)


def _wish(row: BatchRow) -> NewWithdrawal:
    return NewWithdrawal(
        payment_system=row.payment_system,
        currency=row.currency,
        amount=row.amount,
        customer=row.customer,
        reference=row.reference,
        recipient=row.recipient,
        comment=row.comment,
        metadata=row.metadata,
    )


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
    batch = _lock(claimed.pk)
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
        row.recipient = {name: masked(value) for name, value in row.recipient.items()}
    except UnreadableColumn:
        row.recipient = {}
    row.comment = ""


@transaction.atomic(durable=True)
def _end_work(claimed: WithdrawalBatch) -> None:
    batch = _lock(claimed.pk)
    if not batch.holds(claimed.token) or batch.status != BatchStatus.WORKING:
        return
    waiting = BatchRow.objects.filter(batch=batch, status=RowStatus.WAITING)
    fewest: int | None = waiting.aggregate(fewest=Min("attempts"))["fewest"]
    if fewest is not None:
        batch.next_at, batch.token = due_work.after(ROW_DELAYS_SECONDS, fewest) if fewest else timezone.now(), None
        batch.save(update_fields=["next_at", "token"])
        if not fewest:
            _ring(batch)
    else:
        _finish(batch, BatchStatus.DONE, Cause(kind=CauseKind.CLOCK))


def _finish(batch: WithdrawalBatch, status: BatchStatus, by: Cause) -> None:
    _move(batch, status, by, next_at=None, token=None, finished_at=timezone.now())
    owe(
        product=batch.product,
        mode=batch.mode,
        type="withdrawal_batch.finished",
        subject=batch.public_id,
        sequence=batch.sequence,
        data=progress_shape(batch),
    )


def _move(batch: WithdrawalBatch, to_status: BatchStatus, cause: Cause, **changes: Any) -> None:
    from_status = batch.status
    BATCH.check(from_status, to_status)
    batch.status, batch.updated_at = to_status, timezone.now()
    batch.sequence += 1
    for name, value in changes.items():
        setattr(batch, name, value)
    batch.save(update_fields=["status", "sequence", "updated_at", *changes])
    _record(batch, from_status, cause)


def _record(batch: WithdrawalBatch, from_status: str, cause: Cause) -> None:
    log.info("moved", id=batch.public_id, before=from_status, now=batch.status, cause=cause.kind, rows=batch.row_count)
    recorded(
        WithdrawalBatchMove,
        subject=batch,
        from_status=from_status,
        cause=cause,
        request_id=logs.request_id.get(),
        at=batch.updated_at,
    )


def _conflict(batch: WithdrawalBatch) -> Problem:
    return Problem(
        status=409,
        code="conflict",
        detail=f"The batch is {batch.status}.",
        extra={"current_status": batch.status},
    )


def _lock(batch_id: uuid.UUID) -> WithdrawalBatch:
    found: WithdrawalBatch = due_work.lock(WithdrawalBatch.objects.select_related("product"), batch_id)
    return found


def _ring(batch: WithdrawalBatch) -> None:
    ring("withdrawals.tasks.work_on_batch", str(batch.pk))


def due_batches() -> list[uuid.UUID]:
    """Batches that are due: the sweep rings for them."""
    return list(WithdrawalBatch.objects.filter(next_at__lte=timezone.now()).values_list("pk", flat=True))
