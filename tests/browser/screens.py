"""A browser window that is strict: whatever is wrong with a page that it shows fails the test.

Wrong is: an error in the console (a script that the content security policy refuses is one), an uncaught exception, a
request that failed or went to somebody else's server, a page that is wider than the window, and what axe calls a
serious or critical obstacle. Each page that was navigated to has to be looked at; one that was passed by fails the
test, too.

Axe takes a third of a second for what it has mostly said of the page before. It is asked where a page shows anything
that it has not judged yet in this run: an element of other colours, of another name, at another place (``traits.js``).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Frame,
    Locator,
    Page,
    Request,
    Response,
    StorageState,
    expect,
)

#: WCAG 2.1 up to AA, and what axe itself advises.
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
_IMPACTS: Final = frozenset({"serious", "critical"})
#: The browser's word about an answer that we judge by its status.
_ALSO_AN_ANSWER: Final = "Failed to load resource"
#: A page is there in half a second; a loaded machine takes several times as long.
_PATIENCE_SECONDS: Final = 30
_TRAITS: Final = Path(__file__).with_name("traits.js").read_text()
#: What axe found nothing wrong with.
_JUDGED: Final[set[str]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A window: its size in CSS pixels and the colours that its person prefers."""

    width: int
    height: int
    colours: Literal["light", "dark"]


#: A page's width does not depend on its colours, nor do they on the width: two windows see what four would.
DESK: Final = Kind(width=1280, height=900, colours="light")
PHONE: Final = Kind(width=360, height=780, colours="dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuse:
    """An obstacle that is not ours to remove: axe's rule, a part of what axe says of it, and why it may stay."""

    rule: str
    said: str
    why: str


_DJANGOS: Final = "Django's own list of permissions, for superusers alone; unfold gives it these colours"
EXCUSES: Final = (
    Excuse(
        rule="link-in-text-block",
        said='<a href="../password/"',
        why="unfold's sentence about a password that nobody can read: the link is told by its colour",
    ),
    Excuse(rule="aria-prohibited-attr", said="help-tooltip", why=_DJANGOS),
    Excuse(rule="color-contrast", said='id="id_permissions_', why=_DJANGOS),
)


def new_context(
    browser: Browser, origin: str, kind: Kind, signed_in: StorageState | None = None, **options: Any
) -> BrowserContext:
    """What windows of one person share: who they are, and what the browser has fetched already."""
    context = browser.new_context(
        base_url=origin,
        viewport={"width": kind.width, "height": kind.height},
        color_scheme=kind.colours,
        reduced_motion="reduce",  # nothing has to be waited for, and axe sees no half-faded text
        timezone_id="Asia/Kolkata",  # pages say UTC, wherever whoever reads them is
        locale="en-GB",
        storage_state=signed_in,
        **options,
    )
    context.set_default_timeout(_PATIENCE_SECONDS * 1000)
    expect.set_options(timeout=_PATIENCE_SECONDS * 1000)
    return context


class Screen:
    """One window of one person. ``page`` is Playwright's; pages are reached by the methods here."""

    def __init__(
        self, context: BrowserContext, origin: str, kind: Kind, *, friend: str = "", has_scripts: bool = True
    ) -> None:
        """Open it.

        Args:
            context: who looks.
            origin: of the service.
            kind: which window.
            friend: another server that it may be led to.
            has_scripts: whether scripts run. Axe is one: where none do, it is not asked.
        """
        self.has_scripts = has_scripts
        self.context, self.origin, self.kind = context, origin, kind
        self.known = (origin, "data:", "blob:", *filter(None, (friend,)))
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self._shown: list[str] = []  # addresses that were navigated to and not looked at yet
        self._expected = 200
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.page.on("framenavigated", self._navigated)

    def open(self, address: str, *, status: int = 200) -> None:
        """Go to an address of the service and look at its page, which is answered with this status."""
        self._expected = status
        answer = self.page.goto(address)
        assert answer is not None, address
        assert answer.status == status, (address, answer.status)
        self.look()

    def press(self, name: str, *, status: int = 200) -> None:
        """Press the one button of this name, and look at the page that it leads to."""
        self.by(self.page.get_by_role("button", name=name, exact=True).click, status=status)

    def follow(self, link: str | Locator) -> None:
        """Follow the one link of this text, and look at the page that it leads to."""
        found = self.page.get_by_role("link", name=link, exact=True) if isinstance(link, str) else link
        self.by(found.click)

    def by(self, act: Callable[[], object], *, status: int = 200) -> None:
        """Do what leads to another page, which is answered with this status, and look at that."""
        self._expected = status
        with self.page.expect_navigation():
            act()
        self.look()

    def turn(self, kind: Kind) -> None:
        """Make it another window; the next page has its colours, which are chosen when a page is loaded."""
        self._resize(kind)
        self.page.emulate_media(color_scheme=kind.colours)

    def fits(self, kind: Kind) -> None:
        """See that what is shown now would be no wider than that window, and go on in this one."""
        here = self.kind
        self._resize(kind)
        self._measure()
        self._resize(here)
        self._judge()

    def look(self) -> None:
        """Judge what is shown now."""
        self.page.wait_for_load_state("load")
        self._measure()
        if self.has_scripts:
            self.faults += [f"{self._where()}: {one}" for one in self._obstacles()]
        self._shown.clear()
        self._judge()

    def leave(self) -> None:
        """Fail if anything is wrong that no look has seen; the window stays."""
        self._judge()
        assert self._shown == [], "navigated to, and not looked at"

    def close(self) -> None:
        """Close the window, and leave it."""
        self.page.close()
        self.leave()

    def _resize(self, kind: Kind) -> None:
        self.kind = kind
        self.page.set_viewport_size({"width": kind.width, "height": kind.height})

    def _measure(self) -> None:
        wide: int = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self.kind.width:
            self.faults.append(f"{self._where()} is {wide} pixels wide")

    def _judge(self) -> None:
        faults, self.faults = self.faults, []  # each is told once
        assert faults == [], "\n".join(faults)

    def _obstacles(self) -> list[str]:
        traits: list[str] = self.page.evaluate(_TRAITS)
        if _JUDGED.issuperset(traits):
            return []
        options = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
        self.page.evaluate(f"{AXE_SCRIPT}; null")
        asked = f"axe.run({json.dumps(options)}).then(found => found.violations)"
        found: list[dict[str, Any]] = self.page.evaluate(asked)
        serious = [
            (violation, node) for violation in found if violation["impact"] in _IMPACTS for node in violation["nodes"]
        ]
        if not serious:  # what is excused here is not excused elsewhere
            _JUDGED.update(traits)
        return [
            f"{violation['id']} at {node['target']}: {node['html'][:200]}"
            for violation, node in serious
            if not _is_excused(violation["id"], node["html"] + node["failureSummary"])
        ]

    def _where(self) -> str:
        return f"{urlsplit(self.page.url).path} ({self.kind.width}, {self.kind.colours})"

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_ALSO_AN_ANSWER):
            self.faults.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # A file that is downloaded is no page: the browser stays where it is. A script's question ends with its page.
        gives_up = request.is_navigation_request() or request.resource_type == "fetch"
        if not (gives_up and request.failure == "net::ERR_ABORTED"):
            self.faults.append(f"failed: {request.method} {request.url} ({request.failure})")

    def _answered(self, answer: Response) -> None:
        address = answer.url
        if not address.startswith(self.known):
            self.faults.append(f"somebody else's server: {address}")
        expected = self._expected if answer.request.is_navigation_request() else 200
        if answer.status >= 400 and answer.status != expected:
            self.faults.append(f"answered with {answer.status}: {answer.request.method} {address}")

    def _navigated(self, frame: Frame) -> None:
        if frame == self.page.main_frame:
            self._shown.append(frame.url)


def _is_excused(rule: str, said: str) -> bool:
    return any(one.rule == rule and one.said in said for one in EXCUSES)
