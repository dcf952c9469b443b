"""The images and the compose file: the same commands as `make up`, nothing secret inside, nobody root.

There is no container engine where the tests run: what can be read off the files is read off them.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from gateway.stack.credentials import Credentials
from gateway.stack.postgres import EmbeddedPostgres
from gateway.stack.services import GRACE_SECONDS, Facts, Plan, Service, Step, make_plan
from gateway.stack.settings import Settings
from tests.bound import bound
from tests.ports import closed_port, port_to_serve_on

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"

COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
#: What others make and we only configure.
DATABASES = {"postgres", "valkey"}
OURS = {name: one for name, one in SERVICES.items() if name not in DATABASES}
ONCE = {"migrate", "seed"}

#: What the stack tells its processes because they are on one developer's machine.
FOR_ONE_MACHINE = {"GATEWAY_STACK_MARK", "LOCAL_STACK", "NO_PROXY", "no_proxy"}
#: What the image tells its processes because it is one.
FOR_A_CONTAINER = {"PATH", "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the Dockerfile: what it starts from, and its instructions in order."""

    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def told(self, name: str) -> list[str]:
        return [text for instruction, text in self.instructions if instruction == name]


def read_stages() -> dict[str, Stage]:
    text = re.sub(r"\\\n\s*", "", (DOCKER / "Dockerfile").read_text())
    stages: dict[str, Stage] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            current = stages[name] = Stage(base=base)
        else:
            current.instructions.append((instruction, rest.strip()))
    return stages


STAGES = read_stages()


def lineage(name: str) -> list[Stage]:
    """A stage and those it starts from, the nearest first."""
    stage = STAGES[name]
    return [stage, *(lineage(stage.base) if stage.base in STAGES else [])]


def last_word(stage: str, instruction: str) -> str:
    return next(text for one in lineage(stage) for text in reversed(one.told(instruction)))


def image_environment(stage: str) -> set[str]:
    return {name for one in lineage(stage) for text in one.told("ENV") for name in re.findall(r"(\w+)=", text)}


@pytest.fixture(scope="module")
def plan() -> Plan:
    """What `make up` would run, had it the addresses and the data directory of the containers and no environment."""
    stack = Settings(
        host="0.0.0.0",  # noqa: S104 - in a container of its own
        port=8000,
        sandbox_port=None,
        directory=Path("/var/lib/gateway"),
        database_url=None,
        migration_database_url=None,
        redis_url=None,
        postgres_binaries=None,
        live=None,
    )
    facts = Facts(
        settings=stack,
        credentials=Credentials(),
        sandbox_port=8001,
        database_url="postgres://",
        migration_database_url="postgres://",
        redis_url="redis://",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", {})
        return make_plan(facts)


def processes(plan: Plan) -> list[Step | Service]:
    return [*plan.steps, *plan.services]


def test_every_process_of_the_stack_has_its_service_and_its_very_command(plan: Plan) -> None:
    planned = {one.name: ["python", *one.command.arguments[1:]] for one in processes(plan)}
    assert all(one.command.arguments[0] == sys.executable for one in processes(plan))
    # The stack hands the seed over by standard input, which Compose cannot.
    planned["seed"].append("/run/secrets/seed")
    assert {name: one["command"] for name, one in OURS.items()} == planned


#: What an operator may set and a trial does not.
OF_THE_OPERATOR = {"TRUSTED_PROXIES", "API_CALLS_PER_MINUTE", "REDACT_AFTER_DAYS"}
OF_THE_OPERATOR |= {"SESSION_IDLE_MINUTES", "SESSION_MAX_HOURS"}


def test_every_process_is_told_what_the_stack_tells_it(plan: Plan) -> None:
    for one in processes(plan):
        given = OURS[one.name]
        told = set(given["environment"]) | image_environment(given["build"]["target"])
        assert told - FOR_A_CONTAINER - OF_THE_OPERATOR == set(one.command.environment) - FOR_ONE_MACHINE, one.name


#: Without these the settings do not load.
REQUIRED = set(re.findall(r'env\.\w+\("([A-Z_]+)"\)', (ROOT / "gateway/settings.py").read_text()))


def test_whatever_the_settings_require_is_asked_for() -> None:
    assert {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"} <= REQUIRED
    for name, one in OURS.items():
        if name != "sandbox":
            assert set(one["environment"]) >= REQUIRED, name


def test_the_owner_of_the_tables_is_known_to_the_migrations_alone() -> None:
    assert {name for name, one in OURS.items() if "MIGRATION_DATABASE_URL" in one["environment"]} == {"migrate"}
    owner = OURS["migrate"]["environment"]["MIGRATION_DATABASE_URL"]
    assert owner.startswith(f"postgres://{SERVICES['postgres']['environment']['POSTGRES_USER']}:${{DATABASE_PASSWORD:")
    for name, one in OURS.items():
        if name != "sandbox":
            login = one["environment"]["DATABASE_URL"]
            assert login.startswith(f"postgres://{settings.DATABASE_APPLICATION_ROLE}:"), name
            assert login.rpartition("@")[2] == owner.rpartition("@")[2]


def test_the_image_starts_the_web_server_by_itself(plan: Plan) -> None:
    assert json.loads(last_word("service", "CMD")) == SERVICES["web"]["command"]
    assert json.loads(last_word("sandbox", "CMD")) == SERVICES["sandbox"]["command"]
    assert list(STAGES)[-1] == "service"  # what is built where no target is named


def test_a_worker_is_asked_by_the_name_that_it_has() -> None:
    workers = {name for name, one in OURS.items() if "worker" in one["command"]}
    assert workers == {"payouts", "money", "news", "exports"}
    for name in workers:
        assert OURS[name]["healthcheck"]["test"] == ["CMD", "python", "docker/healthy.py", name]
        assert f"{name}@%h" in OURS[name]["command"]


def test_whoever_runs_on_says_whether_it_is_healthy_without_a_shell() -> None:
    for name, one in SERVICES.items():
        check = one.get("healthcheck")
        if name in ONCE | {"beat"}:
            assert check == {"disable": True}, name
        elif name in {"web", "sandbox"}:
            assert check is None  # the image's own
            target = one["build"]["target"]
            command = json.loads(last_word(target, "HEALTHCHECK").partition("CMD ")[2])
            assert command[:2] == ["python", "docker/healthy.py"]
            assert command[2].startswith("http://127.0.0.1:" + last_word(target, "EXPOSE"))
        else:
            assert check["test"][0] == "CMD", name


@pytest.mark.parametrize("stage", ["service", "sandbox"])
def test_nobody_is_root_and_a_stop_is_a_sigterm(stage: str) -> None:
    user = last_word(stage, "USER")
    assert re.fullmatch(r"([1-9]\d{4}):\1", user)
    assert last_word(stage, "STOPSIGNAL") == "SIGTERM"
    # Whatever comes later is not run as root either.
    assert not STAGES[stage].told("RUN")
    assert not STAGES[stage].told("USER")


def test_every_base_is_pinned_and_the_same() -> None:
    bases = {one.base for one in STAGES.values()} - set(STAGES)
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases.pop())
    for name in DATABASES:
        assert re.search(r":\d+-[a-z]+$", SERVICES[name]["image"]), name


def test_no_shell_no_download_and_no_secret_stands_in_the_dockerfile() -> None:
    for stage in STAGES.values():
        for instruction, text in stage.instructions:
            assert instruction != "ADD"
            if instruction in {"RUN", "CMD", "ENTRYPOINT"}:
                assert isinstance(json.loads(text), list)
            if instruction in {"ARG", "ENV"}:
                assert not re.search(r"(?i)secret|password|key|token|_url", text), text
    installs = [
        text for stage in STAGES.values() for text in stage.told("RUN") if '"install"' in text and "pip" in text
    ]
    assert len(installs) == 2
    for one in installs:
        assert {"--require-hashes", "--only-binary=:all:", "--no-cache-dir"} <= set(json.loads(one))


def test_every_app_and_nothing_else_goes_into_the_context() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert rules[-1] == "**/__pycache__"
    copied = {
        source
        for stage in STAGES.values()
        for text in stage.told("COPY")
        if not text.startswith("--from=")
        for source in text.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / one).exists() for one in let_in)
    apps = {one.partition(".")[0] for one in settings.INSTALLED_APPS}
    needed = {one for one in apps if (ROOT / one).is_dir()} | {"manage.py", "templates"}
    assert needed == let_in - {"requirements.txt", "requirements-sandbox.txt", "docker/healthy.py"}
    assert not {".venv", ".git", ".stack", "tests", "docker", "docs"} & let_in


def test_the_two_locks_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / name).read_text(), re.MULTILINE))

    sandbox = pins("requirements-sandbox.txt")
    assert set(sandbox) == {"werkzeug", "markupsafe"}
    assert sandbox.items() <= pins("requirements-dev.txt").items()
    # The service does without.
    assert "werkzeug" not in pins("requirements.txt")


def test_a_container_can_write_nowhere_but_where_its_data_lies() -> None:
    for name, one in OURS.items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert not {"privileged", "cap_add", "pid", "network_mode", "user"} & set(one), name
        mounts = one.get("volumes", [])
        assert mounts in ([], [f"{name}:/var/lib/gateway"]), name
    for name, one in SERVICES.items():
        assert one["security_opt"] == ["no-new-privileges:true"], name


def test_only_the_web_server_can_be_reached_from_outside() -> None:
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"web"}
    assert SERVICES["web"]["ports"] == ["${WEB_ADDRESS:-127.0.0.1:8000}:8000"]
    assert {name for name, one in COMPOSE["networks"].items() if not one.get("internal")} == {"outside"}
    where = {name: set(one["networks"]) for name, one in SERVICES.items()}
    assert where["postgres"] == where["valkey"] == where["migrate"] == where["seed"] == where["beat"] == {"data"}
    assert where["sandbox"] == {"sandbox"}
    assert where["web"] == where["payouts"] == where["money"] == {"data", "sandbox", "outside"}
    assert where["news"] == {"data", "outside"}


def test_the_sandbox_knows_no_secret_but_its_own() -> None:
    sandbox = SERVICES["sandbox"]
    assert all(name.startswith("SANDBOX_") for name in sandbox["environment"])
    variables = set(re.findall(r"\$\{(\w+)", json.dumps(sandbox["environment"])))
    assert all(name.startswith("SANDBOX_") for name in variables)
    assert "secrets" not in sandbox
    assert {name for name, one in SERVICES.items() if "seed" in one.get("secrets", [])} == {"seed"}


def test_no_secret_has_a_default() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    variables = dict(re.findall(r"\$\{(\w+)(:[?-])", text))
    assert {name for name, kind in variables.items() if kind == ":-"} == {"VERSION", "WEB_ADDRESS", *OF_THE_OPERATOR}
    assert not re.findall(r"\$\w|\$\{\w+\}", text)  # nor may one be empty unnoticed
    lines = (DOCKER / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
    assert set(example) == {name for name, kind in variables.items() if kind == ":?"}
    assert {name for name, value in example.items() if value} == {"PUBLIC_URL", "ALLOWED_HOSTS"}


def test_work_in_hand_may_end() -> None:
    def seconds(name: str) -> int:
        return int(SERVICES[name]["stop_grace_period"].removesuffix("s"))

    assert all(seconds(name) >= GRACE_SECONDS for name in ("web", "payouts", "money", "news", "exports"))
    # A provider call ends within 5 + 60 s.
    assert min(seconds("payouts"), seconds("money")) > 65


def test_postgres_is_set_up_as_the_embedded_one(tmp_path: Path) -> None:
    given = SERVICES["postgres"]["command"]
    assert (given[0], set(given[1::2])) == ("postgres", {"-c"})
    ours = EmbeddedPostgres(tmp_path)._settings(5432)
    kept = {"max_connections", "timezone", "log_timezone", "log_min_error_statement", "log_error_verbosity"}
    wanted = {one for one in ours if one.partition("=")[0] in kept}
    assert set(given[2::2]) == wanted
    assert len(wanted) == len(kept)
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]  # since 18 the parent of the data


class TestSecretsAreMadeOnce:
    def make(self, directory: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway.stack.compose_secrets", str(directory)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def test_each_is_given_and_stands_where_it_is_looked_for(self, tmp_path: Path, plan: Plan) -> None:
        made = self.make(tmp_path)
        assert (made.returncode, made.stderr) == (0, "")
        env = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines() if "=" in line)
        assert all(env.values())
        assert len(set(env.values())) == len(env)
        secrets = tmp_path / "secrets"
        assert {one.name for one in secrets.iterdir()} == {
            Path(one["file"]).name for one in COMPOSE["secrets"].values()
        }
        assert (secrets / "database_password").read_text() == env["DATABASE_PASSWORD"]
        assert (secrets / "valkey.conf").read_text() == f"requirepass {env['REDIS_PASSWORD']}\n"
        passwords = ("DATABASE_PASSWORD", "DATABASE_APPLICATION_PASSWORD", "REDIS_PASSWORD")
        for name in (*passwords, "SANDBOX_POSTBACK_TOKEN"):
            assert re.fullmatch(r"[\w-]{32,}", env[name], re.ASCII)
        seed = json.loads((secrets / "seed.json").read_text())
        assert seed["sandbox"] == {
            "base_url": "http://sandbox:8001",
            **{
                name: env[f"SANDBOX_{name.upper()}"]
                for name in (
                    "api_secret",
                    "withdrawal_key",
                    "postback_access_key",
                    "postback_private_key",
                    "postback_token",
                )
            },
        }
        # The same shape as the stack's own, but for the payment window: nobody outside reaches this sandbox.
        stacks = json.loads(next(one for one in plan.steps if one.name == "seed").command.standard_input or b"")
        assert (seed.keys(), seed["sandbox"].keys()) == (stacks.keys(), stacks["sandbox"].keys() - {"widget_url"})
        assert seed["live"] is None
        # Others on this machine get no further than the directory; the containers' users read the files.
        assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
        assert secrets.stat().st_mode & 0o777 == 0o700
        assert {one.stat().st_mode & 0o777 for one in secrets.iterdir()} == {0o444}

    def test_what_is_there_is_kept(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("SECRET_KEY=kept\n")
        made = self.make(tmp_path)
        assert (made.returncode, made.stdout) == (1, "")
        assert [one.name for one in tmp_path.iterdir()] == [".env"]
        assert (tmp_path / ".env").read_text() == "SECRET_KEY=kept\n"

    def test_git_does_not_see_them(self) -> None:
        assert {".env", "docker/secrets/"} <= set((ROOT / ".gitignore").read_text().splitlines())


#: A gateway in one respect: it answers under its own name only.
PARTICULAR_SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.headers["Host"] == "pay.example"
        self.send_response({"/health/": 200, "/broken/": 500}[self.path] if known else 400)
        self.end_headers()
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""


@pytest.fixture
def address() -> Iterator[str]:
    port = port_to_serve_on()
    command = bound(sys.executable, "-c", PARTICULAR_SERVER, str(port))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
        server.terminate()


class TestTheHealthCheck:
    def ask(self, subject: str, **environment: str) -> tuple[int, str]:
        asked = subprocess.run(
            [sys.executable, "docker/healthy.py", subject],
            cwd=ROOT,
            env={**os.environ, "ALLOWED_HOSTS": "pay.example,web", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return asked.returncode, asked.stderr

    def test_a_server_that_answers_is_healthy(self, address: str) -> None:
        assert self.ask(f"{address}/health/") == (0, "")
        # No proxy is asked.
        assert self.ask(f"{address}/health/", HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")[0] == 0

    def test_one_that_is_broken_silent_or_gone_is_not(self, address: str) -> None:
        assert self.ask(f"{address}/broken/") == (1, f"{address}/broken/: HTTP Error 500: Internal Server Error\n")
        with closed_port() as port:
            code, said = self.ask(f"http://127.0.0.1:{port}/health/")
        assert code == 1
        assert "Connection refused" in said

    def test_a_worker_that_is_not_there_is_not(self) -> None:
        assert self.ask("payouts") == (1, "payouts does not answer.\n")


def test_initdb_makes_what_the_embedded_cluster_has() -> None:
    arguments = shlex.split(SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"])
    source = (ROOT / "gateway/stack/postgres.py").read_text()
    assert len(arguments) == 4
    assert all(f'"{one}"' in source for one in arguments)
