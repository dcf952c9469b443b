"""Money that leaves, and the two persons who look at it first."""

from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE, Screen
from tests.stories.conftest import Stack, new_reference
from tests.stories.test_withdrawals import recipient, times_paid, withdrawal_of

#: Takes an approver and a finance lead in the local stack (`withdrawals.trial_slabs`).
AMOUNT = "100000"
#: Takes an approver.
SMALLER = "12500"
QUEUE = "/admin/queues/approvals/?mode=test"


def roles_of(withdrawal: dict[str, Any]) -> list[str]:
    """As what it was approved, in order."""
    return [one["role"] for one in withdrawal["approvals"]["given"]]


def row_of(screen: Screen, withdrawal: dict[str, Any]) -> Locator:
    """Its row in the queue."""
    return screen.page.locator("#main li").filter(has_text=withdrawal["id"])


def test_a_withdrawal_leaves_with_the_second_approval(
    stack: Stack, window: Window, admin: Person, approver: Person, reference: str
) -> None:
    made = withdrawal_of(stack, reference, AMOUNT)
    other = withdrawal_of(stack, new_reference(), SMALLER)
    assert made["status"] == other["status"] == "pending_approval"

    first = window(admin, DESK)
    first.open(QUEUE)
    expect(row_of(first, made)).to_contain_text("100,000.00 INR")
    first.follow(row_of(first, made).get_by_role("link", name=made["id"]))
    first.page.get_by_label("Reason").fill("the invoice is known")
    first.press("Approve")
    expect(first.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    expect(first.page.get_by_text("They have decided about it already; it takes another one.")).to_be_visible()
    first.open(QUEUE)
    expect(row_of(first, made).get_by_role("checkbox")).to_have_count(0)
    expect(row_of(first, other).get_by_role("checkbox")).to_have_count(1)
    waits = stack.test.get(f"withdrawals/{made['id']}")
    assert (waits["status"], roles_of(waits)) == ("pending_approval", ["finance_lead"])
    assert times_paid(stack, made["id"]) == 0

    second = window(approver, PHONE)
    second.open(QUEUE)
    row_of(second, made).get_by_role("checkbox").check()
    second.page.get_by_label("Reason").fill("so it is")
    second.press("Approve them")
    expect(second.page.get_by_text("1 of 1 done.")).to_be_visible()

    paid = stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid")
    assert roles_of(paid) == ["finance_lead", "approver"]
    assert times_paid(stack, made["id"]) == 1
    waits = stack.test.get(f"withdrawals/{other['id']}")
    assert (waits["status"], roles_of(waits)) == ("pending_approval", [])


def test_whoever_asked_for_a_withdrawal_does_not_approve_it(
    stack: Stack, window: Window, admin: Person, approver: Person, reference: str
) -> None:
    to = recipient()
    cells = {
        "payment_system": "imps_ib",
        "currency": "INR",
        "amount": SMALLER,
        "customer": "55",
        "reference": reference,
        **{f"recipient.{name}": text for name, text in to.items()},
    }
    content = f"{','.join(cells)}\n{','.join(cells.values())}\n"
    asks = window(admin, DESK)
    asks.open("/admin/withdrawals/withdrawalbatch/upload/")
    form = asks.page
    form.get_by_label("Product").select_option(label="Demo product")
    form.get_by_label("Mode").select_option("test")
    form.get_by_label("Reference").fill(reference)
    form.locator("input[type=file]").set_input_files(
        {"name": "batch.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    asks.press("Check it")
    asks.press("Make these withdrawals")
    found = stack.test.until(f"withdrawals?reference={reference}", lambda got: bool(got["data"]))
    made = found["data"][0]
    assert made["status"] == "pending_approval"
    asks.open(QUEUE)
    expect(row_of(asks, made)).to_be_visible()
    expect(row_of(asks, made).get_by_role("checkbox")).to_have_count(0)
    asks.follow(row_of(asks, made).get_by_role("link", name=made["id"]))
    expect(asks.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    decides = window(approver, DESK)
    decides.open(QUEUE)
    decides.follow(row_of(decides, made).get_by_role("link", name=made["id"]))
    decides.page.get_by_label("Reason").fill("wages of this month")
    decides.press("Approve")
    paid = stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid")
    assert roles_of(paid) == ["approver"]
