"""What the database itself asks before a withdrawal of unknown outcome is failed, called paid, or sent again."""

import pgtrigger

from balances.guards import LedgerGuard, listed, refuse
from gateway.lifecycles import CauseKind, update_of
from gateway.two_persons import decided_in_this_transaction
from withdrawals.states import RESEND_ALLOWED_SECONDS, WithdrawalStatus

#: The verbs of `withdrawals.decision_verbs`; rows name them.
RESENT, DECLARED_FAILED, DECLARED_PAID = "payout_resent", "payout_declared_failed", "payout_declared_paid"

#: The hold has the withdrawal's id as people write it, and as instructions name it.
_NAMES_IT = """mode = NEW.mode
                    AND parameters ->> 'withdrawal' = (SELECT order_id FROM balances_hold WHERE id = NEW.id)"""
_BY_PULL = f"""EXISTS (
                SELECT 1 FROM withdrawals_withdrawalmove
                WHERE subject_id = NEW.id AND sequence = NEW.sequence AND cause = '{CauseKind.PULL}'
            )"""  # noqa: S608 - our own word, no input
#: Decided by two persons, and not too long ago.
_STILL_ALLOWED = f"""EXISTS (
                SELECT 1 FROM balances_instruction
                WHERE id = OLD.resend_allowed_by
                    AND decided_at > transaction_timestamp() - interval '{RESEND_ALLOWED_SECONDS} seconds'
            )"""  # noqa: S608 - our own number, no input
#: Counted and used up: one permission is one sending.
_ONE_SENDING = "NEW.resend_allowed_by IS NULL AND NEW.resends = OLD.resends + 1"


def doubts_end_by_proof_or_people() -> LedgerGuard:
    """At COMMIT each step out of doubt has its proof: the provider's own words, or an instruction of two persons.

    Whatever was sent into the unknown once is never ``queued`` again, where a product could cancel it.
    """
    allowed = {
        "sending>queued": "NEW.resends = 0",
        "unknown>queued": "OLD.refused_unread AND OLD.resends = 0",
        "unknown>failed": f"OLD.refused_unproven OR {decided_in_this_transaction(DECLARED_FAILED, _NAMES_IT)}",
        "manual_review>failed": decided_in_this_transaction(DECLARED_FAILED, _NAMES_IT),
        "manual_review>paid": f"{_BY_PULL} OR {decided_in_this_transaction(DECLARED_PAID, _NAMES_IT)}",
        "unknown>sending": f"""{_ONE_SENDING} AND ({_STILL_ALLOWED} OR ({_BY_PULL} AND (
                SELECT ids_proven_unique FROM providers_provideraccount WHERE id = NEW.account_id
            )))""",  # noqa: S608 - no input
        "manual_review>sending": f"{_ONE_SENDING} AND {_STILL_ALLOWED}",
    }
    cases = "\n".join(f"                WHEN '{step}' THEN {condition}" for step, condition in allowed.items())
    permitted = decided_in_this_transaction(RESENT, f"id = NEW.resend_allowed_by AND {_NAMES_IT}")
    is_permission = "NEW.resend_allowed_by IS NOT NULL AND NEW.resend_allowed_by IS DISTINCT FROM OLD.resend_allowed_by"
    return LedgerGuard(
        name="doubts_end_by_proof_or_people",
        when=pgtrigger.After,
        operation=update_of("status", "resend_allowed_by"),
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(
            f"((OLD.status || '>' || NEW.status IN ({listed(allowed)})) OR ({is_permission}))"
        ),
        func=f"""
            IF NOT coalesce(CASE OLD.status || '>' || NEW.status
{cases}
                ELSE true END, false) THEN
                RAISE EXCEPTION 'withdrawal % may not go from % to % without proof or two persons',
                    NEW.id, OLD.status, NEW.status USING ERRCODE = '23514';
            END IF;
            IF {is_permission} AND NOT {permitted} THEN
                {refuse("withdrawal % may be sent again by two persons alone", "NEW.id")}
            END IF;
            RETURN NULL;
        """,
    )


def what_proves_is_not_made_up() -> LedgerGuard:
    """What `doubts_end_by_proof_or_people` believes is the provider's: a refusal is heard where a sending ends alone.

    And no sending of unknown outcome is ever forgotten.
    """
    return LedgerGuard(
        name="what_proves_is_not_made_up",
        when=pgtrigger.Before,
        operation=update_of("refused_unproven", "refused_unread", "resends"),
        func=f"""
            IF ((NEW.refused_unproven AND NOT OLD.refused_unproven) OR (NEW.refused_unread AND NOT OLD.refused_unread))
                    AND NOT (OLD.status = '{WithdrawalStatus.SENDING}' AND NEW.status <> OLD.status) THEN
                {refuse("withdrawal % is refused where it was being sent, and nowhere else", "OLD.id")}
            END IF;
            IF NEW.resends < OLD.resends THEN
                {refuse("how often withdrawal % was sent again is never less", "OLD.id")}
            END IF;
            RETURN NEW;
        """,
    )
