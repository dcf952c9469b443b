"""What people do for a customer on the telephone: confirm in their place, and write down what was said."""

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import Kind
from tests.stories.conftest import Stack
from tests.stories.test_deposits import HAPPY_NEWS, deposit_of

SAID = "The customer reads the number to me from the bank's app."


def test_a_deposit_is_confirmed_for_its_customer_and_a_note_says_so(
    stack: Stack, window: Window, admin: Person, kind: Kind, reference: str, bank_reference: str
) -> None:
    deposit = deposit_of(stack, reference)
    screen = window(admin, kind)
    screen.open(f"/admin/find/?q={reference}")
    screen.follow(deposit["id"])
    page = screen.page.url
    screen.follow("Confirm for the customer")
    screen.page.get_by_label("Provider reference").fill(bank_reference)
    screen.page.get_by_label("Amount").fill(deposit["amount"])
    screen.page.get_by_label("Reason").fill("the customer is on the telephone")
    screen.press("Confirm for the customer")
    assert screen.page.url == page
    expect(screen.page.get_by_text("The provider is being asked about it.")).to_be_visible()
    credited = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert credited["received_amount"] == deposit["amount"]
    assert stack.test.news_of(deposit["id"]) == HAPPY_NEWS

    screen.page.get_by_label("Write a note").fill(SAID)
    screen.press("Keep this note")
    note = screen.page.locator("[data-kind=note]")
    expect(note).to_contain_text(SAID)
    expect(note).to_contain_text(admin.name)
    expect(screen.page.locator("[data-kind=confirmation]").first).to_contain_text(bank_reference)
