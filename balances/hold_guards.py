"""What the database itself holds about holds, whoever writes (`balances.guards` tells how)."""

from typing import Final

import pgtrigger

from balances.guards import LedgerGuard, refuse
from balances.kinds import HoldStatus, JournalKind
from gateway.lifecycles import truncate_guard

HOLD_GUARDS: Final = [
    LedgerGuard(
        name="legal_moves",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'DELETE' THEN
                {refuse("holds are never deleted")}
            END IF;
            IF TG_OP = 'INSERT' THEN
                IF NEW.status <> '{HoldStatus.OPEN}' THEN
                    {refuse("a hold begins open")}
                END IF;
                NEW.created_at := clock_timestamp();
                RETURN NEW;
            END IF;
            IF (NEW.id, NEW.order_id, NEW.product_id, NEW.mode, NEW.currency, NEW.amount, NEW.created_at)
                    IS DISTINCT FROM
                    (OLD.id, OLD.order_id, OLD.product_id, OLD.mode, OLD.currency, OLD.amount, OLD.created_at)
                    OR OLD.status <> '{HoldStatus.OPEN}' OR NEW.status = '{HoldStatus.OPEN}' THEN
                {refuse("a hold is spent or released once, and never changed otherwise")}
            END IF;
            NEW.closed_at := clock_timestamp();
            RETURN NEW;
        """,
    ),
    LedgerGuard(
        name="has_its_journal",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        timing=pgtrigger.Deferred,
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM balances_journal WHERE reference = NEW.order_id AND kind = CASE NEW.status
                    WHEN '{HoldStatus.OPEN}' THEN '{JournalKind.WITHDRAWAL_HELD}'
                    WHEN '{HoldStatus.SPENT}' THEN '{JournalKind.WITHDRAWAL_PAID}'
                    ELSE '{JournalKind.WITHDRAWAL_RELEASED}' END
            ) THEN
                {refuse("hold of % is % without its journal", "NEW.order_id", "NEW.status")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own columns, no input
    ),
    truncate_guard("holds", kind=LedgerGuard),
]
