"""Who comes in, and where to."""

from playwright.sync_api import expect

from tests.browser.conftest import Stranger
from tests.browser.people import Person, enter, sign_in
from tests.browser.screens import DESK, Kind


def test_a_person_signs_in_and_out(stranger: Stranger, approver: Person, kind: Kind) -> None:
    screen = stranger(kind)
    sign_in(screen, approver)
    assert screen.page.url == f"{screen.origin}/admin/"
    screen.open("/admin/payments/deposit/")
    screen.context.clear_cookies()
    screen.open("/admin/payments/deposit/")
    expect(screen.page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_lets_nobody_in(stranger: Stranger, approver: Person, kind: Kind) -> None:
    screen = stranger(kind)
    sign_in(screen, Person(name=approver.name, password=f"{approver.password}x"))
    expect(screen.page.get_by_text("Please enter the correct username and password")).to_be_visible()
    screen.open("/admin/")
    expect(screen.page.get_by_label("Password")).to_be_visible()


def test_whoever_asked_for_a_page_gets_there(stranger: Stranger, approver: Person) -> None:
    screen = stranger(DESK)
    screen.open("/admin/balances/account/")
    enter(screen, approver)
    assert screen.page.url == f"{screen.origin}/admin/balances/account/"
