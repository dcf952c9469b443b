"""Takes the pictures of the main pages for the README: ``make pictures`` writes docs/pictures/*.png.

On a fresh stack, with the same orders each time; ids and times are what they are. A picture is for reading at a glance:
what it weighs is limited, and it shows one screenful.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.people import Person, sign_in
from tests.browser.screens import DESK, PHONE, Kind, Screen, new_context
from tests.stories.conftest import Stack, start_stack

PICTURES: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
#: A README with five of them is still there at once on a slow line.
_BYTES_MAX: Final = 200_000
#: Enough for text with soft edges in the few colours of the admin.
_COLOURS: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page: the name of its file, its address, in which window, and what is done there first."""

    name: str
    address: str
    kind: Kind = DESK


def _pictures(told: dict[str, str]) -> Iterator[Picture]:
    yield Picture(name="first-page", address="/admin/")
    yield Picture(name="deposits", address="/admin/payments/deposit/?mode=test")
    yield Picture(name="order", address=told["deposit"])
    yield Picture(name="suspense", address=told["receipt"])
    yield Picture(name="approvals", address="/admin/withdrawals/withdrawal/approvals/")
    yield Picture(name="approvals-on-a-phone", address="/admin/withdrawals/withdrawal/approvals/", kind=PHONE)


#: (payment system, currency, amount, reference, customer): the sandbox pays half of 9017.00 and too much for 9018.00.
_DEPOSITS: Final = (
    ("upi_l", "INR", "1000.00", "shop-1001", "c-71"),
    ("upi_l", "INR", "9018.00", "shop-1002", "c-72"),
    ("upi_l", "INR", "2499.00", "shop-1003", "c-55"),
    ("upi_l", "INR", "9017.00", "shop-1004", "c-73"),
    ("upi_l", "INR", "640.50", "shop-1005", "c-71"),
)
#: (amount, reference, last digits of the account): ten thousand wait for one person, a hundred thousand for two.
_WITHDRAWALS: Final = (
    ("1218", "payout-501", "1234"),
    ("12500", "payout-502", "2345"),
    ("100000", "payout-503", "3456"),
    ("18000", "payout-504", "4567"),
)


def _fill(stack: Stack) -> None:
    product = stack.test
    made = []
    for number, (system, currency, amount, reference, customer) in enumerate(_DEPOSITS):
        order: dict[str, Any] = {"payment_system": system, "currency": currency, "amount": amount}
        one = product.made("deposits", {**order, "customer": customer, "reference": reference})
        said = {"provider_reference": f"43210987650{number}", "amount": amount}
        product.made(f"deposits/{one['id']}/confirmations", said)
        made.append(f"deposits/{one['id']}")
    for amount, reference, digits in _WITHDRAWALS:
        order = {"payment_system": "imps_ib", "currency": "INR", "amount": amount, "customer": "c-55"}
        recipient = {"account_number": f"98765{digits}", "account_name": "Test Name", "bank_code": "MAHB0001821"}
        one = product.made("withdrawals", {**order, "reference": reference, "recipient": recipient})
        made.append(f"withdrawals/{one['id']}")
    settled = {"credited", "in_review", "paid", "pending_approval"}
    for path in made:
        product.until(path, lambda got: got["status"] in settled)


def _told(screen: Screen) -> dict[str, str]:
    """Addresses that are found by looking: of an order that went well, and of money that waits."""
    screen.open("/admin/payments/deposit/?mode=test&q=shop-1003")
    deposit = screen.page.locator("#result_list a[href*='/change/']").first.get_attribute("href")
    screen.open("/admin/payments/receipt/waiting")
    receipt = screen.page.locator("a[href*='/payments/receipt/'][href*='/change/']").first.get_attribute("href")
    return {"deposit": str(deposit), "receipt": str(receipt)}


def _small(taken: bytes) -> bytes:
    """The same picture, with a palette."""
    written = io.BytesIO()
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(_COLOURS).save(written, "PNG", optimize=True)
    return written.getvalue()


@contextmanager
def _stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)  # root's PostgreSQL runs as another user, and has to pass
        running = start_stack(Path(directory) / "stack")
        try:
            yield running
        finally:
            running.stop()


def _take(browser: Browser, stack: Stack) -> None:
    origin = stack.info["admin_url"].removesuffix("/admin/")
    person = Person(name=stack.info["approver_user"], password=stack.info["approver_password"])
    with new_context(browser, origin, DESK) as context:
        screen = Screen(context, origin, DESK)
        sign_in(screen, person)
        signed_in, told = context.storage_state(), _told(screen)
    PICTURES.mkdir(exist_ok=True)
    for one in _pictures(told):
        with new_context(browser, origin, one.kind, signed_in) as context:
            screen = Screen(context, origin, one.kind)
            screen.open(one.address)
            screen.page.evaluate("document.fonts.ready")
            small = _small(screen.page.screenshot())
        assert len(small) <= _BYTES_MAX, (one.name, len(small))
        (PICTURES / f"{one.name}.png").write_bytes(small)
        sys.stdout.write(f"docs/pictures/{one.name}.png: {len(small)} bytes\n")


def main() -> int:
    """Take all of them."""
    found = chromium.find()
    if found is None:
        sys.stderr.write("No Chromium starts here: make browser\n")
        return 1
    with _stack() as stack, sync_playwright() as playwright:
        _fill(stack)
        _take(playwright.chromium.launch(executable_path=found), stack)
    return 0


if __name__ == "__main__":
    sys.exit(main())
