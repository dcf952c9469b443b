"""Who a test is in the database: the application, like the code under test, unless it says otherwise.

The owner makes and drops the database of the tests (``tests/conftest.py``). Attacks are made in every role; only the
superuser gets past the guards, to empty tables between tests and to put rows where an attack begins.
"""

import functools
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import environ
import psycopg
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from psycopg import sql

from gateway.database import addresses, roles
from gateway.database.addresses import OF_A_ROLE

APPLICATION: Final = {name: settings.DATABASES["default"].get(name, "") for name in OF_A_ROLE}


def _superuser_url() -> str:
    # Where a server of another's is used by one address, this has to be a superuser's.
    return os.environ.get("SUPERUSER_DATABASE_URL") or os.environ["DATABASE_URL"]


def as_application() -> AbstractContextManager[None]:
    """Django's connection is the application's, as it is anyway."""
    return roles.connected_as(connection, APPLICATION)


def as_owner() -> AbstractContextManager[None]:
    """Django's connection is the owner's. Outside of transactions alone, as the others here."""
    return roles.as_owner(connection)


def as_superuser() -> AbstractContextManager[None]:
    """Django's connection is that of the cluster's superuser."""
    superuser = environ.Env.db_url_config(_superuser_url())
    pool = settings.DATABASE_OWNER["OPTIONS"]["pool"]
    return roles.connected_as(connection, addresses.with_options(superuser, pool=pool))


def as_disguised() -> AbstractContextManager[None]:
    """Django's connection has the rights of the application and may step past the guards (`undisguised`).

    For tests that put rows into the transaction which they look at: in a connection of its own, nobody else sees them.
    """
    superuser = environ.Env.db_url_config(_superuser_url())
    pool = settings.DATABASE_OWNER["OPTIONS"]["pool"]
    disguised = addresses.of_the_application(superuser, settings.DATABASE_APPLICATION_ROLE)
    return roles.connected_as(connection, addresses.with_options(disguised, pool=pool))


@contextmanager
def undisguised() -> Iterator[Any]:
    """A cursor in the present transaction at whose statements no trigger and no foreign key looks."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE none")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(settings.DATABASE_APPLICATION_ROLE)))


def owner(database: str = "") -> "psycopg.Connection[Any]":
    """A connection of the owner's own to the database of the tests, or another; each statement is committed."""
    url = os.environ.get("MIGRATION_DATABASE_URL") or os.environ["DATABASE_URL"]
    return psycopg.connect(_in_database(url, database), autocommit=True)


def superuser(*, autocommit: bool = False) -> "psycopg.Connection[Any]":
    """A connection of the superuser's own to the database of the tests."""
    return psycopg.connect(_in_database(_superuser_url()), autocommit=autocommit)


#: Kept: tables are emptied after many a test, and a new connection each time would take milliseconds.
_kept: Final = functools.cache(superuser)


def leave() -> None:
    """Close what is kept: a database is dropped when nobody is connected to it."""
    _kept(autocommit=True).close()
    _kept.cache_clear()


def past_the_guards(*statements: str) -> None:
    """Run statements that no trigger and no foreign key looks at, and commit them. No application can.

    Rows that a transaction of Django's connection has not committed are not seen here.
    """
    kept = _kept(autocommit=True)
    with kept.transaction():
        kept.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            kept.execute(statement.encode())


def clear_away(*tables: str) -> None:
    """Take what was rolled back out of tables: where it is much, every later test reads over it until somebody does."""
    with superuser(autocommit=True) as clearing:
        clearing.execute(f"VACUUM {', '.join(tables)}".encode())


@contextmanager
def allowed(privilege: str, on: str) -> Iterator[None]:
    """For a while the application may do what otherwise only a person does by hand: a wall taken out."""
    application = APPLICATION["USER"]
    with owner() as lender:
        lender.execute(f"GRANT {privilege} ON {on} TO {application}".encode())
        try:
            yield
        finally:
            lender.execute(f"REVOKE {privilege} ON {on} FROM {application}".encode())


#: What `manage.py migrate` itself writes, and no test: to make it anew each time took a third of the emptying.
_OF_MIGRATE: Final = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@functools.cache
def _tables() -> tuple[str, ...]:
    return tuple(sorted(set(connection.introspection.django_table_names(only_existing=True)) - _OF_MIGRATE))


def empty_tables(test: TransactionTestCase) -> None:
    """What empties the tables after a test that commits, in Django's place: the application may not, guards refuse it.

    Row by row: TRUNCATE gives each table and each index new files, which takes far longer than a test's few rows. The
    lock waits for whoever is still writing, as TRUNCATE would.
    """
    deletes = "; ".join(f"DELETE FROM {one}" for one in _tables())  # noqa: S608 - our own
    past_the_guards(f"LOCK TABLE {', '.join(_tables())} IN EXCLUSIVE MODE", deletes)


def environment(database: str = "") -> dict[str, str]:
    """What a process of its own is given to use the database of the tests, or another: as many addresses as we have."""
    names = ("DATABASE_URL", "MIGRATION_DATABASE_URL")
    return {name: _in_database(os.environ[name], database) for name in names if name in os.environ}


def _in_database(url: str, name: str = "") -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name or connection.settings_dict['NAME']}"))
