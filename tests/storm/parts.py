"""Everything that `make up` runs, in a directory of its own, with hands on each process."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import redis

from gateway.stack.credentials import Credentials
from gateway.stack.leftovers import end_leftovers
from gateway.stack.parts import Part, ServicePart
from gateway.stack.ports import any_free
from gateway.stack.postgres import EmbeddedPostgres
from gateway.stack.postgres_roles import SUPERUSER
from gateway.stack.processes import POLL_SECONDS, Child, Command
from gateway.stack.services import PROJECT_DIRECTORY, Facts, Plan, base_environment, make_plan
from gateway.stack.settings import Settings
from gateway.stack.valkey import EmbeddedValkey
from tests.ports import port_to_serve_on

_HOST: Final = "127.0.0.1"
#: To migrate takes half a minute on a machine that is busy, and the judge, who reads every row of the storm, is done
#: within this, too.
_STEP_SECONDS: Final = 180.0
#: Everything imports and starts at once, on a machine that may be busy.
_START_SECONDS: Final = 120.0


class Parts:
    """The running parts.

    Attributes:
        services: by name; started again by `revive` where they died.
        valkey: revived as well.
        environment: of whatever has to speak to this stack as its web server does.
        log: what all of them said.
    """

    def __init__(self, directory: Path, running: contextlib.ExitStack) -> None:
        self.log = running.enter_context((directory / "log").open("w", encoding="utf-8"))
        self._credentials = Credentials.load(directory)
        running.callback(end_leftovers, self._credentials.stack_mark)
        postgres = EmbeddedPostgres(directory / "postgres", durable=False, hear=self._hear)
        running.callback(postgres.stop)
        database_url = postgres.start()
        self._superuser_url = postgres.url(SUPERUSER)
        self.valkey = EmbeddedValkey(
            directory / "valkey", hear=self._hear, environment=base_environment(self._credentials)
        )
        running.callback(self.valkey.stop)
        self._facts = Facts(
            settings=Settings(
                host=_HOST,
                port=port_to_serve_on(),
                sandbox_port=None,
                directory=directory,
                database_url=None,
                migration_database_url=None,
                redis_url=None,
                postgres_binaries=None,
                live=None,
            ),
            credentials=self._credentials,
            sandbox_port=any_free(_HOST),
            database_url=database_url,
            migration_database_url=postgres.url("gateway_owner"),
            redis_url=self.valkey.start(),
        )
        plan = make_plan(self._facts)
        self.services: dict[str, ServicePart] = {}
        self._start(plan, running)
        # All of them but the simulated provider are told the same.
        self.environment = dict(next(one for one in plan.services if one.name == "web").command.environment)

    def _start(self, plan: Plan, running: contextlib.ExitStack) -> None:
        for step in plan.steps:
            child = Child(step.command, self._hear)
            running.callback(child.stop)
            if child.wait(_STEP_SECONDS) != 0:
                raise SystemExit(f"{step.name} failed:\n{child.last_words()}")
        for service in plan.services:
            self.services[service.name] = part = ServicePart(service, self._hear)
            running.callback(part.stop)
        deadline = time.monotonic() + _START_SECONDS
        for service in plan.services:
            while service.answers is not None and not service.answers():
                if time.monotonic() > deadline:
                    raise SystemExit(f"{service.name} does not answer:\n{self.services[service.name].last_words()}")
                time.sleep(POLL_SECONDS)

    def _hear(self, line: str) -> None:
        with contextlib.suppress(ValueError):  # the last words come when the file is closed
            self.log.write(line + "\n")

    @property
    def api_url(self) -> str:
        """Where products call."""
        return f"{self._facts.settings.public_url}/api/v1"

    @property
    def api_key(self) -> str:
        """Of the demo product, in test mode."""
        return self._credentials.test_api_key

    @property
    def sandbox_url(self) -> str:
        """Where the simulated provider answers."""
        return self._facts.sandbox_url

    @property
    def withdrawal_key(self) -> str:
        """By which withdrawals are signed."""
        return self._credentials.sandbox_withdrawal_key

    def control(self, method: str, action: str, body: Mapping[str, Any] | None = None) -> Any:
        """One call of the simulated provider's control API."""
        answer = httpx.request(
            method,
            f"{self._facts.sandbox_url}/control/{action}",
            json=body,
            headers={"X-Control-Key": self._credentials.sandbox_control_key},
            trust_env=False,
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()

    def database(self) -> "psycopg.Connection[Any]":
        """A connection that may do everything; each statement is its own transaction."""
        return psycopg.connect(self._superuser_url, autocommit=True)

    def flush(self) -> None:
        """Have Valkey forget everything."""
        with redis.Redis.from_url(self._facts.redis_url) as client:
            client.flushall()

    def revive(self) -> list[str]:
        """Start again what has died; gives its names."""
        died: list[tuple[str, Part]] = [(name, part) for name, part in self.services.items() if part.poll() is not None]
        if self.valkey.poll() is not None:
            died.append(("valkey", self.valkey))
        for _, part in died:
            part.start()
        return [name for name, _ in died]

    def ask_django(self, module: str, question: Any) -> Any:
        """Run one of our modules in a process that has Django; JSON in, JSON out."""
        lines: list[str] = []
        child = Child(
            Command(
                arguments=[sys.executable, "-m", module],
                environment=self.environment,
                directory=PROJECT_DIRECTORY,
                standard_input=json.dumps(question).encode(),
            ),
            lines.append,
        )
        if child.wait(_STEP_SECONDS) != 0:
            raise SystemExit(f"{module} failed:\n{child.last_words()}")
        child.last_words()  # waits for the last line
        return json.loads(lines[-1])


@contextlib.contextmanager
def running_parts() -> Iterator[Parts]:
    """Start all parts; stop them, and take everything away, however the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="gateway-storm-"))
    if os.geteuid() == 0:
        directory.chmod(0o711)  # PostgreSQL runs as another user then, and has to pass
    with contextlib.ExitStack() as running:
        running.callback(shutil.rmtree, directory, ignore_errors=True)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        yield Parts(directory, running)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def new_seed() -> int:
    """A seed for a run that was given none."""
    return secrets.randbelow(1_000_000)
