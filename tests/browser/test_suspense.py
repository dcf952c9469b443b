"""Money that waits for a person, until the ledger says whose it is."""

import secrets
from decimal import Decimal

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Window
from tests.browser.filling import pay_for_nobody
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE, Screen
from tests.stories.conftest import Stack
from tests.stories.test_deposits import confirm, deposit_of

#: The sandbox pays half of it: less than was asked for is credited by nobody but people.
AMOUNT, HALF = "9017.00", "4508.00"


def shown(amount: str) -> str:
    """As pages show it: thousands apart."""
    return f"{Decimal(amount):,}"


def entries(stack: Stack, deposit_id: str) -> list[tuple[str, str]]:
    """What a product sees that a deposit did to its available money."""
    listed = stack.test.get("ledger-entries", currency="INR", account="available", limit=100)["data"]
    return [(one["kind"], one["amount"]) for one in listed if deposit_id in str(one)]


def row_of(screen: Screen, queue: str, text: str) -> Locator:
    """The row of a queue that says this."""
    screen.open(f"/admin/queues/{queue}/?mode=test")
    return screen.page.locator("#main li").filter(has_text=text)


def ask(asks: Screen, amount: str, reason: str) -> None:
    """From the form of what takes two persons to the page that says so."""
    asks.page.get_by_label("Reason").fill(reason)
    asks.press("Show what would be done")
    expect(asks.page.locator("table.legs").first).to_contain_text(shown(amount))
    asks.press("Ask for it")
    expect(asks.page.get_by_text("You asked for it: another person has to decide.")).to_be_visible()
    expect(asks.page.get_by_role("button", name="Approve: post this")).to_have_count(0)


def approve(decides: Screen, row: Locator, amount: str, reason: str) -> None:
    """From the row of the queue that says who asked for what."""
    expect(row).to_contain_text(reason)
    decides.follow(row.get_by_role("link", name="waits for a second person."))
    expect(decides.page.locator("table.legs").first).to_contain_text(shown(amount))
    decides.press("Approve: post this")


def test_money_that_nobody_knew_is_credited_to_the_deposit_that_it_was_paid_for(
    stack: Stack, window: Window, admin: Person, approver: Person, reference: str, bank_reference: str
) -> None:
    amount = f"{secrets.randbelow(1_000) + 5_000}.37"
    deposit = deposit_of(stack, reference, amount=amount)
    pay_for_nobody(stack, amount, bank_reference)

    asks, decides = window(admin, DESK), window(approver, PHONE)
    # The provider's letter comes in a second, and is believed when the provider, asked, says so.
    row = row_of(asks, "suspense", shown(amount))
    while not row.count():
        row = row_of(asks, "suspense", shown(amount))
    asks.follow(row.get_by_role("link", name="Whose is it?"))
    expect(asks.page.locator("#main")).to_contain_text(bank_reference)
    candidate = asks.page.locator("section li").filter(has_text=deposit["id"])
    asks.follow(candidate.get_by_role("link", name="Ask that it is credited to this one"))
    ask(asks, amount, "the customer sent the bank's receipt")
    assert stack.test.get(f"deposits/{deposit['id']}")["status"] == "awaiting_payment"
    assert entries(stack, deposit["id"]) == []

    approve(decides, row_of(decides, "suspense", shown(amount)), amount, "the customer sent the bank's receipt")
    credited = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert (credited["received_amount"], len(credited["receipts"])) == (amount, 1)
    assert entries(stack, deposit["id"]) == [("suspense_credited", amount)]
    expect(row_of(decides, "suspense", shown(amount))).to_have_count(0)


def test_half_of_what_was_asked_for_is_credited_by_two_persons(
    stack: Stack, window: Window, admin: Person, approver: Person, reference: str, bank_reference: str
) -> None:
    deposit = deposit_of(stack, reference, amount=AMOUNT)
    confirm(stack, deposit, bank_reference)
    waits = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "in_review")
    assert waits["received_amount"] == HALF

    asks, decides = window(admin, PHONE), window(approver, DESK)
    row = row_of(asks, "differences", deposit["id"])
    row.get_by_text("Ask for what takes two persons").click()
    asks.follow(row.locator("a[href*='/propose/receipt_attached/']"))
    ask(asks, HALF, "the customer takes half")
    assert stack.test.get(f"deposits/{deposit['id']}")["status"] == "in_review"
    assert entries(stack, deposit["id"]) == []

    approve(decides, row_of(decides, "differences", deposit["id"]), HALF, "the customer takes half")
    credited = stack.test.until(f"deposits/{deposit['id']}", lambda one: one["status"] == "credited")
    assert credited["received_amount"] == HALF
    assert entries(stack, deposit["id"]) == [("suspense_credited", HALF)]
    expect(row_of(decides, "differences", deposit["id"])).to_have_count(0)
