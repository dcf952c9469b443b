"""News on its way to products, with every part running."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.stories.conftest import Stack

#: A dead receiver is given up after 15 s; whoever waits for it is late by that much.
_PROMPT_SECONDS = 10


class Receiver:
    """A product's endpoint: verifies and keeps what comes, or holds every request until it is let go."""

    def __init__(self, *, hangs: bool) -> None:
        self.secret = ""
        self.arrived: queue.Queue[dict[str, Any]] = queue.Queue()
        self.let_go = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hangs:
                    outer.let_go.wait(60)
                    return
                Webhook(outer.secret).verify(body, dict(self.headers.items()))
                outer.arrived.put(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receivers(stack: Stack) -> Iterator[tuple[Receiver, list[Receiver]]]:
    """One that answers and four that hang, each an enabled endpoint of the product."""
    healthy, hanging = Receiver(hangs=False), [Receiver(hangs=True) for _ in range(4)]
    made = []
    for one in [*hanging, healthy]:
        endpoint = stack.test.made("webhook-endpoints", {"url": one.url})
        one.secret = endpoint["secret"]
        made.append(endpoint["id"])
    try:
        yield healthy, hanging
    finally:
        for endpoint_id in made:
            assert stack.test.client.delete(f"webhook-endpoints/{endpoint_id}").status_code == 200
        for one in [*hanging, healthy]:
            one.close()


def test_dead_receivers_do_not_delay_the_living(
    stack: Stack, receivers: tuple[Receiver, list[Receiver]], reference: str
) -> None:
    healthy, _ = receivers
    body = {"payment_system": "upi_l", "currency": "INR", "amount": "1000.00", "customer": "55"}
    for number in range(3):
        deposit = stack.test.made("deposits", {**body, "reference": f"{reference}-{number}"})
        came: dict[int, tuple[str, str, str]] = {}
        while len(came) < 2:
            event = healthy.arrived.get(timeout=_PROMPT_SECONDS)
            if event["data"]["id"] == deposit["id"]:
                came[event["sequence"]] = (event["type"], event["mode"], event["data"]["status"])
        assert came == {
            1: ("deposit.created", "test", "created"),
            2: ("deposit.awaiting_payment", "test", "awaiting_payment"),
        }
