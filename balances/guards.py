"""What the database itself holds about the ledger, whoever writes: the application, its owner, a person with psql.

Journals, entries and balances are written by two functions alone, which ask all that can be asked while they write
(`balances.posting_functions`). What can be asked at COMMIT only, and everything about the other tables, is asked here.

Rules are triggers that nobody can switch off (`gateway.lifecycles.Guard`). Whatever they look for they find in the
schema ``public``, or in PostgreSQL's own, before any temporary one: nobody can put something of the same name in front.

Refusals carry ERRCODE 23514, so they arrive as ``IntegrityError``.
"""

import json
from collections.abc import Iterable
from typing import Final

import pgtrigger

from balances.kinds import (
    BY_PEOPLE_ALONE,
    LIVE,
    OVERDRAFT_VERB,
    AccountKind,
    HoldStatus,
    JournalKind,
)
from balances.states import InstructionStatus
from gateway.lifecycles import CauseKind, Guard, GuardSql, PlacedSql, truncate_guard, update_of, written_once
from gateway.products.models import Mode

#: A journal is committed so soon after it was written, or not at all. What a snapshot counts is older than
#: `SNAPSHOT_MARGIN_SECONDS`, so nothing that it counts can still arrive. A posting takes milliseconds.
POSTING_SECONDS: Final = 60
#: Five times as long: room for a commit that waits for a replica, and for clocks that are set.
SNAPSHOT_MARGIN_SECONDS: Final = 300


#: What code knows the refusal by, and people who read a log.
WITHIN_ITS_LIMIT: Final = "account_within_its_limit"


class LedgerSql(PlacedSql):
    """Trigger SQL whose function finds its tables where the owner put them."""


class DefinerSql(LedgerSql):
    """The same with the owner's rights, for what the application itself may not write."""

    _security = " SECURITY DEFINER"


class LedgerGuard(Guard):
    """A rule of the ledger."""

    sql_class: type[GuardSql] = LedgerSql


class DefinerGuard(LedgerGuard):
    """A rule that writes for those who may not."""

    sql_class = DefinerSql


def listed(kinds: Iterable[str]) -> str:
    """Words as SQL lists them."""
    return ", ".join(f"'{kind}'" for kind in kinds)


def among(word: str, words: Iterable[str]) -> str:
    """Whether a word is one of many.

    Asked of an object, in which PostgreSQL finds a key by halves: a list of more than eight it makes a table of, anew
    in each transaction, which takes as long as a row.
    """
    return f"'{json.dumps(dict.fromkeys(words, 1))}'::jsonb ? ({word})"


def refuse(sentence: str, *values: str, constraint: str = "") -> str:
    """The statement that refuses, with a sentence and what stands for each of its ``%``.

    Args:
        sentence: for whoever reads the error.
        values: SQL.
        constraint: by which code tells this refusal from others, as if it were one.
    """
    arguments = "".join(f", {value}" for value in values)
    named = f", CONSTRAINT = '{constraint}'" if constraint else ""
    return f"RAISE EXCEPTION '{sentence}'{arguments} USING ERRCODE = '23514'{named};"


def within_limit(balance: str, limit: str) -> str:
    """The statement that refuses a balance below what it may be. Its row is locked by whoever asks."""
    return f"""IF {balance} < -{limit} THEN
            {refuse("an account would be below its limit", constraint=WITHIN_ITS_LIMIT)}
        END IF;"""


#: Whoever asks the database for something: the role that was assumed, or the one that logged in. In a function with
#: its owner's rights ``current_user`` is that owner, and this is still whoever called it. It is a setting, and moves
#: with ``current_user`` alone. Each name says its schema: nothing that somebody puts in front is taken for it.
_WHO_ASKS: Final = (
    "(CASE WHEN pg_catalog.current_setting('role') OPERATOR(pg_catalog.=) 'none' THEN session_user::pg_catalog.text"
    " ELSE pg_catalog.current_setting('role') END)"
)


def by_functions_alone(what: str, operation: pgtrigger.Operation) -> Guard:
    """Only a function of the ledger writes this, for somebody else than its owner; nobody does so by themselves.

    Asked once for a statement, whatever the number of its rows.

    Args:
        what: is refused, in words.
        operation: that is looked at.
    """
    return Guard(  # with names like these it needs no search path: setting one would be half of its price
        name="by_functions_alone",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=operation,
        func=f"""
            IF current_user::pg_catalog.text OPERATOR(pg_catalog.=) {_WHO_ASKS} THEN
                {refuse(f"{what} by balances_post alone, which the application calls")}
            END IF;
            RETURN NULL;
        """,
    )


_WHAT_IT_STANDS_FOR: Final = (
    *("id", "kind", "mode", "currency", "product_id", "provider_account_id", "payment_system"),
)
_COUNTED: Final = ("balance", "entry_count", "last_entry_at", "covered_until")

ACCOUNT_GUARDS: Final = [
    # Each update of a balance is looked at by this guard alone: a posting makes one or two.
    by_functions_alone("balances are written", update_of(*_COUNTED)),
    LedgerGuard(
        name="stands_for_one_thing",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | update_of(*_WHAT_IT_STANDS_FOR, "overdraft_limit") | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'DELETE' THEN
                {refuse("ledger accounts are never deleted")}
            END IF;
            IF TG_OP = 'INSERT' THEN
                IF coalesce(NEW.balance, 0) <> 0 OR NEW.entry_count <> 0 OR NEW.last_entry_at IS NOT NULL
                        OR NEW.covered_until IS NOT NULL THEN
                    {refuse("a ledger account begins without entries")}
                END IF;
                IF NEW.kind NOT IN ({listed(AccountKind)}) OR NEW.mode NOT IN ({listed(Mode)}) THEN
                    {refuse("there are no % accounts of kind %", "NEW.mode", "NEW.kind")}
                END IF;
                IF (NEW.balance IS NOT NULL) <> (NEW.kind IN ({listed(LIVE)})) THEN
                    {refuse("a ledger account keeps a balance where it is limited, and nowhere else")}
                END IF;
            ELSIF (NEW.id, NEW.kind, NEW.mode, NEW.currency, NEW.payment_system)
                    IS DISTINCT FROM (OLD.id, OLD.kind, OLD.mode, OLD.currency, OLD.payment_system)
                    OR (NEW.product_id, NEW.provider_account_id, NEW.balance IS NULL)
                    IS DISTINCT FROM (OLD.product_id, OLD.provider_account_id, OLD.balance IS NULL) THEN
                {refuse("what a ledger account stands for is never changed")}
            END IF;
            -- Not a number is above every number, for PostgreSQL.
            IF NEW.overdraft_limit <> 0 AND (NEW.kind <> '{AccountKind.AVAILABLE}'
                    OR NEW.overdraft_limit < 0 OR NEW.overdraft_limit >= 1e16) THEN
                {refuse("an overdraft is an amount, and of available money alone")}
            END IF;
            {within_limit("NEW.balance", "NEW.overdraft_limit")}
            RETURN NEW;
        """,
    ),
    LedgerGuard(
        name="limit_decided_by_two_persons",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | update_of("overdraft_limit"),
        timing=pgtrigger.Deferred,
        func=f"""
            IF TG_OP = 'INSERT' THEN
                IF NEW.overdraft_limit = 0 THEN
                    RETURN NULL;
                END IF;
            ELSIF NEW.overdraft_limit = OLD.overdraft_limit THEN
                RETURN NULL;
            END IF;
            IF NOT EXISTS (
                SELECT 1 FROM balances_instruction
                WHERE verb = '{OVERDRAFT_VERB}' AND status = '{InstructionStatus.POSTED}' AND mode = NEW.mode
                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()
                    AND parameters ->> 'product' = NEW.product_id::text AND parameters ->> 'currency' = NEW.currency
                    AND (parameters ->> 'limit')::numeric = NEW.overdraft_limit
            ) THEN
                {refuse("an overdraft limit needs an instruction that two persons decided in its transaction")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own columns, no input
    ),
    truncate_guard("ledger accounts", kind=LedgerGuard),
]

_SET_ASIDE: Final = (JournalKind.WITHDRAWAL_HELD, JournalKind.WITHDRAWAL_RELEASED)
_OF_A_HOLD: Final = (*_SET_ASIDE, JournalKind.WITHDRAWAL_PAID)

JOURNAL_GUARDS: Final = [
    by_functions_alone("journals are posted", pgtrigger.Insert),
    # What the rows of other tables say by then; its legs were looked at as they were written. One guard for all of it:
    # a second one would cost every posting. It may run with the rights of the owner, whose function wrote the journal.
    LedgerGuard(
        name="right_at_commit",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        declare=[("legs", "bigint"), ("held", "numeric"), ("currency_held", "text"), ("owner_held", "text")],
        func=f"""
            IF clock_timestamp() > NEW.created_at + interval '{POSTING_SECONDS} seconds' THEN
                {refuse("journal % is committed too late after it was written", "NEW.id")}
            END IF;
            -- With most journals nothing else has to agree.
            IF NEW.instruction_id IS NULL AND NEW.cause <> '{CauseKind.PERSON}'
                    AND NOT {among("NEW.kind", (*_OF_A_HOLD, JournalKind.SUSPENSE_CREDITED, *BY_PEOPLE_ALONE))} THEN
                RETURN NULL;
            END IF;
            IF NEW.kind IN ({listed(_OF_A_HOLD)}) THEN
                SELECT count(*), sum(entry.amount), min(account.currency), min(account.product_id::text)
                INTO legs, held, currency_held, owner_held
                FROM balances_entry AS entry JOIN balances_account AS account ON account.id = entry.account_id
                WHERE entry.journal_id = NEW.id AND account.kind = '{AccountKind.HELD}';
                IF legs <> 1 OR NOT EXISTS (
                    SELECT 1 FROM balances_hold
                    WHERE order_id = NEW.reference AND mode = NEW.mode AND currency = currency_held
                        AND product_id::text = owner_held AND (
                        (NEW.kind = '{JournalKind.WITHDRAWAL_HELD}' AND held = -amount)
                        OR (NEW.kind = '{JournalKind.WITHDRAWAL_PAID}' AND held = amount
                            AND status = '{HoldStatus.SPENT}')
                        OR (NEW.kind = '{JournalKind.WITHDRAWAL_RELEASED}' AND held = amount
                            AND status = '{HoldStatus.RELEASED}')
                    )
                ) THEN
                    {refuse("journal % does not agree with the hold of its withdrawal", "NEW.id")}
                END IF;
            END IF;
            -- The provider, asked, may say whose waiting money is, and then names the order. Nothing else may say it.
            -- What one person asks for, or refuses, sets money of a product aside, or gives it back to it: nobody
            -- else has it then, and the withdrawal has to say the same.
            IF NEW.instruction_id IS NOT NULL
                    OR (NEW.cause = '{CauseKind.PERSON}' AND NEW.kind NOT IN ({listed(_SET_ASIDE)}))
                    OR {among("NEW.kind", BY_PEOPLE_ALONE)}
                    OR (NEW.kind = '{JournalKind.SUSPENSE_CREDITED}'
                        AND (NEW.cause <> '{CauseKind.PULL}' OR NEW.subject = '')) THEN
                IF NOT EXISTS (
                    SELECT 1 FROM balances_instruction
                    WHERE id = NEW.instruction_id AND status = '{InstructionStatus.POSTED}' AND mode = NEW.mode
                        AND decided_xact = NEW.xact AND decided_at = NEW.begun_at
                ) THEN
                    {refuse("a % journal needs an instruction that two persons decided in its transaction", "NEW.kind")}
                END IF;
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own columns, no input
    ),
    *written_once("journals", kind=LedgerGuard),
]

ENTRY_GUARDS: Final = [
    by_functions_alone("entries are posted", pgtrigger.Insert),
    *written_once("entries", kind=LedgerGuard),
]
