"""The page of a queue: what waits for a person, oldest first, each with a link to its own page."""

from collections.abc import Callable
from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from balances.waiting import LISTED_MAX, Waiting
from gateway import ids
from gateway.readonly_admin import ReadOnlyAdmin

#: The pages of what may wait, by the prefix of its id.
_PAGES: Final = {
    ids.RECEIPT: "admin:payments_receipt_change",
    ids.DEPOSIT: "admin:payments_deposit_change",
    ids.WITHDRAWAL: "admin:withdrawals_withdrawal_change",
}


def waiting_page(
    request: HttpRequest, pages: ReadOnlyAdmin, title: str, waiting: Callable[[], list[Waiting]]
) -> HttpResponse:
    """A queue, to whoever may look at the rows of its admin.

    Args:
        request: of the page.
        pages: the admin whose page it is.
        title: above it.
        waiting: gives what waits, at most `LISTED_MAX`.

    Raises:
        PermissionDenied: the person may not look.
    """
    if not pages.has_view_permission(request):
        raise PermissionDenied
    rows = waiting()
    context = {
        **pages.admin_site.each_context(request),
        "opts": pages.opts,
        "title": title,
        "rows": [{"entry": row, "page": _page_of(row)} for row in rows],
        "is_full": len(rows) >= LISTED_MAX,
    }
    return TemplateResponse(request, "admin/waiting.html", context)


def _page_of(row: Waiting) -> str:
    return reverse(_PAGES[row.public_id.partition("_")[0]], args=[row.pk])
