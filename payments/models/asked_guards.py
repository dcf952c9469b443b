"""What the database holds of what a deposit and a checkout session ask for, whoever writes."""

from typing import Final

import pgtrigger

from gateway.lifecycles import Guard, update_of

#: Said once, when a deposit is made. What the customer entered is encrypted: no guard sees what it says, and the
#: redaction takes it away.
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
    "language",
    "metadata",
    "flow",
    "in_widget",
    "created_at",
)


def what_was_asked_stays() -> Guard:
    """No plain column of what a product asked for is ever changed: what arrives is weighed against it."""
    new, old = (", ".join(f"{row}.{name}" for name in _FOR_EVER) for row in ("NEW", "OLD"))
    return Guard(
        name="what_was_asked_stays",
        when=pgtrigger.Before,
        operation=update_of(*_FOR_EVER),
        func=f"""
            IF ({new})
                    IS DISTINCT FROM
                    ({old}) THEN
                RAISE EXCEPTION 'what deposit % asks for is never changed', OLD.id USING ERRCODE = '23514';
            END IF;
            RETURN NEW;
        """,
    )


def ended_stays_ended() -> Guard:
    """A checkout session is called off once, and its link is taken away once, with all that belongs to it.

    The token and the secret are encrypted anew by the rotation of keys, so no more can be said of them.
    """
    return Guard(
        name="ended_stays_ended",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func="""
            IF (OLD.cancelled_at IS NOT NULL AND NEW.cancelled_at IS DISTINCT FROM OLD.cancelled_at)
                    OR (OLD.redacted_at IS NOT NULL AND NEW.redacted_at IS DISTINCT FROM OLD.redacted_at) THEN
                RAISE EXCEPTION 'checkout session % stays as it ended', OLD.id USING ERRCODE = '23514';
            END IF;
            IF NEW.redacted_at IS NULL THEN
                IF NEW.token IS NULL OR NEW.return_secret IS NULL OR NEW.return_urls <> OLD.return_urls THEN
                    RAISE EXCEPTION 'the link of checkout session % is taken away whole', OLD.id
                        USING ERRCODE = '23514';
                END IF;
            ELSIF NEW.token IS NOT NULL OR NEW.return_secret IS NOT NULL OR NEW.return_urls <> '{}'::jsonb THEN
                RAISE EXCEPTION 'the link of checkout session % is taken away whole', OLD.id USING ERRCODE = '23514';
            END IF;
            RETURN NEW;
        """,
    )
