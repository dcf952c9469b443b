"""What a page weighs on the way to a telephone: all of it, as it is, before any compression."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client

from gateway.products.models import Branding
from gateway.providers.models import PaymentSystem, ScreenshotWish
from tests.conftest import Api
from tests.payments.checkout.visiting import Browser, opened, place
from tests.payments.stage import AVAILABLE, Book, create_path, details, offered
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db

FILES: Final = Path(__file__).resolve().parents[3] / "payments" / "static" / "pay"
#: Of the issue: HTML, style sheets, script and drawings together; logos and the provider's own films not counted.
LIMIT_BYTES: Final = 60 * 1024
#: What we keep to, so that the limit is far: a page then takes less than two seconds at 200 kbit/s.
AIM_BYTES: Final = 45 * 1024


def weight(browser: Browser, html: str) -> int:
    sheet = Client().get(re.findall(r'href="(/pay/brands/[^"]+\.css)"', html)[0])
    assert sheet.status_code == 200
    files = sum((FILES / name).stat().st_size for name in ("pay.css", "pay.js", "icon.svg"))
    return files + len(html.encode()) + len(sheet.content)


@pytest.mark.parametrize("language", ["en", "hi", "bn", "ur"])
def test_the_heaviest_pages_are_light(
    api: Api, book: Book, catalogue: Any, provider: ScriptedProvider, language: str
) -> None:
    """Everything at once: a logo and a colour, a code to scan, many rows, each field, an error in each."""
    PaymentSystem.objects.filter(code="upi_l").update(screenshot=ScreenshotWish.REQUIRED)
    codes = PaymentSystem.objects.filter(currencies__contains=["INR"], is_enabled=True).values_list("code", flat=True)
    provider.script(AVAILABLE, offered(*((code, "INR", False) for code in codes)))
    rows = {f"Line {number} of the account": "1234567890" * 3 for number in range(4)}
    provider.script(create_path("upi_l"), details(identifier="a-rather-long-address.of-a-shop@somebank", **rows))
    browser = Browser(place(api, language=language, amount="123456.78"))
    Branding.objects.create(
        product=browser.session.product,
        display_name="A shop with a rather long name",
        colour="#aa3300",
        support_address="https://shop.example.com/help/payments",
    )
    pages = {"choose": browser.get().html, "details": opened(browser).html}
    pages["change"] = browser.get("/change").html
    pages["errors"] = browser.confirm("12", amount="").html
    pages["errors of the reference"] = browser.confirm("12").html
    weights = {name: weight(browser, html) for name, html in pages.items()}
    assert max(weights.values()) <= AIM_BYTES < LIMIT_BYTES, weights
    assert "<svg" in pages["details"].partition('class="qr"')[2]
    assert len(pages["choose"].split('name="system"')) > 9
