"""The whole stack, started as `make up` starts it; stories speak to its public doors only.

Where a run is spread over processes, one of them tells all stories of this stack (``tests/spreading.py``). It ends with
the last of them: looking for what is due takes its workers a twentieth of a core, which others can use.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.bound import bound
from tests.ports import port_to_serve_on
from tests.scripted_provider import ScriptedProvider

#: The stack is up in 20 s on two idle cores; a loaded machine takes several times as long.
_START_SECONDS = 180
#: The sandbox settles in about a second; pulls come after 15 s where a letter is lost.
_PATIENCE_SECONDS = 60


class Stack:
    """A running stack and its two callers."""

    def __init__(self, directory: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.directory, self.process, self.log = directory, process, log
        info: dict[str, Any] = json.loads((directory / "info.json").read_text())
        self.info = info
        self.test = Caller(info["api_url"], info["test_api_key"])
        self.live = Caller(info["api_url"], info["live_api_key"])
        self.control = httpx.Client(
            base_url=f"{info['sandbox_url']}/control",
            headers={"X-Control-Key": info["sandbox_control_key"]},
            trust_env=False,
            timeout=30,
        )

    def stop(self) -> int:
        """Ask it to stop, as a person's Ctrl-C or a service manager would; its exit code."""
        for client in (self.test.client, self.live.client, self.control):
            client.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Caller:
    """A product, over HTTP."""

    def __init__(self, api_url: str, key: str) -> None:
        self.client = httpx.Client(
            base_url=api_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=30
        )

    def post(self, path: str, body: dict[str, Any] | None = None, **extra: Any) -> httpx.Response:
        headers = {"Idempotency-Key": secrets.token_hex(8), "Prefer": "wait=10", **extra.pop("headers", {})}
        if "data" in extra or "files" in extra:
            return self.client.post(path, headers=headers, **extra)
        return self.client.post(path, json=body or {}, headers=headers, **extra)

    def made(self, path: str, body: dict[str, Any] | None = None, **extra: Any) -> dict[str, Any]:
        answer = self.post(path, body, **extra)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        got: dict[str, Any] = answer.json()
        return got

    def until(
        self, path: str, met: Callable[[dict[str, Any]], bool], seconds: int = _PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """The object, once it is as the story wants it."""
        end = time.monotonic() + seconds
        while not met(got := self.get(path)):
            assert time.monotonic() < end, got
            time.sleep(0.1)  # between looks at another process
        return got

    def news_of(self, subject: str) -> list[str]:
        """Types of the events about an object, oldest first."""
        events = self.get("events", subject=subject, limit=100)["data"]
        return [event["type"] for event in reversed(events)]


def start_stack(directory: Path, **environment: str) -> Stack:
    ports = {"PORT": str(port_to_serve_on()), "SANDBOX_PORT": str(port_to_serve_on())}
    log = directory.with_suffix(".log")
    ours = {"DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    with log.open("wb") as output:
        process = subprocess.Popen(
            bound(sys.executable, "-m", "gateway.stack"),
            env={**inherited, "STACK_DIR": str(directory), **ports, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    info = directory / "info.json"
    end = time.monotonic() + _START_SECONDS
    while not info.exists():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.2)  # between looks at another process
    return Stack(directory, process, log)


LIVE_TOKEN: Final = f"live-token-{secrets.token_hex(8)}"
#: The live account's. None of them may ever be in what the stack says.
_LIVE_SECRETS: Final = {
    "PAYKASSMA_API_SECRET": f"canary-live-secret-{secrets.token_hex(8)}",
    "PAYKASSMA_WITHDRAWAL_KEY": f"canary-live-withdrawal-key-{secrets.token_hex(8)}",
    "PAYKASSMA_POSTBACK_ACCESS_KEY": f"canary-access-{secrets.token_hex(8)}",
    "PAYKASSMA_POSTBACK_PRIVATE_KEY": f"canary-private-{secrets.token_hex(8)}",
}


@pytest.fixture(scope="package")
def paykassma() -> Iterator[ScriptedProvider]:
    """What the live account calls: it knows nothing but what a story has it answer."""
    with ScriptedProvider() as server:
        yield server


@pytest.fixture(scope="package")
def stack(paykassma: ScriptedProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all stories, which follow each other, with a live account. Each story makes orders of its own."""
    live = {"PAYKASSMA_BASE_URL": f"{paykassma.url}/", "PAYKASSMA_POSTBACK_TOKEN": LIVE_TOKEN, **_LIVE_SECRETS}
    running = start_stack(tmp_path_factory.mktemp("stories") / "stack", **live)
    try:
        yield running
    finally:
        assert running.stop() == 0
        said = running.log.read_text()
        assert [name for name, secret in _LIVE_SECRETS.items() if secret in said] == []


def new_reference() -> str:
    """A reference that no other story uses."""
    return f"order-{secrets.token_hex(6)}"


def new_bank_reference() -> str:
    """Twelve digits that no other story uses."""
    return "".join(secrets.choice("0123456789") for _ in range(12))


reference = pytest.fixture(new_reference, name="reference")
bank_reference = pytest.fixture(new_bank_reference, name="bank_reference")
