"""What the database itself holds about the ledger, whoever writes: the application, its owner, a person with psql.

Rules are triggers that read no session variable (`gateway.lifecycles.Guard`). Their functions look up tables in the
schema ``public`` before any temporary one, so nobody can put a table of the same name in front. The one that writes
balances runs with the owner's rights: the application has none to do so itself.

Refusals carry ERRCODE 23514, so they arrive as ``IntegrityError``.
"""

from collections.abc import Iterable
from typing import Final

import pgtrigger

from balances.kinds import (
    BY_PEOPLE_ALONE,
    DEBIT_NORMAL,
    LIVE,
    OVERDRAFT_VERB,
    AccountKind,
    HoldStatus,
    JournalKind,
)
from balances.states import InstructionStatus
from gateway.lifecycles import CauseKind, Guard, GuardSql, truncate_guard, update_of, written_once
from gateway.products.models import Mode

#: A journal is committed so soon after it was written, or not at all. What a snapshot counts is older than
#: `SNAPSHOT_MARGIN_SECONDS`, so nothing that it counts can still arrive. A posting takes milliseconds.
POSTING_SECONDS: Final = 60
#: Five times as long: room for a commit that waits for a replica, and for clocks that are set.
SNAPSHOT_MARGIN_SECONDS: Final = 300


class LedgerSql(GuardSql):
    """Trigger SQL whose function finds its tables where the owner put them."""

    _security = ""

    def get_template(self) -> str:
        """The statements that install the guard."""
        template: str = super().get_template()
        return template.replace("$$ LANGUAGE plpgsql;", f"$$ LANGUAGE plpgsql{self._security} {_SEARCH_PATH};", 1)


class DefinerSql(LedgerSql):
    """The same with the owner's rights, for what the application itself may not write."""

    _security = " SECURITY DEFINER"


#: PostgreSQL looks at temporary tables first unless they are named, and then where they are named.
_SEARCH_PATH: Final = "SET search_path = public, pg_temp"


class LedgerGuard(Guard):
    """A rule of the ledger."""

    sql_class: type[GuardSql] = LedgerSql


class DefinerGuard(LedgerGuard):
    """A rule that writes for those who may not."""

    sql_class = DefinerSql


def listed(kinds: Iterable[str]) -> str:
    """Words as SQL lists them."""
    return ", ".join(f"'{kind}'" for kind in kinds)


def refuse(sentence: str, *values: str) -> str:
    """The statement that refuses, with a sentence and what stands for each of its ``%``."""
    arguments = "".join(f", {value}" for value in values)
    return f"RAISE EXCEPTION '{sentence}'{arguments} USING ERRCODE = '23514';"


#: Of the journal of an entry, where that was written in this very transaction; else nothing.
_MODE_OF_JOURNAL: Final = """
    SELECT journal.mode FROM balances_journal AS journal WHERE journal.id = NEW.journal_id
        AND journal.xact = pg_current_xact_id()::text::bigint AND journal.begun_at = transaction_timestamp()
"""
#: Adds an entry to the balance of its account, where that keeps one, is of the mode of the entry's journal and of the
#: currency that was given. The row lock that this takes puts everybody who posts to the account in line, and the CHECK
#: of its limit looks at the balance that all of them before us have left.
_COUNT: Final = f"""
    UPDATE balances_account SET
        balance = balance + CASE WHEN kind IN ({listed(kind for kind in LIVE if kind in DEBIT_NORMAL)})
            THEN NEW.amount ELSE -NEW.amount END,
        entry_count = entry_count + 1,
        last_entry_at = greatest(clock_timestamp(), last_entry_at)
    WHERE id = NEW.account_id AND balance IS NOT NULL AND mode = ({_MODE_OF_JOURNAL})
        AND (given IS NULL OR given IN ('', currency))
    RETURNING currency, mode, product_id, balance, entry_count, last_entry_at
        INTO NEW.currency, NEW.mode, NEW.product_id, NEW.balance_after, NEW.sequence, NEW.created_at;
"""  # noqa: S608 - our own columns, no input


ACCOUNT_GUARDS: Final = [
    LedgerGuard(
        name="written_by_entries_alone",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
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
            -- The guards of entries and of snapshots write here, from inside their own trigger; nobody else does.
            ELSIF pg_trigger_depth() < 2 AND (NEW.balance, NEW.entry_count, NEW.last_entry_at, NEW.covered_until)
                    IS DISTINCT FROM (OLD.balance, OLD.entry_count, OLD.last_entry_at, OLD.covered_until) THEN
                {refuse("a balance is written by entries alone")}
            END IF;
            -- Not a number is above every number, for PostgreSQL.
            IF NEW.overdraft_limit <> 0 AND (NEW.kind <> '{AccountKind.AVAILABLE}'
                    OR NEW.overdraft_limit < 0 OR NEW.overdraft_limit >= 1e16) THEN
                {refuse("an overdraft is an amount, and of available money alone")}
            END IF;
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

JOURNAL_GUARDS: Final = [
    LedgerGuard(
        name="knows_its_transaction",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=f"""
            NEW.xact := pg_current_xact_id()::text::bigint;
            NEW.begun_at := transaction_timestamp();
            NEW.created_at := clock_timestamp();
            IF NEW.kind NOT IN ({listed(JournalKind)}) OR NEW.mode NOT IN ({listed(Mode)}) THEN
                {refuse("there are no % journals of kind %", "NEW.mode", "NEW.kind")}
            END IF;
            IF NEW.reference = '' THEN
                {refuse("a journal has a reference")}
            END IF;
            RETURN NEW;
        """,
    ),
    # One guard for all that is asked of a journal at COMMIT: a second one would cost every posting.
    LedgerGuard(
        name="right_at_commit",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        declare=[("legs", "bigint"), ("held", "numeric")],
        func=f"""
            -- Two are enough to know. What they sum to is asked by each of them.
            PERFORM FROM balances_entry WHERE journal_id = NEW.id OFFSET 1;
            IF NOT FOUND THEN
                SELECT count(*) INTO legs FROM balances_entry WHERE journal_id = NEW.id;
                {refuse("journal % has % legs; it needs two or more", "NEW.id", "legs")}
            END IF;
            IF clock_timestamp() > NEW.created_at + interval '{POSTING_SECONDS} seconds' THEN
                {refuse("journal % is committed too late after it was written", "NEW.id")}
            END IF;
            IF NEW.kind IN ({
            listed([JournalKind.WITHDRAWAL_HELD, JournalKind.WITHDRAWAL_RELEASED, JournalKind.WITHDRAWAL_PAID])
        }) THEN
                SELECT sum(entry.amount) INTO held FROM balances_entry AS entry
                JOIN balances_account AS account ON account.id = entry.account_id
                WHERE entry.journal_id = NEW.id AND account.kind = '{AccountKind.HELD}';
                IF NOT EXISTS (
                    SELECT 1 FROM balances_hold
                    WHERE order_id = NEW.reference AND mode = NEW.mode AND (
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
            IF NEW.instruction_id IS NOT NULL OR NEW.cause = '{CauseKind.PERSON}'
                    OR NEW.kind IN ({listed(BY_PEOPLE_ALONE)})
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
    DefinerGuard(
        name="belongs_and_counts",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("given", "text := NEW.currency"), ("kind_of_account", "text"), ("mode_of_journal", "text")],
        func=f"""
            -- Who posts says with a number that the account keeps its balance, and saves a question. It is believed in
            -- nothing: where it is not so, no row is found, and it is as if nothing had been said.
            IF NEW.sequence IS NOT NULL THEN
                {_COUNT}
                IF FOUND THEN
                    RETURN NEW;
                END IF;
            END IF;
            -- One question about both, and its answers where they belong: each statement, and each value that is taken
            -- from a record, costs as much as all that is compared below. An entry that comes after a snapshot is never
            -- among what that has counted, wherever the clock was set.
            SELECT one.kind, ({_MODE_OF_JOURNAL}), one.currency, one.mode, one.product_id,
                NULL, NULL, greatest(clock_timestamp(), one.covered_until)
            INTO kind_of_account, mode_of_journal, NEW.currency, NEW.mode, NEW.product_id,
                NEW.balance_after, NEW.sequence, NEW.created_at
            FROM balances_account AS one WHERE one.id = NEW.account_id;
            IF NOT FOUND THEN
                {refuse("there is no such ledger account: %", "NEW.account_id")}
            END IF;
            IF mode_of_journal IS NULL THEN
                {refuse("entries come in the transaction of their journal alone")}
            END IF;
            IF NEW.mode <> mode_of_journal THEN
                {refuse("a % journal takes no entry of a % account", "mode_of_journal", "NEW.mode")}
            END IF;
            IF given <> '' AND given <> NEW.currency THEN
                {refuse("a % account takes no % entry", "NEW.currency", "given")}
            END IF;
            IF kind_of_account IN ({listed(LIVE)}) THEN
                {_COUNT}
            END IF;
            RETURN NEW;
        """,  # noqa: S608 - our own columns, no input
    ),
    # Each leg asks about its own currency, and so does one that came after the others were looked at (SET CONSTRAINTS …
    # IMMEDIATE): the last leg of a currency asks when all of them are there.
    LedgerGuard(
        name="leaves_the_journal_whole",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        declare=[("total", "numeric")],
        func=f"""
            SELECT sum(amount) INTO total FROM balances_entry
                WHERE journal_id = NEW.journal_id AND currency = NEW.currency;
            IF total <> 0 THEN
                {refuse("journal % does not sum to zero", "NEW.journal_id")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own columns, no input
    ),
    *written_once("entries", kind=LedgerGuard),
]
