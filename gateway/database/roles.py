"""The two roles: the owner makes the tables and says what the application may do with them.

What that is stands in `gateway.database.privileges`. All of it is said again after each `manage.py migrate`, so that
nothing which was granted by hand, or is of a table of long ago, outlives the next release.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from gateway.database.addresses import OF_A_ROLE
from gateway.database.privileges import PRIVILEGES, May

#: Since then a member of a role may be without the right to assume it.
_FIRST_WITH_SET_OPTION: Final = 160_000


@contextlib.contextmanager
def connected_as(connection: BaseDatabaseWrapper, address: Mapping[str, Any]) -> Iterator[None]:
    """Everybody in this process who uses the connection is somebody else until the block ends.

    Args:
        connection: outside of any transaction.
        address: the settings of `OF_A_ROLE`; the database stays the same.
    """
    before = {name: connection.settings_dict[name] for name in OF_A_ROLE}
    _connect_anew(connection, address)
    try:
        yield
    finally:
        _connect_anew(connection, before)


def as_owner(connection: BaseDatabaseWrapper) -> contextlib.AbstractContextManager[None]:
    """The same, as the owner of the tables."""
    return connected_as(connection, settings.DATABASE_OWNER)


def _connect_anew(connection: Any, address: Mapping[str, Any]) -> None:
    wanted = {name: address[name] for name in OF_A_ROLE}
    if all(connection.settings_dict[name] == value for name, value in wanted.items()):
        return
    if connection.in_atomic_block:
        raise RuntimeError("a connection changes its role between transactions alone")
    connection.close()
    connection.close_pool()
    # In place: the connections of other threads read the same settings.
    connection.settings_dict.update(wanted)


def make_application_role(connection: BaseDatabaseWrapper) -> None:
    """Make the application role where it is missing, and let whoever ``DATABASE_URL`` logs in as assume it.

    Args:
        connection: the owner's.

    Raises:
        ImproperlyConfigured: if the owner is the application itself, or may not do so; says what is to be done.
    """
    role, password = settings.DATABASE_APPLICATION_ROLE, settings.DATABASE_LOGIN["PASSWORD"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
        owner, is_there = cursor.fetchone()
        user = settings.DATABASE_LOGIN["USER"] or owner  # whoever the operating system says
        if owner == role:
            raise ImproperlyConfigured(f"{role} is the application. Set MIGRATION_DATABASE_URL to the owner's address.")
        name = sql.Identifier(role)
        if not is_there:
            able: sql.Composable = sql.SQL("NOLOGIN")
            if user == role:
                able = sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(password))
            with _explained(f"CREATE ROLE {role}"):
                cursor.execute(sql.SQL("CREATE ROLE {} {}").format(name, able))
        if user != role:
            cursor.execute(
                "SELECT pg_has_role(%s, %s, CASE WHEN current_setting('server_version_num')::int >= %s"
                " THEN 'SET' ELSE 'MEMBER' END)",
                [user, role, _FIRST_WITH_SET_OPTION],
            )
            if not cursor.fetchone()[0]:
                with _explained(f"GRANT {role} TO {user}"):
                    cursor.execute(sql.SQL("GRANT {} TO {}").format(name, sql.Identifier(user)))


@contextlib.contextmanager
def _explained(statement: str) -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        raise ImproperlyConfigured(
            f"The owner may not make the application role. Let somebody who may do so: {statement}"
        ) from None


def grant(connection: BaseDatabaseWrapper) -> None:
    """Take everything from the application role and give it what it may do, for what there is in the database now.

    Args:
        connection: the owner's.
    """
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    database = sql.Identifier(connection.settings_dict["NAME"])
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(_EVERYTHING_TAKEN.format(role=role, database=database))
        tables = _tables(cursor)
        cursor.execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(role))
        for model in apps.get_models(include_auto_created=True):
            # Whatever is no model's, or no longer, keeps nothing.
            if columns := tables.get(model._meta.db_table):  # noqa: SLF001 - Django's documented model API, here and below
                table = sql.Identifier("public", model._meta.db_table)  # noqa: SLF001
                for privilege in _privileges(PRIVILEGES.get(model._meta.label, May()), columns):  # noqa: SLF001
                    cursor.execute(sql.SQL("GRANT {} ON TABLE {} TO {}").format(privilege, table, role))
        # Those that write the ledger are the application's alone. Whoever may execute a trigger's function may put it
        # on a table of their own: one with the owner's rights would write what such a table tells it. As a trigger it
        # runs without being allowed to.
        cursor.execute(
            "SELECT oid::regprocedure::text, prorettype = 'trigger'::regtype FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace"
            " AND proowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"  # an extension's
        )
        for function, is_a_triggers in cursor.fetchall():
            named = sql.SQL(function)  # as PostgreSQL itself has quoted it
            cursor.execute(sql.SQL("REVOKE ALL ON ROUTINE {} FROM PUBLIC, {}").format(named, role))
            if not is_a_triggers:
                cursor.execute(sql.SQL("GRANT EXECUTE ON ROUTINE {} TO {}").format(named, role))


#: From everybody else as well: to make something that a guard would find in front of what it looks for, be it a
#: temporary table.
_EVERYTHING_TAKEN: Final = sql.SQL("""
    REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {role};
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO {role};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
""")


def _tables(cursor: Any) -> dict[str, set[str]]:
    """The tables that there are, with their columns: in the middle of an upgrade some are not yet what models say."""
    cursor.execute(
        "SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0"
        " AND NOT a.attisdropped GROUP BY c.relname"
    )
    return {table: set(columns) for table, columns in cursor.fetchall()}


def _privileges(may: May, columns: set[str]) -> Iterator[sql.Composable]:
    yield sql.SQL("SELECT, INSERT" if may.insert else "SELECT")
    if may.update is True:
        yield sql.SQL("UPDATE")
    elif named := [sql.Identifier(one) for one in may.update or () if one in columns]:
        yield sql.SQL("UPDATE ({})").format(sql.SQL(", ").join(named))
    if may.delete:
        yield sql.SQL("DELETE")
