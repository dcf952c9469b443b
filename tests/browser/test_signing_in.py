"""Who comes in, and where to."""

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person, enter, sign_in
from tests.browser.screens import Kind


def test_a_person_signs_in_and_out(new_screen: Window, approver: Person, kind: Kind) -> None:
    screen = new_screen(kind)
    sign_in(screen, approver)
    assert screen.page.url == f"{screen.origin}/admin/"
    screen.open("/admin/payments/deposit/")
    screen.context.clear_cookies()
    screen.open("/admin/payments/deposit/")
    expect(screen.page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_lets_nobody_in(new_screen: Window, approver: Person, kind: Kind) -> None:
    screen = new_screen(kind)
    sign_in(screen, Person(name=approver.name, password=f"{approver.password}x"))
    expect(screen.page.get_by_text("Please enter the correct username and password")).to_be_visible()
    screen.open("/admin/")
    expect(screen.page.get_by_label("Password")).to_be_visible()


def test_whoever_asked_for_a_page_gets_there(new_screen: Window, approver: Person) -> None:
    screen = new_screen()
    screen.open("/admin/balances/account/")
    enter(screen, approver)
    assert screen.page.url == f"{screen.origin}/admin/balances/account/"
