"""A view of a list is saved, used and taken away."""

import secrets

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import Kind
from tests.stories.conftest import Stack


def test_a_view_is_saved_used_and_taken_away(stack: Stack, window: Window, admin: Person, kind: Kind) -> None:
    name = f"Large ones {secrets.token_hex(3)}"
    screen = window(admin, kind)
    screen.open("/admin/withdrawals/withdrawal/?mode=test")
    screen.page.get_by_text("Filters", exact=True).click()
    screen.page.get_by_label("Amount from").fill("10000")
    screen.by(screen.page.get_by_role("button", name="Show", exact=True).click)
    screen.page.get_by_text("Save this view").click()
    screen.page.get_by_label("Name", exact=True).fill(name)
    screen.press("Save")
    expect(screen.page.get_by_text(f"Saved as “{name}”.")).to_be_visible()

    screen.open("/admin/withdrawals/withdrawal/?mode=test")
    screen.follow(name)
    assert "amount__gte=10000" in screen.page.url
    expect(screen.page.get_by_role("group", name="What is shown")).to_contain_text("10000")
    screen.page.get_by_text("Save this view").click()
    screen.press(f"Take “{name}” away")
    expect(screen.page.get_by_role("link", name=name)).to_have_count(0)
