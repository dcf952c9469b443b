"""A browser, a stack of its own that it looks at, and people who sit in front of it.

Nothing here asks the database: what a page has shown is checked by the API, as a product would. (Playwright keeps an
event loop in this thread, where Django refuses to be called; it ends with the last of these tests.)
"""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from tests.browser import chromium
from tests.browser.people import Person, sign_in
from tests.browser.screens import DESK, PHONE, Kind, Screen
from tests.stories.conftest import Stack, bank_reference, reference, start_stack

__all__ = ["bank_reference", "reference"]

Window = Callable[..., Screen]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Where there is none the tests are skipped, and say so; with ``BROWSER_TESTS=required`` they fail."""
    found = chromium.find()
    if found is None:
        (pytest.fail if chromium.REQUIRED else pytest.skip)(chromium.MISSING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found)
        yield running
        running.close()


@pytest.fixture(scope="package")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One for all tests here, which make orders of their own. Without a browser none is started."""
    running = start_stack(tmp_path_factory.mktemp("browser") / "stack")
    try:
        yield running
    finally:
        assert running.stop() == 0


@pytest.fixture(scope="package")
def origin(stack: Stack) -> str:
    """Where the admin is, without a path."""
    url: str = stack.info["admin_url"]
    return url.removesuffix("/admin/")


@pytest.fixture(scope="package")
def admin(stack: Stack) -> Person:
    """May do everything but decide about what they asked for."""
    return Person(name=stack.info["admin_user"], password=stack.info["admin_password"])


@pytest.fixture(scope="package")
def approver(stack: Stack) -> Person:
    """The second person."""
    return Person(name=stack.info["approver_user"], password=stack.info["approver_password"])


@pytest.fixture(scope="package")
def signed_in(browser: Browser, origin: str) -> Callable[[Person], StorageState]:
    """What the browser of a person keeps once they have signed in, which each does once."""
    kept: dict[str, StorageState] = {}

    def of(person: Person) -> StorageState:
        if person.name not in kept:
            screen = Screen(browser, origin, DESK)
            sign_in(screen, person)
            kept[person.name] = screen.context.storage_state()
            screen.close()
        return kept[person.name]

    return of


@pytest.fixture
def new_screen(browser: Browser, origin: str) -> Iterator[Callable[[Kind], Screen]]:
    """Opens windows of people who have not signed in; closed, and judged, with the test."""
    with contextlib.ExitStack() as opened:

        def make(kind: Kind = DESK, signed_in: StorageState | None = None) -> Screen:
            screen = Screen(browser, origin, kind, signed_in)
            opened.callback(screen.close)
            return screen

        yield make


@pytest.fixture
def window(new_screen: Window, signed_in: Callable[[Person], StorageState]) -> Window:
    """Opens windows of people who have."""

    def make(person: Person, kind: Kind = DESK) -> Screen:
        return new_screen(kind, signed_in(person))

    return make


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Asked for by what has to hold in every window."""
    which: Kind = request.param
    return which
