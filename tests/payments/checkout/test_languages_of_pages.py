"""Every page, in every state that there is, is in its reader's language, from its title to what is only heard."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from gateway.money import format_amount
from gateway.products.branding import Look
from gateway.products.models import Product
from gateway.providers.models import PaymentSystem, QrKind, ReferenceKind, ScreenshotWish
from payments.checkout import locales, page_ends, refusals, screens, told
from payments.checkout.page_links import Links
from payments.checkout.paying import Refusal
from payments.checkout.readers import LANGUAGES, Reader
from payments.checkout.standing import Attempt, Standing
from payments.models import CheckoutSession, Confirmation, Deposit
from payments.states import DepositStatus
from tests.conftest import Api
from tests.payments.checkout import test_told
from tests.payments.checkout.untranslated import foreign_words, spoken, untranslated
from tests.payments.checkout.visiting import Browser, Seen, place
from tests.payments.stage import ACTIVATE, AVAILABLE, OK, offered, work
from tests.payments.stage import place as placed
from tests.scripted_provider import ScriptedProvider

#: Everything that is not ours to translate, as the tests place it.
VALUES: Final = (
    "The Shop",
    "help@shop.example",
    "order-7",
    "upi_l",
    "name@bank",
    "INR",
    "KES",
    "Enter your PIN.",  # a provider's own words
    "ABC-123456",
)

TEMPLATES: Final = settings.BASE_DIR / "templates" / "pay"

BETWEEN_BRACES: Final = re.compile(r"{% blocktranslate .*?{% endblocktranslate %}|{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)

every_language = pytest.mark.parametrize("language", LANGUAGES)


def amounts(*values: str, currency: str = "INR") -> list[str]:
    return [
        text
        for value in map(Decimal, values)
        for language in LANGUAGES
        for text in (locales.amount(value, currency, language), format_amount(value, currency))
    ]


def check(html: str, language: str, *values: str) -> None:
    known = [*VALUES, *amounts("1000", "900", "1200", "60", "148", "88"), *values]
    assert untranslated(html, language, known) == []
    assert "%(" not in html


@pytest.mark.parametrize("path", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(path: Path) -> None:
    """Of any branch, be it rendered by a test or not."""
    bare = re.sub(
        r"{% blocktranslate .*?{% endblocktranslate %}|{%.*?%}|{{.*?}}|{#.*?#}", "", path.read_text(), flags=re.DOTALL
    )

    assert [found for found in spoken(bare) if foreign_words(found[1], "hi", VALUES)] == []


def test_the_script_has_no_words_of_its_own() -> None:
    """A sentence begins with a capital letter, and a small one after it."""
    script = finders.find("pay/pay.js")
    assert isinstance(script, str)

    assert re.findall(r"""["'`]([A-Z][a-z]+(?: [^"'`]*)?)["'`]""", Path(script).read_text(encoding="utf-8")) == []


@every_language
@pytest.mark.parametrize("case", test_told.CASES, ids=lambda case: f"{case.status}-{case.code}")
def test_every_state(case: test_told.Case, language: str) -> None:
    attempt = test_told.made(case)
    system = attempt.deposit.payment_system
    system.reference_kind, system.reference_pattern = ReferenceKind.DIGITS, "[0-9]{12}"
    system.reference_example, system.reference_label = "123456789012", "UTR"
    system.screenshot, system.wants_amount = ScreenshotWish.OPTIONAL, True
    later = (Attempt(deposit=Deposit(status=DepositStatus.CREATED, checkout_attempt=2)),) if case.is_earlier else ()
    html = page(test_told.standing(attempt, *later, **case.session), attempt, language)

    assert f'data-code="{case.code}"' in html
    check(html, language)


@every_language
@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        (ReferenceKind.DIGITS, "[0-9]{8,12}"),
        (ReferenceKind.CODE, "[0-9A-Z]{10}"),
        (ReferenceKind.CODE, "[0-9A-Z]{6,20}"),
        (ReferenceKind.TEXT, "[0-9A-Z-]{10}"),
        (ReferenceKind.TEXT, "[0-9A-Z-]{6,20}"),
        (ReferenceKind.TEXT, ""),
    ],
)
def test_every_kind_of_reference(kind: ReferenceKind, pattern: str, language: str) -> None:
    attempt = by_hand()
    system = attempt.deposit.payment_system
    system.reference_kind, system.reference_pattern, system.screenshot = kind, pattern, ScreenshotWish.REQUIRED

    check(page(test_told.standing(attempt), attempt, language), language)


@every_language
@pytest.mark.parametrize(
    ("account_type", "qr"), [("personal", QrKind.NONE), ("agent", QrKind.NONE), ("merchant", QrKind.UPI)]
)
def test_every_kind_of_details(account_type: str, qr: QrKind, language: str) -> None:
    attempt = by_hand({"label": "identifier", "value": "name@bank"}, {"label": "account_type", "value": account_type})
    attempt.deposit.payment_system.qr = qr

    check(page(test_told.standing(attempt), attempt, language), language)


def by_hand(*rows: dict[str, str]) -> Attempt:
    """An attempt that waits to be paid by hand."""
    case = next(one for one in test_told.CASES if one.code == "pay_by_hand")
    shown = {**case.deposit["shown"], "details": list(rows)} if rows else case.deposit["shown"]
    return test_told.made(replace(case, deposit={**case.deposit, "shown": shown}))


def page(standing: Standing, attempt: Attempt, language: str) -> str:
    """The page as a door renders it."""
    session: CheckoutSession = standing.session
    session.amount, session.currency, session.mode, session.reference = Decimal(1000), "INR", "test", "order-7"
    session.expires_at = test_told.NOW
    session.return_urls = dict.fromkeys(("success", "pending", "failure"), "https://shop.example/")
    reader = Reader(
        language=language,
        links=Links(token="t" * 43, language=language),
        look=Look(name="The Shop", support_address="mailto:help@shop.example"),
        now=test_told.NOW,
    )
    with translation.override(language):
        said = told.about(attempt, standing, merchant="The Shop", now=test_told.NOW)
        context = {
            **screens.frame(standing, reader, dict.fromkeys(LANGUAGES, "/pay/x")),
            **screens.state(standing, attempt, said, reader),
        }
        return render_to_string("pay/page.html", context)


@every_language
def test_choosing_and_changing(browser: Browser, language: str) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(
        deposit_minimum="10", deposit_maximum="90000", usual_minutes=5, qr=QrKind.UPI
    )
    limits = amounts("10", "90000")
    check_seen(browser, browser.get(f"?lang={language}"), language, *limits)
    PaymentSystem.objects.filter(code="upi_l").update(deposit_minimum=None, usual_minutes=None)
    check_seen(browser, browser.get(f"?lang={language}"), language, *limits)
    PaymentSystem.objects.filter(code="upi_l").update(deposit_minimum="10", deposit_maximum=None)
    check_seen(browser, browser.get(f"?lang={language}"), language, *limits)

    browser.choose()
    work()
    check_seen(browser, browser.get(f"/change?lang={language}"), language, *limits)

    PaymentSystem.objects.update(is_enabled=False)
    check_seen(browser, browser.get(f"/change?lang={language}"), language)


@every_language
def test_a_product_switched_off_and_an_order_begun_elsewhere(api: Api, browser: Browser, language: str) -> None:
    Product.objects.update(is_active=False)
    check_seen(browser, browser.get(f"?lang={language}"), language)
    Product.objects.update(is_active=True)
    begun = placed(api, reference=browser.session.reference)
    page = browser.get(f"?lang={language}")
    assert page.code == "elsewhere"
    check_seen(browser, page, language)
    begun_here = Browser(place(api))
    begun_here.choose()
    work()
    Product.objects.update(is_active=False)
    page = begun_here.get(f"?lang={language}")
    assert (page.code, begun.checkout_session) == ("stopped", None)
    check_seen(begun_here, page, language)


@every_language
def test_a_reference_that_is_not_taken(browser: Browser, language: str) -> None:
    PaymentSystem.objects.filter(code="upi_l").update(screenshot=ScreenshotWish.REQUIRED)
    browser.choose()
    work()
    address = f"/attempts/1?lang={language}"
    check_seen(browser, browser.get(address), language)
    for fields in (
        {"reference": "", "amount": ""},
        {"reference": "12", "amount": "1000,50", "screenshot": SimpleUploadedFile("a.jpg", b"no picture")},
    ):
        check_seen(browser, browser.post(address, **fields), language, "1000,50", status=422)


@every_language
@pytest.mark.usefixtures("book", "catalogue")
def test_what_a_system_asks_for(api: Api, provider: ScriptedProvider, language: str) -> None:
    provider.script(AVAILABLE, offered(("mpesa", "KES", False)))
    browser = Browser(place(api, currency="KES"))
    sums = amounts("1000", currency="KES")

    check_seen(browser, browser.get(f"?lang={language}"), language, *sums)
    check_seen(browser, browser.get(f"/details?lang={language}&system=mpesa"), language, *sums)
    refused = browser.post(f"/choose?lang={language}", system="mpesa", seen="0", **{"detail-phone_number": "x"})
    check_seen(browser, refused, language, *sums, status=422)


@every_language
@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_of_a_form(refusal: Refusal, language: str) -> None:
    with translation.override(language):
        assert foreign_words(refusals.of_form(refusal), language) == []


@every_language
@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 429, 500, 503])
def test_where_there_is_no_page(status: int, language: str) -> None:
    request = RequestFactory().get("/pay/x", headers={"Accept-Language": f"{language}-XX, en;q=0.1"})
    html = page_ends.said(request, status).content.decode()

    check(html, language)
    assert (f'<section class="told warn marked" lang="{language}" dir="{locales.direction(language)}">') in html


def check_seen(browser: Browser, seen: Seen, language: str, *values: str, status: int = 200) -> None:
    assert seen.status == status
    check(seen.html, language, browser.session.product.name, browser.session.reference, *values)


def test_digits_of_the_customers_own_script_are_taken(browser: Browser, provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, OK)
    browser.choose()
    work()

    page = browser.confirm("\N{RIGHT-TO-LEFT MARK}१२३४५६७८९०१२", amount="१,०००.००")

    assert page.code == "checking"
    (confirmation,) = Confirmation.objects.all()
    assert (confirmation.provider_reference, confirmation.amount) == ("123456789012", Decimal(1000))


@pytest.mark.usefixtures("book", "catalogue")
def test_so_are_those_of_what_a_system_asks_for(api: Api, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered(("mpesa", "KES", False)))
    browser = Browser(place(api, currency="KES"))

    browser.choose("mpesa", **{"detail-phone_number": "২৫৪৭১২৩৪৫৬৭৮"})

    (deposit,) = browser.attempts()
    assert deposit.details == {"phone_number": "254712345678"}


def test_a_page_takes_its_language_along_when_it_goes(browser: Browser, api: Api) -> None:
    for path in ("?lang=ur", "/attempts/7?lang=ur", "/choose?lang=ur"):
        browser.get(path)
        browser.post(path)
        assert translation.get_language() == "en"

    assert "This field is required." in str(api.post("checkout-sessions", {}).json())
