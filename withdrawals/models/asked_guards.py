"""What the database holds of what a withdrawal asks for, whoever writes."""

from typing import Final

import pgtrigger

from balances.guards import LedgerGuard, refuse
from gateway.lifecycles import update_of
from withdrawals.states import WithdrawalStatus

#: Said once, when it is made. What it pays and to whom stands in the encrypted columns, too, and those are compared
#: with these before anything is sent (`withdrawals.frozen_requests`).
_FOR_EVER: Final = (
    "id",
    "product_id",
    "mode",
    "customer_id",
    "account_id",
    "payment_system_id",
    "reference",
    "currency",
    "amount",
    "metadata",
    "refund_of",
    "created_at",
)


def what_was_asked_stays() -> LedgerGuard:
    """No plain column of what was asked for is ever changed.

    Two have one way each: the comment goes when its row is redacted, and the digest is written anew where the frozen
    request is signed with another key, in the step that sends it. The encrypted columns are left out: the rotation of
    keys and the redaction rewrite them, and no guard sees what they say.
    """
    new, old = (", ".join(f"{row}.{name}" for name in _FOR_EVER) for row in ("NEW", "OLD"))
    return LedgerGuard(
        name="what_was_asked_stays",
        when=pgtrigger.Before,
        operation=update_of(*_FOR_EVER, "comment", "body_digest"),
        func=f"""
            IF ({new})
                    IS DISTINCT FROM
                    ({old}) THEN
                {refuse("what withdrawal % asks for is never changed", "OLD.id")}
            END IF;
            IF NEW.comment <> OLD.comment AND NOT (NEW.comment = '' AND NEW.redacted_at IS NOT NULL) THEN
                {refuse("the comment of withdrawal % is never changed", "OLD.id")}
            END IF;
            IF NEW.body_digest <> OLD.body_digest
                    AND NOT (NEW.status = '{WithdrawalStatus.SENDING}' AND OLD.status <> NEW.status) THEN
                {refuse("the request of withdrawal % is signed anew only where it is sent", "OLD.id")}
            END IF;
            RETURN NEW;
        """,
    )
