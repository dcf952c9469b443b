"""A customer of the payment pages: what is done before a browser is needed, and what is done in it.

Where the way to a state is not the point, the forms of the pages are sent without a browser, as one without scripts
would send them.
"""

import re
import secrets
import time
from contextlib import AbstractContextManager
from html import unescape
from typing import Any, Final

import httpx
import psycopg
from playwright.sync_api import expect

from tests.browser.screens import Screen
from tests.stories.conftest import Stack, new_bank_reference, new_reference

BACK: Final = {name: f"https://shop.example/{name}" for name in ("success", "failure", "pending")}
#: The sandbox settles in about a second, its letters and questions take another; a loaded machine several of each.
_PATIENCE_SECONDS: Final = 60


def asked_for(stack: Stack, **fields: Any) -> dict[str, Any]:
    """A session, as a product gets it."""
    order = {"currency": "INR", "amount": "1000.00", "customer": new_reference(), "reference": new_reference()}
    return stack.test.made("checkout-sessions", {**order, "return_urls": BACK, **fields})


class Quick(AbstractContextManager["Quick"]):
    """A customer without a browser."""

    def __init__(self, session: dict[str, Any]) -> None:
        self.url: str = session["url"]
        self.client = httpx.Client(trust_env=False, timeout=30, follow_redirects=True)

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def page(self, path: str = "") -> str:
        answer = self.client.get(f"{self.url}{path}")
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def choose(self, system: str, **details: str) -> None:
        fields = {f"detail-{name}": value for name, value in details.items()}
        answer = self.client.post(f"{self.url}/choose", data={"system": system, "seen": "0", **fields})
        assert answer.status_code == 200, answer.status_code

    def confirm(self, reference: str) -> None:
        form = self.page("/attempts/1")
        found = {name: re.search(rf'name="{name}" value="([^"]*)"', form) for name in ("form", "amount")}
        fields = {name: unescape(value[1]) for name, value in found.items() if value}
        answer = self.client.post(f"{self.url}/attempts/1", data={**fields, "reference": reference})
        assert answer.status_code == 200, answer.status_code

    def until(self, code: str) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while f'data-code="{code}"' not in (shown := self.page()):
            assert time.monotonic() < end, re.findall(r'data-code="(\w+)"', shown)
            time.sleep(0.1)  # between looks at another process


def chosen(session: dict[str, Any], system: str = "upi_l", code: str = "pay_by_hand", **details: str) -> str:
    """The address of the session, once its customer has chosen this and the page says that."""
    with Quick(session) as quick:
        quick.choose(system, **details)
        quick.until(code)
        return quick.url


def confirmed(session: dict[str, Any], code: str, reference: str = "", *, system: str = "upi_l") -> str:
    """The same, once they have entered a reference."""
    with Quick(session) as quick:
        quick.choose(system)
        quick.until("pay_by_hand")
        quick.confirm(reference or new_bank_reference())
        quick.until(code)
        return quick.url


def never_found(stack: Stack, amount: str = "1000.00") -> str:
    """A reference that the provider goes on looking for."""
    reference = new_bank_reference()
    fault = {"wallet_type": "upi_l", "key1": reference, "amount": amount, "fault": "never_confirmed"}
    assert stack.control.post("/payments", json=fault).status_code == 200
    return reference


def saved_up(stack: Stack) -> str:
    """The address of a session whose money is below the least that its system credits."""
    reference = secrets.token_hex(5).upper()
    found = {"wallet_type": "paytm", "key1": reference, "amount": "60.00"}
    assert stack.control.post("/payments", json=found).status_code == 200
    return confirmed(asked_for(stack, amount="60.00"), "saved_up", reference, system="paytm")


def over(stack: Stack, reference: str) -> None:
    """The time to pay has passed a minute ago."""
    with psycopg.connect(stack.info["database_url"]) as connection:
        done = connection.execute(
            "UPDATE payments_deposit SET deadline_at = now() - interval '1 minute' WHERE reference = %s", [reference]
        )
        assert done.rowcount == 1


def choose(screen: Screen, system: str) -> None:
    """Tap on a way to pay."""
    screen.by(screen.page.locator(f".offer[value={system}]").click)


def shows(screen: Screen, code: str) -> None:
    """Wait until the page tells of this state, and look at it."""
    expect(screen.page.locator(f"[data-code={code}]")).to_be_visible()
    screen.look()


def shows_after_loading(screen: Screen, code: str) -> None:
    """The same without scripts: the page is loaded again, as it asks to be."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not screen.page.locator(f"[data-code={code}]").count():
        assert time.monotonic() < end, screen.page.locator("[data-code]").get_attribute("data-code")
        screen.open(screen.page.url)
