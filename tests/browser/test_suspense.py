"""Money that waits for a person, until the ledger says whose it is."""

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE
from tests.stories.conftest import Stack
from tests.stories.test_deposits import confirm, deposit_of

#: The sandbox pays half of it: less than was asked for is credited by nobody but people.
AMOUNT, HALF = "9017.00", "4508.00"


def entries(stack: Stack, deposit_id: str) -> list[tuple[str, str]]:
    """What a product sees that a deposit did to its available money."""
    listed = stack.test.get("ledger-entries", currency="INR", account="available", limit=100)["data"]
    return [(one["kind"], one["amount"]) for one in listed if deposit_id in str(one)]


def test_a_receipt_in_suspense_is_credited_by_two_persons(
    stack: Stack, window: Window, admin: Person, approver: Person, reference: str, bank_reference: str
) -> None:
    deposit = deposit_of(stack, reference, amount=AMOUNT)
    confirm(stack, deposit, bank_reference)
    waits = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "in_review")
    assert waits["received_amount"] == HALF

    asks = window(admin, DESK)
    asks.open("/admin/payments/receipt/waiting")
    asks.follow(asks.page.get_by_role("listitem").filter(has_text=deposit["id"]).get_by_role("link"))
    asks.follow(asks.page.locator("a[href*='/propose/receipt_attached/']"))
    asks.page.get_by_label("Reason").fill("the customer takes half")
    asks.press("Show what would be done")
    expect(asks.page.locator("table.legs").first).to_contain_text(HALF)
    asks.press("Ask for it")
    instruction = asks.page.url
    expect(asks.page.get_by_text("You asked for it: another person has to decide.")).to_be_visible()
    expect(asks.page.get_by_role("button", name="Approve: post this")).to_have_count(0)
    assert stack.test.get(f"deposits/{deposit['id']}")["status"] == "in_review"
    assert entries(stack, deposit["id"]) == []

    decides = window(approver, PHONE)
    decides.open(instruction.removeprefix(decides.origin))
    decides.press("Approve: post this")
    credited = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert credited["received_amount"] == HALF
    assert entries(stack, deposit["id"]) == [("suspense_credited", HALF)]
