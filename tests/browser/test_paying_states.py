"""The pages of the main states, in each language: readable by everybody, light enough, and alone with this service."""

import time
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.paying import asked_for, chosen, confirmed, never_found, over, saved_up, shows
from tests.browser.screens import DESK, PHONE, Kind, Screen, new_context
from tests.stories.conftest import Stack

LANGUAGES: Final = {"en": "ltr", "hi": "ltr", "bn": "ltr", "ur": "rtl"}
#: The sandbox's customer takes half a minute to approve it.
THINKS: Final = "9006.00"
#: All of a page: HTML, style, script, the product's sheet, drawings; before compression.
WEIGHT_MAX_BYTES: Final = 60_000
#: A slow line of the third generation.
SLOW: Final = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
#: On it 40 KB take two seconds with what their connections take; this machine may be loaded.
READABLE_SECONDS: Final = 8.0


#: Pages of a session that tell of none of its states.
NO_STATES: Final = {"details", "change", "nowhere"}


@pytest.fixture(scope="module")
def states(stack: Stack) -> dict[str, str]:
    """Sessions in the main states, by what their page says: its address, with what has to be behind it."""
    late = asked_for(stack)
    overdue = chosen(late)
    over(stack, late["reference"])
    called_off = asked_for(stack)
    assert stack.test.post(f"checkout-sessions/{called_off['id']}/cancel").status_code == 200
    by_hand = chosen(asked_for(stack, customer="of the pages"))
    return {
        "choose": asked_for(stack)["url"],
        "details": f"{asked_for(stack, currency='KES')['url']}/details?system=mpesa",
        "pay_by_hand": by_hand,
        "change": f"{by_hand}/change",
        "pay_there": chosen(asked_for(stack, currency="BDT"), "nagad_api", "pay_there"),
        "checking": confirmed(asked_for(stack), "checking", never_found(stack)),
        "saved_up": saved_up(stack),
        "review_less": confirmed(asked_for(stack, amount="9017.00"), "review_less"),
        "credited": confirmed(asked_for(stack), "credited"),
        "not_paid_in_time": overdue,
        "called_off": called_off["url"],
        "nowhere": f"{called_off['url'][:-3]}xxx",
    }


@pytest.fixture(scope="module")
def readers(browser: Browser, origin: str, stack: Stack) -> Iterator[Callable[[Kind], Screen]]:
    """One window of each kind, in which all pages are looked at."""
    opened: dict[Kind, Screen] = {}

    def of(kind: Kind) -> Screen:
        if kind not in opened:
            opened[kind] = Screen(new_context(browser, origin, kind), origin, kind)
        return opened[kind]

    yield of
    for one in opened.values():
        one.close()
        one.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_in_every_language(
    states: dict[str, str], readers: Callable[[Kind], Screen], language: str, subtests: pytest.Subtests
) -> None:
    """Nothing is wider than a telephone, nothing is an obstacle, and the page is what its `lang` and `dir` say."""
    screen = readers(PHONE)
    for state, url in states.items():
        with subtests.test(state):
            asked = f"{url}{'&' if '?' in url else '?'}lang={language}"
            screen.open(asked, status=404 if state == "nowhere" else 200)
            if state != "nowhere":  # says it in English and in what the browser prefers
                root = screen.page.locator("html")
                expect(root).to_have_attribute("lang", language)
                expect(root).to_have_attribute("dir", LANGUAGES[language])
            if state not in NO_STATES:
                expect(screen.page.locator("[data-code]")).to_have_attribute("data-code", state)
            if state not in {"choose", "change"}:
                expect(screen.page.locator(".offers")).to_have_count(0)  # nobody is asked to pay again
            if state == "pay_by_hand":
                folded = screen.page.locator("details > summary")
                for number in range(folded.count()):
                    folded.nth(number).click()  # what is folded is read, too
                screen.look()


def test_a_request_on_the_phone_in_every_language(
    stack: Stack, readers: Callable[[Kind], Screen], subtests: pytest.Subtests
) -> None:
    wanted = asked_for(stack, currency="KES", amount=THINKS)
    url = chosen(wanted, "mpesa", "pay_on_phone", phone_number="254700000000")
    screen = readers(PHONE)
    for language in LANGUAGES:
        with subtests.test(language):
            screen.open(f"{url}?lang={language}")
            expect(screen.page.locator("[data-code]")).to_have_attribute("data-code", "pay_on_phone")
            expect(screen.page.locator(".offers, form")).to_have_count(0)


def test_on_a_wide_screen_in_light_colours(states: dict[str, str], readers: Callable[[Kind], Screen]) -> None:
    screen = readers(DESK)
    backgrounds = []
    for url in (states["choose"], states["pay_by_hand"], states["credited"]):
        screen.open(url)
        expect(screen.page.locator("main")).to_be_visible()
        backgrounds.append(background(screen.page))
    expect(screen.page.locator("main")).to_have_css("width", "544px")
    readers(PHONE).open(states["credited"])
    assert (set(backgrounds), background(readers(PHONE).page)) == ({"rgb(243, 244, 246)"}, "rgb(18, 21, 27)")


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_nothing_moves_for_who_wants_that(states: dict[str, str], readers: Callable[[Kind], Screen]) -> None:
    screen = readers(PHONE)
    screen.open(states["checking"])
    dot = screen.page.locator(".waiting span").first
    expect(dot).to_have_css("animation-name", "none")
    screen.page.emulate_media(reduced_motion="no-preference")
    expect(dot).to_have_css("animation-name", "wait")
    screen.page.emulate_media(reduced_motion="reduce")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_weighs_little_and_comes_from_here_alone(
    states: dict[str, str], browser: Browser, origin: str, language: str
) -> None:
    with new_context(browser, origin, DESK) as context:
        page = context.new_page()
        answers: list[Response] = []

        def note(answer: Response) -> None:
            answers.append(answer)

        page.on("response", note)
        page.goto(f"{states['pay_by_hand']}?lang={language}", wait_until="networkidle")
        weights = {one.url: len(one.body()) for one in answers if one.ok and one.request.resource_type != "media"}
        kinds = {one.request.resource_type for one in answers}
        assert kinds <= {"document", "stylesheet", "script", "image", "other", "fetch"}
        assert {"document", "stylesheet", "script"} <= kinds
        assert {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in weights} == {origin}
        assert 10_000 < sum(weights.values()) <= WEIGHT_MAX_BYTES, weights


def test_on_a_slow_line_the_details_are_there_in_seconds(stack: Stack, browser: Browser, origin: str) -> None:
    """Nothing is cached: the first page that the customer sees, and the one with what to pay to."""
    session = asked_for(stack)
    with new_context(browser, origin, PHONE) as context:
        screen = Screen(context, origin, PHONE)
        line = context.new_cdp_session(screen.page)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", SLOW)
        began = time.monotonic()
        screen.page.goto(session["url"], wait_until="commit")
        expect(screen.page.locator(".offer[value=upi_l]")).to_be_visible()
        first = time.monotonic() - began
        screen.look()
        began = time.monotonic()
        screen.page.locator(".offer[value=upi_l]").click()
        expect(screen.page.locator(".rows")).to_be_visible()
        details = time.monotonic() - began
        screen.look()
        assert max(first, details) < READABLE_SECONDS, (first, details)
        screen.page.get_by_label("UTR").fill("123456")
        screen.press("Send the reference", status=422)
        screen.close()


@pytest.mark.parametrize(("currency", "system", "counted"), [("INR", "upi_l", "3 / 12"), ("BDT", "bkash", "৩ / ৬–২০")])
def test_the_counter_is_in_the_digits_of_the_amounts(
    stack: Stack, readers: Callable[[Kind], Screen], currency: str, system: str, counted: str
) -> None:
    """Bengali is written with Latin digits in India, and with its own in Bangladesh."""
    screen = readers(PHONE)
    screen.open(f"{chosen(asked_for(stack, currency=currency), system)}?lang=bn")
    screen.page.locator("#reference").fill("123")
    expect(screen.page.locator(".count")).to_have_text(counted)


#: What a person reaches by the Tab key, in this order, on the page that is paid by.
STOPS: Final = [
    "Skip to the payment",
    "Language: English",
    "I have already paid",
    "Copy the amount",
    "Copy: UPI ID",
    "Open a UPI app",
    "How to pay, step by step",
    "UPI transaction ID (UTR)",
    "Where do I find it?",
    "Amount you paid, in INR",
    "Send the reference",
    "Back to Demo product",
    "Choose another way to pay",
]
#: The name of what has the focus, and the line around it; nothing once the page is left.
FOCUSED: Final = """() => {
  const one = document.activeElement;
  if (one === document.body) return [null, null];
  const style = getComputedStyle(one);
  const label = one.labels && one.labels[0] && one.labels[0].textContent;
  return [(one.getAttribute("aria-label") || label || one.textContent).trim(),
          `${style.outlineStyle} ${style.outlineWidth}`];
}"""


def test_with_the_keyboard_alone(stack: Stack, browser: Browser, origin: str, bank_reference: str) -> None:
    """Everything is reached, in the order of reading, and whoever is there sees where."""
    session = asked_for(stack)
    with new_context(browser, origin, PHONE) as context:
        screen = Screen(context, origin, PHONE)
        page = screen.page
        screen.open(session["url"])
        while page.evaluate("document.activeElement.value") != "upi_l":
            page.keyboard.press("Tab")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        shows(screen, "pay_by_hand")
        screen.open(session["url"])
        stops = []
        for _ in range(len(STOPS) + 1):
            page.keyboard.press("Tab")
            stops.append(page.evaluate(FOCUSED))
        assert stops == [*([name, "solid 3px"] for name in STOPS), [None, None]]
        page.get_by_label("UTR").focus()
        page.keyboard.type(bank_reference)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        shows(screen, "credited")
        screen.close()
