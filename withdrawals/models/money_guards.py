"""What the database holds of a withdrawal and its money, whoever writes."""

import pgtrigger

from balances.guards import LedgerGuard, listed, refuse
from balances.kinds import HoldStatus, JournalKind
from gateway.lifecycles import update_of
from withdrawals.states import UNPAID, WithdrawalStatus

J, W = JournalKind, WithdrawalStatus


def money_follows() -> LedgerGuard:
    """At COMMIT a withdrawal and its hold agree: reserved while it is under way, spent or released at its end."""
    unpaid, paid = listed(sorted(UNPAID)), listed([W.PAID, W.REVERSED])
    return LedgerGuard(
        name="money_follows",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | update_of("status", "amount"),
        timing=pgtrigger.Deferred,
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM balances_hold AS hold
                WHERE hold.id = NEW.id AND hold.product_id = NEW.product_id AND hold.mode = NEW.mode
                    AND hold.currency = NEW.currency AND hold.amount = NEW.amount
                    AND CASE
                        WHEN NEW.status IN ({unpaid}) THEN hold.status = '{HoldStatus.RELEASED}'
                        WHEN NEW.status IN ({paid}) THEN hold.status = '{HoldStatus.SPENT}' OR EXISTS (
                            SELECT 1 FROM balances_journal
                            WHERE kind = '{J.WITHDRAWAL_PROVED_PAID}' AND reference = hold.order_id
                        )
                        ELSE hold.status = '{HoldStatus.OPEN}' END
            ) AND NEW.status = (SELECT status FROM withdrawals_withdrawal WHERE id = NEW.id) THEN
                {refuse("withdrawal % is % and its hold is not", "NEW.id", "NEW.status")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own statuses, no input
    )


def corrected_by_a_journal() -> LedgerGuard:
    """At COMMIT an end that was corrected has its journal, which the ledger takes from two persons alone."""
    return LedgerGuard(
        name="corrected_by_a_journal",
        when=pgtrigger.After,
        operation=update_of("status"),
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(
            f"NEW.status = '{W.REVERSED}' OR (NEW.status = '{W.PAID}' AND OLD.status IN ({listed(sorted(UNPAID))}))"
        ),
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM balances_hold AS hold JOIN balances_journal AS journal
                    ON journal.reference = hold.order_id AND journal.kind = CASE NEW.status
                        WHEN '{W.PAID}' THEN '{J.WITHDRAWAL_PROVED_PAID}' ELSE '{J.WITHDRAWAL_RETURNED}' END
                WHERE hold.id = NEW.id AND journal.xact = pg_current_xact_id()::text::bigint
            ) THEN
                {refuse("withdrawal % is % without its journal", "NEW.id", "NEW.status")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own words, no input
    )
