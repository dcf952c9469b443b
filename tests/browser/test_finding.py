"""A customer calls and reads a number from their bank's app: which order is it?"""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import Kind
from tests.stories.conftest import Stack, new_bank_reference, new_reference
from tests.stories.test_deposits import confirm, deposit_of


def test_a_deposit_is_found_by_its_bank_reference(
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
    search = screen.page.locator("input[name=q]")
    search.fill(bank_reference)
    screen.by(lambda: search.press("Enter"))
    found = screen.page.locator("#result_list")
    expect(found).to_contain_text(reference)
    assert re.findall(r"dep_\w+", found.inner_text()) == [deposit["id"]]

    screen.follow(found.get_by_role("link", name=deposit["id"]))
    for known in (bank_reference, reference, "credited", "1000.00 INR"):
        expect(screen.page.locator("#main")).to_contain_text(known)
