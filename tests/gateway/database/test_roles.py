"""Who is who: with two addresses, with one, and before there is an application role."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from psycopg.errors import InsufficientPrivilege

from gateway.database import addresses
from tests import roles

ROOT = Path(__file__).parents[3]


class TestAddresses:
    LOGIN = {"USER": "owner", "NAME": "pay", "OPTIONS": {"sslmode": "require", "options": "-c statement_timeout=5s"}}

    def test_who_logs_in_as_the_application_is_it(self) -> None:
        assert addresses.of_the_application(self.LOGIN, "owner") == self.LOGIN

    def test_who_logs_in_as_somebody_else_becomes_it(self) -> None:
        made = addresses.of_the_application(self.LOGIN, "app")
        assert made["OPTIONS"] == {"sslmode": "require", "options": "-c statement_timeout=5s -c role=app"}
        assert addresses.of_the_application({"USER": "o", "NAME": "n"}, "app")["OPTIONS"] == {"options": "-c role=app"}
        assert "role" not in self.LOGIN["OPTIONS"]["options"]  # type: ignore[index]

    def test_a_name_is_read_as_one(self) -> None:
        made = addresses.of_the_application({"USER": "o", "NAME": "n"}, r"an app\c")
        assert made["OPTIONS"]["options"] == r"-c role=an\ app\\c"

    def test_both_addresses_are_of_one_database(self) -> None:
        assert addresses.of_the_owner({"NAME": "pay", "USER": "x"}, self.LOGIN) == {"NAME": "pay", "USER": "x"}
        with pytest.raises(ImproperlyConfigured, match="have to name the same database"):
            addresses.of_the_owner({"NAME": "other"}, self.LOGIN)


@pytest.mark.django_db
def test_nobody_changes_the_role_within_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="between transactions alone"), roles.as_owner():
        pytest.fail("it did")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        assert cursor.fetchone() == (roles.APPLICATION["USER"],)


class Installation:
    """A database of its own, an owner without a superuser's rights, and no application role yet."""

    def __init__(self, server: "psycopg.Connection[Any]") -> None:
        mark = secrets.token_hex(4)
        self.server, self.password = server, "a-password"
        self.owner, self.application, self.database = f"owner_{mark}", f"app_{mark}", f"installation_{mark}"
        self.run(f"CREATE ROLE {self.owner} LOGIN CREATEROLE PASSWORD '{self.password}'")
        self.run(f"CREATE DATABASE {self.database} OWNER {self.owner}")

    def run(self, statement: str) -> None:
        self.server.execute(statement.encode())

    def url(self, user: str) -> str:
        info = self.server.info
        return f"postgres://{user}:{self.password}@{info.host}:{info.port}/{self.database}"

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "MIGRATION_DATABASE_URL"}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**inherited, "DATABASE_APPLICATION_ROLE": self.application, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def ask(self, user: str, statement: str, options: str = "") -> list[Any]:
        with psycopg.connect(self.url(user), options=options) as asking:
            cursor = asking.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def installation() -> Iterator[Installation]:
    with roles.superuser(autocommit=True) as server:
        made = Installation(server)
        yield made
        made.run(f"DROP DATABASE {made.database} WITH (FORCE)")
        made.run(f"DROP ROLE IF EXISTS {made.application}")
        made.run(f"DROP ROLE {made.owner}")


#: The first app of all: a few tables are enough here.
MIGRATE = ("migrate", "contenttypes", "--verbosity", "0")
WHO = "from django.db import connection as c; k = c.cursor(); k.execute('SELECT session_user, current_user'); "
WHO += "print(*k.fetchone())"


def test_with_two_addresses_the_application_logs_in_as_itself(installation: Installation) -> None:
    addresses = {
        "DATABASE_URL": installation.url(installation.application),
        "MIGRATION_DATABASE_URL": installation.url(installation.owner),
    }
    for _ in range(2):  # safe to repeat
        done = installation.manage(*MIGRATE, **addresses)
        assert (done.returncode, done.stderr) == (0, "")
    said = installation.manage("shell", "--no-imports", "-c", WHO, **addresses).stdout
    assert said.split() == [installation.application] * 2
    application = installation.application
    assert installation.ask(application, "SELECT count(*) > 0 FROM django_content_type") == [(True,)]
    for statement in (
        "DELETE FROM django_content_type",
        "DROP TABLE django_content_type",
        "SET ROLE " + installation.owner,
    ):
        with pytest.raises(InsufficientPrivilege):
            installation.ask(application, statement)


def test_with_one_address_the_application_role_is_assumed(installation: Installation) -> None:
    """Weaker, as the README says: the session can leave the role."""
    address = {"DATABASE_URL": installation.url(installation.owner)}
    for _ in range(2):
        done = installation.manage(*MIGRATE, **address)
        assert (done.returncode, done.stderr) == (0, "")
    said = installation.manage("shell", "--no-imports", "-c", WHO, **address).stdout
    assert said.split() == [installation.owner, installation.application]
    assumed = f"-c role={installation.application}"
    ask = installation.ask
    with pytest.raises(InsufficientPrivilege):
        ask(installation.owner, "DELETE FROM django_content_type", assumed)
    # RESET goes back to how the connection began.
    assert ask(installation.owner, "RESET ROLE", assumed) == []
    with pytest.raises(InsufficientPrivilege):
        ask(installation.owner, "RESET ROLE; DELETE FROM django_content_type", assumed)
    ask(installation.owner, "SET ROLE NONE; DELETE FROM django_content_type", assumed)
    assert ask(installation.owner, "SELECT count(*) FROM django_content_type", assumed) == [(0,)]
    found = installation.server.execute(
        "SELECT FROM pg_roles WHERE rolname = %s AND NOT rolcanlogin", [installation.application]
    )
    assert found.rowcount == 1


def test_an_owner_that_may_make_no_roles_says_what_is_to_be_done(installation: Installation) -> None:
    installation.run(f"ALTER ROLE {installation.owner} NOCREATEROLE")
    address = {"DATABASE_URL": installation.url(installation.owner)}
    done = installation.manage(*MIGRATE, **address)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "CommandError: The owner may not make the application role. Let somebody who may do so: "
        f"CREATE ROLE {installation.application}\n"
    )
    installation.run(f"CREATE ROLE {installation.application}")
    done = installation.manage(*MIGRATE, **address)
    assert done.stderr.endswith(f": GRANT {installation.application} TO {installation.owner}\n")
    installation.run(f"GRANT {installation.application} TO {installation.owner}")
    assert installation.manage(*MIGRATE, **address).returncode == 0


def test_the_application_migrates_nothing(installation: Installation) -> None:
    installation.run(f"CREATE ROLE {installation.application} LOGIN PASSWORD '{installation.password}'")
    done = installation.manage(*MIGRATE, DATABASE_URL=installation.url(installation.application))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"CommandError: {installation.application} is the application. "
        "Set MIGRATION_DATABASE_URL to the owner's address.\n"
    )


def test_a_look_at_what_is_to_be_done_does_nothing(installation: Installation) -> None:
    address = {"DATABASE_URL": installation.url(installation.owner)}
    assert installation.manage("migrate", "--plan", **address).returncode == 0
    assert installation.manage("migrate", "--check", **address).returncode == 1
    assert (
        installation.server.execute("SELECT FROM pg_roles WHERE rolname = %s", [installation.application]).rowcount == 0
    )


def test_what_was_granted_by_hand_is_taken_back(installation: Installation) -> None:
    addresses = {
        "DATABASE_URL": installation.url(installation.application),
        "MIGRATION_DATABASE_URL": installation.url(installation.owner),
    }
    assert installation.manage(*MIGRATE, **addresses).returncode == 0
    owner, application = installation.owner, installation.application
    installation.ask(owner, f"GRANT ALL ON django_content_type TO {application}")
    installation.ask(owner, f"GRANT UPDATE (model) ON django_content_type TO {application}")
    installation.ask(owner, "CREATE TABLE of_long_ago (word text)")
    installation.ask(owner, f"GRANT ALL ON of_long_ago TO {application}")
    assert installation.manage(*MIGRATE, **addresses).returncode == 0
    for statement in (
        "TRUNCATE django_content_type",
        "UPDATE django_content_type SET model = ''",
        "SELECT * FROM of_long_ago",
    ):
        with pytest.raises(InsufficientPrivilege):
            installation.ask(application, statement)
