"""A browser, a stack of its own that it looks at, and people who sit in front of it.

Nothing here asks the database: what a page has shown is checked by the API, as a product would. (Playwright keeps an
event loop in this thread, where Django refuses to be called; it ends with the last of these tests.)
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState, sync_playwright

from tests.browser import chromium
from tests.browser.filling import fill
from tests.browser.people import Person, hire, person_of, sign_in
from tests.browser.screens import DESK, PHONE, Kind, Screen, new_context
from tests.stories.conftest import Stack, bank_reference, reference, start_stack

__all__ = ["bank_reference", "reference"]

#: What `window` and `stranger` are.
Window = Callable[[Person, Kind], Screen]
Stranger = Callable[[Kind], Screen]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The stack has a limit of its own for its start, which on a busy machine takes longer than a test may.
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(func_only=True))


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
def filled(stack: Stack) -> Stack:
    """The stack with a row in most of its lists, when all of them are final that will be."""
    return fill(stack)


@pytest.fixture(scope="package")
def origin(stack: Stack) -> str:
    """Where the admin is, without a path."""
    url: str = stack.info["admin_url"]
    return url.removesuffix("/admin/")


@pytest.fixture(scope="package")
def admin(stack: Stack) -> Person:
    """May do everything but decide about what they asked for."""
    return person_of(stack.info, "admin")


@pytest.fixture(scope="package")
def approver(stack: Stack) -> Person:
    """The second person."""
    return person_of(stack.info, "approver")


@pytest.fixture(scope="package")
def people(stack: Stack) -> dict[str, Person]:
    """Others, by their role; who signs in at a page of a test, and not before it, has none."""
    return hire(stack, ("viewer", "finance_lead", "comes", "errs", "guesses"))


@pytest.fixture(scope="package")
def signed_in(browser: Browser, origin: str) -> Callable[[Person], StorageState]:
    """What the browser of a person keeps once they have signed in, which each does once."""
    kept: dict[str, StorageState] = {}

    def of(person: Person) -> StorageState:
        if person.name not in kept:
            with new_context(browser, origin, DESK) as context:
                screen = Screen(context, origin, DESK)
                sign_in(screen, person)
                kept[person.name] = context.storage_state()
                screen.close()
        return kept[person.name]

    return of


@pytest.fixture(scope="package")
def context_of(
    browser: Browser, origin: str, signed_in: Callable[[Person], StorageState]
) -> Callable[[Person, Kind], BrowserContext]:
    """One for each person and kind of window: to fetch all scripts and fonts anew takes a page longer than itself."""
    kept: dict[tuple[str, Kind], BrowserContext] = {}

    def of(person: Person, kind: Kind) -> BrowserContext:
        which = (person.name, kind)
        if which not in kept:
            kept[which] = new_context(browser, origin, kind, signed_in(person))
        return kept[which]

    return of


@pytest.fixture
def stranger(browser: Browser, origin: str) -> Iterator[Stranger]:
    """Opens windows in which nobody has signed in; closed, and judged, with the test."""
    with contextlib.ExitStack() as opened:

        def make(kind: Kind) -> Screen:
            screen = Screen(opened.enter_context(new_context(browser, origin, kind)), origin, kind)
            opened.callback(screen.close)
            return screen

        yield make


@pytest.fixture(scope="package")
def left_open() -> dict[tuple[str, Kind], Screen]:
    """Windows that a test has left as they should be: to open one takes longer than to look at a page."""
    return {}


@pytest.fixture
def window(
    origin: str,
    context_of: Callable[[Person, Kind], BrowserContext],
    left_open: dict[tuple[str, Kind], Screen],
) -> Iterator[Window]:
    """Opens windows of people who have; judged with the test, and used by the next one if nothing was wrong."""
    with contextlib.ExitStack() as opened:

        def give_back(which: tuple[str, Kind], screen: Screen) -> None:
            screen.leave()
            left_open[which] = screen

        def make(person: Person, kind: Kind) -> Screen:
            which = (person.name, kind)
            screen = left_open.pop(which, None) or Screen(context_of(person, kind), origin, kind)
            if screen.kind != kind:
                screen.turn(kind)
            opened.callback(give_back, which, screen)
            return screen

        yield make


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Asked for by what has to hold in every window."""
    which: Kind = request.param
    return which
