"""People of the back office, each at a browser of their own."""

from dataclasses import dataclass, field

from tests.browser.screens import Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who signs in."""

    name: str
    password: str = field(repr=False)


def sign_in(screen: Screen, person: Person) -> None:
    """From the page that asks who it is to the first page."""
    screen.open("/admin/login/")
    enter(screen, person)


def enter(screen: Screen, person: Person) -> None:
    """Fill in what the page asks for; it leads to what was asked for before."""
    screen.page.get_by_label("Username").fill(person.name)
    screen.page.get_by_label("Password").fill(person.password)
    # Not exactly: an icon's name is a part of the button's.
    screen.by(screen.page.get_by_role("button", name="Log in").click)
