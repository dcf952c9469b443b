"""A sandbox in its own process, as everybody else meets it, and somebody who receives its letters."""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from gateway.paykassma.signatures import withdrawal_signature
from tests.bound import bound

API_SECRET = "canary-api-secret"
WITHDRAWAL_KEY = "canary-withdrawal-key"
ACCESS_KEY = "canary-access"
PRIVATE_KEY = "canary-private"
CONTROL_KEY = "canary-control"
POSTBACK_PATH = "/postbacks/canary-token/"
SECRETS = (API_SECRET, WITHDRAWAL_KEY, ACCESS_KEY, PRIVATE_KEY, CONTROL_KEY, "canary-token")

# Longer than any test waits for anything: outcomes come when the test moves the clock, never by themselves.
POSTBACK_DELAY_SECONDS = 100

DEADLINE_SECONDS = 20

# An answer of the receiver with this status is none: it keeps the connection until it is told to let go.
HELD = 0
_numbers = itertools.count(1)
_Found = TypeVar("_Found")


def eventually(look: Callable[[], _Found | None]) -> _Found:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen in time")


class Receiver:
    """Answers letters as told and remembers their bytes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self.let_go = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == POSTBACK_PATH
                assert self.headers["Content-Type"] == "application/json"
                receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    status, answer = receiver.answers.get_nowait()
                except queue.Empty:
                    status, answer = 200, b'{"status":"ok"}'
                if status == HELD:
                    receiver.let_go.wait(DEADLINE_SECONDS)
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{POSTBACK_PATH}"

    def about(self, order_id: str) -> list[dict[str, Any]]:
        return [json.loads(body) for body in list(self.bodies) if order_id.encode() in body]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class Sandbox:
    """The process and a client of it."""

    receiver: Receiver
    environment: dict[str, str]
    lines: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.process = subprocess.Popen(
            bound(sys.executable, "-m", "gateway.sandbox"),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        line = eventually(lambda: next((line for line in self.lines if "listening on" in line), None))
        self.url = line.rpartition(" ")[2].strip()
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line)

    def stop(self) -> int:
        self.process.terminate()
        return self._ended()

    def kill(self) -> int:
        self.process.kill()
        return self._ended()

    def _ended(self) -> int:
        status = self.process.wait(DEADLINE_SECONDS)
        self._reader.join()
        self.client.close()
        self.lines.clear()
        return status

    def get(self, path: str, **parameters: Any) -> Any:
        response = self.client.get(path, params={"secret": API_SECRET, **parameters})
        assert response.status_code == 200
        return response.json()

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.client.post(path, params={"secret": API_SECRET}, json=body)

    def control(self, action: str, **fields: Any) -> Any:
        return self._controlled("POST", action, json=fields)

    def told(self, action: str, **parameters: Any) -> Any:
        return self._controlled("GET", action, params=parameters)

    def _controlled(self, method: str, action: str, **options: Any) -> Any:
        headers = {"X-Control-Key": CONTROL_KEY}
        response = self.client.request(method, f"/control/{action}", headers=headers, **options)
        assert response.status_code == 200, response.text
        return response.json()

    def pass_time(self, seconds: float = POSTBACK_DELAY_SECONDS) -> None:
        self.control("clock", seconds=seconds)

    def activation(self, **changes: Any) -> dict[str, Any]:
        number = next(_numbers)
        return {
            "currency_code": "INR",
            "wallet_type": "upi_l",
            "label": f"customer-{number}",
            "key1": f"{number:012}",
            "amount": 450,
            "custom_transaction_id": f"cnf_{number:08}",
            **changes,
        }

    def activate(self, **changes: Any) -> tuple[str, httpx.Response]:
        body = self.activation(**changes)
        return body["custom_transaction_id"], self.post("/api/v1/transaction/activate", body)

    def withdrawal(self, **changes: Any) -> dict[str, Any]:
        number = next(_numbers)
        return {
            "withdrawal_id": f"wd_{number:08}",
            "payment_system": "upi_ib",
            "amount": 500,
            "currency_code": "INR",
            "label": f"customer-{number}",
            "is_test": True,
            "account_number": "12test345@sandbox",
            "account_name": "Test Name",
            **changes,
        }

    def withdraw(self, **changes: Any) -> tuple[str, httpx.Response]:
        body = self.withdrawal(**changes)
        return body.get("withdrawal_id", ""), self.send_withdrawal(body)

    def send_withdrawal(self, body: dict[str, Any], key: str = WITHDRAWAL_KEY) -> httpx.Response:
        signed = {**body, "signature": withdrawal_signature(body, key)}
        return self.client.post("/v2/withdrawal/create", json=signed)

    def letters(self, order_id: str, count: int = 1) -> list[dict[str, Any]]:
        """Exactly `count` letters about an order, once the sandbox has no more to post about it."""
        eventually(lambda: len(self.receiver.about(order_id)) >= count)
        eventually(lambda: all(row["delivered_at"] for row in self.letter_rows(order_id)))
        letters = self.receiver.about(order_id)
        assert len(letters) == count
        return letters

    def letter_rows(self, order_id: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.told("order", order_id=order_id)["letters"]
        return rows

    def entries(self, order_id: str) -> list[tuple[str, str, str]]:
        """The movements of an order's money: kind, amount, currency."""
        return [
            (row["movement"], row["amount"], row["currency_code"])
            for row in self.told("book")["entries"]
            if row["order_id"] == order_id
        ]

    def pulled(self, kind: str, order_id: str) -> Any:
        name = "plugin_custom_order_id[]" if kind == "deposit" else "withdrawal_id[]"
        answer = self.get("/api/v1/pullpostbacks", type=kind, **{name: order_id})
        (row,) = answer["data"]["transactions" if kind == "deposit" else "withdrawals"]
        return row


def sandbox_environment(receiver: Receiver, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "SANDBOX_PORT": "0",
        "SANDBOX_API_SECRET": API_SECRET,
        "SANDBOX_WITHDRAWAL_KEY": WITHDRAWAL_KEY,
        "SANDBOX_POSTBACK_ACCESS_KEY": ACCESS_KEY,
        "SANDBOX_POSTBACK_PRIVATE_KEY": PRIVATE_KEY,
        "SANDBOX_POSTBACK_URL": receiver.url,
        "SANDBOX_CONTROL_KEY": CONTROL_KEY,
        "SANDBOX_POSTBACK_DELAY_SECONDS": str(POSTBACK_DELAY_SECONDS),
        **changes,
    }


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def running_sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    sandbox = Sandbox(receiver=receiver, environment=sandbox_environment(receiver))
    sandbox.start()
    yield sandbox
    lines = "".join(sandbox.lines)
    assert sandbox.stop() == 0
    # Nothing that any test made it do has put a secret or a trace into its log.
    assert [secret for secret in SECRETS if secret in lines] == []
    assert "Traceback" not in lines
    assert "surprised" not in lines
    assert "?" not in lines


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.control("reset")
    return running_sandbox
