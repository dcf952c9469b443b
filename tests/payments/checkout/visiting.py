"""What the tests of the payment pages play with: a session, its customer's browser, and what a page says."""

import re
import secrets
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.test import Client

from gateway import ids
from payments.checkout import standing
from payments.models import CheckoutSession, Deposit
from tests.conftest import Api
from tests.payments.stage import REFERENCE, work


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as its reader has it."""

    status: int
    html: str
    headers: Any

    @property
    def text(self) -> str:
        """The words alone, blanks made one."""
        return words(self.html)

    @property
    def code(self) -> str:
        """Which of the states it tells of (`payments.checkout.told`)."""
        found = re.search(r'data-code="(\w+)"', self.html)
        return found[1] if found else ""

    @property
    def title(self) -> str:
        """Its first heading."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        return words(found[1]) if found else ""

    def value(self, name: str) -> str:
        """What a field or hidden field holds."""
        found = re.search(rf'<input[^>]*\bname="{name}"[^>]*\bvalue="([^"]*)"', self.html)
        return unescape(found[1]) if found else ""

    def link(self, ending: str) -> str:
        """The address in the page that ends so."""
        found = re.search(rf'href="(/pay/[^"]*{re.escape(ending)})"', self.html)
        assert found, f"no link to {ending}"
        return unescape(found[1])


def words(html: str) -> str:
    """What a reader reads of a piece of HTML."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


class Browser:
    """A customer's browser, on the page of one session."""

    def __init__(self, session: CheckoutSession) -> None:
        self.session = session
        self.client = Client(raise_request_exception=True)
        self.address = f"/pay/{session.token}"

    def get(self, path: str = "", **headers: str) -> Seen:
        """Load a page, by its address or by what is added to that of the session."""
        answer = self.client.get(path if path.startswith("/pay/") else f"{self.address}{path}", headers=headers)
        if answer.status_code == 303:
            return self.get(answer.headers["Location"])
        return Seen(status=answer.status_code, html=answer.content.decode(), headers=answer.headers)

    def post(self, path: str, **fields: Any) -> Seen:
        """Send a form and, where that leads on, look at what it leads to."""
        answer = self.client.post(path if path.startswith("/pay/") else f"{self.address}{path}", fields)
        if answer.status_code == 303:
            return self.get(answer.headers["Location"])
        return Seen(status=answer.status_code, html=answer.content.decode(), headers=answer.headers)

    def choose(self, system: str = "upi_l", **fields: Any) -> Seen:
        """Choose a way to pay, as the page's form does it."""
        return self.post("/choose", system=system, seen=str(len(self.attempts())), **fields)

    def confirm(self, reference: str = REFERENCE, *, attempt: int = 1, **fields: Any) -> Seen:
        """Send the form of the reference."""
        path = f"/attempts/{attempt}"
        page = self.get(path)
        sent = {"form": page.value("form"), "reference": reference, "amount": page.value("amount"), **fields}
        return self.post(path, **sent)

    def attempts(self) -> list[Deposit]:
        """The deposits of the session, oldest first."""
        return [one.deposit for one in standing.of(self.session).attempts]


def place(api: Api, **changes: Any) -> CheckoutSession:
    """Create a session through the API."""
    body = {
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": f"order-{secrets.token_hex(6)}",
        **changes,
    }
    answer = api.post("checkout-sessions", body)
    assert answer.status_code == 201, answer.content
    pk = ids.decode(ids.CHECKOUT_SESSION, answer.json()["id"])
    assert pk is not None
    return CheckoutSession.objects.select_related("product", "customer").get(pk=pk)


def opened(browser: Browser, system: str = "upi_l", **fields: Any) -> Seen:
    """Choose a way to pay and let the workers ask for its details."""
    browser.choose(system, **fields)
    work()
    return browser.get()
