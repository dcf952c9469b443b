"""Every page, in every state that there is, is in its reader's language, from its title to what is only heard."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from gateway.money import format_amount
from gateway.products.branding import Look
from gateway.providers.models import QrKind, ReferenceKind, ScreenshotWish
from payments.checkout import locales, screens, told
from payments.checkout.page_links import Links
from payments.checkout.screens import LANGUAGES, Reader
from payments.checkout.standing import Attempt, Standing
from payments.models import CheckoutSession
from tests.payments.checkout import test_told
from tests.payments.checkout.untranslated import untranslated

pytestmark = pytest.mark.django_db

#: Everything that is not ours to translate, as the tests place it.
VALUES: Final = (
    "The Shop",
    "help@shop.example",
    "order-7",
    "upi_l",
    "name@bank",
    "Provider",  # of the product's own name in tests
    "INR",
    "KES",
    "Enter your PIN.",  # a provider's own words
    "ABC-123456",
)

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


@every_language
@pytest.mark.parametrize("case", test_told.CASES, ids=lambda case: f"{case.status}-{case.code}")
def test_every_state(case: test_told.Case, language: str) -> None:
    attempt = test_told.made(case)
    system = attempt.deposit.payment_system
    system.reference_kind, system.reference_pattern = ReferenceKind.DIGITS, "[0-9]{12}"
    system.reference_example, system.reference_label = "123456789012", "UTR"
    system.screenshot, system.wants_amount = ScreenshotWish.OPTIONAL, True
    standing = test_told.standing(attempt, **case.session)

    check(page(standing, attempt, language), language)


@every_language
@pytest.mark.parametrize("qr", [QrKind.NONE, QrKind.UPI])
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
@pytest.mark.parametrize("account_type", ["personal", "agent", "merchant"])
def test_paying_by_hand(kind: ReferenceKind, pattern: str, qr: QrKind, account_type: str, language: str) -> None:
    rows = [{"label": "identifier", "value": "name@bank"}, {"label": "account_type", "value": account_type}]
    case = next(one for one in test_told.CASES if one.code == "pay_by_hand")
    attempt = test_told.made(
        replace(case, deposit={**case.deposit, "shown": {"type": "show_details", "details": rows, "media": None}})
    )
    system = attempt.deposit.payment_system
    system.reference_kind, system.reference_pattern, system.qr = kind, pattern, qr
    system.reference_label, system.screenshot = "UTR", ScreenshotWish.REQUIRED

    check(page(test_told.standing(attempt), attempt, language), language)


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
