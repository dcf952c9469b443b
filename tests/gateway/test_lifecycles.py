"""A status moves by its table, in Python and in PostgreSQL, and no session may switch that off."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gateway.lifecycles import Cause, CauseKind, IllegalMove, Lifecycle, recorded
from gateway.products.actions import Caller, meet_customer
from gateway.providers.models import PaymentSystem, ProviderAccount
from payments.models import Deposit, DepositMove
from payments.states import CONFIRMATION, DEPOSIT, DepositStatus
from postbacks.states import ITEM
from tests import roles
from withdrawals.models import WithdrawalMove
from withdrawals.states import WITHDRAWAL

LIVES = [DEPOSIT, CONFIRMATION, WITHDRAWAL, ITEM]
SMALL = Lifecycle(name="lamp", initial=frozenset({"off"}), moves={"off": frozenset({"on"}), "on": frozenset({"on"})})


def test_the_table_decides() -> None:
    assert SMALL.may("off", "on")
    assert SMALL.may("on", "on")
    assert not SMALL.may("on", "off")
    assert not SMALL.may("off", "off")
    assert not SMALL.may("broken", "on")
    assert SMALL.pairs() == ["off>on", "on>on"]
    SMALL.check("off", "on")
    with pytest.raises(IllegalMove, match="lamp: on may not become off") as refused:
        SMALL.check("on", "off")
    assert (refused.value.from_status, refused.value.to_status) == ("on", "off")


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_every_status_that_is_named_has_a_line_and_can_be_reached(life: Lifecycle) -> None:
    targets = set().union(*life.moves.values())
    assert life.initial <= set(life.moves)
    assert targets <= set(life.moves)
    reached = set(life.initial)
    while more := {to for status in reached for to in life.moves[status]} - reached:
        reached |= more
    # What later issues give a door to: savings come with the ledger.
    assert reached == set(life.moves)


@pytest.fixture
def deposit(caller: Caller, account: ProviderAccount, catalogue: None) -> Deposit:
    """A new deposit, written past the actions, with the history row that its guard wants."""
    made = unsaved(caller, account)
    with constraints_at_once():
        made.save(force_insert=True)
        recorded(DepositMove, subject=made, from_status="", cause=BY_CLOCK, request_id="", at=timezone.now())
    return made


BY_CLOCK = Cause(kind=CauseKind.CLOCK)


def unsaved(caller: Caller, account: ProviderAccount, **changes: Any) -> Deposit:
    return Deposit(
        product=caller.product,
        mode=caller.mode,
        customer=meet_customer(product=caller.product, mode=caller.mode, external_id="55"),
        account=account,
        payment_system=PaymentSystem.objects.get(pk="upi_l"),
        flow="activation",
        reference=uuid.uuid4().hex,
        currency="INR",
        amount="10",
        **changes,
    )


@contextmanager
def constraints_at_once() -> Iterator[None]:
    """A transaction of its own, as far as the deferred rules are concerned: they look at its end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def run(sql: str, *parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def move(deposit: Deposit, status: str, *, sequence: int = 2, history: bool = True, written: str = "") -> None:
    """Move past every action, as a wrong program or a person with psql would."""
    with constraints_at_once():
        run("UPDATE payments_deposit SET status = %s, sequence = %s WHERE id = %s", status, sequence, deposit.pk)
        if history:
            deposit.status, deposit.sequence = written or status, sequence
            recorded(
                DepositMove, subject=deposit, from_status="created", cause=BY_CLOCK, request_id="", at=timezone.now()
            )


@pytest.mark.parametrize("status", DepositStatus.values)
def test_postgresql_allows_exactly_the_moves_of_the_table(deposit: Deposit, status: str) -> None:
    if DEPOSIT.may("created", status):
        move(deposit, status)
        assert Deposit.objects.get().status == status
    else:
        with pytest.raises(IntegrityError, match="deposit: created"):
            move(deposit, status)
        assert Deposit.objects.get().status == "created"


def test_a_move_counts_its_sequence_up_by_one(deposit: Deposit) -> None:
    for sequence in (1, 0, 3, 100):
        with pytest.raises(IntegrityError, match="may not become"):
            move(deposit, "cancelled", sequence=sequence)
    assert Deposit.objects.get().sequence == 1


def test_a_sequence_does_not_move_alone(deposit: Deposit) -> None:
    with pytest.raises(IntegrityError, match="may not become"):
        move(deposit, "created")


def test_a_move_needs_its_history_row(deposit: Deposit) -> None:
    with pytest.raises(IntegrityError, match="has no history row"):
        move(deposit, "cancelled", history=False)
    assert Deposit.objects.get().status == "created"


def test_a_history_row_of_another_move_does_not_serve(deposit: Deposit) -> None:
    with pytest.raises(IntegrityError, match="has no history row"):
        move(deposit, "cancelled", written="failed")


@pytest.mark.parametrize(
    ("status", "sequence"),
    [*itertools.product(set(DepositStatus.values) - {"created"}, [1]), ("created", 0), ("created", 2)],
)
def test_a_life_begins_at_its_beginning(
    caller: Caller, account: ProviderAccount, catalogue: None, status: str, sequence: int
) -> None:
    with pytest.raises(IntegrityError, match="deposit may not begin"), constraints_at_once():
        unsaved(caller, account, status=status, sequence=sequence).save(force_insert=True)
    assert not Deposit.objects.exists()


def test_what_never_happened_is_not_there_without_history(
    caller: Caller, account: ProviderAccount, catalogue: None
) -> None:
    with pytest.raises(IntegrityError, match="has no history row"), constraints_at_once():
        unsaved(caller, account).save(force_insert=True)


ATTACKS: dict[str, tuple[str, str]] = {
    "status": ("UPDATE payments_deposit SET status = 'reversed', sequence = 2", "may not become"),
    "status unknown": ("UPDATE payments_deposit SET status = 'paid', sequence = 2", "may not become"),
    "history changed": ("UPDATE payments_depositmove SET cause_id = 'nobody'", "never changed"),
    "history deleted": ("DELETE FROM payments_depositmove", "never changed"),
    "history emptied": ("TRUNCATE payments_depositmove", "never emptied"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(
    "switch",
    [
        "",
        "SET LOCAL pgtrigger.ignore = '{payments_deposit:legal_moves,payments_depositmove:append_only}'",
        "SET LOCAL pgtrigger.ignore = '{legal_moves,append_only}'",
    ],
)
def test_no_session_variable_switches_a_guard_off(deposit: Deposit, attack: str, switch: str) -> None:
    sql, sentence = ATTACKS[attack]
    with roles.as_owner(), pytest.raises(IntegrityError, match=sentence) as refused:
        run_after(switch, sql)
    assert refused.value.__cause__.sqlstate == "23514"  # type: ignore[union-attr]
    assert list(DepositMove.objects.values_list("to_status", "cause_id")) == [("created", "")]


@transaction.atomic
def run_after(switch: str, sql: str) -> None:
    if switch:
        run(switch)
    run(sql)


@pytest.mark.parametrize("model", [DepositMove, WithdrawalMove])
def test_history_is_read_as_from_and_to(model: Callable[..., Any]) -> None:
    assert str(model(from_status="", to_status="created")) == "· → created"
    assert str(model(from_status="created", to_status="failed")) == "created → failed"


def test_a_long_detail_is_cut_to_its_column(deposit: Deposit) -> None:
    cause = Cause(kind=CauseKind.PULL, id="x", detail="d" * 500)
    deposit.sequence = 2
    row = recorded(DepositMove, subject=deposit, from_status="created", cause=cause, request_id="r", at=timezone.now())
    row.refresh_from_db()
    assert (row.detail, row.cause, row.cause_id, row.request_id) == ("d" * 200, "pull", "x", "r")
