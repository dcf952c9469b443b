"""What the database itself holds about instructions, whoever writes (`balances.guards` tells how)."""

from typing import Final

import pgtrigger

from balances.guards import LedgerGuard
from balances.states import INSTRUCTION
from balances.states import InstructionStatus as Status
from gateway.lifecycles import lifecycle_guards, truncate_guard, written_once

#: Who may decide what is in the CHECKs of the table; these hold what needs the row before, or other rows.
INSTRUCTION_GUARDS: Final = [
    *lifecycle_guards(INSTRUCTION, history_table="balances_instructionmove"),
    LedgerGuard(
        name="written_once_and_decided_once",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'instructions are never deleted' USING ERRCODE = '23514';
            END IF;
            IF TG_OP = 'UPDATE' THEN
                -- Secrets that wait for a decision are encrypted anew when keys are rotated. What was asked for is
                -- known by their fingerprints, which stay: others in their place would not be carried out.
                IF OLD.status = '{Status.PROPOSED}' AND OLD.secrets IS NOT NULL AND NEW.secrets IS NOT NULL
                        AND to_jsonb(NEW) - 'secrets' = to_jsonb(OLD) - 'secrets' THEN
                    RETURN NEW;
                END IF;
                IF (NEW.id, NEW.verb, NEW.parameters, NEW.reason, NEW.document, NEW.mode)
                        IS DISTINCT FROM (OLD.id, OLD.verb, OLD.parameters, OLD.reason, OLD.document, OLD.mode)
                        OR (NEW.requested_by_id, NEW.requested_at)
                        IS DISTINCT FROM (OLD.requested_by_id, OLD.requested_at) THEN
                    RAISE EXCEPTION 'what an instruction asks for is never changed' USING ERRCODE = '23514';
                END IF;
                IF OLD.status <> '{Status.PROPOSED}' OR NEW.status = '{Status.PROPOSED}' THEN
                    RAISE EXCEPTION 'an instruction is decided once, and never changed otherwise'
                        USING ERRCODE = '23514';
                END IF;
                IF NEW.status <> '{Status.POSTED}'
                        AND (NEW.preview, NEW.digest) IS DISTINCT FROM (OLD.preview, OLD.digest) THEN
                    RAISE EXCEPTION 'what was shown changes with the approval alone' USING ERRCODE = '23514';
                END IF;
                -- As journals know their transaction, so that one of another transaction cannot name this decision.
                NEW.decided_xact := pg_current_xact_id()::text::bigint;
                NEW.decided_at := transaction_timestamp();
            ELSE
                NEW.decided_xact := NULL;
                NEW.decided_at := NULL;
            END IF;
            RETURN NEW;
        """,
    ),
    LedgerGuard(
        name="has_what_it_showed",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(f"NEW.status = '{Status.POSTED}'"),
        func="""
            IF (coalesce(jsonb_array_length(NEW.preview -> 'journals'), 0) > 0)
                    <> EXISTS (SELECT 1 FROM balances_journal WHERE instruction_id = NEW.id) THEN
                RAISE EXCEPTION 'instruction % is posted and its journals are not those that were shown', NEW.id
                    USING ERRCODE = '23514';
            END IF;
            RETURN NULL;
        """,
    ),
    truncate_guard("instructions", kind=LedgerGuard),
]

MOVE_GUARDS: Final = written_once("moves of instructions")
