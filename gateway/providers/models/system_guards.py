"""What the database holds of payment systems: two persons let money out through one, or let out more of it."""

from typing import Final

import pgtrigger

from gateway.lifecycles import PlacedGuard, PlacedSql, update_of
from gateway.two_persons import decided_in_this_transaction

#: The verb by which two persons say all of it (`gateway.backoffice.master_data.system_verbs`).
PAYOUTS_CHANGED: Final = "payment_system_payouts_changed"
#: What it says: whether payouts go through the system, how small and how large they are, and where the fields of the
#: recipient go in the signed request.
PAYOUT_COLUMNS: Final = ("pays_out", "withdrawal_minimum", "withdrawal_maximum", "recipient_fields")
#: How an instruction writes that there is no minimum or maximum.
NO_LIMIT: Final = "-"

#: Every column, changed or not: what was written while nothing went out was seen by nobody.
_SAME: Final = f"""parameters ->> 'code' = NEW.code AND OLD.code = NEW.code
                    AND parameters ->> 'pays_out' = 'yes'
                    AND nullif(parameters ->> 'withdrawal_minimum', '{NO_LIMIT}')::numeric
                        IS NOT DISTINCT FROM NEW.withdrawal_minimum
                    AND nullif(parameters ->> 'withdrawal_maximum', '{NO_LIMIT}')::numeric
                        IS NOT DISTINCT FROM NEW.withdrawal_maximum
                    AND (parameters ->> 'recipient_fields')::jsonb = NEW.recipient_fields"""
#: One person may always stop and narrow.
_WIDENED: Final = """NEW.pays_out AND (
            (OLD.pays_out, OLD.code, OLD.recipient_fields)
                IS DISTINCT FROM (NEW.pays_out, NEW.code, NEW.recipient_fields)
            OR coalesce(NEW.withdrawal_minimum, 0) < coalesce(OLD.withdrawal_minimum, 0)
            OR coalesce(NEW.withdrawal_maximum, 'Infinity') > coalesce(OLD.withdrawal_maximum, 'Infinity')
        )"""


def _changed() -> PlacedGuard:
    """At COMMIT a system that lets out more has the instruction of its transaction that says all of how it does."""
    return PlacedGuard(
        name="payouts_changed_by_two_persons",
        when=pgtrigger.After,
        operation=update_of("code", *PAYOUT_COLUMNS),
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(_WIDENED),
        func=f"""
            IF NOT {decided_in_this_transaction(PAYOUTS_CHANGED, _SAME)} THEN
                RAISE EXCEPTION 'to let money out through a payment system takes two persons' USING ERRCODE = '23514';
            END IF;
            RETURN NULL;
        """,
    )


class BeforeStatementSql(PlacedSql):
    """Trigger SQL whose function sees the tables as they were before the statement, without the rows beside its own."""

    _security = " STABLE"


class _BeforeStatementGuard(PlacedGuard):
    sql_class = BeforeStatementSql


def _begins_without() -> PlacedGuard:
    """A row that pays out is inserted into an empty catalogue only: by the one statement of a first installation.

    There is nobody then who could agree, and neither an order nor a key. Later rows begin without payouts, and two
    persons switch them on. Nobody empties the catalogue: the application may delete no system.
    """
    return _BeforeStatementGuard(
        name="begins_without_payouts",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("NEW.pays_out"),
        func="""
            IF EXISTS (SELECT 1 FROM providers_paymentsystem) THEN
                RAISE EXCEPTION 'a payment system begins without payouts: to let money out takes two persons'
                    USING ERRCODE = '23514';
            END IF;
            RETURN NEW;
        """,
    )


SYSTEM_GUARDS: Final = [_changed(), _begins_without()]
