"""One page, one kind of digits: those of its amounts. What is copied or compared with another app is Latin always."""

import re
from typing import Any

import pytest

from gateway.providers.models import PaymentSystem, ScreenshotWish
from payments.checkout import locales
from payments.checkout.readers import LANGUAGES
from tests.conftest import Api
from tests.payments.checkout.untranslated import KNOWN, spoken
from tests.payments.checkout.visiting import Browser, opened, place
from tests.payments.stage import AVAILABLE, Book, create_path, details, offered
from tests.scripted_provider import ScriptedProvider

BENGALI = "০১২৩৪৫৬৭৮৯"


def digits_of(html: str, values: list[str]) -> set[str]:
    """Every digit that is seen or heard, but for those of the values."""
    text = " ".join(text for _, text in spoken(html))
    for value in sorted((*values, *KNOWN), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", " ", text)
    return set(re.findall(r"\d", text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("currency", "system"), [("INR", "upi_l"), ("BDT", "bkash"), ("PKR", "easypaisa")])
def test_all_digits_of_a_page_are_of_one_kind(
    api: Api, book: Book, catalogue: Any, provider: ScriptedProvider, language: str, currency: str, system: str
) -> None:
    PaymentSystem.objects.filter(code=system).update(
        screenshot=ScreenshotWish.REQUIRED, deposit_minimum="10", deposit_maximum="90000"
    )
    provider.script(AVAILABLE, offered((system, currency, False)))
    provider.script(create_path(system), details(identifier="6234234234"))
    browser = Browser(place(api, language=language, currency=currency, amount="13456.78"))
    example = PaymentSystem.objects.get(code=system).reference_example
    names = [browser.session.product.name, browser.session.reference]
    values = [*names, example, "6234234234", "13456.78"]

    pages = [browser.get(), opened(browser, system), browser.get("/change"), browser.confirm("1", amount="")]

    assert [page.status for page in pages] == [200, 200, 200, 422]
    own = set(locales.digits(language, currency))
    assert own == set(BENGALI if language == "bn" and currency != "INR" else "0123456789")
    assert [digits_of(page.html, values) - own for page in pages] == [set()] * 4
    paying = pages[1].html
    assert paying.count(f'data-zero="{locales.digits(language, currency)[0]}"') == 2  # the clock's and the counter's
    assert f'<h2 id="how">{locales.digits(language, currency)[1]}. ' in paying
