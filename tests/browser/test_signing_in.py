"""Who comes in, and where to."""

import re
import secrets
from typing import Final

from playwright.sync_api import expect

from tests.browser.conftest import Stranger, Window
from tests.browser.people import Person, enter
from tests.browser.screens import DESK, PHONE, Screen

REFUSED: Final = "Username, password and code do not fit together."
#: Of one name, from one address (AXES_FAILURE_LIMIT).
TRIES: Final = 5


def is_out(screen: Screen) -> None:
    """Nobody has signed in there: every page asks who it is."""
    screen.open("/admin/payments/deposit/")
    expect(screen.page.get_by_label("Password")).to_be_visible()


def test_a_person_signs_in_gets_to_what_they_asked_for_and_signs_out(
    stranger: Stranger, people: dict[str, Person]
) -> None:
    person, screen = people["comes"], stranger(DESK)
    screen.open("/admin/password_change/")
    code = person.code()
    enter(screen, person, code)
    assert screen.page.url == f"{screen.origin}/admin/password_change/"
    screen.open("/admin/")
    screen.page.get_by_role("button", name=person.name).click()
    screen.by(screen.page.get_by_role("button", name="Log out").click)  # an icon is a part of its name
    is_out(screen)

    # The same code, a moment later, at another telephone.
    other = stranger(PHONE)
    other.open("/admin/login/")
    enter(other, person, code)
    expect(other.page.get_by_text(REFUSED)).to_be_visible()
    is_out(other)


def test_a_wrong_code_lets_nobody_in(stranger: Stranger, people: dict[str, Person]) -> None:
    person, screen = people["errs"], stranger(PHONE)
    screen.open("/admin/login/")
    enter(screen, person, person.wrong_code())
    expect(screen.page.get_by_text(REFUSED)).to_be_visible()
    is_out(screen)


def test_who_guesses_is_locked_out_even_with_everything_right(stranger: Stranger, people: dict[str, Person]) -> None:
    person, screen = people["guesses"], stranger(DESK)
    screen.open("/admin/login/")
    for _ in range(TRIES - 1):
        enter(screen, person, person.code(), password="guessed")
        expect(screen.page.get_by_text(REFUSED)).to_be_visible()
    enter(screen, person, person.code(), password="guessed", status=429)
    expect(screen.page.get_by_role("heading", name="Too many failed sign-ins")).to_be_visible()
    screen.follow("Back to the sign-in")
    enter(screen, person, person.code(), status=429)
    is_out(screen)


def test_a_new_person_enrols_with_what_only_they_are_shown(window: Window, stranger: Stranger, admin: Person) -> None:
    name, password = f"newcomer-{secrets.token_hex(3)}", secrets.token_urlsafe()
    gives = window(admin, DESK)
    gives.open("/admin/auth/user/add/")
    gives.page.get_by_label("Username").fill(name)
    gives.page.get_by_label("Password", exact=True).fill(password)
    gives.page.get_by_label("Password confirmation").fill(password)
    gives.press("Save and continue editing")
    gives.page.get_by_label("Staff status").check()
    gives.press("Save and continue editing")
    expect(gives.page.get_by_text("none: this person cannot sign in")).to_be_visible()
    gives.follow("Open enrolment")
    gives.press(f"Open enrolment for {name}")
    expect(gives.page.get_by_text(f"{name} enrols at the next sign-in, within 24 hours.")).to_be_visible()

    screen = stranger(PHONE)
    screen.open("/admin/login/")
    enter(screen, Person(name=name, password=password, secret=""), "")
    assert screen.page.url == f"{screen.origin}/admin/enrol/"
    screen.press("Show the secret")
    expect(screen.page.get_by_alt_text("The square for your authenticator app")).to_be_visible()
    secret = screen.page.locator("code").inner_text()
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    screen.page.get_by_label("Code").fill(Person(name=name, password=password, secret=secret).code())
    screen.press("Enrol")
    assert screen.page.url == f"{screen.origin}/admin/"
    expect(screen.page.get_by_text("Your second factor is enrolled.")).to_be_visible()
    screen.open("/admin/enrol/")  # shows nothing any more
    assert screen.page.url == f"{screen.origin}/admin/"
