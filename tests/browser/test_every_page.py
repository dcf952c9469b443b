"""Every page of the admin that the URLconf has, and no page is wider than a telephone.

All are judged in full at a desk. On a telephone, in dark colours, one of each shape is: what has the same templates has
the same colours and labels. A page of a row is opened for the last row of its list, where the list has one.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver

from balances import verbs
from gateway.backoffice.queues.catalogue import QUEUES
from gateway.readonly_admin import ReadOnlyAdmin
from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE, Screen
from tests.stories.conftest import Stack

#: Answers to other pages' scripts, and what is only posted to.
NO_PAGES: Final = {
    *("autocomplete", "jsi18n", "logout", "search"),
    *("backoffice_export_ask", "backoffice_export_progress", "backoffice_savedview_save"),
}
#: Told by stories of their own.
TOLD_ELSEWHERE: Final = {"login", "enrol"}
#: Whatever has a row in the stack once `filled` has made some.
WITH_ROWS: Final = frozenset(
    {
        *("auth_user", "auth_group", "balances_account", "balances_hold", "balances_instruction", "balances_journal"),
        *("payments_confirmation", "payments_deposit", "payments_receipt", "payments_savings", "payments_screenshot"),
        *("postbacks_letter", "postbacks_letteritem", "postbacks_rejectedletter"),
        *("products_apikey", "products_customer", "products_product"),
        *("providers_mediafile", "providers_mediahint", "providers_paymentsystem", "providers_provideraccount"),
        *("providers_providercall", "providers_systemobservation"),
        *("webhooks_delivery", "webhooks_event", "webhooks_webhookendpoint"),
        *("withdrawals_slabset", "withdrawals_withdrawal", "withdrawals_withdrawalbatch", "withdrawals_batchrow"),
    }
)
#: One of each shape, with its rows' pages.
SHAPES: Final = frozenset(
    {
        *("index", "live", "find", "work", "queue approvals", "queue differences", "password_change", "auth_user_add"),
        *("backoffice_export_statement", "products_apikey_issue", "withdrawals_withdrawalbatch_upload"),
        *("providers_payoutpause_all", "products_product_what_counts", "balances_instruction_propose"),
        *("payments_deposit_changelist", "withdrawals_withdrawal_changelist", "payments_receipt_changelist"),
        *("providers_provideraccount_changelist", "webhooks_event_changelist", "auth_user_changelist"),
    }
)
#: What a page of a row is called in its address.
_ROW: Final = ({"object_id"}, {"id"})


def _patterns(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, str, set[str]]]:
    """(name, address, names of arguments) of all that have a name."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns, f"{prefix}{one.pattern}")
        elif isinstance(one, URLPattern) and one.name:
            yield one.name, f"{prefix}{one.pattern}", set(one.pattern.regex.groupindex)


def _refused() -> set[str]:
    """Names of the pages by which rows would be added that only the service adds, or deleted that nobody deletes."""
    names = {model: f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    added = {
        f"{names[model]}_add"
        for model, shown in admin.site._registry.items()
        if type(shown).has_add_permission is ReadOnlyAdmin.has_add_permission
    }
    return added | {f"{name}_delete" for name in names.values() if not name.startswith("auth_")}


_ALL: Final = [
    (name, address, arguments)
    for name, address, arguments in _patterns(admin.site.urls[0], "/admin/")
    if name not in NO_PAGES | TOLD_ELSEWHERE | _refused()
]
_APPS: Final = sorted({model._meta.app_label for model in admin.site._registry})
PAGES: Final = {
    **{name: address for name, address, arguments in _ALL if not arguments},
    **{
        f"{label} of the admin": f"/admin/{label}/"
        for label in sorted({one._meta.app_label for one in admin.site._registry})
    },
    "live": "/admin/?mode=live",
    "find": "/admin/find/?q=order",
    "work": "/admin/queues/?mode=test",
    **{f"queue {one.name}": f"{one.address}?mode=test" for one in QUEUES},
    **{f"ask for {one.name}": f"/admin/balances/instruction/propose/{one.name}/" for one in verbs.every()},
}


def _of_a_row(model: str) -> list[str]:
    """What follows the address of a row of this model, for each of its pages."""
    begins = f"/admin/{model.replace('_', '/', 1)}/"
    return sorted(
        address.removeprefix(begins).partition(">/")[2]
        for name, address, arguments in _ALL
        if arguments in _ROW and name.startswith(f"{model}_")
    )


def _judge(screen: Screen, address: str, *, on_a_phone: bool) -> None:
    screen.turn(DESK)
    screen.open(address)
    screen.fits(PHONE)
    if on_a_phone:
        screen.turn(PHONE)
        screen.open(address)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wrong_with_it(filled: Stack, window: Window, admin: Person, name: str) -> None:
    screen = window(admin, DESK)
    model = name.removesuffix("_changelist")
    if model == name:
        _judge(screen, PAGES[name], on_a_phone=name in SHAPES)
        return
    _judge(screen, f"{PAGES[name]}?mode=test", on_a_phone=name in SHAPES)
    row = screen.page.locator(f"#result_list a[href^='{PAGES[name]}'][href*='/change/']").last
    if model in WITH_ROWS or row.count():  # some have rows when their time has come
        address, _, _ = str(row.get_attribute("href")).partition("change/")
        for page in _of_a_row(model):
            _judge(screen, f"{address}{page}", on_a_phone=name in SHAPES)
