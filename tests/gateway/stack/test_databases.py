import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from gateway.stack.ports import is_free
from gateway.stack.postgres import EmbeddedPostgres
from gateway.stack.postgres_roles import APPLICATION, OWNER, SUPERUSER
from gateway.stack.refusal import CannotStartError
from gateway.stack.valkey import EmbeddedValkey
from tests.gateway.stack.conftest import PROJECT, until

# Longer than a unix socket's path may be, and not plain.
LONG_NAME = "a directory, 'quoted' and \"long\" " + "x" * 120


@pytest.fixture
def running() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_postgres_keeps_its_data_and_its_address(tmp_path: Path, running: contextlib.ExitStack) -> None:
    lines: list[str] = []
    first = EmbeddedPostgres(tmp_path / LONG_NAME, durable=False, hear=lines.append)
    running.callback(first.stop)
    url = first.start()
    assert rows(url, "SHOW server_encoding") == [("UTF8",)]
    assert rows(url, "SELECT upper('é'), current_database()") == [("É", "gateway")]
    rows(first.url(OWNER), "CREATE TABLE kept AS SELECT 7 AS seven")
    # Whatever fails, its values may be a customer's account number.
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        rows(url, "SELECT 'account 4711'::int")
    with pytest.raises(psycopg.errors.AdminShutdown):
        rows(url, "SELECT 'account 4711', pg_terminate_backend(pg_backend_pid())")
    first.stop()
    assert (first.pid, first.poll()) == (None, 0)
    second = EmbeddedPostgres(tmp_path / LONG_NAME, durable=False)
    running.callback(second.stop)
    assert second.start() == url
    assert rows(second.url(OWNER), "SELECT * FROM kept") == [(7,)]
    assert "FATAL:  terminating connection due to administrator command" in lines
    assert not [line for line in lines if "4711" in line]


def test_postgres_asks_for_the_password(tmp_path: Path, running: contextlib.ExitStack) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    running.callback(server.stop)
    url = server.start()
    assert url == server.url(APPLICATION)
    assert stat.S_IMODE((tmp_path / "postgres").stat().st_mode) == 0o700
    files = {path.name: path for path in (tmp_path / "postgres").glob("password*")}
    assert set(files) == {"password", f"password-of-{OWNER}", f"password-of-{APPLICATION}"}
    assert len({path.read_text() for path in files.values()}) == 3
    for role in (SUPERUSER, OWNER, APPLICATION):
        path = files["password" if role == SUPERUSER else f"password-of-{role}"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert rows(server.url(role), "SELECT session_user::text, current_user::text") == [(role, role)]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url(role).replace(path.read_text(), "wrong"))
        assert path.read_text().encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()


def test_nobody_who_works_with_postgres_is_its_superuser(tmp_path: Path, running: contextlib.ExitStack) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    running.callback(server.stop)
    server.start()
    able = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    said = f"SELECT rolname::text, {able} FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' ORDER BY 1"  # noqa: S608
    assert rows(server.url(APPLICATION), said) == [
        (SUPERUSER, True, True, True, True, True),
        (APPLICATION, False, False, False, False, False),
        (OWNER, False, False, True, False, False),
    ]
    assert rows(server.url(APPLICATION), "SELECT member FROM pg_auth_members WHERE member > 16383") == []
    for role, statement in (
        (APPLICATION, "CREATE TABLE mine (word text)"),
        (APPLICATION, "SET session_replication_role = replica"),
        (APPLICATION, f"SET ROLE {OWNER}"),
        (OWNER, "SET session_replication_role = replica"),
        (OWNER, f"SET ROLE {SUPERUSER}"),
        (OWNER, "CREATE ROLE other"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(server.url(role), statement)
    rows(server.url(OWNER), "CREATE TABLE its (word text)")


def test_data_from_before_there_were_roles_goes_to_the_owner(tmp_path: Path, running: contextlib.ExitStack) -> None:
    first = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    running.callback(first.stop)
    first.start()
    superuser = first.url(SUPERUSER)
    for statement in (
        f"ALTER DATABASE gateway OWNER TO {SUPERUSER}",
        f"DROP ROLE {OWNER}",
        f"DROP ROLE {APPLICATION}",
        "CREATE TABLE kept (id int GENERATED BY DEFAULT AS IDENTITY, word text)",
        "INSERT INTO kept (word) VALUES ('money')",
        "CREATE FUNCTION seven() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 7'",
    ):
        rows(superuser, statement)
    first.stop()
    for role in (OWNER, APPLICATION):
        (tmp_path / "postgres" / f"password-of-{role}").unlink()
    second = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    running.callback(second.stop)
    second.start()
    owner = second.url(OWNER)
    assert second.url(SUPERUSER) == superuser
    rows(owner, "ALTER TABLE kept ADD COLUMN more text")
    rows(owner, "INSERT INTO kept (word) VALUES ('more')")
    assert rows(owner, "SELECT id, word FROM kept") == [(1, "money"), (2, "more")]
    rows(owner, "CREATE OR REPLACE FUNCTION seven() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 8'")
    owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert rows(owner, owners) == [(OWNER,)]


def test_a_killed_postgres_recovers(tmp_path: Path, running: contextlib.ExitStack) -> None:
    first = EmbeddedPostgres(tmp_path / "postgres")
    running.callback(first.stop)
    url = first.start()
    rows(first.url(OWNER), "CREATE TABLE kept AS SELECT 7 AS seven")
    assert first.pid
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: first.poll() is not None)
    assert first.start() == url
    assert rows(first.url(OWNER), "SELECT * FROM kept") == [(7,)]


def test_a_note_about_another_programs_process_is_forgotten(tmp_path: Path, running: contextlib.ExitStack) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    running.callback(server.stop)
    server.start()
    note = tmp_path / "postgres" / "cluster" / "postmaster.pid"
    text = note.read_text()
    server.stop()
    # Of the user that PostgreSQL runs as: it leaves other users' processes out of account by itself.
    user = "nobody" if os.geteuid() == 0 else None
    with subprocess.Popen([shutil.which("sleep") or "", "60"], user=user) as innocent:
        note.write_text(text.replace(text.split("\n", maxsplit=1)[0], str(innocent.pid), 1))
        server.start()
        assert innocent.poll() is None
        innocent.kill()


def test_a_half_made_cluster_is_made_anew(tmp_path: Path, running: contextlib.ExitStack) -> None:
    (tmp_path / "postgres" / "cluster.new").mkdir(parents=True)
    (tmp_path / "postgres" / "cluster.new" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    running.callback(server.stop)
    assert rows(server.start(), "SELECT 1") == [(1,)]


def test_another_versions_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "cluster").mkdir(parents=True)
    (tmp_path / "postgres" / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(CannotStartError, match=r"was made by PostgreSQL 15, and .* is PostgreSQL 18\."):
        EmbeddedPostgres(tmp_path / "postgres").start()
    assert [path.name for path in (tmp_path / "postgres" / "cluster").iterdir()] == ["PG_VERSION"]


def test_missing_binaries_are_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStartError, match=r"no program 'postgres' in .*check PG_BIN"):
        EmbeddedPostgres(tmp_path / "postgres", tmp_path)
    with pytest.raises(CannotStartError, match="no Valkey for this machine"):
        EmbeddedValkey(tmp_path / "valkey", tmp_path / "valkey-server")


def test_a_port_that_was_taken_meanwhile_is_left_to_its_owner(tmp_path: Path, running: contextlib.ExitStack) -> None:
    for server in (
        EmbeddedPostgres(tmp_path / "postgres", durable=False),
        EmbeddedValkey(tmp_path / "valkey", durable=False),
    ):
        running.callback(server.stop)
        url = server.start()
        server.stop()
        port = int(url.rpartition("/")[0].rpartition(":")[2])
        with socket.create_server(("127.0.0.1", port)):
            again = server.start()
        assert again != url


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")
def test_as_root_it_runs_as_nobody_even_where_nobody_may_not_go(tmp_path: Path, running: contextlib.ExitStack) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres", durable=False)
    running.callback(server.stop)
    assert rows(server.start(), "SELECT 1") == [(1,)]
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert "0" not in status["Uid"].split()
    assert status["Groups"].strip() == ""
    # At most one of the two that open directories (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH).
    assert int(status["CapEff"], 16) in {1 << 1, 1 << 2}
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_valkey_keeps_its_data_and_its_address(tmp_path: Path, running: contextlib.ExitStack) -> None:
    first = EmbeddedValkey(tmp_path / LONG_NAME)
    running.callback(first.stop)
    url = first.start()
    with redis.Redis.from_url(url) as client:
        client.set("kept", "7")
    first.stop()
    assert (first.pid, first.poll()) == (None, 0)
    assert first.start() == url
    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"7"
    password = (tmp_path / LONG_NAME / "password").read_text()
    assert password.encode() not in Path(f"/proc/{first.pid}/cmdline").read_bytes()
    with (
        redis.Redis.from_url(url.replace(password, "wrong")) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_throwaway_parts_die_with_a_killed_owner_and_the_next_takes_their_files_away(tmp_path: Path) -> None:
    environment = {
        n: v for n, v in os.environ.items() if n not in {"DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"}
    }
    environment["TMPDIR"] = str(tmp_path)
    if os.geteuid() == 0:
        tmp_path.chmod(0o711)
    command = [sys.executable, "-m", "gateway.stack.throwaway"]
    with subprocess.Popen([*command, "sleep", "60"], cwd=PROJECT, env=environment) as owner:
        until(lambda: list(tmp_path.glob("gateway-throwaway-*/valkey/port")))
        owner.kill()
    cluster = next(tmp_path.glob("gateway-throwaway-*/postgres/cluster"))
    until(lambda: not (cluster / "postmaster.pid").exists())
    port = int((cluster.parent.parent / "valkey" / "port").read_text())
    until(lambda: is_free("127.0.0.1", port))
    seen = subprocess.run(
        [*command, "ls", str(tmp_path)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(seen.stdout.split()) == 1
    assert not list(tmp_path.iterdir())
