"""Takes the pictures of the main pages for README and docs: ``make pictures`` writes docs/pictures/*.png.

On a fresh stack, with the same orders each time; ids and times are what they are. A picture is for reading at a glance:
what it weighs is limited, and it shows a screenful or two.
"""

import io
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import chromium
from tests.browser.paying import asked_for, chosen, confirmed, never_found
from tests.browser.people import person_of, sign_in
from tests.browser.screens import DESK, PHONE, Kind, Screen, new_context
from tests.browser.shop import open_shop
from tests.stories.conftest import Stack, start_stack

PICTURES: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
#: A README with five of them is still there at once on a slow line.
_BYTES_MAX: Final = 200_000
#: Enough for text with soft edges in the few colours of the admin.
_COLOURS: Final = 128


#: Of four telephones side by side: letters of four scripts, in grey and the few colours of a payment page.
_PAY_COLOURS: Final = 48
_GAP: Final = 16
_SMALL_PHONE: Final = Kind(width=360, height=720, colours="light")
_LANGUAGES: Final = ("en", "hi", "bn", "ur")

#: What is told from top to bottom is longer than a screen.
_LONG: Final = Kind(width=1280, height=1500, colours="light")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page: the name of its file, its address, and in which window."""

    name: str
    address: str
    kind: Kind = DESK


def _pictures(told: dict[str, str]) -> Iterator[Picture]:
    yield Picture(name="first-page", address="/admin/?mode=test", kind=_LONG)
    yield Picture(name="first-page-on-a-phone", address="/admin/?mode=test", kind=PHONE)
    yield Picture(name="deposits", address="/admin/payments/deposit/?mode=test")
    yield Picture(name="order", address=told["deposit"], kind=_LONG)
    yield Picture(name="approvals", address="/admin/queues/approvals/?mode=test")
    yield Picture(name="whose-is-it", address=told["receipt"])
    yield Picture(name="exports", address="/admin/backoffice/export/")


def _told(screen: Screen) -> dict[str, str]:
    """Addresses that are found by looking: of an order that went well, and of money that is nobody's."""
    screen.open("/admin/payments/deposit/?mode=test&q=shop-1004")
    deposit = screen.page.locator("#result_list a[href*='/change/']").first.get_attribute("href")
    screen.open("/admin/queues/suspense/?mode=test")
    receipt = screen.page.get_by_role("link", name="Whose is it?").first.get_attribute("href")
    return {"deposit": str(deposit), "receipt": str(receipt)}


def _ask_for_files(screen: Screen) -> None:
    for address, button in (
        ("/admin/payments/deposit/?mode=test&status__exact=credited", "Export XLSX"),
        ("/admin/withdrawals/withdrawal/?mode=test", "Export CSV"),
    ):
        screen.open(address)
        with screen.page.expect_navigation():
            screen.page.get_by_role("button", name=button).click()
    expect(screen.page.get_by_role("link", name="Download")).to_have_count(2)


def _small(taken: Image.Image, colours: int = _COLOURS) -> bytes:
    """The same picture, with a palette."""
    written = io.BytesIO()
    taken.convert("RGB").quantize(colours).save(written, "PNG", optimize=True)
    return written.getvalue()


def _shot(screen: Screen) -> Image.Image:
    screen.page.evaluate("document.fonts.ready")
    return Image.open(io.BytesIO(screen.page.screenshot()))


def _keep(name: str, small: bytes) -> None:
    assert len(small) <= _BYTES_MAX, (name, len(small))
    (PICTURES / f"{name}.png").write_bytes(small)
    sys.stdout.write(f"docs/pictures/{name}.png: {len(small)} bytes\n")


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
    with new_context(browser, origin, DESK) as context:
        screen = Screen(context, origin, DESK)
        sign_in(screen, person_of(stack.info, "admin"))
        signed_in, told = context.storage_state(), _told(screen)
        _ask_for_files(screen)
    PICTURES.mkdir(exist_ok=True)
    for one in _pictures(told):
        with new_context(browser, origin, one.kind, signed_in) as context:
            screen = Screen(context, origin, one.kind)
            screen.open(one.address)
            _keep(one.name, _small(_shot(screen)))


def _paid_pages(stack: Stack) -> dict[str, str]:
    """Sessions of one customer's order, each in another state: names of pictures, and the addresses."""

    def order(amount: str = "1250.00") -> dict[str, Any]:
        return asked_for(stack, amount=amount, reference=f"order-{secrets.randbelow(9000) + 1000}")

    return {
        "pay-choose": order()["url"],
        "pay-details": chosen(order()),
        "pay-reference": f"{chosen(order())}#paid",
        "pay-checking": confirmed(order(), "checking", never_found(stack, "1250.00")),
        "pay-less": confirmed(order("9017.00"), "review_less"),
        "pay-received": confirmed(order(), "credited"),
    }


def _take_payment_pages(browser: Browser, stack: Stack) -> None:
    """Each state on four telephones side by side, one for each language."""
    origin = stack.info["admin_url"].removesuffix("/admin/")
    width, height = _SMALL_PHONE.width, _SMALL_PHONE.height
    with new_context(browser, origin, _SMALL_PHONE) as context:
        screen = Screen(context, origin, _SMALL_PHONE)
        for name, url in _paid_pages(stack).items():
            address, _, place = url.partition("#")
            whole = Image.new("RGB", (len(_LANGUAGES) * (width + _GAP) - _GAP, height), "white")
            for number, language in enumerate(_LANGUAGES):
                screen.open(f"{address}?lang={language}")
                if place:
                    screen.page.locator(f"#{place}").evaluate("one => one.scrollIntoView()")
                whole.paste(_shot(screen), (number * (width + _GAP), 0))
            _keep(name, _small(whole, _PAY_COLOURS))


def main() -> int:
    """Take all of them."""
    found = chromium.find()
    if found is None:
        sys.stderr.write("No Chromium starts here: make browser\n")
        return 1
    with _stack() as stack, sync_playwright() as playwright:
        open_shop(stack)
        browser = playwright.chromium.launch(executable_path=found)
        _take(browser, stack)
        _take_payment_pages(browser, stack)
    return 0


if __name__ == "__main__":
    sys.exit(main())
