"""Money that leaves, and the two persons who look at it first."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE
from tests.stories.conftest import Stack
from tests.stories.test_withdrawals import times_paid, withdrawal_of

#: Takes an approver and a finance lead in the local stack (`withdrawals.trial_slabs`).
AMOUNT = "100000"


def roles_of(withdrawal: dict[str, Any]) -> list[str]:
    """As what it was approved, in order."""
    return [one["role"] for one in withdrawal["approvals"]["given"]]


def test_a_withdrawal_leaves_with_the_second_approval(
    stack: Stack, window: Window, admin: Person, approver: Person, reference: str
) -> None:
    made = withdrawal_of(stack, reference, AMOUNT)
    assert made["status"] == "pending_approval"

    first = window(admin, DESK)
    first.open("/admin/withdrawals/withdrawal/approvals/")
    first.follow(made["id"])
    expect(first.page.get_by_text("100,000.00 INR").first).to_be_visible()
    first.page.get_by_label("Reason").fill("the invoice is known")
    first.press("Approve")
    expect(first.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    expect(first.page.get_by_text("They have decided about it already; it takes another one.")).to_be_visible()
    waits = stack.test.get(f"withdrawals/{made['id']}")
    assert (waits["status"], roles_of(waits)) == ("pending_approval", ["finance_lead"])

    second = window(approver, PHONE)
    second.open("/admin/withdrawals/withdrawal/approvals/")
    second.follow(made["id"])
    second.page.get_by_label("Reason").fill("so it is")
    second.press("Approve")
    expect(second.page.get_by_text("It waits for approval")).to_have_count(0)

    paid = stack.test.until(f"withdrawals/{made['id']}", lambda one: one["status"] == "paid")
    assert roles_of(paid) == ["finance_lead", "approver"]
    assert times_paid(stack, made["id"]) == 1
