import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest

from gateway.stack.leftovers import MARK_VARIABLE
from gateway.stack.ports import is_free
from tests.gateway.stack.conftest import PROJECT, Stack, StackStarter, until
from tests.ports import port_to_serve_on

REQUESTS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
LIVE = {
    "PAYKASSMA_BASE_URL": "https://provider.example",
    "PAYKASSMA_API_SECRET": "live-api-secret",
    "PAYKASSMA_WITHDRAWAL_KEY": "live-withdrawal-key",
    "PAYKASSMA_POSTBACK_ACCESS_KEY": "live-access-key",
    "PAYKASSMA_POSTBACK_PRIVATE_KEY": "live-private-key",
    "PAYKASSMA_POSTBACK_TOKEN": "live token/1",
}


def assert_nothing_remains(stack: Stack) -> None:
    until(lambda: not stack.living())
    assert not (stack.directory / "info.json").exists()
    assert is_free("127.0.0.1", stack.port)


def test_a_running_stack_tells_everything_in_info_json_and_on_the_screen(start_stack: StackStarter) -> None:
    stack = start_stack()
    info = stack.info
    base = f"http://127.0.0.1:{stack.port}"
    secrets = json.loads((stack.directory / "secrets.json").read_text())
    assert info == {
        "api_url": f"{base}/api/v1",
        "docs_url": f"{base}/docs/",
        "admin_url": f"{base}/admin/",
        "admin_user": "admin",
        "admin_password": secrets["admin_password"],
        "admin_totp_uri": (
            f"otpauth://totp/Payment%20gateway%3Aadmin?secret={secrets['admin_totp_secret']}"
            "&issuer=Payment%20gateway&digits=6&period=30"
        ),
        "approver_user": "approver",
        "approver_password": secrets["approver_password"],
        "approver_totp_uri": (
            f"otpauth://totp/Payment%20gateway%3Aapprover?secret={secrets['approver_totp_secret']}"
            "&issuer=Payment%20gateway&digits=6&period=30"
        ),
        "test_api_key": secrets["test_api_key"],
        "live_api_key": secrets["live_api_key"],
        "test_approval_key": secrets["test_approval_key"],
        "live_approval_key": secrets["live_approval_key"],
        "sandbox_url": info["sandbox_url"],
        "sandbox_control_key": secrets["sandbox_control_key"],
        "postback_url": f"{base}/postbacks/paykassma/{secrets['sandbox_postback_token']}/",
        "database_url": os.environ["DATABASE_URL"],
        "migration_database_url": os.environ.get("MIGRATION_DATABASE_URL"),
        "redis_url": os.environ["REDIS_URL"],
        "services": info["services"],
    }
    assert info["services"].keys() == {"web", "worker"}
    assert re.fullmatch(r"pk_test_[\w-]{43}", info["test_api_key"])
    assert re.fullmatch(r"pk_live_[\w-]{43}", info["live_api_key"])
    for name in ("info.json", "secrets.json"):
        assert stat.S_IMODE((stack.directory / name).stat().st_mode) == 0o600
    with urllib.request.urlopen(f"{base}/health/") as answer:
        assert answer.status == 200
    code, output = stack.finish(signal.SIGINT)
    assert code == 0
    for value in (
        info["api_url"],
        info["admin_password"],
        info["approver_password"],
        info["test_api_key"],
        info["test_approval_key"],
        info["live_approval_key"],
        info["postback_url"],
    ):
        assert value in output
    curl = re.search(r"^  curl (?:.*\\\n)*.*$", output, re.MULTILINE)
    assert curl
    words = shlex.split(curl[0].replace("\\\n", ""))
    assert words[:4] == ["curl", "-X", "POST", f"{base}/api/v1/deposits"]
    body = json.loads(words[words.index("-d") + 1])
    assert words[4:-2] == [
        *("-H", f"Authorization: Bearer {info['test_api_key']}"),
        *("-H", f"Idempotency-Key: {body['reference']}"),
        *("-H", "Prefer: wait=10"),
        *("-H", "Content-Type: application/json"),
    ]
    assert body == {
        "payment_system": "upi_l",
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": body["reference"],
    }


@pytest.mark.parametrize("request_to_stop", REQUESTS)
def test_a_request_to_stop_ends_every_process(start_stack: StackStarter, request_to_stop: signal.Signals) -> None:
    stack = start_stack()
    assert stack.info
    # The web server; the worker and its two children, one of which left its group.
    until(lambda: len(stack.living()) == 4)
    code, output = stack.finish(request_to_stop)
    assert code == 0
    assert output.endswith("Everything has stopped.\n")
    assert "Traceback" not in output
    assert not stack.living()
    assert_nothing_remains(stack)


def test_a_request_to_stop_during_the_start_is_heard(start_stack: StackStarter) -> None:
    stack = start_stack(own_databases=True)
    until((stack.directory / "postgres").exists)
    code, output = stack.finish(signal.SIGINT)
    assert (code, output.endswith("Everything has stopped.\n")) == (0, True)
    assert "gateway is up" not in output
    assert_nothing_remains(stack)


@pytest.mark.parametrize("whom", ["launcher", "its group"])
def test_a_killed_launcher_leaves_nothing_and_the_next_start_recovers(start_stack: StackStarter, whom: str) -> None:
    stack = start_stack(own_databases=True)
    info = stack.info
    with psycopg.connect(info["migration_database_url"]) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('money')")
    (os.kill if whom == "launcher" else os.killpg)(stack.process.pid, signal.SIGKILL)
    # At once, while the killed one's services are still being stopped.
    again = start_stack(own_databases=True, environment={"PORT": str(stack.port)})
    code, output = stack.finish()
    assert (code, output.endswith("Everything has stopped.\n")) == (-signal.SIGKILL, True)
    fresh = again.info
    assert fresh["database_url"] == info["database_url"]
    assert fresh["redis_url"] == info["redis_url"]
    assert fresh["sandbox_url"] == info["sandbox_url"]
    assert not set(fresh["services"].values()) & set(info["services"].values())
    assert fresh["migration_database_url"] == info["migration_database_url"]
    with psycopg.connect(fresh["migration_database_url"]) as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == [("money",)]
    assert again.finish(signal.SIGTERM)[0] == 0
    assert_nothing_remains(again)


def supervisor_of(stack: Stack) -> int:
    children = Path(f"/proc/{stack.process.pid}/task/{stack.process.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def test_a_killed_supervisor_takes_everything_with_it(start_stack: StackStarter) -> None:
    stack = start_stack(own_databases=True)
    assert stack.info
    os.kill(supervisor_of(stack), signal.SIGKILL)
    code, output = stack.finish()
    assert code == 1
    assert output.endswith("The supervisor of the stack was killed; everything was stopped.\n")
    assert_nothing_remains(stack)


def test_with_launcher_and_supervisor_killed_the_next_start_ends_what_is_left(
    start_stack: StackStarter,
) -> None:
    stack = start_stack(own_databases=True)
    info = stack.info
    until(lambda: len(stack.living()) == 6)
    supervisor = supervisor_of(stack)
    os.kill(stack.process.pid, signal.SIGKILL)
    os.kill(supervisor, signal.SIGKILL)
    stack.finish()
    # The kernel told the services; the two deaf children are nobody's now.
    until(lambda: len(stack.living()) == 2)
    orphans = set(stack.living())
    again = start_stack(own_databases=True, environment={"PORT": str(stack.port)})
    # The old file stands there until the new start takes it away.
    until(lambda: again.info["services"] != info["services"])
    assert again.info["database_url"] == info["database_url"]
    assert not orphans & set(again.living())
    again.finish(signal.SIGINT)
    assert_nothing_remains(again)


def test_a_second_copy_on_the_same_data_is_refused(start_stack: StackStarter) -> None:
    stack = start_stack()
    before = stack.info
    second = start_stack(environment={"STACK_DIR": str(stack.directory)})
    sentence = (
        f"A stack is already running on {stack.directory} (process {stack.process.pid}, "
        f"http://127.0.0.1:{stack.port}). Stop it first, or set another STACK_DIR and PORT.\n"
    )
    assert second.finish() == (1, sentence)
    assert stack.info == before


@pytest.mark.parametrize("variable", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_named_before_anything_starts(start_stack: StackStarter, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = start_stack(environment={variable: str(port)})
        code, output = stack.finish()
    assert code == 1
    assert output == (
        f"Port {port} on 127.0.0.1 is taken by another program. Stop that one, or choose another port: "
        f"{variable}=... make up\n"
    )
    assert not stack.living()


def test_the_sandbox_keeps_its_port(start_stack: StackStarter) -> None:
    stack = start_stack()
    before = stack.info["sandbox_url"]
    stack.finish(signal.SIGINT)
    again = start_stack()
    assert again.info["sandbox_url"] == before


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "web"}, "PORT must be a number from 1 to 65535, not 'web'."),
        (
            {"DATABASE_URL": "", "MIGRATION_DATABASE_URL": "postgres://owner@127.0.0.1/pay"},
            "MIGRATION_DATABASE_URL names the owner of a database of yours: DATABASE_URL is missing.",
        ),
        ({"SANDBOX_PORT": "0"}, "SANDBOX_PORT must be a number from 1 to 65535, not '0'."),
        (
            LIVE | {"PAYKASSMA_WITHDRAWAL_KEY": "", "PAYKASSMA_POSTBACK_TOKEN": ""},
            (
                "The live Paykassma account needs all of its settings or none; missing: "
                "PAYKASSMA_WITHDRAWAL_KEY, PAYKASSMA_POSTBACK_TOKEN."
            ),
        ),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], sentence: str, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.gateway.stack.stand_in"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "STACK_DIR": str(tmp_path / "stack"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (1, "", f"{sentence}\n")
    assert not (tmp_path / "stack").exists()


def test_the_live_account_reaches_the_seed_and_no_environment(start_stack: StackStarter) -> None:
    stack = start_stack(environment=LIVE | {"MAKELEVEL": "1", "MAKEFLAGS": "w"})
    assert stack.info["postback_url"].endswith("/postbacks/paykassma/live%20token%2F1/")
    assert (stack.directory / "seeded.json").read_text() == LIVE["PAYKASSMA_API_SECRET"]
    for pid in stack.living():
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"PAYKASSMA_" not in environment
        assert not [value for value in LIVE.values() if value.encode() in environment]
    _, output = stack.finish(signal.SIGINT)
    assert "environment: []" in output
    assert LIVE["PAYKASSMA_API_SECRET"] not in output


def test_a_service_that_dies_is_started_again(start_stack: StackStarter) -> None:
    stack = start_stack()
    before = stack.info["services"]
    until(lambda: len(stack.living()) == 4)
    children = set(stack.living()) - set(before.values())
    os.kill(before["worker"], signal.SIGKILL)
    until(lambda: stack.info["services"].get("worker", before["worker"]) != before["worker"])
    # Its group went with it: two workers' children would do the same work twice.
    assert len(children & set(stack.living())) == 1
    assert stack.info["services"]["web"] == before["web"]
    _, output = stack.finish(signal.SIGINT)
    assert output.count("worker   | -- ended (SIGKILL); starting it again in 0 s\n") == 1


def test_a_database_that_dies_is_started_again_at_its_address(start_stack: StackStarter) -> None:
    stack = start_stack(own_databases=True)
    before = stack.info
    for name, number in (("postgres", signal.SIGQUIT), ("valkey", signal.SIGKILL)):
        os.kill(before["services"][name], number)
    old = before["services"]
    until(lambda: all(stack.info["services"].get(n, old[n]) != old[n] for n in ("postgres", "valkey")))
    with psycopg.connect(before["database_url"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stack.info["services"]["web"] == before["services"]["web"]


def test_a_service_that_cannot_start_stops_the_stack_with_its_last_lines(start_stack: StackStarter) -> None:
    stack = start_stack()
    assert stack.info
    stack.finish(signal.SIGINT)
    (stack.directory / "broken").touch()
    again = start_stack(environment={"PORT": str(stack.port)})
    code, output = again.finish()
    assert code == 1
    assert (
        "\nworker ended while starting (exit code 1). Its last lines:\n    the worker is broken: [hidden]\n" in output
    )
    assert json.loads((stack.directory / "secrets.json").read_text())["django_secret_key"] not in output
    assert_nothing_remains(again)


def test_a_damaged_secrets_file_is_refused_and_kept(start_stack: StackStarter, tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack" / "secrets.json").write_text("{")
    stack = start_stack()
    stack.process.wait()
    assert (tmp_path / "stack" / "secrets.json").read_text() == "{"
    assert stack.process.stdout
    assert "secrets.json cannot be read (JSONDecodeError)" in stack.process.stdout.read()
    (tmp_path / "stack" / "secrets.json").unlink()


def test_an_innocent_process_is_left_alone(start_stack: StackStarter) -> None:
    stack = start_stack()
    assert stack.info
    with subprocess.Popen([shutil.which("sleep") or "", "60"], env={MARK_VARIABLE: f"{stack.mark}x"}) as innocent:
        stack.finish(signal.SIGINT)
        assert innocent.poll() is None
        innocent.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_make_alone_stops_the_stack(
    start_stack: StackStarter, tmp_path: Path, number: signal.Signals
) -> None:
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"up:\n\t@exec {sys.executable} -m tests.gateway.stack.stand_in\n")
    stack = start_stack(shutil.which("make") or "", "--file", str(makefile), "up")
    assert stack.info
    code, output = stack.finish(number)
    assert code == -number
    assert output.endswith("Everything has stopped.\n")
    assert_nothing_remains(stack)


def test_ports_of_the_last_run_may_be_anyones_now(start_stack: StackStarter) -> None:
    stack = start_stack()
    before = stack.info["sandbox_url"]
    stack.finish(signal.SIGINT)
    with socket.create_server(("127.0.0.1", int(before.rpartition(":")[2]))):
        again = start_stack(environment={"PORT": str(port_to_serve_on())})
        assert again.info["sandbox_url"] != before
