"""The first page, and the way from it: every figure leads to the rows behind it, every link to a page."""

import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE, Screen
from tests.stories.conftest import Stack


def links(screen: Screen, within: str) -> dict[str, str]:
    """Where links lead to, by their addresses, with what they say."""
    found: list[tuple[str, str]] = screen.page.locator(f"{within} a[href]").evaluate_all(
        "all => all.map(one => [one.getAttribute('href'), one.innerText])"
    )
    return {href: text for href, text in found if not href.startswith("#")}


#: By the mode: in one there are orders, in the other nothing ever was, and there is still a way to the days and back.
@pytest.mark.parametrize(("mode", "least"), [("test", 20), ("live", 4)])
def test_every_figure_leads_to_its_rows(filled: Stack, window: Window, admin: Person, mode: str, least: int) -> None:
    screen = window(admin, DESK)
    screen.open(f"/admin/?mode={mode}&days=14")
    expect(screen.page.locator(f".first-page[data-mode={mode}]")).to_be_visible()
    leading = links(screen, ".first-page")
    assert len(leading) >= least, leading
    for href, text in leading.items():
        answer = screen.context.request.get(urljoin(screen.page.url, href))
        assert answer.status == 200, (href, text, answer.status)
        assert "makes no sense" not in answer.text(), (href, text)


def test_what_waits_is_as_many_rows_as_it_says(filled: Stack, window: Window, admin: Person) -> None:
    screen = window(admin, DESK)
    screen.open("/admin/?mode=test")
    tile = screen.page.locator(".tile", has_text=re.compile("approv", re.IGNORECASE)).first
    said = int(tile.locator(".big").inner_text().split()[0])
    assert said > 0
    screen.by(tile.get_by_role("link").click)
    expect(screen.page.locator("#main ul > li:has(input[name=withdrawal])")).to_have_count(said)


def test_the_mode_is_switched_and_goes_along(filled: Stack, window: Window, admin: Person) -> None:
    screen = window(admin, PHONE)
    screen.open("/admin/?mode=live")
    switch = screen.page.get_by_role("navigation", name="Mode")
    screen.by(switch.get_by_role("link", name="Test").click)
    expect(screen.page.get_by_text("Test: play money.")).to_be_visible()
    assert screen.page.title().startswith("[Test]")
    screen.open("/admin/payments/deposit/")
    expect(screen.page.get_by_text("Test: play money.")).to_be_visible()
    screen.open("/admin/?mode=live")
    expect(screen.page.get_by_text("Live: real money.")).to_be_visible()
    assert not screen.page.title().startswith("[Test]")


def test_every_link_of_the_navigation_leads_to_a_page(filled: Stack, window: Window, admin: Person) -> None:
    screen = window(admin, DESK)
    screen.open("/admin/")
    leading = links(screen, "#nav-sidebar")
    said = " ".join(leading.values())
    for title in ("Overview", "Find anything", "Work queues", "Deposits", "Exports"):
        assert title in said, said
    for href, text in leading.items():
        assert screen.context.request.get(urljoin(screen.page.url, href)).status == 200, (href, text)
