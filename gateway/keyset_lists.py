"""Lists of tables that grow: page after page by the key, nothing counted, and a bounded look for what is rare.

A page says where the next one begins (``?after=<key>``, ``?before=<key>``), so the thousandth costs what the first one
does. It says how far it looked, and goes on from there when it is asked to (`gateway.walking_by_key`).
"""

import datetime as dt
import uuid
from typing import Any, Final

from django.contrib.admin.views.main import ORDER_VAR
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from gateway import shown_mode
from gateway.asked_of_lists import Asked, Chip, Filter
from gateway.list_addresses import AFTER, BEFORE, BESIDE_FILTERS, OLDEST_FIRST, PLACES, address
from gateway.list_filters import filters_of
from gateway.walking_by_key import STEPS, STEPS_OF_PARTS, Page, page_of

#: Columns of the time at which a row, and so its id, was made.
_MADE_AT: Final = ("created_at", "received_at", "started_at")


class _NothingCounted:
    """What templates ask of a paginator; there is none."""

    template_name = "admin/lists/pages.html"
    per_page = 0
    count = 0
    num_pages = 1


class ListOfRows(ChangeList):  # type: ignore[misc]  # the library is untyped
    """The page of a list: one mode, what was asked for as chips, and rows by their key.

    Attributes:
        mode: whose money it shows; empty where its rows have none.
        found_in: the other mode, where a search found its rows in that one alone; else empty.
        notice: what has to be said of it: where a search found its rows, what was not understood.
        filters: what it can be asked.
    """

    def __init__(self, request: HttpRequest, *args: Any, **options: Any) -> None:
        self.mode = ""
        self.found_in = ""
        self.notice = ""
        self.filters: list[Filter] = []
        self.asked = Asked()
        self.edge: Any = None
        self.looked_at = 0
        self.newer = self.older = self.further = ""
        self.oldest_first = False
        super().__init__(request, *args, **options)

    @property
    def pages_by_key(self) -> bool:
        """Whether it is a list that grows."""
        return bool(self.model_admin.pages_by_key)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> "QuerySet[Any]":
        """Everything that was asked for: of the mode that is shown, unless a search finds its rows in the other one."""
        self._read(request)
        rows = self.root_queryset.none() if self.asked.complaints else self.root_queryset.filter(self.asked.where)
        if not rows.query.select_related:
            rows = self.apply_select_related(rows)
        rows = rows.order_by(*(("pk",) if self.pages_by_key else self.get_ordering(request, rows)))
        rows, _ = self.model_admin.get_search_results(request, rows, self.query)
        return self._of_mode(rows)

    def _read(self, request: HttpRequest) -> None:
        self.filters, self.asked = [], Asked()
        given = dict(request.GET.lists())
        # A mode is chosen once for all lists: those whose rows have none take it and pass it on.
        known = BESIDE_FILTERS | {shown_mode.PARAMETER, shown_mode.EXACT}
        for one in filters_of(request, self.model_admin, self.made_at):
            self.filters.append(one)
            one.read(given, self.asked)
            known |= set(one.parameters)
        if lookup := self.model_admin.mode_lookup:
            self.mode = shown_mode.shown_mode(request)
            self.asked.values[lookup] = frozenset({self.mode})
        if unknown := given.keys() - known - self.model_admin.other_parameters:
            raise BadRequest(f"This list knows nothing of {', '.join(sorted(unknown))[:100]}.")
        self.notice = " ".join(self.asked.complaints)
        self.has_active_filters = bool(self.asked.chips)
        self.has_filters = False  # the library's own form of filters is not drawn
        self.clear_all_filters_qs = self.without(*(name for chip in self.asked.chips for name in chip.parameters))

    def _of_mode(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        lookup = self.model_admin.mode_lookup
        if not lookup:
            return rows
        if self.query.strip():
            modes = set(rows.order_by().values_list(lookup, flat=True).distinct())
            if modes and self.mode not in modes:
                [self.found_in] = modes  # there are two
                self.notice += f" Found in {self.found_in}, not in {self.mode}."
                return rows
        return rows.filter(**{lookup: self.mode})

    @property
    def made_at(self) -> str:
        """The column of the time that its rows' ids carry."""
        if not self.pages_by_key:
            return ""
        names = {one.name for one in self.lookup_opts.concrete_fields}
        return next((name for name in _MADE_AT if name in names), "")

    @property
    def made_at_title(self) -> str:
        """What that column is called."""
        return self.made_at.replace("_", " ").capitalize()

    def get_results(self, request: HttpRequest) -> None:
        """The rows of this page."""
        if not self.pages_by_key:
            super().get_results(request)
            return
        size = self.list_per_page
        self.oldest_first = request.GET.get(ORDER_VAR) == OLDEST_FIRST
        after, before = (self._key(request.GET.get(name, "")) for name in (AFTER, BEFORE))
        backwards = before is not None and after is None
        begin = before if backwards else after
        parts = self.model_admin.is_of_parts
        how: Any = {"size": size, "steps": STEPS_OF_PARTS if parts else STEPS, "of_parts": parts}
        page = page_of(self.queryset, self._among(), begin, upwards=self.oldest_first != backwards, **how)
        if backwards and not page.rows and page.looked_to is None:
            # Nothing lies before: that is the first page.
            backwards, begin = False, None
            page = page_of(self.queryset, self._among(), None, upwards=self.oldest_first, **how)
        self._show(page, begin, backwards=backwards)

    def _show(self, page: Page, begin: Any, *, backwards: bool) -> None:
        rows = page.rows[::-1] if backwards else page.rows
        before, after = (rows[0].pk, rows[-1].pk) if rows else (begin, begin)
        behind, ahead = (begin is not None, page.has_more)
        if backwards:
            behind, ahead = page.has_more or page.looked_to is not None, True
        if backwards and not rows:
            before = page.looked_to
        self.newer = self.to(**{BEFORE: before}) if behind else ""
        self.older = self.to(**{AFTER: after}) if ahead else ""
        if page.looked_to is not None:
            self.further = self.to(**{BEFORE if backwards else AFTER: page.looked_to})
            self.edge, self.looked_at = page.looked_to, page.looked_at
        self.result_list = rows
        self.result_count = len(rows)
        self.full_result_count = len(rows)  # the same, so that the library says nothing of results
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.show_all = self.can_show_all = self.multi_page = False
        self.paginator = _NothingCounted()

    def _among(self) -> "QuerySet[Any] | None":
        if self.query.strip() or self.asked.complaints:
            return None  # what a search finds is little, and found already
        values = self.asked.values
        served = [walk for walk in self.model_admin.walks_by_id if walk.serves(values)]
        few = [walk for walk in served if walk.are_few]
        if few and not self.model_admin.is_of_parts:
            return None
        served = few or served
        rows: QuerySet[Any] = self.model._base_manager.filter(self.asked.key_range)  # noqa: SLF001 - Django's documented name
        return rows.filter(served[0].where(values)) if served else rows

    def _key(self, text: str) -> Any:
        """The key that an address gives; None where it can be none: the list then begins at its beginning."""
        try:
            # No key is longer than a UUID with its hyphens and braces.
            key = self.model._meta.pk.to_python(text[:40]) if text else None  # noqa: SLF001 - as above
        except (ValidationError, ValueError):
            return None
        return None if isinstance(key, int) and abs(key) >= 2**63 else key

    @property
    def edge_time(self) -> dt.datetime | None:
        """When the last row was made that was looked at."""
        if not isinstance(self.edge, uuid.UUID):
            return None
        return dt.datetime.fromtimestamp((self.edge.int >> 80) / 1000, tz=dt.UTC)

    def to(self, **parameters: Any) -> str:
        """The address of this list with other parameters; those that are None are taken away, and so is the place."""
        return address(self.filter_params, **parameters)

    def without(self, *parameters: str) -> str:
        """The address of this list without these."""
        return self.to(**dict.fromkeys(parameters))

    @property
    def chips(self) -> list[tuple[Chip, str]]:
        """What was asked for, each with the address without it."""
        return [(chip, self.without(*chip.parameters)) for chip in self.asked.chips]

    @property
    def modes(self) -> list[shown_mode.Choice]:
        """Both modes, for a list that shows one."""
        return [
            shown_mode.Choice(
                mode=mode,
                address=self.to(**{shown_mode.EXACT: None, shown_mode.PARAMETER: mode}),
                is_shown=mode == self.mode,
            )
            for mode in (shown_mode.MODES if self.mode else ())
        ]

    @property
    def other_order(self) -> str:
        """The address of the same rows from the other end."""
        return self.to(**{ORDER_VAR: None if self.oldest_first else OLDEST_FIRST})

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Parameters that the form of filters sends on: the search, the mode, the order."""
        names = {name for one in self.filters for name in one.parameters if one.has_form}
        return [
            (name, text) for name, texts in self.filter_params.items() if name not in names | PLACES for text in texts
        ]

    @property
    def quick(self) -> list[tuple[str, str]]:
        """Periods that people ask for all the time, each with its address."""
        return [
            (text, self.to(**parameters))
            for one in self.filters
            if one.kind == "period" and one.path == self.made_at
            for text, parameters in one.quick  # type: ignore[attr-defined]  # of a period
        ]

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """What is passed on to pages of rows, so that they lead back to the same list."""
        return {name: texts for name, texts in (params or self.filter_params).items() if name not in BESIDE_FILTERS}
