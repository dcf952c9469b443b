"""Many withdrawals through the same move at once: what `moves.move_withdrawal` does for one, in a few statements.

Only for what is plain: the same move for all, whose money is either left as it is or spent. The database's guards look
at each row as they always do.
"""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from balances import fees, holds
from balances.journals import ProviderMoney
from balances.posting import NewJournal
from gateway import logs, prepared_sql
from gateway.lifecycles import Cause
from gateway.moving import log_move
from gateway.products.models import Customer, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.webhooks import outbox
from withdrawals.models import Withdrawal, WithdrawalMove
from withdrawals.moves import NO_NEWS, columns_of_a_move, money_of, news_of
from withdrawals.states import WITHDRAWAL, WithdrawalStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One locked withdrawal that moves.

    Attributes:
        withdrawal: with what its shape shows (`lock_together`).
        cause: why.
        changes: columns that change with the move; the same ones for all withdrawals of a call.
        charges: what its payment costs (`balances.fees.due`), where it is paid.
    """

    withdrawal: Withdrawal
    cause: Cause
    changes: Mapping[str, Any]
    charges: Sequence[fees.Charge] = field(default=())


_ALWAYS: Final = {"status": "text", "sequence": "integer", "updated_at": "timestamptz"}
_HISTORY: Final = {
    "from_status": "text",
    "cause": "text",
    "cause_id": "text",
    "detail": "text",
    "request_id": "text",
}
_MOVES: Final = prepared_sql.Insertion(
    WithdrawalMove,
    {
        "subject_id": "moved.id",
        "sequence": "step.sequence",
        "from_status": "step.from_status",
        "to_status": "step.status",
        "cause": "step.cause",
        "cause_id": "step.cause_id",
        "detail": "step.detail",
        "request_id": "step.request_id",
        "created_at": "step.updated_at",
    },
    source="moved JOIN step ON step.id = moved.id",
)


@cache  # there are a handful
def _statement(names: tuple[str, ...]) -> str:
    """Moves every row of ``step``, and writes its history. A row that is not where its step begins is left alone."""
    types = {name: prepared_sql.field_of(Withdrawal, name).db_type(connection) for name in names}
    columns = {"id": "uuid", **_ALWAYS, **_HISTORY, **types}
    changes = ", ".join(f"{name} = step.{name}" for name in (*_ALWAYS, *names))
    return prepared_sql.one_line(f"""
        WITH step AS (
            SELECT * FROM jsonb_to_recordset(%(steps)s::jsonb)
            AS step({", ".join(f"{name} {kind}" for name, kind in columns.items())})
        ),
        moved AS (
            UPDATE withdrawals_withdrawal AS one SET {changes}
            FROM step
            WHERE one.id = step.id AND one.status = step.from_status AND one.sequence = step.sequence - 1
            RETURNING one.id
        ),
        written AS ({_MOVES.sql} RETURNING 1)
        SELECT count(*) FROM written
    """)  # noqa: S608 - names of our own columns


@transaction.atomic(savepoint=False)
def move_together(steps: Sequence[Step], to_status: WithdrawalStatus) -> None:
    """Move locked withdrawals: table, sequence, history, money and news, as `moves.move_withdrawal` does for one.

    Args:
        steps: each withdrawal once.
        to_status: where to; ``paid`` only for those whose product pays no fee.

    Raises:
        IllegalMove: the table does not allow one of the moves; nothing was written.
    """
    if not steps:
        return
    now, request_id = timezone.now(), logs.request_id.get()
    rows = []
    for step in steps:
        withdrawal, from_status = step.withdrawal, step.withdrawal.status
        WITHDRAWAL.check(from_status, to_status)
        withdrawal.status, withdrawal.updated_at = to_status, now
        withdrawal.sequence += 1
        changes = columns_of_a_move(to_status, step.changes)
        for name, value in changes.items():
            setattr(withdrawal, name, value)
        log_move(withdrawal, from_status, step.cause)
        rows.append(
            {
                "id": withdrawal.pk,
                "status": to_status,
                "sequence": withdrawal.sequence,
                "updated_at": now,
                "from_status": from_status,
                "cause": step.cause.kind,
                "cause_id": step.cause.id,
                "detail": step.cause.kept_detail,
                "request_id": request_id,
                **changes,
            }
        )
    statement = _statement(tuple(sorted(columns_of_a_move(to_status, steps[0].changes))))
    ((written,),) = prepared_sql.run(statement, {"steps": json.dumps(rows, default=str)})
    if written != len(rows):
        raise RuntimeError("a withdrawal moved although it was locked")
    if to_status not in NO_NEWS:
        outbox.owe_many([_news(step.withdrawal) for step in steps])
    if to_status is WithdrawalStatus.PAID:
        holds.spend_together([_spent(step) for step in steps])


def _news(withdrawal: Withdrawal) -> dict[str, Any]:
    return {**news_of(withdrawal), "product_id": withdrawal.product_id, "created_at": withdrawal.updated_at}


def _spent(step: Step) -> tuple[str, ProviderMoney, Cause, Sequence[NewJournal]]:
    name = step.withdrawal.public_id
    taken = fees.journals_of(step.charges, name, step.cause, subject=name)
    return name, money_of(step.withdrawal), step.cause, taken


def lock_together(account: ProviderAccount, withdrawal_ids: Collection[uuid.UUID]) -> list[Withdrawal]:
    """The withdrawals of an account, locked until the transaction ends, with what their shapes show.

    In the order of their ids: two workers with some of the same wait for one another, and never for each other.
    """
    rows = Withdrawal.objects.select_for_update(of=("self",)).filter(account=account, pk__in=withdrawal_ids)
    return _with_what_is_shown(account, list(rows.order_by("pk")))


def _with_what_is_shown(account: ProviderAccount, rows: list[Withdrawal]) -> list[Withdrawal]:
    # Each is read once for all of them, not joined to each row.
    products = Product.objects.in_bulk({row.product_id for row in rows})
    customers = Customer.objects.in_bulk({row.customer_id for row in rows})
    systems = PaymentSystem.objects.in_bulk({row.payment_system_id for row in rows})
    for row in rows:
        row.account, row.product, row.customer = account, products[row.product_id], customers[row.customer_id]
        row.payment_system = systems[row.payment_system_id]
    return rows
