"""The payment pages from end to end, as a browser without JavaScript has them."""

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from standardwebhooks import Webhook

from gateway.providers.models import ProviderAccount
from payments.models import Confirmation, Deposit
from payments.tasks import end_overdue
from tests.conftest import Api
from tests.payments.checkout.visiting import Browser, opened, place
from tests.payments.stage import (
    ACTIVATE,
    ACTIVATE_MANUALLY,
    AVAILABLE,
    OK,
    REFERENCE,
    WRONG_LENGTH,
    Book,
    create_path,
    details,
    money,
    offered,
    payment_path,
    sent_json,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

REFUSED = "This reference was not accepted. Please check it and enter it again; do not pay again."
RETURN_URLS = {
    "success": "https://shop.example.com/ok?order=3",
    "pending": "https://shop.example.com/wait",
    "failure": "https://shop.example.com/no",
}


def picture(name: str = "paid.png") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.effect_noise((200, 200), 60).save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), content_type="image/png")


@pytest.fixture
def visit(api: Api, book: Book, catalogue: Any, provider: ScriptedProvider) -> Callable[..., Browser]:
    """Opens the page of a new session; the provider offers the systems that are named."""

    def make(*systems: tuple[str, str, bool], **changes: Any) -> Browser:
        if systems:
            provider.script(AVAILABLE, offered(*systems))
        return Browser(place(api, **changes))

    return make


def arrives(browser: Browser, book: Book, clock: time_machine.Traveller, *, attempt: int = 1, **changes: Any) -> None:
    """The money of the newest reference stands in the provider's book, and the provider is asked."""
    deposit = browser.attempts()[attempt - 1]
    confirmation = deposit.confirmations.latest("id")
    item = money(transaction_id=confirmation.provider_reference, **changes)
    book.enter(confirmation.public_id, item, label=deposit.customer.label)
    clock.shift(timedelta(seconds=20))
    work()


def test_paid_by_hand(browser: Browser, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller) -> None:
    provider.script(ACTIVATE, OK)
    page = browser.get()
    assert (page.status, page.code, page.title) == (200, "choose", "Choose a way to pay")
    assert page.value("seen") == "0"
    assert "₹1,000.00" in page.text
    assert browser.session.reference in page.text
    assert "Test mode: no real money moves." in page.text
    assert browser.choose().title == "Getting the payment details"
    work()
    page = browser.get()
    assert (page.code, page.title) == ("pay_by_hand", "Pay with UPI P2P")
    assert "Pay to 6234234234" in page.text
    assert "Exact amount 1000 INR" in page.text
    assert "Time left: 1 day " in page.text
    assert page.value("amount") == "1000"
    page = browser.confirm()
    assert (page.code, page.text.count(REFERENCE)) == ("checking", 1)
    assert "choose" not in page.text.lower()
    work()
    arrives(browser, book, clock)
    page = browser.get()
    assert (page.code, page.title) == ("credited", "Payment received")
    assert "<form" not in page.html
    assert len(browser.attempts()) == 1


def test_a_reference_is_refused_and_corrected(browser: Browser, provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, WRONG_LENGTH)
    opened(browser)
    browser.confirm()
    work()
    page = browser.get()
    assert page.code == "reference_refused"
    assert f"You entered the reference {REFERENCE}. {REFUSED}" in page.text
    # Who has paid is not shown how to pay first.
    assert page.html.index('name="reference"') < page.html.index("6234234234")
    assert "Choose another way" not in page.text
    provider.script(ACTIVATE, OK)
    assert browser.confirm("210987654321").code == "checking"
    assert Confirmation.objects.count() == 2


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        (
            {"reference": "12 34"},
            "reference",
            "This reference does not look right. Please compare it with the example: 123456789012.",
        ),
        ({"reference": ""}, "reference", "Please fill this in."),
        ({"amount": "a lot"}, "amount", "Please enter the amount in digits, for example 1000."),
        ({"amount": "1000,50"}, "amount", "Please enter the amount in digits, for example 1000."),
        ({"amount": "100,50"}, "amount", "Please enter the amount in digits, for example 1000."),
        ({"amount": ""}, "amount", "Please fill this in."),
    ],
)
def test_what_was_typed_is_explained_and_stays(
    browser: Browser, sent: dict[str, Any], field: str, sentence: str
) -> None:
    opened(browser)
    page = browser.confirm(**sent)
    assert page.status == 422
    label = {"reference": "UPI transaction ID (UTR)", "amount": "Amount you paid"}[field]
    assert f"{label}: {sentence}" in page.text  # in the list, which leads to the field
    assert f'href="#{field}"' in page.html
    assert f'id="{field}-error">{sentence}' in page.html
    assert page.value(field) == sent[field]
    assert Confirmation.objects.count() == 0


@pytest.mark.parametrize(
    ("reference", "amount"),
    [("1234 5678-9012", "1,000.00"), ("१२३४५६७८९०१२", "১,০০০"), ("۱۲۳۴۵۶۷۸۹۰۱۲", "۱٬۰۰۰٫۰۰")],
)
def test_digits_of_any_script_are_digits(browser: Browser, reference: str, amount: str) -> None:
    opened(browser)
    assert browser.confirm(reference, amount=amount).code == "checking"
    confirmation = Confirmation.objects.get()
    assert (confirmation.provider_reference, confirmation.amount) == (REFERENCE, Decimal(1000))


def test_a_form_sent_twice_is_one_reference(browser: Browser) -> None:
    opened(browser)
    form = browser.get().value("form")
    for _ in range(2):
        assert browser.confirm(form=form).code == "checking"
    assert Confirmation.objects.count() == 1


def test_a_used_reference_is_said_where_it_was_typed(api: Api, browser: Browser, provider: ScriptedProvider) -> None:
    opened(browser)
    browser.confirm()
    other = Browser(place(api, customer="55"))
    opened(other)
    page = other.confirm()
    assert page.status == 409
    assert "This reference was entered before. Every payment has its own." in page.text
    assert page.value("reference") == REFERENCE


def test_a_stranger_s_reference_says_nothing(api: Api, browser: Browser) -> None:
    opened(browser)
    browser.confirm()
    stranger = Browser(place(api, customer="56"))
    opened(stranger)
    assert stranger.confirm().code == "checking"


def test_too_many_references(browser: Browser, provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, OK)
    opened(browser)
    for number in range(10):
        assert browser.confirm(f"{number:012}").code == "checking"
    page = browser.confirm("999999999999")
    assert page.status == 429
    assert "Too many references were entered. Please enter yours again in an hour; nothing is lost." in page.text


def test_a_screenshot_is_asked_for_where_one_is_wanted(
    visit: Callable[..., Browser], provider: ScriptedProvider
) -> None:
    provider.script(create_path("staging_b_ml"), details(**{"Account number": "11111111", "Bank": "Test"}))
    provider.script(ACTIVATE_MANUALLY, OK)
    browser = visit(("staging_b_ml", "INR", True))
    page = opened(browser, "staging_b_ml")
    assert "Account number 11111111" in page.text  # an unknown label stays as it came
    assert "A picture of at most 8 MB, from your gallery or camera." in page.text
    page = browser.confirm("REF123456")
    assert (page.status, "Please add a screenshot of the payment." in page.text) == (422, True)
    page = browser.confirm("REF123456", screenshot=SimpleUploadedFile("a.png", b"no picture"))
    assert (page.status, "This picture cannot be read." in page.text) == (422, True)
    page = browser.confirm("REF123456", screenshot=picture())
    assert page.code == "checking"
    assert Confirmation.objects.get().screenshot.digest


def test_account_types_say_what_to_press(visit: Callable[..., Browser], provider: ScriptedProvider) -> None:
    provider.script(create_path("bkash"), details(identifier="01000000000", account_type="agent"))
    browser = visit(("bkash", "BDT", False), currency="BDT")
    page = opened(browser, "bkash")
    assert 'Open your bKash app and choose "Cash out".' in page.text
    assert "Choose in the app Cash out" in page.text
    assert 'name="amount"' not in page.html  # bKash wants none


def test_a_upi_address_has_a_code_and_a_link(browser: Browser, provider: ScriptedProvider) -> None:
    provider.script(create_path("upi_l"), details(identifier="shop@bank"))
    page = opened(browser)
    assert 'href="upi://pay?pa=shop@bank&amp;pn=product%20' in page.html
    assert "&amp;am=1000.00&amp;cu=INR" in page.html
    assert "<svg" in page.html.partition('class="qr"')[2]
    assert "UPI ID shop@bank" in page.text


def test_no_link_to_what_is_no_upi_address(browser: Browser, provider: ScriptedProvider) -> None:
    provider.script(create_path("upi_l"), details(identifier='a@b"><script>'))
    page = opened(browser)
    assert "upi://" not in page.html
    assert "<script>" not in page.html
    assert 'a@b"><script>' in page.text


def test_a_redirect(visit: Callable[..., Browser], provider: ScriptedProvider) -> None:
    provider.script(payment_path("upi_s"), (200, {"status": "ok", "data": {"url": "https://pay.example.com/?a=1&b=2"}}))
    browser = visit(("upi_s", "INR", False))
    page = opened(browser, "upi_s")
    assert page.code == "pay_there"
    link = 'href="https://pay.example.com/?a=1&amp;b=2" target="_top" rel="noopener noreferrer"'
    assert link in page.html
    assert 'http-equiv="refresh"' in page.html
    assert 'name="reference"' not in page.html


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_back_from_a_redirect(visit: Callable[..., Browser], provider: ScriptedProvider, method: str) -> None:
    url = "https://pay.example.com/1"
    provider.script(payment_path("upi_s"), (200, {"status": "ok", "data": {"url": url}}))
    browser = visit(("upi_s", "INR", False))
    opened(browser, "upi_s")
    back = sent_json(provider.to(payment_path("upi_s"))[0])["redirect_url"].removeprefix(settings.PUBLIC_URL)
    answer = browser.client.generic(method, back)
    if method == "POST":
        assert (answer.status_code, answer.headers["Location"]) == (303, back)
        answer = browser.client.get(back)
    html = answer.content.decode()
    assert 'data-code="returned"' in html
    assert "Please do not pay again." in html
    again = f'<a href="{url}" target="_top" rel="noopener noreferrer">Not paid yet? Continue to UPI QR</a>'
    assert again in html
    assert f'class="button" href="{url}"' not in html
    # What it asks for news remembers it, and so does another language; another way to pay does not.
    assert f'data-live="{browser.address}/live?returned=1"' in html
    assert f'href="{browser.address}?returned=1&amp;lang=hi"' in html
    assert f'href="{browser.address}/change"' in html
    live = browser.client.get(f"{browser.address}/live?returned=1")
    assert 'data-code="returned"' in live.content.decode()


def test_a_push_asks_for_the_number_first(visit: Callable[..., Browser], provider: ScriptedProvider) -> None:
    pushed = (200, {"status": "ok", "data": {"message": "Request accepted"}})
    provider.script(payment_path("mpesa"), pushed)
    browser = visit(("mpesa", "KES", False), currency="KES", amount="250.00")
    assert f"{browser.address}/details?system=mpesa&amp;seen=0" in browser.get().html
    page = browser.choose("mpesa")
    assert (page.title, page.status) == ("Pay with M-Pesa", 200)
    assert 'autocomplete="tel"' in page.html
    page = browser.choose("mpesa", **{"detail-phone_number": "12"})
    assert (page.status, page.value("detail-phone_number")) == (422, "12")
    assert "Please compare this with the example: 254700000000." in page.text
    assert browser.attempts() == []
    page = browser.choose("mpesa", **{"detail-phone_number": "254700000000"})
    assert page.title == "Sending the request to your phone"
    work()
    page = browser.get()
    assert page.code == "pay_on_phone"
    assert 'M-Pesa says: "Request accepted"' in page.text


def test_nothing_is_offered_while_a_push_may_be_on_its_way(
    visit: Callable[..., Browser], provider: ScriptedProvider
) -> None:
    provider.script(payment_path("mpesa"), DROP)
    browser = visit(("mpesa", "KES", False), currency="KES", amount="250.00")
    page = opened(browser, "mpesa", **{"detail-phone_number": "254700000000"})
    assert page.code == "asking"
    assert "Please do not pay in another way meanwhile." in page.text
    assert "<form" not in page.html
    assert browser.get("/change").code == "asking"  # led back
    page = browser.choose("mpesa", **{"detail-phone_number": "254700000000"})
    assert page.status == 409
    assert "Another payment for this order is already under way. Please do not pay again." in page.text
    assert len(browser.attempts()) == 1


def test_the_window_of_the_provider(visit: Callable[..., Browser], account: ProviderAccount) -> None:
    ProviderAccount.objects.update(widget_url="https://plugin.example.com", prefers_widget=True)
    browser = visit()
    page = opened(browser)
    assert page.code == "pay_in_window"
    assert '<iframe id="kassma-plugin-frame"' in page.html
    assert 'src="https://plugin.example.com/?label=' in page.html
    assert page.headers["Content-Security-Policy"].endswith("; frame-src https://plugin.example.com")


def test_another_way_is_chosen_after_a_warning(
    visit: Callable[..., Browser], provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    provider.script(create_path("upi_ib"), details(identifier="999"))
    provider.script(ACTIVATE, OK)
    browser = visit(("upi_l", "INR", False), ("upi_ib", "INR", False))
    page = browser.get(opened(browser).link("/change"))
    assert page.title == "Only if you have not paid yet"
    assert "If you have already paid with UPI P2P, that payment may still arrive." in page.text
    assert ('value="upi_l"' in page.html, 'value="upi_ib"' in page.html) == (False, True)
    browser.choose("upi_ib")
    work()
    page = browser.get()
    assert page.title == "Pay with UPI P2P (IB)"
    assert "Did you pay with UPI P2P before? Enter that reference" in page.text
    page = browser.get(page.link("/attempts/1"))
    assert page.title == "You chose another way to pay"
    page = browser.confirm(attempt=1)
    # What was named is looked for; nobody is asked to pay the second meanwhile, or by a third.
    assert (page.code, browser.get("/change").code) == ("checking_late", "checking_late")
    assert "Please do not pay again." in page.text
    assert "The time to pay was over" not in page.text
    assert "Did you pay with UPI P2P (IB) before? Enter that reference" in page.text
    assert ("upi://" in page.html, "Send exactly" in page.text) == (False, False)
    page = browser.choose("upi_l")
    assert (page.status, len(browser.attempts())) == (409, 2)
    work()
    arrives(browser, book, clock)
    page = browser.get()
    # The first was paid: that counts, and nobody is asked to pay the second.
    assert (page.code, [one.status for one in browser.attempts()]) == ("credited", ["credited", "cancelled"])
    assert 'value="upi_ib"' not in page.html


def test_a_refused_reference_of_an_earlier_attempt_is_told_before_the_next_is_paid(
    visit: Callable[..., Browser], provider: ScriptedProvider
) -> None:
    provider.script(create_path("upi_ib"), details(identifier="999"))
    provider.script(ACTIVATE, WRONG_LENGTH)
    browser = visit(("upi_l", "INR", False), ("upi_ib", "INR", False))
    opened(browser)
    opened(browser, "upi_ib")
    browser.confirm(attempt=1)
    work()
    page = browser.get()
    assert page.title == "Pay with UPI P2P (IB)"
    assert f"The reference {REFERENCE} was not accepted." in page.text
    assert "If you have already paid with UPI P2P, that payment may still arrive." in page.text
    assert "Please do not pay a second time." in page.text


def test_two_tabs_make_one_payment(visit: Callable[..., Browser], provider: ScriptedProvider) -> None:
    provider.script(create_path("upi_ib"), details(identifier="999"))
    browser = visit(("upi_l", "INR", False), ("upi_ib", "INR", False))
    other_tab = browser.get()
    browser.choose("upi_l")
    page = browser.post("/choose", system="upi_ib", seen=other_tab.value("seen"))
    assert page.title == "Getting the payment details"
    assert [one.payment_system_id for one in browser.attempts()] == ["upi_l"]


def test_a_list_from_before_the_first_attempt_leads_to_no_second_one(
    visit: Callable[..., Browser], provider: ScriptedProvider
) -> None:
    provider.script(create_path("easypaisa"), details(identifier="03000000000"))
    systems = ("easypaisa", "PKR", False), ("easypaisa_api", "PKR", False)
    browser = visit(*systems, currency="PKR")
    other_tab = browser.get()
    assert opened(browser, "easypaisa").code == "pay_by_hand"
    # By its link, by its form, and by the form behind the link: nobody was told there that the first may arrive.
    number = {"detail-phone_number": "03000000000"}
    stale = {"system": "easypaisa_api", "seen": other_tab.value("seen")}
    pages = [browser.get(unescape(other_tab.link("/details?system=easypaisa_api&amp;seen=0")))]
    pages += [browser.post("/choose", **stale, **more) for more in ({}, {"detail-phone_number": "1"}, number)]
    assert [one.code for one in pages] == ["pay_by_hand"] * 4
    assert [one.status for one in browser.attempts()] == ["awaiting_payment"]
    # After the warning it is possible.
    warned = browser.get("/change")
    asked = browser.get(warned.link("/details?system=easypaisa_api&amp;seen=1"))
    browser.post("/choose", system=asked.value("system"), seen=asked.value("seen"), **number)
    assert [one.payment_system_id for one in browser.attempts()] == ["easypaisa", "easypaisa_api"]


def test_a_system_that_is_not_offered(browser: Browser) -> None:
    for code in ("nothing", "mpesa", "", "a" * 500):
        page = browser.choose(code)
        assert page.status == 409
        assert "This payment method is not available right now. Please choose another one." in page.text
    assert browser.attempts() == []
    assert browser.get("/details?system=nothing").code == "choose"


def test_a_refused_opening_offers_another_way(visit: Callable[..., Browser], provider: ScriptedProvider) -> None:
    provider.script(create_path("upi_l"), WRONG_LENGTH)
    browser = visit(("upi_l", "INR", False), ("upi_ib", "INR", False))
    page = opened(browser)
    assert page.code == "failed_provider_refused"
    assert 'value="upi_ib"' in page.html
    provider.script(create_path("upi_ib"), details(identifier="999"))
    browser.choose("upi_ib")
    work()
    assert browser.get().title == "Pay with UPI P2P (IB)"


def test_the_time_is_over_and_a_reference_is_still_taken(
    browser: Browser, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, OK)
    opened(browser)
    clock.shift(timedelta(days=2))
    page = browser.get()
    assert page.code == "not_paid_in_time"
    assert "6234234234" not in page.html  # nobody is shown how to pay any more
    end_overdue()
    page = browser.get()
    assert page.code == "not_paid_in_time"
    assert browser.confirm().code == "checking_late"
    work()
    arrives(browser, book, clock)
    page = browser.get()
    assert page.code == "credited"
    assert "It arrived after the time to pay was over, and is credited all the same." in page.text


def test_the_link_ends_like_one_that_never_was(browser: Browser, clock: time_machine.Traveller) -> None:
    opened(browser)
    clock.shift(timedelta(days=62))
    end_overdue()
    ended, unknown = browser.get(), browser.get(f"/pay/{'a' * 43}")
    assert (ended.status, unknown.status) == (404, 404)
    assert ended.html == unknown.html
    assert ended.title == "This link leads to no payment"


def test_a_cancelled_session(api: Api, browser: Browser) -> None:
    opened(browser)
    assert api.post(f"checkout-sessions/{browser.session.public_id}/cancel").status_code == 200
    page = browser.get()
    assert page.title == "This payment was cancelled"
    assert "6234234234" not in page.html
    assert browser.choose().status == 409
    page = browser.get(page.link("/attempts/1"))
    assert page.value("form")


def test_less_money_is_not_asked_for_again(
    browser: Browser, provider: ScriptedProvider, book: Book, clock: time_machine.Traveller
) -> None:
    provider.script(ACTIVATE, OK)
    opened(browser)
    browser.confirm()
    work()
    arrives(browser, book, clock, amount="900.00")
    page = browser.get()
    assert page.code == "review_less"
    assert "₹900.00 of ₹1,000.00 arrived." in page.text
    assert "<form" not in page.html


def test_the_way_back_is_signed_when_it_is_taken(
    visit: Callable[..., Browser],
    provider: ScriptedProvider,
    book: Book,
    clock: time_machine.Traveller,
) -> None:
    provider.script(ACTIVATE, OK)
    browser = visit(return_urls=RETURN_URLS)
    opened(browser)
    browser.confirm()
    work()
    arrives(browser, book, clock)
    page = browser.get()
    assert f'href="{browser.address}/back" target="_top" rel="noopener noreferrer">Back to product ' in page.html
    clock.shift(timedelta(hours=3))
    answer = browser.client.get(f"{browser.address}/back")
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["Location"])
    told = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.netloc, parts.path, told["order"]) == ("shop.example.com", "/ok", "3")
    headers = {f"webhook-{name}": told[f"checkout_{name}"] for name in ("id", "timestamp", "signature")}
    assert Webhook(browser.session.return_secret).verify(told["checkout_result"], headers)["status"] == "paid"


def test_without_return_urls_there_is_no_button(browser: Browser) -> None:
    assert "/back" not in browser.get().html
    answer = browser.client.get(f"{browser.address}/back")
    assert (answer.status_code, answer.headers["Location"]) == (303, browser.address)


def test_nothing_is_offered_where_no_account_serves_the_mode(browser: Browser, account: ProviderAccount) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(is_active=False)
    page = browser.get()
    assert "No payment method is available right now. Please open this page again in a few minutes." in page.text


def test_pages_take_few_queries(browser: Browser, django_assert_max_num_queries: Any) -> None:
    opened(browser)
    Deposit.objects.update(next_at=None)
    with django_assert_max_num_queries(6):
        assert browser.get().code == "pay_by_hand"
    with django_assert_max_num_queries(6):
        browser.get("/live")
