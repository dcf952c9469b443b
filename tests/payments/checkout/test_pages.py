"""The payment pages from end to end, as a browser without JavaScript has them."""

import pytest

from tests.payments.checkout.visiting import Browser
from tests.payments.stage import ACTIVATE, OK, work
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db


def test_a_payment_by_hand(browser: Browser, provider: ScriptedProvider) -> None:
    provider.script(ACTIVATE, OK)
    page = browser.get()
    assert (page.status, page.title, page.code) == (200, "How would you like to pay?", "choose")
    page = browser.choose()
    assert page.code == "opening"
    work()
    page = browser.get()
    assert page.code == "pay_by_hand"
    page = browser.confirm()
    assert page.code == "checking"
