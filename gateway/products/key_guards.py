"""What the database holds of live keys by which money leaves: two persons make one, and nobody widens it."""

from typing import Final

import pgtrigger

from gateway.lifecycles import PlacedGuard, update_of
from gateway.two_persons import decided_in_this_transaction

#: The verb by which two persons issue a key (`gateway.backoffice.master_data.key_verbs`).
ISSUED: Final = "api_key_issued"
#: How the scopes begin by which money leaves.
MONEY_OUT: Final = "withdrawals:"

_MOVES_MONEY_OUT: Final = f"NEW.mode = 'live' AND array_to_string(NEW.scopes, ' ') ~ '(^| ){MONEY_OUT}'"
#: In whatever order the scopes are written.
_SAME_SCOPES: Final = """string_to_array(parameters ->> 'scopes', ' ') @> NEW.scopes::text[]
                    AND string_to_array(parameters ->> 'scopes', ' ') <@ NEW.scopes::text[]"""


def _issued() -> PlacedGuard:
    """At COMMIT a new key has the instruction of its transaction that names its digest, its product and its scopes."""
    decided = decided_in_this_transaction(
        ISSUED,
        "mode = NEW.mode AND parameters ->> 'digest' = NEW.digest"
        f" AND parameters ->> 'product' = NEW.product_id::text AND {_SAME_SCOPES}",
    )
    return PlacedGuard(
        name="issued_by_two_persons",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(_MOVES_MONEY_OUT),
        func=f"""
            IF NOT {decided} THEN
                RAISE EXCEPTION 'a live key by which money leaves takes two persons' USING ERRCODE = '23514';
            END IF;
            RETURN NULL;
        """,
    )


def _never_widened() -> PlacedGuard:
    """Such a key keeps whose it is, what it may and from where, and does not come back; another is issued instead.

    Networks are compared as they are written: some may be taken away, but not the last, which would mean anywhere.
    """
    return PlacedGuard(
        name="never_widened",
        when=pgtrigger.Before,
        operation=update_of("digest", "product_id", "mode", "scopes", "allowed_networks", "expires_at", "revoked_at"),
        condition=pgtrigger.Condition(
            f"{_MOVES_MONEY_OUT} AND ("
            "(NEW.digest, NEW.product_id, NEW.mode, OLD.scopes @> NEW.scopes)"
            " IS DISTINCT FROM (OLD.digest, OLD.product_id, OLD.mode, true)"
            " OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)"
            " OR (OLD.allowed_networks <> '{}'"
            " AND NOT (NEW.allowed_networks <> '{}' AND OLD.allowed_networks @> NEW.allowed_networks))"
            " OR coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity'))"
        ),
        func="""
            RAISE EXCEPTION 'a live key by which money leaves is never widened: issue another one'
                USING ERRCODE = '23514';
        """,
    )


KEY_GUARDS: Final = [_issued(), _never_widened()]
