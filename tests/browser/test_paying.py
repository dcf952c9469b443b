"""Customers pay on the hosted pages, in a browser, with every part running: to the end, and back to the shop."""

import contextlib
import io
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from standardwebhooks.webhooks import Webhook

from tests.browser.paying import (
    BACK,
    asked_for,
    choose,
    chosen,
    confirmed,
    never_found,
    over,
    shows,
    shows_after_loading,
)
from tests.browser.screens import DESK, PHONE, Kind, Screen, new_context
from tests.stories.conftest import Stack
from tests.stories.test_widget import prefer

#: The sandbox's customer approves it within a second; its letter is lost, and we learn of it some seconds later.
NO_LETTER = "9009.00"

Phone = Callable[..., Screen]


@pytest.fixture
def phone(browser: Browser, origin: str, stack: Stack) -> Iterator[Phone]:
    """Opens windows of a customer, each in a browser of its own that has seen nothing of ours yet."""
    with contextlib.ExitStack() as opened:

        def make(kind: Kind = PHONE, *, has_scripts: bool = True, **options: Any) -> Screen:
            made = new_context(browser, origin, kind, java_script_enabled=has_scripts, **options)
            context = opened.enter_context(made)
            screen = Screen(context, origin, kind, friend=stack.info["sandbox_url"], has_scripts=has_scripts)
            opened.callback(screen.close)
            return screen

        yield make


def deposits(stack: Stack, session: dict[str, Any]) -> list[dict[str, Any]]:
    """The attempts of a session, as its product sees them."""
    return [
        stack.test.get(f"deposits/{one}") for one in stack.test.get(f"checkout-sessions/{session['id']}")["deposits"]
    ]


def told_back(session: dict[str, Any], url: str) -> dict[str, Any]:
    """What the way back says, once its signature has been verified."""
    answer = httpx.get(f"{url}/back", trust_env=False)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["Location"])
    told = {name: values[0] for name, values in parse_qs(target.query).items()}
    headers = {f"webhook-{name}": told[f"checkout_{name}"] for name in ("id", "timestamp", "signature")}
    verified: dict[str, Any] = Webhook(session["return_secret"]).verify(told["checkout_result"], headers)
    return {**verified, "where": f"{target.scheme}://{target.netloc}{target.path}"}


@pytest.mark.parametrize("kind", [PHONE, DESK], ids=["phone", "desk"])
def test_paid_by_hand(stack: Stack, phone: Phone, kind: Kind, bank_reference: str) -> None:
    """What is copied is what has to be typed elsewhere, a slip is explained, and the page goes on by itself."""
    session = asked_for(stack)
    screen = phone(kind, permissions=["clipboard-read", "clipboard-write"])
    page = screen.page
    screen.open(session["url"])
    expect(page.locator("[data-code]")).to_have_attribute("data-code", "choose")
    choose(screen, "upi_l")
    shows(screen, "pay_by_hand")
    [deposit] = deposits(stack, session)
    lines = {"1000", *(one["value"] for one in deposit["next_action"]["details"])}
    copied = set()
    for button in page.locator(".copy").all():
        button.click()
        expect(button).to_have_text("Copied")
        copied.add(page.evaluate("navigator.clipboard.readText()"))
    assert copied == lines
    expect(page.locator(".clock time")).to_contain_text(re.compile(r"\d"))

    page.get_by_label("UTR").fill(bank_reference[:7])
    screen.press("Send the reference", status=422)
    expect(page.locator(".errors")).to_be_focused()
    expect(page.get_by_label("UTR")).to_have_value(bank_reference[:7])
    page.get_by_label("UTR").fill(bank_reference)
    screen.press("Send the reference")
    shows(screen, "credited")
    expect(page.locator("#news")).to_have_text("Payment received")
    expect(page.get_by_role("link", name="Back to Demo product")).to_be_visible()
    [deposit] = deposits(stack, session)
    assert (deposit["status"], deposit["received_amount"]) == ("credited", "1000.00")
    told = told_back(session, session["url"])
    assert (told["where"], told["status"], told["deposit"]) == (BACK["success"], "paid", deposit["id"])


def test_without_scripts(stack: Stack, phone: Phone, bank_reference: str) -> None:
    """All of it again with forms and links alone; buttons that could do nothing are not shown."""
    session = asked_for(stack)
    screen = phone(has_scripts=False)
    page = screen.page
    screen.open(session["url"])
    choose(screen, "upi_l")
    shows_after_loading(screen, "pay_by_hand")
    expect(page.locator(".copy").first).to_be_hidden()
    page.get_by_label("UTR").fill(bank_reference[:7])
    screen.press("Send the reference", status=422)
    expect(page.locator("#reference-error")).to_be_visible()
    page.get_by_label("UTR").fill(bank_reference)
    screen.press("Send the reference")
    assert page.locator("noscript meta[http-equiv=refresh], head meta[http-equiv=refresh]").count() == 1
    shows_after_loading(screen, "credited")
    [deposit] = deposits(stack, session)
    assert (deposit["status"], deposit["received_amount"]) == ("credited", "1000.00")


def test_with_a_screenshot(stack: Stack, phone: Phone) -> None:
    session = asked_for(stack)
    screen = phone()
    page = screen.page
    screen.open(chosen(session, "staging_b_ml"))
    picture = io.BytesIO()
    Image.new("RGB", (400, 600), "white").save(picture, "PNG")
    page.locator("#reference").fill(f"REF{secrets.token_hex(4).upper()}")
    screen.press("Send the reference", status=422)
    expect(page.locator("#screenshot-error")).to_be_visible()
    page.locator("#screenshot").set_input_files(
        {"name": "bill.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    screen.press("Send the reference")
    shows(screen, "credited")
    assert [one["status"] for one in deposits(stack, session)] == ["credited"]


def test_on_the_systems_own_page_and_back(stack: Stack, phone: Phone) -> None:
    session = asked_for(stack, currency="BDT")
    screen = phone()
    page = screen.page
    screen.open(chosen(session, "nagad_api", "pay_there"))
    with page.expect_navigation(url=f"{stack.info['sandbox_url']}/**"):
        page.get_by_role("link", name=re.compile("Continue to")).click()
    with page.expect_navigation(url=f"{session['url']}**"):
        page.get_by_role("button", name="Pay").click()
    shows(screen, "credited")
    assert [one["status"] for one in deposits(stack, session)] == ["credited"]


def test_approved_on_the_phone(stack: Stack, phone: Phone) -> None:
    session = asked_for(stack, currency="KES", amount=NO_LETTER)
    screen = phone()
    page = screen.page
    screen.open(session["url"])
    screen.by(page.locator("a.offer[href*='system=mpesa']").click)
    page.get_by_label("M-Pesa number").fill("12")
    screen.press("Continue", status=422)
    page.get_by_label("M-Pesa number").fill("254700000000")
    screen.press("Continue")
    shows(screen, "pay_on_phone")
    expect(page.locator(".offers, form")).to_have_count(0)
    shows(screen, "credited")
    assert [one["status"] for one in deposits(stack, session)] == ["credited"]


def test_in_the_providers_window(stack: Stack, phone: Phone) -> None:
    session = asked_for(stack)
    prefer(stack, widget=True)
    try:
        url = chosen(session, "upi_l", "pay_in_window")
    finally:
        prefer(stack, widget=False)
    screen = phone()
    screen.open(url)
    screen.page.frame_locator("#kassma-plugin-frame").get_by_role("button", name="Pay").click()
    shows(screen, "credited")
    assert [one["status"] for one in deposits(stack, session)] == ["credited"]


def test_the_time_is_over_and_a_reference_is_still_taken(stack: Stack, phone: Phone, bank_reference: str) -> None:
    session = asked_for(stack)
    url = chosen(session, "upi_l")
    over(stack, session["reference"])
    screen = phone()
    page = screen.page
    screen.open(url)
    shows(screen, "not_paid_in_time")
    expect(page.locator(".rows")).to_have_count(0)
    page.get_by_label("UTR").fill(bank_reference)
    screen.press("Send the reference")
    shows(screen, "credited")


def test_called_off_by_the_shop_while_the_page_is_open(stack: Stack, phone: Phone) -> None:
    session = asked_for(stack)
    screen = phone()
    screen.open(chosen(session, "upi_l"))
    assert stack.test.post(f"checkout-sessions/{session['id']}/cancel").status_code == 200
    screen.open(session["url"])
    expect(screen.page.locator("h1")).to_have_text("This payment was cancelled")
    expect(screen.page.locator(".offers, .rows, .copy")).to_have_count(0)


def test_two_tabs_make_one_payment(stack: Stack, phone: Phone) -> None:
    session = asked_for(stack)
    one, two = phone(), phone()
    one.open(session["url"])
    two.open(session["url"])
    choose(one, "upi_l")
    choose(two, "upi_ib")
    shows(one, "pay_by_hand")
    shows(two, "pay_by_hand")
    [deposit] = deposits(stack, session)
    assert deposit["payment_system"] == "upi_l"
    assert one.page.locator(".rows").inner_text() == two.page.locator(".rows").inner_text()


def test_another_way_comes_after_a_warning_and_the_first_may_still_arrive(
    stack: Stack, phone: Phone, bank_reference: str
) -> None:
    session = asked_for(stack)
    screen = phone()
    page = screen.page
    screen.open(chosen(session, "upi_ib"))
    screen.follow("Choose another way to pay")
    expect(page.locator("h1")).to_have_text("Only if you have not paid yet")
    expect(page.locator("main")).to_contain_text("that payment may still arrive")
    choose(screen, "upi_l")
    shows(screen, "pay_by_hand")
    assert [one["status"] for one in deposits(stack, session)] == ["cancelled", "awaiting_payment"]
    screen.by(page.get_by_role("link", name=re.compile("Did you pay with .* before")).click)
    expect(page.get_by_label("UTR")).to_be_visible()


def test_a_closed_page_goes_on_where_it_was(stack: Stack, phone: Phone) -> None:
    url = confirmed(asked_for(stack), "checking", never_found(stack))
    first = phone()
    first.open(url)
    shows(first, "checking")
    again = phone()
    again.open(url)
    shows(again, "checking")
    expect(again.page.locator("form, .offers, .rows")).to_have_count(0)
