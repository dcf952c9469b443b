"""What must never be false is refused by the database, whoever writes, even its superuser."""

import itertools
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from gateway.webhooks.event_types import EventType
from tests.at_commit import committed, refused
from tests.conftest import Api
from tests.withdrawals.approving import person, waiting
from tests.withdrawals.orders import order
from withdrawals import approvals
from withdrawals.models import Withdrawal
from withdrawals.states import ASKED_ABOUT, CANCELLABLE, FINAL, WITHDRAWAL, WithdrawalStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_superuser")]

#: C§1.9 and the blueprint's life of a withdrawal, written out a second time.
LEGAL = {
    ("pending_approval", "pending_approval"),  # one of several approvals was given
    ("pending_approval", "queued"),
    ("pending_approval", "cancelled"),
    ("queued", "sending"),
    ("queued", "manual_review"),  # its request is not its row's: it is not sent
    ("queued", "cancelled"),
    *(("sending", to) for to in ("queued", "accepted", "waiting_funds", "unknown", "manual_review")),
    *(("sending", to) for to in ("paid", "rejected", "failed")),
    *(("accepted", to) for to in ("manual_review", "paid", "rejected")),
    *(("waiting_funds", to) for to in ("sending", "accepted", "unknown", "manual_review", "paid", "rejected")),
    *(("unknown", to) for to in ("queued", "sending", "accepted", "manual_review", "paid", "rejected", "failed")),
    *(("manual_review", to) for to in ("sending", "paid", "rejected", "failed")),
    ("paid", "reversed"),
    *((unpaid, "paid") for unpaid in ("rejected", "failed", "cancelled")),  # proved, and written down by people
}
STATUSES = [str(status) for status in WithdrawalStatus]


@pytest.fixture(params=["plain", "pgtrigger.ignore"])
def attacker(request: pytest.FixtureRequest, db: None) -> None:
    """Every attack is tried twice: the second time with the session variable that stock triggers obey."""
    if request.param == "plain":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tgname, tgrelid::regclass::text FROM pg_trigger
            WHERE tgname LIKE 'pgtrigger%%' AND tgrelid::regclass::text LIKE 'withdrawals\\_%%'
            """
        )
        names = [name for trigger, table in cursor.fetchall() for name in (trigger, f"{table}:{trigger}")]
        assert len(names) >= 2 * 3
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(names)}}}"])


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def jump(withdrawal: Withdrawal, status: str) -> None:
    """Put the row where an attack begins, past the guards: as the superuser alone can."""
    run("SET session_replication_role = replica")
    run("UPDATE withdrawals_withdrawal SET status = %s WHERE id = %s", status, withdrawal.pk)
    run("SET session_replication_role = origin")


def test_the_table_is_the_one_of_the_blueprint() -> None:
    assert {tuple(pair.split(">")) for pair in WITHDRAWAL.pairs()} == LEGAL
    assert WITHDRAWAL.initial == {"pending_approval", "queued"}
    assert set(WITHDRAWAL.moves) == set(STATUSES)
    assert {"paid", "rejected", "failed", "cancelled", "reversed"} == FINAL
    assert {"pending_approval", "queued"} == CANCELLABLE
    assert {"accepted", "unknown", "manual_review"} == ASKED_ABOUT


def test_every_status_but_sending_has_its_event() -> None:
    named = {f"withdrawal.{status}" for status in STATUSES if status != "sending"}
    assert named == {word for word in EventType.values if word.startswith("withdrawal.")}


def test_the_database_allows_exactly_the_legal_moves(api: Api, attacker: None) -> None:
    withdrawal = order(api)
    allowed = set()
    for before, to in itertools.product(STATUSES, STATUSES):
        jump(withdrawal, before)
        try:
            with transaction.atomic():
                run(
                    "UPDATE withdrawals_withdrawal SET status = %s, sequence = sequence + 1 WHERE id = %s",
                    to,
                    withdrawal.pk,
                )
                transaction.set_rollback(True)
        except IntegrityError:
            continue
        allowed.add((before, to))
    assert allowed == LEGAL


def test_a_move_counts_its_sequence_up_by_one(api: Api, attacker: None) -> None:
    withdrawal = order(api)
    asked = "what withdrawal .* asks for is never changed"
    for attack, said in {
        "SET status = 'sending'": "queued .1. may not become sending .1.",
        "SET status = 'sending', sequence = sequence + 2": "queued .1. may not become sending .3.",
        "SET status = 'sending', sequence = sequence - 1": "queued .1. may not become sending .0.",
        "SET sequence = sequence + 1": "queued .1. may not become queued .2.",
        "SET status = 'paid', sequence = sequence + 1": "queued .1. may not become paid .2.",
        "SET status = 'nonsense', sequence = sequence + 1": "queued .1. may not become nonsense .2.",
        "SET status = NULL": 'null value in column "status"',
        **dict.fromkeys(("SET amount = 0", "SET amount = -1", "SET amount = NULL"), asked),
    }.items():
        with refused(said):
            run(f"UPDATE withdrawals_withdrawal {attack} WHERE id = %s", withdrawal.pk)


def test_a_move_without_its_history_row_does_not_commit(api: Api, attacker: None) -> None:
    withdrawal = order(api)
    committed()
    with refused("move 2 to sending has no history row"):
        run(
            "UPDATE withdrawals_withdrawal SET status = 'sending', sequence = sequence + 1 WHERE id = %s",
            withdrawal.pk,
        )
    with refused("move 2 to sending has no history row"):  # one that says something else does not count
        run(
            "UPDATE withdrawals_withdrawal SET status = 'sending', sequence = sequence + 1 WHERE id = %s",
            withdrawal.pk,
        )
        insert_move(withdrawal, 2, "paid")


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in {"queued", "pending_approval"}])
def test_a_withdrawal_may_not_begin_anywhere_but_at_the_beginning(api: Api, attacker: None, status: str) -> None:
    withdrawal = order(api)
    with refused(f"withdrawal may not begin as {status} .1."):
        copy(withdrawal, status=status, reference="copy")
    with refused("withdrawal may not begin as queued .2."):
        copy(withdrawal, status="queued", sequence=2, reference="copy")


def test_a_reference_is_used_once(api: Api, attacker: None) -> None:
    withdrawal = order(api)
    with refused("one_withdrawal_per_reference"):
        copy(withdrawal, status="queued")


def test_history_is_never_changed(api: Api, attacker: None) -> None:
    withdrawal = order(api)
    for attack in (
        "UPDATE withdrawals_withdrawalmove SET cause = 'person' WHERE subject_id = %s",
        "UPDATE withdrawals_withdrawalmove SET to_status = 'paid' WHERE subject_id = %s",
        "DELETE FROM withdrawals_withdrawalmove WHERE subject_id = %s",
    ):
        with refused("moves of a withdrawal are never changed"):
            run(attack, withdrawal.pk)
    committed()
    with refused("moves of a withdrawal are never emptied"):
        run("TRUNCATE withdrawals_withdrawalmove")
    with refused("one_withdrawal_move_per_step"):
        insert_move(withdrawal, 1, "queued")
    with refused("violates foreign key constraint"):  # while its history is there
        run("DELETE FROM withdrawals_withdrawal WHERE id = %s", withdrawal.pk)


def insert_move(withdrawal: Withdrawal, sequence: int, status: str) -> None:
    run(
        "INSERT INTO withdrawals_withdrawalmove (subject_id, sequence, from_status, to_status, cause, cause_id, detail,"
        " request_id, created_at) VALUES (%s, %s, 'queued', %s, 'person', '', '', '', now())",
        withdrawal.pk,
        sequence,
        status,
    )


def copy(withdrawal: Withdrawal, **changes: Any) -> None:
    row = Withdrawal.objects.get(pk=withdrawal.pk)
    row.pk, row._state.adding = uuid.uuid4(), True
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)


WRITTEN_ONCE = (
    *("UPDATE withdrawals_approval SET role = 'finance_lead'", "DELETE FROM withdrawals_approval"),
    *("UPDATE withdrawals_slabset SET slabs = '0: none'", "DELETE FROM withdrawals_slabset"),
    *("TRUNCATE withdrawals_approval", "TRUNCATE withdrawals_slabset"),
)


@pytest.mark.parametrize("statement", WRITTEN_ONCE)
def test_what_was_decided_and_agreed_is_written_once(api: Api, attacker: None, statement: str) -> None:
    withdrawal = waiting(api)
    approvals.approve(withdrawal.pk, person("ann"), "as the order says")
    committed()
    with refused("are never"):
        run(statement)
