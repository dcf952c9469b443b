"""What a customer meets whose product, payment system or account changed while the page lay open."""

from decimal import Decimal
from typing import Any

import pytest

from gateway.products.models import Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from payments.models import Confirmation, Deposit
from tests.conftest import Api
from tests.payments.checkout.stage import attempts, begin_session
from tests.payments.checkout.visiting import Browser, opened
from tests.payments.stage import ACTIVATE, OK, REFERENCE, Book, fresh, money, place, work
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db

STOPPED = "The product takes no payments right now. Please do not pay."


@pytest.fixture(autouse=True)
def _named(product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(name="The product")


def switch(*, on: bool) -> None:
    Product.objects.update(is_active=on)


def test_nothing_is_offered_of_a_product_that_is_switched_off(browser: Browser) -> None:
    switch(on=False)
    page = browser.get()
    assert (page.status, page.code, "upi_l" in page.html) == (200, "stopped", False)
    assert STOPPED in page.text
    # Nor by a list that lay open, and what a system wants to know is asked of nobody.
    page = browser.choose()
    assert (page.status, page.code, Deposit.objects.count()) == (409, "stopped", 0)
    assert browser.get("/details?system=mpesa&seen=0").code == "stopped"
    switch(on=True)
    assert browser.get().code == "choose"


def test_nobody_is_shown_how_to_pay_a_product_that_was_switched_off_meanwhile(
    browser: Browser, provider: ScriptedProvider, book: Book
) -> None:
    assert "6234234234" in opened(browser).html
    switch(on=False)
    for path in ("", "/live", "/attempts/1", "/change"):
        page = browser.get(path)
        assert (page.code, "6234234234" in page.html, "Send exactly" in page.text) == ("stopped", False, False), path
    assert STOPPED in page.text
    assert browser.choose("paytm").status == 409
    # Who has paid says so, and is credited.
    provider.script(ACTIVATE, OK)
    assert browser.confirm().code == "checking"
    confirmation = Confirmation.objects.get()
    deposit = browser.attempts()[0]
    book.enter(confirmation.public_id, money(), label=deposit.customer.label)
    work()
    assert browser.get().code == "credited"


def test_who_pays_once_the_product_is_switched_on_again_finds_what_was_begun(browser: Browser) -> None:
    opened(browser)
    switch(on=False)
    switch(on=True)
    page = browser.get()
    assert (page.code, "6234234234" in page.html, len(browser.attempts())) == ("pay_by_hand", True, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_enabled": False},
        {"currencies": ["BDT"]},
        {"deposit_minimum": Decimal("1000.01")},
        {"deposit_maximum": Decimal("999.99")},
        {"flow": "none"},
    ],
)
def test_a_system_that_takes_it_no_more_begins_nothing_and_ends_what_it_began(
    browser: Browser, api: Api, provider: ScriptedProvider, changes: dict[str, Any]
) -> None:
    opened(browser)
    other = Browser(begin_session(api))
    PaymentSystem.objects.filter(code="upi_l").update(**changes)
    page = other.choose()
    assert (page.status, Deposit.objects.count()) == (409, 1)
    assert "This payment method is not available right now" in page.text
    # What was begun has its details, and its money is found.
    assert browser.get().code == "pay_by_hand"
    provider.script(ACTIVATE, OK)
    assert browser.confirm().code == "checking"


def test_without_an_account_nothing_is_offered_and_what_was_begun_goes_on(browser: Browser, api: Api) -> None:
    opened(browser)
    other = Browser(begin_session(api))
    ProviderAccount.objects.update(is_active=False)
    page = other.get()
    assert (page.status, page.code) == (200, "choose")
    assert "No payment method is available right now." in page.text
    assert other.choose().status == 409
    assert browser.get().code == "pay_by_hand"


def test_an_order_that_its_product_began_otherwise_is_not_paid_here(
    api: Api, browser: Browser, product: Product
) -> None:
    place(api, reference=browser.session.reference)
    page = browser.get()
    assert (page.status, page.code, page.title) == (200, "elsewhere", "This order is being paid in another way")
    assert ("Please do not pay here." in page.text, "upi_l" in page.html) == (True, False)
    page = browser.choose()
    assert (page.status, page.code, 'class="notice"' in page.html) == (409, "elsewhere", False)
    assert attempts(browser.session) == []
    shown = api.get(f"checkout-sessions/{browser.session.public_id}").json()
    assert (shown["status"], shown["deposit"]) == ("open", None)


def test_the_way_back_of_an_order_begun_otherwise_says_that_it_is_pending(api: Api, book: Book) -> None:
    ends = {kind: f"https://shop.example/{kind}" for kind in ("success", "failure", "pending")}
    session = begin_session(api, return_urls=ends)
    place(api, reference=session.reference)
    answer = Browser(session).client.get(f"/pay/{session.token}/back")
    assert answer.headers["Location"].startswith("https://shop.example/pending?checkout_result=")


def test_the_same_reference_of_another_product_or_mode_is_another_order(
    browser: Browser, new_api: Any, product: Product, live_account: ProviderAccount
) -> None:
    for api in (new_api(Product.objects.create(name="another")), new_api(product, Mode.LIVE)):
        place(api, reference=browser.session.reference)
    assert browser.get().code == "choose"


def test_a_reference_that_was_named_before_the_switch_is_told(browser: Browser, provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, OK)
    opened(browser)
    browser.confirm()
    switch(on=False)
    page = browser.get()
    assert (page.code, REFERENCE in page.text) == ("checking", True)
    assert fresh(browser.attempts()[0]).status == "verifying"
