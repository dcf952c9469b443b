"""What a page shows to whom: a viewer finds no buttons and no personal data; who may see it is written down."""

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, Kind
from tests.stories.conftest import Stack
from tests.stories.test_withdrawals import withdrawal_of


def test_a_viewer_looks_and_does_nothing(
    stack: Stack, window: Window, people: dict[str, Person], kind: Kind, reference: str
) -> None:
    made = withdrawal_of(stack, reference, "10000")
    screen = window(people["viewer"], kind)
    screen.open("/admin/queues/approvals/?mode=test")
    screen.follow(made["id"])
    main = screen.page.locator("#main")
    expect(main).to_contain_text("It waits for approval")
    expect(main).to_contain_text("••••6789")
    for word in ("Approve", "Reject", "Show", "Keep this note", "Export CSV", "Confirm for the customer"):
        expect(main.get_by_role("button", name=word, exact=True)).to_have_count(0)
    expect(main.locator("a[href*='/propose/']")).to_have_count(0)
    screen.open("/admin/payments/deposit/?mode=test")
    expect(main.get_by_role("button", name="Export CSV")).to_have_count(0)
    screen.open("/admin/auth/user/", status=403)
    screen.open("/admin/backoffice/look/", status=403)


def test_who_may_see_personal_data_is_written_down(
    stack: Stack, window: Window, people: dict[str, Person], reference: str
) -> None:
    lead, screen = people["finance_lead"], window(people["finance_lead"], DESK)
    made = withdrawal_of(stack, reference, "10000")
    screen.open(f"/admin/find/?q={made['id']}")
    screen.follow(made["id"])
    main = screen.page.locator("#main")
    expect(main).to_contain_text("••••6789")
    screen.press("Show")
    assert len(main.locator("dd").filter(has_text="6789").inner_text()) == 9  # all of its digits
    expect(main).not_to_contain_text("••••6789")
    screen.open("/admin/backoffice/look/")
    latest = screen.page.locator("#result_list tbody tr").first
    expect(latest).to_contain_text(lead.name)
    expect(latest).to_contain_text("recipient")
