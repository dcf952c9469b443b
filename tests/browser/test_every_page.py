"""Every page of the admin that has an address of its own, and a row of every list: wide and narrow, light and dark."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver

from gateway.readonly_admin import ReadOnlyAdmin
from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE
from tests.stories.conftest import Stack

#: Answers to other pages' scripts, and what is only posted to.
NO_PAGES: Final = {"autocomplete", "jsi18n", "logout", "search"}
#: Told by stories of their own.
TOLD_ELSEWHERE: Final = {"login"}
#: Whatever has a row in the stack once `filled` has made some.
WITH_ROWS: Final = frozenset(
    {
        *("auth_user", "balances_account", "balances_hold", "balances_instruction", "balances_journal"),
        *("payments_confirmation", "payments_deposit", "payments_receipt", "payments_screenshot"),
        *("postbacks_letter", "postbacks_letteritem", "postbacks_rejectedletter"),
        *("products_apikey", "products_customer", "products_product"),
        *("providers_mediahint", "providers_paymentsystem", "providers_provideraccount"),
        *("providers_providercall", "providers_systemobservation"),
        *("webhooks_delivery", "webhooks_event", "webhooks_webhookendpoint"),
        *("withdrawals_slabset", "withdrawals_withdrawal"),
    }
)


def _addresses(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    """(name, address) of all patterns that take no argument."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _addresses(one.url_patterns, f"{prefix}{one.pattern}")
        elif isinstance(one, URLPattern) and one.name and not one.pattern.regex.groups:
            yield one.name, f"{prefix}{one.pattern}"


def _nobody_adds() -> set[str]:
    """Names of the pages to add rows that only the service adds."""
    return {
        f"{model._meta.app_label}_{model._meta.model_name}_add"
        for model, shown in admin.site._registry.items()
        if type(shown).has_add_permission is ReadOnlyAdmin.has_add_permission
    }


PAGES: Final = {
    name: address
    for name, address in _addresses(admin.site.urls[0], "/admin/")
    if name not in NO_PAGES | TOLD_ELSEWHERE | _nobody_adds()
}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wrong_with_it(filled: Stack, window: Window, admin: Person, name: str) -> None:
    screen = window(admin, DESK)
    screen.open(PAGES[name])
    screen.turn(PHONE)
    if (model := name.removesuffix("_changelist")) != name:
        row = screen.page.locator("#result_list a[href*='/change/']").first
        if model in WITH_ROWS or row.count():  # some have rows when their time has come
            screen.open(str(row.get_attribute("href")))
            screen.turn(DESK)
