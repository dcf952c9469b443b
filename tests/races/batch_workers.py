"""Workers of batches that are killed where they stand, in processes of their own (`tests.forked`)."""

import time
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from withdrawals import batch_work
from withdrawals.batch_states import RowStatus
from withdrawals.models import BatchRow, WithdrawalBatch


def dying(batch_id: UUID, told: Connection, stop_after: int) -> None:
    """A worker, in a process of its own: it says when each row is committed, and hangs after so many."""
    end_row, done = batch_work._end_row, 0

    def telling(batch: WithdrawalBatch, row: BatchRow) -> bool:
        nonlocal done
        if done == stop_after:
            told.send_bytes(b"!")
            time.sleep(600)  # until it is killed
        done += 1
        return end_row(batch, row)

    batch_work._end_row = telling
    batch_work.work_on_batch(batch_id)


def caught_in_a_row(batch_id: UUID, told: Connection) -> None:
    """A worker that hangs where everything of its first row is written, and nothing is committed."""
    write_end = batch_work._write_end

    def hanging(row: BatchRow, status: RowStatus, **end: Any) -> None:
        write_end(row, status, **end)
        told.send_bytes(b"!")
        time.sleep(600)  # until it is killed

    batch_work._write_end = hanging
    batch_work.work_on_batch(batch_id)
