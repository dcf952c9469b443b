"""Saving what a list shows under a name, and forgetting it."""

from typing import Final

from django.contrib import admin
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode

from gateway.backoffice.models import SavedView
from gateway.backoffice.models.saved_views import NAME_MAX_LENGTH, QUERY_MAX_LENGTH
from gateway.list_addresses import understood
from gateway.people import person_of
from gateway.readonly_admin import ListAdmin

#: Permission to show a view to everybody.
SHARE: Final = "backoffice.share_view"
#: Most views of one list that are shown: more are no help.
SHOWN_AT_MOST: Final = 50


class CannotSave(ValueError):  # noqa: N818 - reads as what it is
    """A view that cannot be kept. The message is a sentence for whoever tried."""


def views_of(request: HttpRequest, list_name: str) -> "QuerySet[SavedView]":
    """Those of a list that a person sees: their own and what others share."""
    mine_or_shared = Q(person=person_of(request)) | Q(is_shared=True)
    rows = SavedView.objects.filter(mine_or_shared, list_name=list_name)
    return rows.select_related("person").order_by("name", "id")[:SHOWN_AT_MOST]


def list_called(request: HttpRequest, list_name: str) -> ListAdmin | None:
    """The list of this name, if there is one and the person may see it."""
    for model, pages in admin.site._registry.items():  # noqa: SLF001 - Django has no other way to them
        if model._meta.label_lower == list_name and isinstance(pages, ListAdmin):  # noqa: SLF001 - documented
            return pages if pages.has_view_permission(request) else None
    return None


def save(request: HttpRequest, pages: ListAdmin, name: str, query: str, *, is_shared: bool) -> SavedView:
    """Keep the filters of a list under a name.

    Args:
        request: of the person.
        pages: the list's admin.
        name: what it is to be called.
        query: the part of the list's address behind the question mark.
        is_shared: whether everybody sees it.

    Raises:
        CannotSave: the name is none, or taken; the filters are not the list's; the person may not share.
    """
    name = " ".join(name.split())
    if not name.isprintable() or not 0 < len(name) <= NAME_MAX_LENGTH:
        raise CannotSave(f"A view needs a name of at most {NAME_MAX_LENGTH} characters.")
    if is_shared and not request.user.has_perm(SHARE):
        raise CannotSave("You may not share views.")
    try:
        filters = understood(request, pages, QueryDict(query[: 2 * QUERY_MAX_LENGTH]))
    except ValueError as error:
        raise CannotSave(f"These filters cannot be kept: {error}") from None
    kept = urlencode(sorted(filters.items()), doseq=True)
    if len(kept) > QUERY_MAX_LENGTH:
        raise CannotSave("These are too many filters.")
    me, list_name = person_of(request), pages.opts.label_lower
    taken = CannotSave(f"There is a view called “{name}” already: take it away first, or choose another name.")
    seen = SavedView.objects.filter(Q(person=me) | Q(is_shared=True), list_name=list_name, name=name)
    if name in {one for one, _ in pages.views} or seen.exists():
        raise taken
    try:
        with transaction.atomic():
            return SavedView.objects.create(
                person_id=me.pk, list_name=list_name, name=name, query=kept, is_shared=is_shared
            )
    except IntegrityError:  # somebody took the name at this moment
        raise taken from None


def forget(request: HttpRequest, view: SavedView) -> bool:
    """Take a view away: one's own, or a shared one with the permission. False: it is not the person's to take."""
    may = view.person_id == person_of(request).pk or (view.is_shared and request.user.has_perm(SHARE))
    if may:
        view.delete()
    return may
