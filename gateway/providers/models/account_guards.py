"""What the database holds of live accounts: their credentials and where they lead are changed by two persons."""

from typing import Final

import pgtrigger

from gateway.lifecycles import PlacedGuard, update_of
from gateway.products.models import Mode
from gateway.two_persons import decided_in_this_transaction

#: The verbs by which two persons write a live account (`gateway.backoffice.master_data.account_verbs`).
OPENED: Final = "provider_account_opened"
CHANGED: Final = "provider_account_changed"

#: Columns that nobody sees again. The database cannot tell what is in them, only that an instruction names them.
SECRET_COLUMNS: Final = (
    "api_secret",
    "withdrawal_key",
    "postback_access_key",
    "postback_private_key",
    "previous_postback_access_key",
    "previous_postback_private_key",
    "postback_token",
)
#: How an instruction writes what is empty: an empty text says that a column is left as it is.
EMPTY: Final = "-"
#: All other columns that take two persons, each with the text that an instruction has for it.
_TEXTS: Final = {
    "base_url": "{row}.base_url",
    "widget_url": f"coalesce(nullif({{row}}.widget_url, ''), '{EMPTY}')",
    "paths": "{row}.paths::text",
    "is_active": "CASE WHEN {row}.is_active THEN 'yes' ELSE 'no' END",
    "ids_proven_unique": "CASE WHEN {row}.ids_proven_unique THEN 'yes' ELSE 'no' END",
    "accepts_older_postbacks": "CASE WHEN {row}.accepts_older_postbacks THEN 'yes' ELSE 'no' END",
}
#: What a new account has where its instruction says nothing.
_UNSAID: Final = {
    "widget_url": EMPTY,
    "paths": "{}",
    "is_active": "yes",
    "ids_proven_unique": "no",
    "accepts_older_postbacks": "no",
}
PLAIN_COLUMNS: Final = tuple(_TEXTS)


def _said(column: str) -> str:
    """What the instruction says of a column, in the form of `_TEXTS`."""
    text = f"parameters ->> '{column}'"
    # As PostgreSQL writes it: blanks and the order of keys mean nothing.
    return f"({text})::jsonb::text" if column == "paths" else text


def _opened() -> PlacedGuard:
    """At COMMIT a new live account has the instruction of its transaction that says the same."""
    same = " AND ".join(
        f"coalesce({_said(column)}, '{_UNSAID.get(column, '')}') = {text.format(row='NEW')}"
        for column, text in _TEXTS.items()
    )
    secret = " AND ".join(f"(NEW.{column} IS NULL OR parameters ? '{column}')" for column in SECRET_COLUMNS)
    decided = decided_in_this_transaction(
        OPENED, f"mode = NEW.mode AND parameters ->> 'name' = NEW.name AND {same} AND {secret}"
    )
    return PlacedGuard(
        name="opened_by_two_persons",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(f"NEW.mode = '{Mode.LIVE}'"),
        func=f"""
            IF NOT {decided} THEN
                RAISE EXCEPTION 'a live provider account takes two persons' USING ERRCODE = '23514';
            END IF;
            RETURN NULL;
        """,
    )


def _changed() -> PlacedGuard:
    """At COMMIT what was changed of a live account is named, with its new value, by the instruction of its transaction.

    Secrets that are encrypted anew differ, too, and nobody without their key can tell from what: that is left to the
    owner of the table, who could take the guard away as well.
    """
    plain = " AND ".join(
        f"(NEW.{column} = OLD.{column} OR {_said(column)} = {text.format(row='NEW')})"
        for column, text in _TEXTS.items()
    )
    secret = " AND ".join(
        f"(NEW.{column} IS NOT DISTINCT FROM OLD.{column} OR parameters ? '{column}')" for column in SECRET_COLUMNS
    )
    decided = decided_in_this_transaction(
        CHANGED, f"parameters ->> 'provider_account' = NEW.id::text AND {plain} AND {secret}"
    )
    return PlacedGuard(
        name="changed_by_two_persons",
        when=pgtrigger.After,
        operation=update_of(*PLAIN_COLUMNS, *SECRET_COLUMNS),
        timing=pgtrigger.Deferred,
        # Asked before anything is remembered for the COMMIT: workers write the other columns many times a second.
        condition=pgtrigger.Condition(f"OLD.mode = '{Mode.LIVE}' AND ({_differ(*PLAIN_COLUMNS, *SECRET_COLUMNS)})"),
        func=f"""
            IF NOT ({_differ(*PLAIN_COLUMNS, "postback_token")}) AND current_user = (
                SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID
            ) THEN
                RETURN NULL;
            END IF;
            IF NOT {decided} THEN
                RAISE EXCEPTION 'to change a live provider account takes two persons' USING ERRCODE = '23514';
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - our own columns, no input
    )


def _keeps_its_mode() -> PlacedGuard:
    """Orders, money and pauses of an account are those of one mode."""
    return PlacedGuard(
        name="keeps_its_mode",
        when=pgtrigger.Before,
        operation=update_of("mode"),
        condition=pgtrigger.Condition("NEW.mode <> OLD.mode"),
        func="RAISE EXCEPTION 'a provider account keeps its mode' USING ERRCODE = '23514';",
    )


def _differ(*columns: str) -> str:
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


ACCOUNT_GUARDS: Final = [_opened(), _changed(), _keeps_its_mode()]
