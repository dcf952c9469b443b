"""``make demo``: against a running stack, a deposit by activation, one by redirect, and a withdrawal.

Speaks only to public doors, as an integrator would: the REST API, a webhook endpoint of its own, and for the
customer's part the payment page of the simulated provider.
"""

import json
import os
import queue
import secrets
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

#: The sandbox settles in about a second; a minute means that something is wrong.
_PATIENCE_SECONDS: Final = 60.0
_LOOK_EVERY_SECONDS: Final = 0.2
#: An answer may be held for ten seconds (Prefer: wait=10).
_ANSWER_SECONDS: Final = 20.0
_FINAL: Final = {
    "deposit": {"credited", "in_review", "failed", "expired", "cancelled"},
    "withdrawal": {"paid", "rejected", "failed", "cancelled", "manual_review"},
}


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)  # noqa: T201 - this is what the program is for


class Listener:
    """A product's webhook endpoint: takes letters, verifies their signature, keeps them in order of arrival."""

    def __init__(self) -> None:
        self.secret = ""
        self.arrived: queue.Queue[dict[str, Any]] = queue.Queue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    Webhook(outer.secret).verify(body, dict(self.headers.items()))
                except WebhookVerificationError:
                    self.send_response(400)
                else:
                    outer.arrived.put(json.loads(body))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks"
        Thread(target=self._server.serve_forever, daemon=True).start()


class Gateway:
    """The API as a product calls it."""

    def __init__(self, info: dict[str, Any]) -> None:
        self._client = httpx.Client(
            base_url=info["api_url"],
            headers={"Authorization": f"Bearer {info['test_api_key']}"},
            timeout=_ANSWER_SECONDS,
            trust_env=False,
        )

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST with a fresh Idempotency-Key; ends the program on a problem document."""
        headers = {"Idempotency-Key": secrets.token_hex(8), "Prefer": "wait=10"}
        return self._read(self._client.post(path, json=body or {}, headers=headers))

    def get(self, path: str) -> dict[str, Any]:
        """GET."""
        return self._read(self._client.get(path))

    def delete(self, path: str) -> None:
        """DELETE."""
        self._client.delete(path)

    @staticmethod
    def _read(answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            sys.exit(f"{answer.request.method} {answer.request.url.path}: HTTP {answer.status_code}\n{answer.text}")
        parsed: dict[str, Any] = answer.json()
        return parsed


class Demonstration:
    """The stories."""

    def __init__(self, gateway: Gateway, listener: Listener) -> None:
        self._gateway, self._listener = gateway, listener
        self._run = secrets.token_hex(3)

    def by_activation(self) -> None:
        """The customer pays by hand and enters the bank's reference."""
        say("1. A deposit by activation (UPI): the customer pays by hand and enters the bank's reference\n")
        deposit = self._order("deposits", payment_system="upi_l", currency="INR", amount="1000.00")
        for line in deposit["next_action"].get("details", []):
            say(f"   pay to             {line['label']}: {line['value']}")
        reference = "".join(secrets.choice("0123456789") for _ in range(12))
        say(f"   the customer pays, and enters the reference {reference}")
        path = f"deposits/{deposit['id']}/confirmations"
        confirmation = self._gateway.post(path, {"provider_reference": reference, "amount": "1000.00"})
        say(f"   POST …/confirmations → {confirmation['id']} is {confirmation['status']}")
        self._until_final("deposit", deposit["id"])

    def by_redirect(self) -> None:
        """The customer is sent to a payment page."""
        say("2. A deposit by redirect (Nagad): the customer is sent to a payment page\n")
        urls = {"success": "https://shop.example/thanks", "failure": "https://shop.example/sorry"}
        deposit = self._order("deposits", payment_system="nagad_api", currency="BDT", amount="500.00", return_urls=urls)
        url = deposit["next_action"].get("url") or sys.exit("   there is no address to send the customer to")
        say(f"   send the customer to {url}")
        page = httpx.post(url, data={"decision": "pay"}, trust_env=False, timeout=_ANSWER_SECONDS)
        say(f"   the customer presses Pay, and is sent back to {page.headers.get('Location', 'nowhere')}")
        self._until_final("deposit", deposit["id"])

    def withdrawal(self) -> None:
        """Money is sent to a bank account."""
        say("3. A withdrawal (IMPS): money is sent to a bank account\n")
        # Another one each time: the same amount to the same account within the hour waits for a person.
        account = "".join(secrets.choice("123456789") for _ in range(12))
        recipient = {"account_number": account, "account_name": "Test Name", "bank_code": "MAHB0001821"}
        order = self._order(
            "withdrawals",
            payment_system="imps_ib",
            currency="INR",
            amount="1218",
            recipient=recipient,
            comment="payout",
        )
        self._until_final("withdrawal", order["id"])

    def hosted_page(self) -> None:
        """A page of ours, for a person to try."""
        say("4. A hosted payment page: the customer chooses, pays by hand and enters any 12 digits (UPI)\n")
        session = self._gateway.post(
            "checkout-sessions",
            {"currency": "INR", "amount": "1000.00", "customer": "55", "reference": f"demo-{self._run}-page"},
        )
        say(f"   POST /checkout-sessions → {session['id']} is {session['status']}")
        say(f"   open it in a browser: {session['url']}\n")

    def _order(self, collection: str, **fields: Any) -> dict[str, Any]:
        reference = f"demo-{self._run}-{fields['payment_system']}"
        order = self._gateway.post(collection, {"customer": "55", "reference": reference, **fields})
        money = f"{order['amount']} {order['currency']}"
        say(f"   POST /{collection} → {order['id']} over {money} is {order['status']}")
        return order

    def _until_final(self, kind: str, order_id: str) -> None:
        """Print each webhook about the order as it arrives, until it is final by the API and by the webhooks."""
        last = ""

        def finished() -> bool:
            nonlocal last
            while not self._listener.arrived.empty():
                event = self._listener.arrived.get()
                data = event["data"]
                if order_id in {data.get("id"), data.get("deposit")}:
                    say(f"   webhook            {event['type']} ({data['status']})")
                    last = data["status"]
            return last in _FINAL[kind]

        _wait_for(finished, f"{order_id} to become final")
        order = self._gateway.get(f"{kind}s/{order_id}")
        received = f", received {order['received_amount']} {order['currency']}" if kind == "deposit" else ""
        say(f"   GET  /{kind}s/… → {order['status']}{received}\n")
        if order["status"] not in {"credited", "paid"}:
            sys.exit(f"That is not how it should end: {json.dumps(order['failure'])}")


def _wait_for(met: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not met():
        if time.monotonic() > until:
            sys.exit(f"Waited {_PATIENCE_SECONDS:.0f} seconds for {what} in vain.")
        time.sleep(_LOOK_EVERY_SECONDS)


def main() -> None:
    """Run the stories and take the endpoint away again."""
    directory = Path(os.environ.get("STACK_DIR", ".stack"))
    try:
        info = json.loads((directory / "info.json").read_text())
        gateway = Gateway(info)
        gateway.get("webhook-endpoints")
    except (FileNotFoundError, httpx.TransportError):
        sys.exit(f"No stack answers for {directory}. Start one in another terminal: make up")
    listener = Listener()
    endpoint = gateway.post("webhook-endpoints", {"url": listener.url})
    listener.secret = endpoint["secret"]
    say(f"Webhooks go to {listener.url} and are verified (Standard Webhooks).\n")
    try:
        demonstration = Demonstration(gateway, listener)
        demonstration.by_activation()
        demonstration.by_redirect()
        demonstration.withdrawal()
        demonstration.hosted_page()
    finally:
        gateway.delete(f"webhook-endpoints/{endpoint['id']}")
    say("The first three are final; the page is yours to try.")


if __name__ == "__main__":
    main()
