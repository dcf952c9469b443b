"""The roles of the embedded cluster: its superuser makes the two others, and lends them nothing."""

from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import sql

from gateway.stack.refusal import CannotStartError

#: The cluster's own; data from before there were roles belongs to it.
SUPERUSER: Final = "gateway"
#: Of the database and of everything in it. The tests make databases of their own.
OWNER: Final = "gateway_owner"
#: As `gateway.settings` calls it, too.
APPLICATION: Final = "gateway_application"

_ABLE: Final = {OWNER: "LOGIN CREATEDB", APPLICATION: "LOGIN"}

#: What is owned by itself: sequences of columns and the types of rows go with their tables.
_NOT_THE_OWNERS: Final = """
    SELECT format('TABLE %%s', c.oid::regclass) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND c.relowner <> %(owner)s::regrole
    UNION ALL
    SELECT format('ROUTINE %%s', p.oid::regprocedure) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> %(owner)s::regrole
"""


def make_roles(superuser_url: str, database: str, passwords: Mapping[str, str]) -> None:
    """Make the roles, or give them their passwords again, and the database to its owner. Safe to repeat.

    Args:
        superuser_url: of the database.
        database: its name.
        passwords: of `OWNER` and `APPLICATION`.

    Raises:
        CannotStartError: with PostgreSQL's words.
    """
    try:
        with psycopg.connect(superuser_url) as connection:
            _make_roles(connection, database, passwords)
    except psycopg.Error as error:
        raise CannotStartError(f"PostgreSQL's roles cannot be made: {error}") from None


def _make_roles(connection: "psycopg.Connection[Any]", database: str, passwords: Mapping[str, str]) -> None:
    there = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for role, able in _ABLE.items():
        verb = "ALTER" if role in there else "CREATE"
        connection.execute(
            sql.SQL(f"{verb} ROLE {{}} {able} PASSWORD {{}}").format(sql.Identifier(role), sql.Literal(passwords[role]))
        )
    owner = sql.Identifier(OWNER)
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), owner))
    for (one,) in connection.execute(_NOT_THE_OWNERS, {"owner": OWNER}).fetchall():
        # As PostgreSQL itself has quoted it.
        connection.execute(sql.SQL("ALTER {} OWNER TO {}").format(sql.SQL(one), owner))
