"""A list of the admin as a person saw it, rebuilt where there is no page: same filters, same mode, their own rights."""

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from gateway.readonly_admin import ReadOnlyAdmin
from gateway.shown_mode import EXACT, PARAMETER

#: Rows in one go from the database: some megabytes at most, and a question of milliseconds, which holds up nothing.
PAGE_ROWS: Final = 2_000
#: What an address says of the page and the order of its rows, and of errors; a file has all rows in its own order.
_ABOUT_THE_PAGE: Final = ("p", "o", "e", "all", "after", "before", "_popup", "_to_field", "_facets")


class UnknownList(Exception):  # noqa: N818 - reads as the fact it reports
    """There is no list of this name, or it does not know these filters."""


def kept_query(query: str, *, but_mode: bool = False) -> str:
    """What of an address says which rows there are.

    Args:
        query: of the address.
        but_mode: without the mode that it names.

    Raises:
        UnknownList: it cannot be an address of a list.
    """
    try:
        asked = QueryDict(query, mutable=True)
    except SuspiciousOperation:
        raise UnknownList from None
    # As in addresses of pages (`gateway.for_pages.Addresses`); this one came in a form.
    if any("\0" in text for name, texts in asked.lists() for text in (name, *texts)):
        raise UnknownList
    for name in (*_ABOUT_THE_PAGE, *((PARAMETER, EXACT) if but_mode else ())):
        asked.pop(name, None)
    return asked.urlencode()


def pages_of(subject: str) -> ReadOnlyAdmin:
    """The list of that name, as ``app.model``.

    Raises:
        UnknownList: there is none that can be exported.
    """
    try:
        pages = admin.site.get_model_admin(apps.get_model(subject))
    except (LookupError, ValueError, NotRegistered):
        raise UnknownList from None
    if not isinstance(pages, ReadOnlyAdmin) or not pages.is_exported:
        raise UnknownList
    return pages


def request_of(person: User, pages: ReadOnlyAdmin, query: str, mode: str) -> HttpRequest:
    """What the list is asked with: by this person, in this mode, with these filters."""
    request = HttpRequest()
    request.method = "GET"
    opts = pages.opts
    request.path = request.path_info = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    request.GET = QueryDict(query)
    request.user = person
    request.session = SessionStore()
    # As the page had it where its address said nothing. Never saved: it is nobody's session.
    request.session[PARAMETER] = mode
    return request


def rows_of(request: HttpRequest, pages: ReadOnlyAdmin) -> "tuple[QuerySet[Any], str]":
    """Every row that the list shows, latest id first, and of which mode they are.

    A search that finds its rows in the other mode alone shows those.

    Raises:
        PermissionDenied: the person may not look.
        UnknownList: the list does not know these filters, or they name the other mode than the file would be of.
    """
    # Taken before it is asked: a list remembers the mode that its address names.
    mode = request.session[PARAMETER]
    if not pages.has_view_permission(request):
        raise PermissionDenied(f"You may not see {pages.opts.verbose_name_plural} any more.")
    try:
        changelist = pages.get_changelist_instance(request)
        rows: QuerySet[Any] = changelist.get_queryset(request)
    except (IncorrectLookupParameters, BadRequest, SuspiciousOperation, ValidationError, ValueError):
        raise UnknownList from None
    # The file and its row say the mode: were it another one, live rows would leave as test ones.
    if getattr(changelist, "mode", "") not in {"", mode}:
        raise UnknownList
    # A list that shows nothing, for it did not understand its filters, says so; a file would look like an answer.
    if getattr(getattr(changelist, "asked", None), "complaints", None):
        raise UnknownList
    return rows.order_by("-pk"), getattr(changelist, "found_in", "") or mode


def in_pages(rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    """The rows, `PAGE_ROWS` at a time; each page is a question of its own, about what stands behind the one before.

    What is added meanwhile has a later id, and is not among them.
    """
    page = list(rows[:PAGE_ROWS])
    while page:
        yield page
        page = list(rows.filter(pk__lt=page[-1].pk)[:PAGE_ROWS]) if len(page) == PAGE_ROWS else []
