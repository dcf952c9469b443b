"""The way through the admin, in the order of a day's work; nobody is shown a link that would refuse them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from balances.instruction_rights import TAKES_LOOKING
from gateway.shown_mode import shown_mode
from withdrawals import approvals

_Allowed = Callable[[HttpRequest], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One link: to a list of rows, by its model's label, or to a page, by its name.

    Attributes:
        title: as it is read.
        icon: of Material Symbols, as unfold ships them.
        model: whose rows are listed; whoever may see them sees the link.
        page: name of the address, where it is no list.
        query: behind the address.
        takes: permissions, any of which shows the link; none of them where everybody may see it.
    """

    title: str
    icon: str
    model: str = ""
    page: str = ""
    query: str = ""
    takes: tuple[str, ...] = ()


#: In the order of the day's work.
_GROUPS: Final[dict[str, tuple[_Page, ...]]] = {
    "": (
        _Page(title="Overview", icon="monitoring", page="admin:index"),
        _Page(title="Find anything", icon="search", page="find"),
    ),
    "Work": (
        _Page(
            title="Work queues",
            icon="inbox",
            page="work:home",
            takes=(
                *TAKES_LOOKING,
                *approvals.TAKES_LOOKING,
                "payments.view_receipt",
                "payments.view_deposit",
                "withdrawals.view_withdrawal",
            ),
        ),
        _Page(title="Instructions", icon="how_to_reg", model="balances.instruction"),
        _Page(title="Payout pauses", icon="pause_circle", model="providers.payoutpause"),
    ),
    "Money in": (
        _Page(title="Deposits", icon="south_west", model="payments.deposit"),
        _Page(title="Confirmations", icon="fact_check", model="payments.confirmation"),
        _Page(title="Screenshots", icon="image", model="payments.screenshot"),
        _Page(title="Receipts", icon="receipt_long", model="payments.receipt"),
        _Page(title="Savings", icon="savings", model="payments.savings"),
    ),
    "Money out": (
        _Page(title="Withdrawals", icon="north_east", model="withdrawals.withdrawal"),
        _Page(title="Batches", icon="dataset", model="withdrawals.withdrawalbatch"),
        _Page(title="Rows of batches", icon="table_rows", model="withdrawals.batchrow"),
        _Page(title="Approval slabs", icon="stairs", model="withdrawals.slabset"),
        _Page(title="Limits", icon="speed", model="withdrawals.withdrawallimit"),
        _Page(title="Outflow caps", icon="vertical_align_top", model="withdrawals.outflowcap"),
        _Page(title="Duplicate windows", icon="content_copy", model="withdrawals.duplicatewindow"),
        _Page(title="Blocked recipients", icon="block", model="withdrawals.blockedrecipient"),
    ),
    "Ledger": (
        _Page(title="Journals", icon="menu_book", model="balances.journal"),
        _Page(title="Accounts", icon="account_balance", model="balances.account"),
        _Page(title="Holds", icon="lock_clock", model="balances.hold"),
        _Page(title="Fees", icon="percent", model="balances.fee"),
    ),
    "Provider": (
        _Page(title="Provider accounts", icon="hub", model="providers.provideraccount"),
        _Page(title="Payment systems", icon="payments", model="providers.paymentsystem"),
        _Page(title="Observed balances", icon="account_balance_wallet", model="providers.observedbalance"),
        _Page(title="Balance checks", icon="update", model="providers.balancecheck"),
        _Page(title="Letters", icon="mail", model="postbacks.letter"),
        _Page(title="Items of letters", icon="drafts", model="postbacks.letteritem"),
        _Page(title="Refused letters", icon="unsubscribe", model="postbacks.rejectedletter"),
        _Page(title="Provider calls", icon="call_made", model="providers.providercall"),
        _Page(title="Redirect hashes", icon="tag", model="providers.redirecthash"),
        _Page(title="Media hints", icon="perm_media", model="providers.mediahint"),
        _Page(title="System observations", icon="visibility", model="providers.systemobservation"),
    ),
    "Products and webhooks": (
        _Page(title="Products", icon="storefront", model="products.product"),
        _Page(title="Customers", icon="person", model="products.customer"),
        _Page(title="API keys", icon="key", model="products.apikey"),
        _Page(title="Webhook endpoints", icon="webhook", model="webhooks.webhookendpoint"),
        _Page(title="Events", icon="bolt", model="webhooks.event"),
        _Page(title="Deliveries", icon="send", model="webhooks.delivery"),
    ),
    "People and history": (
        _Page(title="People", icon="group", model="auth.user"),
        _Page(title="Roles", icon="shield_person", model="auth.group"),
        _Page(title="Exports", icon="download", model="backoffice.export"),
    ),
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups with at least one link for this person, as unfold takes them."""
    groups = []
    for title, pages in _GROUPS.items():
        items = [item for one in pages if (item := _item(one, request))]
        if items:
            groups.append({"title": title, "separator": bool(title), "items": items})
    return groups


def environment(request: HttpRequest) -> tuple[str, str]:
    """The badge on every page: which money it shows, in a word and a colour."""
    return ("Live: real money", "success") if shown_mode(request) == "live" else ("Test: play money", "warning")


def title_prefix(request: HttpRequest) -> str:
    """In the browser's tab, so that a test page is known among many."""
    return "" if shown_mode(request) == "live" else "[Test] "


def _item(page: _Page, request: HttpRequest) -> dict[str, Any] | None:
    name, may_see = _place(page)
    if not may_see(request):
        return None
    address = reverse(name)
    return {
        "title": page.title,
        "icon": page.icon,
        "link": address + page.query,
        "active": request.path == address or (bool(page.model) and request.path.startswith(address)),
    }


def _place(page: _Page) -> tuple[str, _Allowed]:
    """The name of a page's address, and who may see it."""
    if not page.model:
        return page.page, lambda request: not page.takes or any(map(request.user.has_perm, page.takes))
    app, model = page.model.split(".")
    return f"admin:{app}_{model}_changelist", lambda request: _may_list(page.model, request)


def _may_list(label: str, request: HttpRequest) -> bool:
    return bool(admin.site.get_model_admin(apps.get_model(label)).has_view_permission(request))
