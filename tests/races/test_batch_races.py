"""Batches under two hands at once, and under hands that die: no row is made twice, and none is lost."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from multiprocessing import Pipe
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from gateway import due_work
from gateway.lifecycles import Cause, CauseKind
from tests.conftest import Api
from tests.forked import started
from tests.payments.rivals import Gate, at_once, copy_of, in_thread
from tests.races.batch_workers import caught_in_a_row, dying
from tests.races.soundness import assert_sound
from tests.withdrawals.batch_stage import batch_body, ends, load, row
from withdrawals import batch_work, batches
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 12


def opened(api: Api, count: int = ROWS) -> WithdrawalBatch:
    answer = api.post("withdrawal-batches", batch_body(*[row() for _ in range(count)]))
    assert answer.status_code == 201, answer.content
    return load(answer.json())


def overdue(batch: WithdrawalBatch) -> None:
    """As if the lease of whoever has it had run out."""
    WithdrawalBatch.objects.filter(pk=batch.pk).update(next_at=timezone.now() - timedelta(seconds=1))


def all_made(batch: WithdrawalBatch, count: int = ROWS) -> None:
    """Each row has a withdrawal of its own, and there are no others."""
    assert ends(batch) == [(number, "made", "") for number in range(1, count + 1)]
    rows = BatchRow.objects.filter(batch=batch).order_by("number")
    assert list(rows.values_list("reference", flat=True)) == list(
        Withdrawal.objects.order_by("id").values_list("reference", flat=True)
    )
    assert len(set(rows.values_list("withdrawal", flat=True))) == count
    batch.refresh_from_db()
    assert (batch.status, batch.next_at) == ("done", None)
    assert_sound()


def test_of_two_workers_one_has_the_batch(api: Api) -> None:
    batch = opened(api)
    assert at_once(*[lambda: batch_work.work_on_batch(batch.pk)] * 4) == [None] * 4
    all_made(batch)


def test_a_worker_that_lost_its_lease_makes_no_more_rows(api: Api) -> None:
    batch = opened(api)
    with Gate("withdrawals_withdrawal") as gate:
        slow = in_thread(lambda: batch_work.work_on_batch(batch.pk))
        gate.await_waiting(1)  # in the middle of its first row, whose batch it has locked
        overdue_now = in_thread(lambda: overdue(batch))
        gate.await_waiting(2)
        gate.open()
        assert overdue_now() is None
        # The second begins wherever the first is by now.
        batch_work.work_on_batch(batch.pk)
        assert slow() is None
    batch.refresh_from_db()
    if batch.status != "done":  # each left the rest to the other
        overdue(batch)
        batch_work.work_on_batch(batch.pk)
    all_made(batch)


def test_without_the_token_the_database_alone_stops_the_second_worker(api: Api) -> None:
    batch = opened(api, 1)
    naive = copy_of(
        batch_work, ("return batch if batch.holds(claimed.token) and batch.status", "return batch if batch.status")
    )
    [first] = due_work.claim(WithdrawalBatch.objects.filter(pk=batch.pk), limit=1, lease_seconds=60)
    overdue(batch)
    [second] = due_work.claim(WithdrawalBatch.objects.filter(pk=batch.pk), limit=1, lease_seconds=60)
    assert naive._begin(second)
    stale = BatchRow.objects.select_related("payment_system").get(batch=batch)
    assert naive._make(second, BatchRow.objects.select_related("payment_system").get(batch=batch))
    with pytest.raises(IntegrityError, match="one_withdrawal_per_reference"):
        naive._make(first, stale)
    # With the token, the first is told that the batch is not its own any more.
    assert not batch_work._make(first, stale)
    assert Withdrawal.objects.count() == 1
    assert ends(batch) == [(1, "made", "")]


@pytest.mark.parametrize("who", ["worker first", "cancel first"])
def test_what_is_called_off_while_a_worker_is_at_it_stops_between_two_rows(api: Api, who: str) -> None:
    batch = opened(api)
    worker = partial(batch_work.work_on_batch, batch.pk)
    cancel = partial(batches.cancel_batch, batch.pk, Cause(kind=CauseKind.CLOCK))
    with Gate("withdrawals_withdrawal") as gate:
        working = in_thread(worker) if who == "worker first" else None
        if working is not None:
            gate.await_waiting(1)
        cancelling = in_thread(cancel)
        if working is not None:
            gate.await_waiting(2)
        gate.open()
        cancelled = cancelling()
        assert not isinstance(cancelled, Exception), cancelled
        assert in_thread(worker)() is None if working is None else working() is None
    batch.refresh_from_db()
    assert batch.status == "cancelled"
    statuses = [status for _, status, _ in ends(batch)]
    made = statuses.count("made")
    assert statuses == ["made"] * made + ["cancelled"] * (ROWS - made)
    assert made == (1 if who == "worker first" else 0)
    assert Withdrawal.objects.count() == made
    assert_sound()


def test_the_same_batch_at_once_is_one_batch(api: Api) -> None:
    body = batch_body(row(), row())
    answers = at_once(*[lambda: api_post(api, body)] * 4)
    assert sorted(status for status, _ in answers) == [201] * 4
    assert len({one["id"] for _, one in answers}) == WithdrawalBatch.objects.count() == 1
    assert BatchRow.objects.count() == 2


def api_post(api: Api, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = Api(api.client._credentials["HTTP_AUTHORIZATION"].split()[1]).post(  # type: ignore[attr-defined]
        "withdrawal-batches", body, key="one"
    )
    return answer.status_code, answer.json()


def test_the_same_rows_in_two_batches_at_once_are_made_once(api: Api) -> None:
    rows = [row() for _ in range(ROWS)]
    two = [load(api.post("withdrawal-batches", batch_body(*rows)).json()) for _ in range(2)]
    assert at_once(*[lambda one=one: batch_work.work_on_batch(one.pk) for one in two]) == [None, None]
    for one in two:
        assert ends(one) == [(number, "made", "") for number in range(1, ROWS + 1)]
    assert Withdrawal.objects.count() == ROWS
    assert_sound()


# Workers that die.


@contextmanager
def killed_after(batch: WithdrawalBatch, rows: int) -> Iterator[None]:
    """A worker is killed once it has made so many rows."""
    ours, theirs = Pipe(duplex=False)
    process = started(dying, batch.pk, theirs, rows)
    theirs.close()
    assert ours.recv_bytes() == b"!"
    process.kill()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    yield


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_worker_that_is_killed_between_rows_is_followed(api: Api, rows: int) -> None:
    batch = opened(api)
    with killed_after(batch, rows):
        made = [status for _, status, _ in ends(batch)].count("made")
        assert made == rows == Withdrawal.objects.count()
    batch_work.work_on_batch(batch.pk)  # its lease has not run out
    assert Withdrawal.objects.count() == rows
    overdue(batch)
    batch_work.work_on_batch(batch.pk)
    all_made(batch)


def test_a_worker_that_is_killed_inside_of_a_row_leaves_nothing_of_it(api: Api) -> None:
    batch = opened(api)
    ours, theirs = Pipe(duplex=False)
    process = started(caught_in_a_row, batch.pk, theirs)
    theirs.close()
    assert ours.recv_bytes() == b"!"
    process.kill()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not Withdrawal.objects.exists()
    overdue(batch)
    batch_work.work_on_batch(batch.pk)
    all_made(batch)
