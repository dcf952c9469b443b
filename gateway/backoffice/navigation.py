"""The way through the admin, in the order of a day's work; nobody is shown a link that would refuse them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from gateway.backoffice.exports.asking import MAY_EXPORT
from gateway.backoffice.master_data import what_counts
from gateway.backoffice.queues.catalogue import QUEUES
from gateway.list_titles import list_title
from gateway.shown_mode import badge, shown_mode, title_prefix
from gateway.who_sees import may_see


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One link: to a list of rows, by its model's label, or to a page, by its name.

    Attributes:
        icon: of Material Symbols, as unfold ships them.
        title: as a page is called; a list has its own name.
        model: whose rows are listed; whoever may see them sees the link.
        page: name of the address, where it is no list.
        also: whose rows a page shows that is no list; whoever may see any of them sees the link.
        takes: permissions, any of which shows the link. Where nothing at all is asked for everybody may see it.
    """

    icon: str
    title: str = ""
    model: str = ""
    page: str = ""
    also: Sequence[type[Model]] = ()
    takes: tuple[str, ...] = ()

    @property
    def has_pages_below(self) -> bool:
        """Whether the addresses that begin with its own are its own pages: those of its rows, or of its queues."""
        return bool(self.model) or self.page == "work:home"


#: In the order of the day's work.
_GROUPS: Final[dict[str, tuple[_Page, ...]]] = {
    "": (
        _Page(title="Find anything", icon="search", page="find"),
        _Page(title="Overview", icon="monitoring", page="admin:index"),
    ),
    "Work": (
        _Page(
            title="Work queues",
            icon="inbox",
            page="work:home",
            takes=tuple(dict.fromkeys(one for queue in QUEUES for one in queue.takes_looking)),
        ),
        _Page(icon="how_to_reg", model="balances.instruction"),
        _Page(icon="pause_circle", model="providers.payoutpause"),
    ),
    "Money in": (
        _Page(icon="south_west", model="payments.deposit"),
        _Page(icon="shopping_cart_checkout", model="payments.checkoutsession"),
        _Page(icon="fact_check", model="payments.confirmation"),
        _Page(icon="image", model="payments.screenshot"),
        _Page(icon="receipt_long", model="payments.receipt"),
        _Page(icon="savings", model="payments.savings"),
    ),
    "Money out": (
        _Page(icon="north_east", model="withdrawals.withdrawal"),
        _Page(icon="dataset", model="withdrawals.withdrawalbatch"),
        _Page(icon="table_rows", model="withdrawals.batchrow"),
        _Page(icon="stairs", model="withdrawals.slabset"),
        _Page(icon="speed", model="withdrawals.withdrawallimit"),
        _Page(icon="vertical_align_top", model="withdrawals.outflowcap"),
        _Page(icon="content_copy", model="withdrawals.duplicatewindow"),
        _Page(icon="block", model="withdrawals.blockedrecipient"),
    ),
    "Ledger": (
        _Page(icon="menu_book", model="balances.journal"),
        _Page(icon="account_balance", model="balances.account"),
        _Page(icon="lock_clock", model="balances.hold"),
        _Page(icon="percent", model="balances.fee"),
    ),
    "Provider": (
        _Page(icon="hub", model="providers.provideraccount"),
        _Page(icon="payments", model="providers.paymentsystem"),
        _Page(icon="account_balance_wallet", model="providers.observedbalance"),
        _Page(icon="update", model="providers.balancecheck"),
        _Page(icon="mail", model="postbacks.letter"),
        _Page(icon="drafts", model="postbacks.letteritem"),
        _Page(icon="unsubscribe", model="postbacks.rejectedletter"),
        _Page(icon="call_made", model="providers.providercall"),
        _Page(icon="tag", model="providers.redirecthash"),
        _Page(icon="perm_media", model="providers.mediahint"),
        _Page(icon="download_done", model="providers.mediafile"),
        _Page(icon="visibility", model="providers.systemobservation"),
    ),
    "Products and webhooks": (
        _Page(icon="storefront", model="products.product"),
        _Page(icon="palette", model="products.branding"),
        _Page(title="What counts now", icon="rule", page="admin:products_product_what_counts", also=what_counts.MODELS),
        _Page(icon="person", model="products.customer"),
        _Page(icon="key", model="products.apikey"),
        _Page(icon="webhook", model="webhooks.webhookendpoint"),
        _Page(icon="bolt", model="webhooks.event"),
        _Page(icon="send", model="webhooks.delivery"),
    ),
    "People and history": (
        _Page(icon="group", model="auth.user"),
        _Page(icon="shield_person", model="auth.group"),
        _Page(icon="task_alt", model="backoffice.handled"),
        _Page(icon="sticky_note_2", model="backoffice.note"),
        _Page(icon="visibility", model="backoffice.look"),
        _Page(icon="bookmark", model="backoffice.savedview"),
    ),
    "Files": (
        _Page(icon="download", model="backoffice.export"),
        _Page(title="Statements", icon="description", page="admin:backoffice_export_statement", takes=(MAY_EXPORT,)),
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
    """The badge on every page: which money it shows."""
    return badge(shown_mode(request))


def tab(request: HttpRequest) -> str:
    """Likewise what stands before the title in the browser's tab."""
    return title_prefix(shown_mode(request))


def _item(page: _Page, request: HttpRequest) -> dict[str, Any] | None:
    if not _may_see_page(page, request):
        return None
    address = reverse(page.page or f"admin:{page.model.replace('.', '_')}_changelist")
    return {
        "title": page.title or list_title(apps.get_model(page.model)._meta),  # noqa: SLF001 - Django's documented API
        "icon": page.icon,
        "link": address,
        "active": request.path.startswith(address) if page.has_pages_below else request.path == address,
    }


def _may_see_page(page: _Page, request: HttpRequest) -> bool:
    if page.takes:
        return any(map(request.user.has_perm, page.takes))
    models = [apps.get_model(page.model)] if page.model else page.also
    return not models or any(may_see(request, one) for one in models)
