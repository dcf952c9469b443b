"""What the database itself holds about snapshots, whoever writes (`balances.guards` tells how)."""

from typing import Final

import pgtrigger

from balances.guards import SNAPSHOT_MARGIN_SECONDS, DefinerGuard, LedgerGuard, listed, refuse
from balances.kinds import DEBIT_NORMAL, LIVE
from gateway.lifecycles import written_once

SNAPSHOT_GUARDS: Final = [
    DefinerGuard(
        name="counts_by_itself",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("account", "record"), ("since", "record")],
        func=f"""
            -- A transaction that sees everything as it was when it began may not see what was committed long since.
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                {refuse("snapshots are taken in a read committed transaction")}
            END IF;
            -- Locked: two snapshots of one account come one after the other, and the second builds on the first.
            SELECT kind, covered_until INTO account FROM balances_account WHERE id = NEW.account_id FOR NO KEY UPDATE;
            IF NOT FOUND OR account.kind IN ({listed(LIVE)}) THEN
                {refuse("snapshots are of accounts without a live balance")}
            END IF;
            NEW.created_at := clock_timestamp();
            NEW.covered_until := clock_timestamp() - interval '{SNAPSHOT_MARGIN_SECONDS} seconds';
            IF account.covered_until >= NEW.covered_until THEN
                {refuse("the last snapshot of this account is newer")}
            END IF;
            SELECT coalesce(sum(amount), 0) * CASE WHEN account.kind IN ({listed(DEBIT_NORMAL)}) THEN 1 ELSE -1 END
                INTO NEW.balance FROM balances_entry
                WHERE account_id = NEW.account_id AND created_at < NEW.covered_until
                    AND (account.covered_until IS NULL OR created_at >= account.covered_until);
            SELECT balance INTO since FROM balances_snapshot
                WHERE account_id = NEW.account_id ORDER BY covered_until DESC LIMIT 1;
            IF FOUND THEN
                NEW.balance := NEW.balance + since.balance;
            END IF;
            UPDATE balances_account SET covered_until = NEW.covered_until WHERE id = NEW.account_id;
            RETURN NEW;
        """,  # noqa: S608 - our own columns, no input
    ),
    *written_once("snapshots", kind=LedgerGuard),
]
