"""What the database holds of withdrawals that give the money of a deposit back."""

from typing import Final

import pgtrigger

from balances.guards import LedgerGuard, listed, refuse
from withdrawals.states import UNPAID

#: As what the database names the refusal of a refund of more than was credited.
WITHIN_RECEIPTS: Final = "refund_within_receipts"


def within_receipts() -> LedgerGuard:
    """At COMMIT the refunds of a deposit are no more than what was credited for it.

    Asked of the new one alone: what was refunded may be taken back by the provider afterwards, and what failed may
    turn out to have been paid, and neither is refused.
    """
    return LedgerGuard(
        name=WITHIN_RECEIPTS,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition("NEW.refund_of IS NOT NULL"),
        declare=[("deposit", "record"), ("refunded", "numeric"), ("credited", "numeric")],
        func=f"""
            -- Whoever waited for the lock below counts what was committed meanwhile; at other levels one sees less.
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                {refuse("refunds are written at READ COMMITTED")}
            END IF;
            SELECT * INTO deposit FROM payments_deposit WHERE id = NEW.refund_of FOR NO KEY UPDATE;
            IF (deposit.product_id, deposit.mode, deposit.customer_id, deposit.currency)
                    IS DISTINCT FROM (NEW.product_id, NEW.mode::varchar, NEW.customer_id, NEW.currency) THEN
                {refuse("refund % is not of the deposit of its customer", "NEW.id")}
            END IF;
            SELECT coalesce(sum(amount), 0) INTO credited FROM payments_receipt
                WHERE deposit_id = NEW.refund_of AND status = 'credited'
                    AND product_id = NEW.product_id AND currency = NEW.currency;
            SELECT coalesce(sum(amount), 0) INTO refunded FROM withdrawals_withdrawal
                WHERE refund_of = NEW.refund_of AND status NOT IN ({listed(sorted(UNPAID))});
            IF refunded > credited THEN
                {refuse("refund %: its deposit was credited less", "NEW.id", constraint=WITHIN_RECEIPTS)}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own statuses, no input
    )
