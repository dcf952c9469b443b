"""A customer calls and reads a number from their bank's app: which order is it, and what happened to it?"""

import re
from typing import Final

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, Kind, Screen
from tests.stories.conftest import Stack, new_bank_reference, new_reference
from tests.stories.test_deposits import confirm, deposit_of

#: What happens to a deposit that goes well, in this order, by the words on its page.
STATUSES: Final = ["created", "awaiting payment", "verifying", "credited"]


def test_a_deposit_is_found_by_its_bank_reference_in_the_list(
    stack: Stack, window: Window, approver: Person, kind: Kind, reference: str, bank_reference: str
) -> None:
    deposit, other = deposit_of(stack, reference), deposit_of(stack, new_reference())
    confirm(stack, deposit, bank_reference)
    confirm(stack, other, new_bank_reference())
    for one in (deposit, other):
        stack.test.until(f"deposits/{one['id']}", lambda got: got["status"] == "credited")

    screen = window(approver, kind)
    screen.open("/admin/payments/deposit/?mode=test")
    expect(screen.page.locator("#result_list")).to_contain_text(other["id"])
    search = screen.page.locator("#changelist-search input[name=q]")
    search.fill(bank_reference)
    screen.by(lambda: search.press("Enter"))
    found = screen.page.locator("#result_list")
    expect(found).to_contain_text(reference)
    assert set(re.findall(r"dep_\w+", found.inner_text())) == {deposit["id"]}

    screen.follow(found.get_by_role("link", name=deposit["id"]))
    for known in (bank_reference, reference, "credited", "1,000.00 INR"):
        expect(screen.page.locator("#main")).to_contain_text(known)


def test_a_deposit_is_found_anywhere_and_its_page_tells_its_story_in_order(
    stack: Stack, window: Window, approver: Person, reference: str, bank_reference: str
) -> None:
    deposit = deposit_of(stack, reference)
    confirm(stack, deposit, bank_reference)
    stack.test.until(f"deposits/{deposit['id']}", lambda got: got["status"] == "credited")

    screen = window(approver, DESK)
    screen.open("/admin/")
    screen.follow(screen.page.locator("#nav-sidebar").get_by_role("link", name="Find anything"))
    screen.page.get_by_label("What it is called").fill(bank_reference)
    screen.press("Find")
    screen.follow(deposit["id"])
    told = timeline(screen)
    assert [one for one in told if one in STATUSES] == STATUSES
    kinds = screen.page.locator("#timeline [data-kind]").evaluate_all("all => all.map(one => one.dataset.kind)")
    assert kinds[0] == "request"
    assert {"request", "move", "call", "letter", "confirmation", "receipt", "journal", "webhook"} <= set(kinds)
    times = screen.page.locator("#timeline .story-when time").evaluate_all("all => all.map(one => one.dateTime)")
    assert len(times) == len(kinds)
    assert times == sorted(times)
    # The other way round, and of one kind alone.
    screen.follow("newest first")
    assert timeline(screen) == told[::-1]


def timeline(screen: Screen) -> list[str]:
    """The statuses that entries tell, in the order of the page."""
    return screen.page.locator("#timeline [data-kind=move] .story-title > span:last-child").all_inner_texts()
