"""What the application may do in the database: somebody has decided it for every table, and PostgreSQL agrees."""

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from gateway.database.privileges import PRIVILEGES, May
from gateway.encryption import EncryptedTextField
from gateway.kept_history import SettingChange
from gateway.keyed_hashes import KeyedHashesField

MODELS: dict[str, Any] = {
    one._meta.label: one
    for one in apps.get_models(include_auto_created=True)
    if one._meta.managed and not one._meta.proxy
}
GUARDS = {label: {one.name: one for one in getattr(model._meta, "triggers", [])} for label, model in MODELS.items()}
WRITTEN_ONCE = {label for label, guards in GUARDS.items() if "append_only" in guards}


def ask(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[Any] = cursor.fetchall()
        return found


def held(table: str, *words: str) -> dict[str, bool]:
    """Which of these privileges the application has."""
    return {word: ask("SELECT has_table_privilege(%s, %s)", table, word) == [(True,)] for word in words}


def columns_of(model: Any) -> set[str]:
    return {one.column for one in model._meta.local_concrete_fields}


def updatable(label: str) -> set[str]:
    """The columns that the application may update."""
    may = PRIVILEGES[label].update
    if isinstance(may, bool):
        return columns_of(MODELS[label]) if may else set()
    return set(may)


def test_every_table_has_a_decision() -> None:
    assert set(MODELS) - set(PRIVILEGES) == set(), "say in gateway/database/privileges.py what may change"
    assert set(PRIVILEGES) - set(MODELS) == set(), "there is no such table any more"


def test_what_is_written_once_cannot_be_changed_removed_or_emptied() -> None:
    assert len(WRITTEN_ONCE) >= 9
    for label in WRITTEN_ONCE:
        assert "never_truncated" in GUARDS[label], label
        assert PRIVILEGES[label].delete is False, label
        # The guard lets through what keys encrypt anew, and names it.
        rewritten = {one for one in columns_of(MODELS[label]) if f"'{one}'" in GUARDS[label]["append_only"].func}
        assert updatable(label) == rewritten, label


def test_the_ledger_is_all_but_closed() -> None:
    ledger = {label for label in PRIVILEGES if label.startswith("balances.")}
    assert {label: updatable(label) for label in ledger if updatable(label)} == {
        "balances.Account": {"overdraft_limit"},
        "balances.Hold": {"status", "closed_at"},
        "balances.Instruction": {
            *("status", "sequence", "preview", "digest", "secrets"),
            *("decided_by_id", "decided_at", "decision_reason"),
        },
    }
    assert not [label for label in ledger if PRIVILEGES[label].delete]
    by_functions = {label for label in PRIVILEGES if not PRIVILEGES[label].insert}
    assert {label for label in by_functions if label.startswith("balances.")} == {"balances.Journal", "balances.Entry"}


def test_what_settings_were_is_written_by_triggers_alone() -> None:
    histories = {label for label, model in MODELS.items() if issubclass(model, SettingChange)}
    assert len(histories) == 6
    for label in histories:
        assert PRIVILEGES[label] == May(insert=False), label
        tracked = MODELS[label].pgh_tracked_model
        assert "history" in GUARDS[tracked._meta.label], label
        assert label in WRITTEN_ONCE


def test_keys_can_be_rotated_everywhere() -> None:
    for label, model in MODELS.items():
        for column in model._meta.local_concrete_fields:
            if isinstance(column, (EncryptedTextField, KeyedHashesField)):
                assert column.column in updatable(label), column


def test_a_column_that_may_be_updated_is_there() -> None:
    for label, model in MODELS.items():
        assert updatable(label) <= columns_of(model), label


@pytest.mark.django_db
def test_postgresql_allows_exactly_that() -> None:
    tables = {table for (table,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert {model._meta.db_table for model in MODELS.values()} | {"django_migrations"} == tables
    for label, model in MODELS.items():
        table = model._meta.db_table
        assert held(table, "SELECT", "INSERT", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER") == {
            "SELECT": True,
            "INSERT": PRIVILEGES[label].insert,
            "DELETE": PRIVILEGES[label].delete,
            "TRUNCATE": False,
            "REFERENCES": False,
            "TRIGGER": False,
        }, label
        named = ask(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND has_column_privilege(attrelid, attnum, 'UPDATE')",
            table,
        )
        assert {name for (name,) in named} == updatable(label), label


@pytest.mark.django_db
def test_the_application_reads_which_migrations_there_are_and_writes_none() -> None:
    words = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    assert [word for word, is_held in held("django_migrations", *words).items() if is_held] == ["SELECT"]


@pytest.mark.django_db
def test_the_application_executes_what_is_no_trigger() -> None:
    functions = ask(
        "SELECT proname::text, prorettype = 'trigger'::regtype, has_function_privilege(oid, 'EXECUTE'),"
        " has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    )
    names = sorted(name for name, is_a_triggers, *_ in functions if not is_a_triggers)
    # The first is the history library's. It would write into a table in which the application may write nothing.
    assert names == ["_pgh_attach_context", "balances_post", "balances_post_transfer"]
    assert len(functions) > 20
    assert all(may_execute is not is_a_triggers for _, is_a_triggers, may_execute, _ in functions)
    assert not any(may_everybody for *_, may_everybody in functions)


@pytest.mark.django_db
def test_the_application_is_nobody_special() -> None:
    assert ask("SELECT current_user, session_user") == [(settings.DATABASE_APPLICATION_ROLE,) * 2]
    assert ask(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
        " WHERE rolname = current_user"
    ) == [(False,) * 5]
    assert ask("SELECT roleid::regrole FROM pg_auth_members WHERE member = current_user::regrole") == []
    # Nor can it put anything in front of what a guard looks at, be it a temporary table.
    assert ask("SELECT has_schema_privilege('public', 'CREATE')") == [(False,)]
    assert ask("SELECT has_database_privilege(current_database(), 'TEMPORARY')") == [(False,)]
    assert ask("SELECT has_database_privilege(current_database(), 'CREATE')") == [(False,)]
    # Nothing is its own.
    assert ask("SELECT relname FROM pg_class WHERE relowner = current_user::regrole") == []
    assert ask(
        "SELECT DISTINCT rolsuper FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
        " WHERE relnamespace = 'public'::regnamespace"
    ) == [(False,)]
