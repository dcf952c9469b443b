"""What the database holds of batches and of their rows, whoever writes."""

from typing import Final

import pgtrigger

from balances.guards import LedgerGuard, listed, refuse
from gateway.lifecycles import Guard, update_of
from withdrawals.batch_states import ENDED, RowStatus

_WAITING: Final = RowStatus.WAITING


def all_rows_ended() -> LedgerGuard:
    """At COMMIT no row of a batch that has ended is still waiting."""
    return LedgerGuard(
        name="all_rows_ended",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | update_of("status"),
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(f"NEW.status IN ({listed(sorted(ENDED))})"),
        func=f"""
            IF EXISTS (SELECT 1 FROM withdrawals_batchrow WHERE batch_id = NEW.id AND status = '{_WAITING}') THEN
                {refuse("batch % has rows that wait", "NEW.id")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own tables, no input
    )


def has_all_rows() -> LedgerGuard:
    """At COMMIT a batch that begins has its rows: each number once, and so none is added to it later."""
    return LedgerGuard(
        name="has_all_rows",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        func=f"""
            IF NEW.row_count <> (SELECT count(*) FROM withdrawals_batchrow WHERE batch_id = NEW.id) THEN
                {refuse("batch % has not as many rows as it says", "NEW.id")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own tables, no input
    )


def same_wish_for_ever() -> Guard:
    """What was asked for in a batch stays as it was asked for, and is never deleted."""
    return Guard(
        name="same_wish_for_ever",
        when=pgtrigger.Before,
        operation=pgtrigger.Delete
        | update_of(
            *("product_id", "mode", "reference", "source", "row_count", "fingerprint"),
            *("asked_by", "asked_by_id", "created_at"),
        ),
        func=f"""
                    IF TG_OP = 'DELETE' THEN
                        {refuse("batches are never deleted")}
                    END IF;
                    IF (NEW.product_id, NEW.mode, NEW.reference, NEW.source, NEW.row_count, NEW.fingerprint,
                            NEW.asked_by, NEW.asked_by_id, NEW.created_at) IS DISTINCT FROM
                            (OLD.product_id, OLD.mode, OLD.reference, OLD.source, OLD.row_count, OLD.fingerprint,
                            OLD.asked_by, OLD.asked_by_id, OLD.created_at) THEN
                        {refuse("what was asked for in a batch is never changed")}
                    END IF;
                    RETURN NEW;
                """,
    )


def legal_moves_of_rows() -> Guard:
    """A row waits and then ends, once; what was asked for stays, but for the recipient, which is forgotten."""
    end = ("status", "code", "detail", "withdrawal_id", "recipient", "comment", "ended_at")
    return Guard(
        name="legal_moves",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'DELETE' THEN
                {refuse("rows of batches are never deleted")}
            END IF;
            IF TG_OP = 'INSERT' THEN
                IF NEW.status <> '{_WAITING}' THEN
                    {refuse("a row of a batch may not begin as %", "NEW.status")}
                END IF;
                -- All numbers up to this are taken at the COMMIT of the batch, so nobody adds one later.
                IF NOT EXISTS (
                    SELECT 1 FROM withdrawals_withdrawalbatch
                    WHERE id = NEW.batch_id AND NEW.number BETWEEN 1 AND row_count
                ) THEN
                    {refuse("a batch has as many rows as it was sent with")}
                END IF;
                RETURN NEW;
            END IF;
            -- The rotation of keys writes the recipient anew; a worker counts how often it failed.
            IF to_jsonb(NEW) - ARRAY['recipient', 'attempts'] = to_jsonb(OLD) - ARRAY['recipient', 'attempts'] THEN
                RETURN NEW;
            END IF;
            IF OLD.status <> '{_WAITING}' OR NEW.status = '{_WAITING}'
                    OR to_jsonb(NEW) - ARRAY[{listed(end)}] <> to_jsonb(OLD) - ARRAY[{listed(end)}] THEN
                {refuse("a row of a batch ends once, and what was asked for stays")}
            END IF;
            RETURN NEW;
        """,  # noqa: S608 - our own tables, no input
    )


def made_as_asked() -> LedgerGuard:
    """At COMMIT a row that was made has the withdrawal that it asked for."""
    return LedgerGuard(
        name="made_as_asked",
        when=pgtrigger.After,
        operation=update_of("status"),
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(f"NEW.status = '{RowStatus.MADE}'"),
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM withdrawals_withdrawal AS made JOIN withdrawals_withdrawalbatch AS batch
                    ON batch.product_id = made.product_id AND batch.mode = made.mode
                WHERE made.id = NEW.withdrawal_id AND batch.id = NEW.batch_id AND made.reference = NEW.reference
                    AND made.currency = NEW.currency AND made.amount = NEW.amount
                    AND made.payment_system_id = NEW.payment_system_id
            ) THEN
                {refuse("row % of a batch was made otherwise than it was asked for", "NEW.number")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own tables, no input
    )
