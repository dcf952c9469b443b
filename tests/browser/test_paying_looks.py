"""How the payment pages lie on a small telephone, with large letters, and on a desk: what is seen without scrolling."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, expect

from tests.browser.paying import asked_for, chosen, confirmed, never_found, saved_up
from tests.browser.screens import DESK, Kind, Screen, new_context
from tests.stories.conftest import Stack

LANGUAGES: Final = ("en", "hi", "bn", "ur")
#: The cheapest telephones; browsers take some of the height.
SMALL: Final = Kind(width=360, height=640, colours="light")
NARROW: Final = Kind(width=320, height=568, colours="light")
#: A finger (WCAG 2.2, 2.5.5).
FINGER_PX: Final = 44


@pytest.fixture(scope="module")
def pages(stack: Stack) -> dict[str, str]:
    """One page of each kind, by what it says."""
    by_hand = chosen(asked_for(stack, amount="123456.78", reference=f"order-{'1234567890-' * 8}"))
    return {
        "choose": asked_for(stack)["url"],
        "details": f"{asked_for(stack, currency='KES')['url']}/details?system=mpesa",
        "pay_by_hand": by_hand,
        "change": f"{by_hand}/change",
        "checking": confirmed(asked_for(stack), "checking", never_found(stack)),
        "saved_up": saved_up(stack),
        "credited": confirmed(asked_for(stack), "credited"),
    }


@pytest.fixture
def opened(browser: Browser, origin: str, request: pytest.FixtureRequest) -> Callable[..., Screen]:
    """Opens a page in a window of its own."""

    def open_(kind: Kind, url: str, **options: Any) -> Screen:
        context = new_context(browser, origin, kind, **options)
        screen = Screen(context, origin, kind, has_scripts=options.get("java_script_enabled", True))
        request.addfinalizer(context.close)
        screen.open(url)
        return screen

    return open_


def box(one: Locator) -> FloatRect:
    found = one.bounding_box()
    assert found is not None
    return found


def middle(one: Locator) -> float:
    found = box(one)
    return found["y"] + found["height"] / 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_do_first_is_seen_without_scrolling(stack: Stack, opened: Callable[..., Screen], language: str) -> None:
    """What to pay to, with a button for each line that stands beside it, and the button that opens the app."""
    page = opened(SMALL, f"{chosen(asked_for(stack))}?lang={language}").page
    button = box(page.locator(".on-phone .button"))
    assert button["y"] + button["height"] <= SMALL.height
    rows = page.locator(".rows > div")
    assert rows.count() == 2
    sides = set()
    for row in rows.all():
        line, copy = box(row), box(row.locator(".copy"))
        assert min(copy["height"], copy["width"]) >= FINGER_PX
        assert abs(middle(row.locator(".copy")) - middle(row)) <= 2
        assert line["height"] < 2 * FINGER_PX
        sides.add(copy["x"] if language == "ur" else copy["x"] + copy["width"])
    assert len(sides) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_the_narrowest_telephone(
    pages: dict[str, str], opened: Callable[..., Screen], language: str, subtests: pytest.Subtests
) -> None:
    """Nor with letters of twice the size: a window measures itself as it looks."""
    screen = opened(NARROW, pages["choose"])
    for name, url in pages.items():
        with subtests.test(name):
            screen.open(f"{url}{'&' if '?' in url else '?'}lang={language}")
            screen.page.evaluate("document.documentElement.style.fontSize = '200%'")
            screen.fits(SMALL)


def test_every_target_is_as_large_as_a_finger(
    pages: dict[str, str], opened: Callable[..., Screen], subtests: pytest.Subtests
) -> None:
    screen = opened(SMALL, pages["choose"])
    for name, url in pages.items():
        with subtests.test(name):
            screen.open(url)
            targets = screen.page.locator("a:not(.skip), button, summary, input:not([type=hidden])")
            seen = [one for one in targets.all() if one.is_visible()]
            small = [one.inner_text() for one in seen if box(one)["height"] < FINGER_PX]
            assert (bool(seen), small) == (True, [])


def test_the_language_is_chosen_at_the_top(pages: dict[str, str], opened: Callable[..., Screen]) -> None:
    screen = opened(SMALL, pages["choose"])
    page = screen.page
    menu, words = page.locator(".language"), page.locator(".language summary")
    hindi = page.get_by_role("link", name="हिन्दी")
    assert box(words)["y"] < 2 * FINGER_PX + box(page.locator(".test"))["height"]
    expect(hindi).to_be_hidden()
    words.click()
    expect(hindi).to_be_visible()
    screen.look()
    page.keyboard.press("Escape")
    expect(hindi).to_be_hidden()
    expect(words).to_be_focused()
    words.click()
    page.locator("h1").click()
    expect(menu).not_to_have_attribute("open", "")
    words.click()
    screen.follow("हिन्दी")
    expect(page.locator("html")).to_have_attribute("lang", "hi")
    expect(page.locator(".language summary")).to_contain_text("हिन्दी")


def test_the_language_is_chosen_without_scripts(pages: dict[str, str], opened: Callable[..., Screen]) -> None:
    screen = opened(SMALL, pages["pay_by_hand"], java_script_enabled=False)
    screen.page.locator(".language summary").click()
    screen.follow("اردو")
    expect(screen.page.locator("html")).to_have_attribute("dir", "rtl")


@pytest.mark.parametrize(("language", "is_left"), [("en", True), ("ur", False)])
def test_on_a_desk_what_is_paid_stands_beside_how(
    stack: Stack, opened: Callable[..., Screen], language: str, is_left: bool
) -> None:
    page = opened(DESK, f"{chosen(asked_for(stack))}?lang={language}").page
    top, main = box(page.locator(".top")), box(page.locator("main"))
    assert (top["x"] + top["width"] <= main["x"], main["x"] + main["width"] <= top["x"]) == (is_left, not is_left)
    rows, code = box(page.locator(".rows")), box(page.locator(".qr"))
    assert rows["y"] <= code["y"] + 1 < rows["y"] + rows["height"]
    expect(page.locator(".on-phone")).to_be_hidden()
    field = box(page.locator("#reference"))
    assert field["y"] + field["height"] <= DESK.height


def test_what_nobody_may_overlook_is_told_from_the_rest(pages: dict[str, str], opened: Callable[..., Screen]) -> None:
    page = opened(SMALL, pages["checking"]).page
    expect(page.locator(".must")).to_have_text("Please do not pay again.")
    expect(page.locator(".must")).to_have_css("font-weight", "600")
    expect(page.locator(".then").first).to_have_css("font-weight", "400")
    expect(page.locator(".told .mark")).to_be_visible()


def test_savings_are_drawn_as_they_are_told(pages: dict[str, str], opened: Callable[..., Screen]) -> None:
    page = opened(SMALL, pages["saved_up"]).page
    assert page.locator("progress").evaluate("one => [one.value, one.max]") == [60, 148]
    expect(page.locator(".told")).to_contain_text("₹60.00 of ₹148.00 saved; ₹88.00 to go.")


@pytest.mark.parametrize(("minutes", "shown"), [(40, r"^3\d minutes$"), (8, r"^0[67]:[0-5]\d$")])
def test_seconds_are_counted_at_the_end_alone(
    stack: Stack, opened: Callable[..., Screen], minutes: int, shown: str
) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    page = opened(SMALL, chosen(asked_for(stack, expires_at=ends.isoformat()))).page
    expect(page.locator(".clock time")).to_have_text(re.compile(shown))


def test_on_a_slow_line_it_is_seen_which_way_was_tapped(stack: Stack, opened: Callable[..., Screen]) -> None:
    screen = opened(SMALL, asked_for(stack)["url"])
    page = screen.page
    # A line so slow that nothing comes.
    page.evaluate("() => window.addEventListener('submit', event => event.preventDefault())")
    tapped, other = page.locator(".offer[value=upi_l]"), page.locator(".offer[value=paytm]")
    tapped.click()
    page.mouse.move(0, 0)
    expect(tapped).to_have_css("box-shadow", re.compile("inset"))
    expect(other).to_have_css("box-shadow", "none")
    screen.look()
