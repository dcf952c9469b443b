"""What must never become of a batch is refused by the database, whoever writes, even its superuser."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from gateway import ids, key_rotation
from tests.at_commit import committed, refused
from tests.conftest import Api
from tests.withdrawals.batch_stage import batch_body, load, row, work
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch, WithdrawalBatchMove

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_superuser")]


@pytest.fixture
def batch(api: Api) -> WithdrawalBatch:
    """Two rows that wait, and a withdrawal of another call."""
    api.post("withdrawals", row(reference="other"))
    made = load(api.post("withdrawal-batches", batch_body(row(), row())).json())
    committed()
    return made


@pytest.fixture
def other(batch: WithdrawalBatch) -> Withdrawal:
    return Withdrawal.objects.get(reference="other")


def rows() -> Any:
    return BatchRow.objects.filter(number=1)


def test_a_row_is_made_with_its_own_withdrawal_alone(batch: WithdrawalBatch, other: Withdrawal) -> None:
    with refused("batch_row_made_has_its_withdrawal"):
        rows().update(status="made")
    with refused("made otherwise than it was asked for"):
        rows().update(status="made", withdrawal=other)
    with refused("batch_row_refused_has_its_code"):
        rows().update(status="refused")


@pytest.mark.parametrize(
    "changes", [{"amount": 1}, {"reference": "x"}, {"currency": "BDT"}, {"customer": "x"}, {"number": 9}]
)
def test_what_was_asked_for_stays(batch: WithdrawalBatch, changes: dict[str, Any]) -> None:
    with refused("what was asked for stays"):
        rows().update(**changes)
    with refused("what was asked for stays"):
        rows().update(status="refused", code="conflict", **changes)


@pytest.mark.parametrize("status", ["waiting", "made", "cancelled"])
def test_a_row_ends_once(batch: WithdrawalBatch, other: Withdrawal, status: str) -> None:
    rows().update(status="refused", code="conflict")
    with refused("ends once"):
        rows().update(status=status, code="", withdrawal=other if status == "made" else None)
    with refused("ends once"):
        rows().update(code="insufficient_funds")


def test_a_row_begins_waiting(batch: WithdrawalBatch) -> None:
    one = rows().get()
    one.pk, one.number, one.reference, one.status = None, 3, "third", "cancelled"
    with refused("may not begin as cancelled"):
        one.save(force_insert=True)


def test_the_rotation_of_keys_writes_recipients_anew(api: Api, batch: WithdrawalBatch, settings: Any) -> None:
    work()
    waiting = load(api.post("withdrawal-batches", batch_body(row())).json())
    settings.FIELD_ENCRYPTION_KEYS = ["a2V5LWtleS1rZXkta2V5LWtleS1rZXkta2V5LWtleS0=", *settings.FIELD_ENCRYPTION_KEYS]
    [progress] = [one for one in key_rotation.rotate() if one.column == "withdrawals.BatchRow.recipient"]
    assert (progress.renewed, progress.unreadable) == (3, [])
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert BatchRow.objects.get(batch=waiting).recipient == row()["recipient"]
    assert BatchRow.objects.filter(batch=batch).first().recipient["account_number"] == "*****6789"  # type: ignore[union-attr]


def test_nothing_is_deleted_or_emptied(batch: WithdrawalBatch) -> None:
    with refused("rows of batches are never deleted"):
        rows().delete()
    with refused("batches are never deleted"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM withdrawals_withdrawalbatch")
    for table in ("withdrawals_batchrow", "withdrawals_withdrawalbatch", "withdrawals_withdrawalbatchmove"):
        with refused("are never emptied"), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    "changes",
    [{"reference": "x"}, {"mode": "live"}, {"row_count": 1}, {"asked_by_id": "somebody else"}, {"source": "csv"}],
)
def test_who_asked_for_what_stays(batch: WithdrawalBatch, changes: dict[str, Any]) -> None:
    with refused("what was asked for in a batch is never changed"):
        WithdrawalBatch.objects.update(**changes)


LEGAL = {
    *(("checked", "accepted"), ("checked", "cancelled")),
    *(("accepted", "working"), ("accepted", "cancelled")),
    *(("working", "done"), ("working", "cancelled")),
}
STATUSES = ("checked", "accepted", "working", "done", "cancelled")


ILLEGAL = [(one, other) for one in STATUSES for other in STATUSES if one != other and (one, other) not in LEGAL]


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_a_batch_moves_by_its_table(batch: WithdrawalBatch, before: str, after: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        WithdrawalBatch.objects.update(status=before, finished_at=finished(before))
        cursor.execute("SET LOCAL session_replication_role = origin")
    with refused("may not become"):
        WithdrawalBatch.objects.update(status=after, sequence=2, finished_at=finished(after))


def finished(status: str) -> Any:
    return timezone.now() if status in {"done", "cancelled"} else None


def test_a_batch_does_not_end_before_its_rows(batch: WithdrawalBatch) -> None:
    with refused("has rows that wait"):
        end(batch, "cancelled")
    BatchRow.objects.update(status="cancelled")
    end(batch, "cancelled")
    committed()


def end(batch: WithdrawalBatch, status: str) -> None:
    now = timezone.now()
    WithdrawalBatch.objects.update(status=status, sequence=2, finished_at=now)
    WithdrawalBatchMove.objects.create(
        subject=batch, sequence=2, from_status="accepted", to_status=status, cause="clock", created_at=now
    )


def test_no_move_is_without_its_history(batch: WithdrawalBatch) -> None:
    with refused("has no history row"):
        WithdrawalBatch.objects.update(status="working", sequence=2)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_no_row_is_added_to_a_batch(batch: WithdrawalBatch, number: int) -> None:
    added = rows().get()
    added.pk, added.number, added.reference = None, number, "added"
    with refused("one_batch_row_per_number" if number == 1 else "as many rows as it was sent with"):
        added.save(force_insert=True)


def test_a_batch_begins_with_all_of_its_rows(batch: WithdrawalBatch) -> None:
    batch.pk, batch.reference, batch.row_count = ids.new_id(), "another", 3
    one = rows().get()
    one.pk, one.batch = None, batch
    move = WithdrawalBatchMove(
        subject=batch, sequence=1, to_status=batch.status, cause="clock", created_at=timezone.now()
    )
    with refused("has not as many rows as it says"):
        batch.save(force_insert=True)
        move.save()
        one.save(force_insert=True)
