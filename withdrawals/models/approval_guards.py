"""What the database itself holds about approvals of withdrawals, whoever writes."""

import pgtrigger

from balances.guards import LedgerGuard, refuse
from gateway.lifecycles import update_of
from gateway.products.models import Mode
from withdrawals.failures import FailureCode
from withdrawals.models.slabs import AND, NOBODY
from withdrawals.states import ApproverRole, Decision, WithdrawalStatus


def waits_as_agreed() -> LedgerGuard:
    """It begins as waiting exactly where approvals are needed, in live mode no fewer than was agreed, for ever.

    Its amount stays, too: that of its hold can not be changed (`money_follows`).

    `withdrawals.slabs.needed` holds the slabs still, so that those that counted then are those that count here.
    """
    return LedgerGuard(
        name="waits_as_agreed",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | update_of("approvals_needed", "held_for", "currency", "product_id", "mode"),
        declare=[("agreed", "text")],
        func=f"""
            IF TG_OP = 'UPDATE' THEN
                IF (NEW.approvals_needed, NEW.held_for, NEW.currency, NEW.product_id, NEW.mode)
                        IS DISTINCT FROM
                        (OLD.approvals_needed, OLD.held_for, OLD.currency, OLD.product_id, OLD.mode) THEN
                    {refuse("what withdrawal % was approved for is never changed", "NEW.id")}
                END IF;
                RETURN NEW;
            END IF;
            IF (NEW.status = '{WithdrawalStatus.QUEUED}') <> (cardinality(NEW.approvals_needed) = 0) THEN
                {refuse("a withdrawal that takes approvals begins by waiting for them, and no other one does")}
            END IF;
            IF NEW.mode <> '{Mode.LIVE}' THEN
                RETURN NEW;
            END IF;
            SELECT split_part(slab, ': ', 2) INTO agreed
            FROM unnest(string_to_array((
                SELECT slabs FROM withdrawals_slabset
                WHERE product_id = NEW.product_id AND mode = NEW.mode AND currency = NEW.currency
                ORDER BY version DESC LIMIT 1
            ), '; ')) AS slab
            WHERE split_part(slab, ': ', 1)::numeric <= NEW.amount
            ORDER BY split_part(slab, ': ', 1)::numeric DESC LIMIT 1;
            -- Nothing was agreed: real money is looked at.
            agreed := coalesce(agreed, '{ApproverRole.APPROVER}');
            IF agreed <> '{NOBODY}' AND array_to_string(NEW.approvals_needed, '{AND}') <> agreed THEN
                {refuse("a withdrawal of % % takes the approval of: %", "NEW.amount", "NEW.currency", "agreed")}
            END IF;
            RETURN NEW;
        """,  # noqa: S608 - our own words, no input
    )


def approved_by_enough() -> LedgerGuard:
    """At COMMIT what has left the waiting has the decisions that let it: the needed approvals, or a rejection."""
    return LedgerGuard(
        name="approved_by_enough",
        when=pgtrigger.After,
        operation=update_of("status"),
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(f"OLD.status = '{WithdrawalStatus.PENDING_APPROVAL}'"),
        declare=[("given", "text[]"), ("is_rejected", "boolean")],
        func=f"""
            SELECT coalesce(array_agg(role::text ORDER BY role) FILTER (WHERE decision = '{Decision.APPROVE}'), '{{}}'),
                coalesce(bool_or(decision = '{Decision.REJECT}'), false)
            INTO given, is_rejected FROM withdrawals_approval WHERE withdrawal_id = NEW.id;
            IF NEW.status = '{WithdrawalStatus.QUEUED}'
                    AND given <> ARRAY(SELECT unnest(NEW.approvals_needed)::text AS role ORDER BY role) THEN
                {refuse("withdrawal % has not the approvals that it takes", "NEW.id")}
            END IF;
            -- Each move of one that goes on waiting is one of several approvals.
            IF NEW.status = '{WithdrawalStatus.PENDING_APPROVAL}' AND cardinality(given) < NEW.sequence - 1 THEN
                {refuse("withdrawal % has not the approvals that it moved for", "NEW.id")}
            END IF;
            IF NEW.failure_code = '{FailureCode.APPROVAL_REFUSED}' AND NOT is_rejected THEN
                {refuse("withdrawal % was rejected by nobody", "NEW.id")}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own words, no input
    )
