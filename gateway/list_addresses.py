"""The address of a list: what in it says where a page begins and in which order, and what a saved view keeps of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.http import HttpRequest, QueryDict

from gateway.asked_of_lists import Asked
from gateway.list_filters import filters_of

#: Where a page begins: behind the row of this key, or before it.
AFTER: Final = "after"
BEFORE: Final = "before"
#: Value of Django's parameter of the order by which a list begins with the oldest rows.
OLDEST_FIRST: Final = "oldest"
#: Parameters that say where in a list a page is, and nothing of what is in it.
PLACES: Final = frozenset({AFTER, BEFORE, PAGE_VAR, ALL_VAR, ERROR_FLAG})
#: Those that a list takes beside its filters.
BESIDE_FILTERS: Final = PLACES | {ORDER_VAR, SEARCH_VAR, IS_POPUP_VAR, TO_FIELD_VAR, "_changelist_filters", "_facets"}


def understood(request: HttpRequest, pages: Any, given: QueryDict) -> dict[str, list[str]]:
    """The filters among the parameters of a list's address, and its order: what a view of it keeps.

    Raises:
        ValueError: one of them means nothing to the list; in a sentence.
    """
    asked = Asked()
    kept: dict[str, list[str]] = {}
    texts = dict(given.lists())
    for one in filters_of(request, pages, ""):
        one.read(texts, asked)
        kept |= {name: values for name in one.parameters if (values := [text for text in texts.get(name, []) if text])}
    if asked.complaints:
        raise ValueError(" ".join(asked.complaints))
    if texts.get(ORDER_VAR) == [OLDEST_FIRST]:
        kept[ORDER_VAR] = [OLDEST_FIRST]
    return kept


def address(given: Mapping[str, Sequence[str]], **parameters: Any) -> str:
    """The address of a list with other parameters; those that are None are taken away, and so is the place."""
    wanted = QueryDict(mutable=True)
    for name, texts in sorted(given.items()):
        if name not in PLACES and name not in parameters:
            wanted.setlist(name, list(texts))
    for name, value in parameters.items():
        if value is not None:
            wanted[name] = str(value)
    return f"?{wanted.urlencode()}"
