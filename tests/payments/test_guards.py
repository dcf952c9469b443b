"""What the database refuses, whoever asks, even its superuser: raw SQL against the rules of money in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from gateway import ids
from gateway.lifecycles import Cause, CauseKind, IllegalMove, Lifecycle
from payments.models import Confirmation, ConfirmationMove, Deposit, DepositMove, Receipt
from payments.moves import move_deposit
from payments.states import CONFIRMATION, DEPOSIT, ConfirmationStatus, DepositStatus
from tests.at_commit import committed
from tests.conftest import Api
from tests.payments.stage import ACTIVATE, OK, Book, Placed, confirm, money, moves, news, work
from tests.scripted_provider import ScriptedProvider

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_superuser")]

RULED = [
    (Deposit, DepositMove, DEPOSIT, DepositStatus),
    (Confirmation, ConfirmationMove, CONFIRMATION, ConfirmationStatus),
]


@pytest.fixture(params=["plainly", "with pgtrigger.ignore"])
def attacker(request: pytest.FixtureRequest) -> None:
    """A session; the second sort has told the library's triggers to look away, as any role may."""
    if request.param == "plainly":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tgname, tgrelid::regclass::text FROM pg_trigger
            WHERE tgname LIKE 'pgtrigger%%' AND tgrelid::regclass::text LIKE 'payments\\_%%'
            """
        )
        names = [name for trigger, table in cursor.fetchall() for name in (trigger, f"{table}:{trigger}")]
        assert len(names) >= 2 * 6
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(names)}}}"])


@pytest.fixture
def rows(api: Api, opened: Placed, book: Book, provider: ScriptedProvider, attacker: None) -> dict[type, Any]:
    """A credited deposit and its confirmation, all of their history written."""
    provider.script(ACTIVATE, OK)
    deposit = opened()
    answer = confirm(api, deposit)
    book.enter(answer.json()["id"], money(), label=deposit.customer.label)
    work()
    committed()
    return {Deposit: Deposit.objects.get(), Confirmation: Confirmation.objects.get()}


def sql(statement: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


@contextmanager
def refused(saying: str) -> Iterator[None]:
    """The statement fails, and its savepoint with it."""
    with pytest.raises(IntegrityError, match=re.escape(saying)), transaction.atomic():
        yield


def force(row: Any, status: str) -> None:
    """Put a row into a status behind the guards' backs, as the superuser alone can."""
    sql("SET LOCAL session_replication_role = replica")
    sql(f"UPDATE {row._meta.db_table} SET status = %s WHERE id = %s", status, row.pk)  # noqa: S608 - our own name
    sql("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize(("model", "history", "lifecycle", "statuses"), RULED)
def test_the_database_knows_the_same_moves_as_the_table(
    *, model: Any, history: Any, lifecycle: Lifecycle, statuses: Any, rows: dict[type, Any]
) -> None:
    row = rows[model]
    move = f"UPDATE {model._meta.db_table} SET status = %s, sequence = sequence + 1 WHERE id = %s"  # noqa: S608
    for before in statuses.values:
        for after in statuses.values:
            with transaction.atomic():
                force(row, before)
                if lifecycle.may(before, after):
                    assert sql(move, after, row.pk) == 1
                else:
                    with refused(f"{lifecycle.name}: {before} ({row.sequence}) may not become {after}"):
                        sql(move, after, row.pk)
                transaction.set_rollback(True)


@pytest.mark.parametrize(("model", "history", "lifecycle", "statuses"), RULED)
def test_only_the_first_status_may_be_inserted(
    *, model: Any, history: Any, lifecycle: Lifecycle, statuses: Any, rows: dict[type, Any]
) -> None:
    table = model._meta.db_table
    unique = {"reference": "another", "provider_reference": "999999999999"}
    columns = [field.column for field in model._meta.concrete_fields]
    listed = ", ".join(columns)
    for status in statuses.values:
        for sequence in (0, 1, 2):
            values = {"id": ids.new_id(), "status": status, "sequence": sequence, **unique}
            taken = ", ".join("%s" if column in values else column for column in columns)
            copy = f"INSERT INTO {table} ({listed}) SELECT {taken} FROM {table} WHERE id = %s"  # noqa: S608
            given = [values[column] for column in columns if column in values]
            if status in lifecycle.initial and sequence == 1:
                # It may begin so, but not without a word about why.
                with refused(f"{lifecycle.name}: move 1 to {status} has no history row"):
                    assert sql(copy, *given, rows[model].pk) == 1
                    committed()
            else:
                with refused(f"{lifecycle.name} may not begin as {status} ({sequence})"):
                    sql(copy, *given, rows[model].pk)


@pytest.mark.parametrize(("model", "history", "lifecycle", "statuses"), RULED)
def test_no_move_without_its_history(
    *, model: Any, history: Any, lifecycle: Lifecycle, statuses: Any, rows: dict[type, Any]
) -> None:
    row = rows[model]
    table = model._meta.db_table
    before = {Deposit: "verifying", Confirmation: "verifying"}[model]
    with transaction.atomic():
        force(row, before)
        with refused(f"{lifecycle.name}: move {row.sequence + 1} to credited has no history row"):
            sql(f"UPDATE {table} SET status = 'credited', sequence = sequence + 1 WHERE id = %s", row.pk)  # noqa: S608
            committed()
        with refused("may not become"):  # a status without the count
            sql(f"UPDATE {table} SET status = 'credited' WHERE id = %s", row.pk)  # noqa: S608
        with refused("may not become"):  # the count without a move
            sql(f"UPDATE {table} SET sequence = sequence + 2 WHERE id = %s", row.pk)  # noqa: S608
        with refused("may not become"):  # backwards
            sql(f"UPDATE {table} SET sequence = sequence - 1 WHERE id = %s", row.pk)  # noqa: S608
        with refused("has no history row"):  # a history row that tells of something else
            sql(
                f"""
                INSERT INTO {history._meta.db_table}
                    (subject_id, sequence, from_status, to_status, cause, cause_id, detail, request_id, created_at)
                VALUES (%s, %s, 'verifying', 'expired', 'clock', '', '', '', now())
                """,  # noqa: S608 - our own name
                row.pk,
                row.sequence + 1,
            )
            sql(f"UPDATE {table} SET status = 'credited', sequence = sequence + 1 WHERE id = %s", row.pk)  # noqa: S608
            committed()
        transaction.set_rollback(True)


@pytest.mark.parametrize(("model", "history", "lifecycle", "statuses"), RULED)
def test_history_is_written_once(
    *, model: Any, history: Any, lifecycle: Lifecycle, statuses: Any, rows: dict[type, Any]
) -> None:
    table = history._meta.db_table
    known = moves(rows[model])
    assert len(known) == 4
    for change in ("cause = 'person'", "to_status = 'failed'", "sequence = 99", "detail = detail"):
        with refused(f"moves of a {lifecycle.name} are never changed"):
            sql(f"UPDATE {table} SET {change}")  # noqa: S608
    with refused(f"moves of a {lifecycle.name} are never changed"):
        sql(f"DELETE FROM {table}")  # noqa: S608
    with refused("step"):  # a second story of the same step
        sql(
            f"""
            INSERT INTO {table}
                (subject_id, sequence, from_status, to_status, cause, cause_id, detail, request_id, created_at)
            SELECT subject_id, sequence, from_status, 'failed', cause, '', '', '', now() FROM {table} LIMIT 1
            """  # noqa: S608
        )
    with refused(f"moves of a {lifecycle.name} are never emptied"):
        sql(f"TRUNCATE {table}")
    with refused("foreign key"):  # nor does the thing go and leave its history
        sql(f"DELETE FROM {model._meta.db_table}")  # noqa: S608
        committed()
    assert moves(rows[model]) == known


def test_an_illegal_move_writes_nothing(rows: dict[type, Any]) -> None:
    deposit = rows[Deposit]
    known = (moves(deposit), news(deposit.product))
    with pytest.raises(IllegalMove) as raised, transaction.atomic():
        move_deposit(deposit, DepositStatus.AWAITING_PAYMENT, Cause(kind=CauseKind.CLOCK))
    assert (raised.value.from_status, raised.value.to_status) == ("credited", "awaiting_payment")
    assert (moves(deposit), news(deposit.product)) == known
    assert Deposit.objects.get().status == "credited"


#: Of the columns of a deposit that its product asked for, each with another value.
ASKED_FOR = [
    *("amount = 1", "currency = 'BDT'", "mode = 'live'", "reference = 'x'", "payment_system_id = 'paytm'"),
    *("flow = 'push'", "in_widget = true", "language = 'hi'", "created_at = now()", "metadata = '{\"a\": 1}'"),
    *(f"{column} = gen_random_uuid()" for column in ("id", "product_id", "customer_id", "account_id")),
]
REFUSED_ROWS = [
    *(("asks for is never changed", f"UPDATE payments_deposit SET {change}") for change in ASKED_FOR),  # noqa: S608
    ("deposit_received_is_positive", "UPDATE payments_deposit SET received_amount = 0"),
    ("what a receipt says of its money is never changed", "UPDATE payments_receipt SET amount = 1"),
    ("what a receipt says of its money is never changed", "UPDATE payments_receipt SET currency = 'BDT'"),
    ("what a receipt says of its money is never changed", "UPDATE payments_receipt SET transaction_id = 'T9'"),
    ("what a receipt says of its money is never changed", "UPDATE payments_receipt SET product_id = NULL"),
    ("receipts are never deleted", "DELETE FROM payments_receipt"),
]


@pytest.mark.parametrize(("constraint", "statement"), REFUSED_ROWS)
def test_rows_that_make_no_sense_are_refused(constraint: str, statement: str, rows: dict[type, Any]) -> None:
    with refused(constraint):
        sql(statement)


def test_the_same_money_cannot_be_written_twice(rows: dict[type, Any]) -> None:
    receipt = Receipt.objects.get()
    receipt.pk, receipt.status, receipt.sequence, receipt.product = ids.new_id(), "received", 1, None
    receipt.amount = Decimal(0)
    with refused("receipt_amount_is_positive"):
        receipt.save(force_insert=True)
    receipt.amount = Decimal(1000)
    with refused("one_receipt_per_transaction"):
        receipt.save(force_insert=True)
    receipt.custom_id, receipt.amount, receipt.label = "other", Decimal(5), "other"
    with refused("one_receipt_per_transaction"):
        receipt.save(force_insert=True)
    receipt.transaction_id = ""  # another key: that of the order
    with transaction.atomic():
        receipt.save(force_insert=True)
        receipt.pk, receipt.amount = ids.new_id(), Decimal(6)
        with refused("one_receipt_per_order_without_transaction"):
            receipt.save(force_insert=True)
        assert Receipt.objects.count() == 2
        with refused("has no history row"):
            committed()
        transaction.set_rollback(True)


def test_one_deposit_per_reference_and_one_open_confirmation(rows: dict[type, Any]) -> None:
    deposit, confirmation = rows[Deposit], rows[Confirmation]
    deposit.pk, deposit.status, deposit.sequence = ids.new_id(), "created", 1
    with refused("one_deposit_per_reference"):
        deposit.save(force_insert=True)
    for deposit.amount in (Decimal(0), Decimal(-1)):
        with refused("deposit_amount_is_positive"):
            deposit.save(force_insert=True)
    confirmation.pk, confirmation.status, confirmation.sequence = ids.new_id(), "created", 1
    with refused("one_open_confirmation_per_reference"):
        confirmation.save(force_insert=True)
