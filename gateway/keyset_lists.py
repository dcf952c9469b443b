"""Lists of tables that grow: page after page by the key, nothing counted, and a bounded look for what is rare.

A page says where the next one begins (``?after=<key>``, ``?before=<key>``), so the thousandth costs what the first one
does. What is asked for may be rare, and no index may know it: a page looks at so many rows and no more, says how far
it looked, and goes on from there when it is asked to (docs/adr/a-list-looks-at-so-many-rows.md).
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from unfold.views import ChangeList

from gateway import shown_mode
from gateway.list_filters import Asked, Chip, Filter, filters_of
from gateway.picked_out import picked_out

#: Where a page begins: behind the row of this key, or before it.
AFTER: Final = "after"
BEFORE: Final = "before"
#: Value of Django's parameter of the order by which a list begins with the oldest rows.
OLDEST_FIRST: Final = "oldest"
#: How many rows a page looks at until it is full: first so few that a common question costs nothing, then so many that
#: a rare one is answered in less than a tenth of a second (docs/adr/a-list-looks-at-so-many-rows.md).
STEPS: Final = (1_000, 20_000)
#: The same where the mode of a row stands in another table that grows: each row costs a look into that one, too.
STEPS_OF_PARTS: Final = (1_000, 5_000)
#: Columns of the time at which a row, and so its id, was made.
_MADE_AT: Final = ("created_at", "received_at", "started_at")
#: Parameters that say where in a list a page is, and nothing of what is in it.
PLACES: Final = frozenset({AFTER, BEFORE, PAGE_VAR, ALL_VAR, ERROR_FLAG})
#: Those that a list takes beside its filters.
_OTHERS: Final = PLACES | {ORDER_VAR, SEARCH_VAR, IS_POPUP_VAR, TO_FIELD_VAR, "_changelist_filters", "_facets"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkById:
    """Rows that an index holds in the order of their ids.

    Attributes:
        one_of_each: columns it is sorted by before the id; it serves who asks for one value of each.
        among: values of columns for which alone it has rows.
        are_few: what it holds stays so little that all of it may be looked at.
    """

    one_of_each: tuple[str, ...] = ()
    among: Mapping[str, frozenset[Any]] = field(default_factory=dict)
    are_few: bool = False

    def serves(self, values: Mapping[str, frozenset[Any]]) -> bool:
        """Whether it holds every row that has these values."""
        return all(len(values.get(path, ())) == 1 for path in self.one_of_each) and all(
            path in values and values[path] <= known for path, known in self.among.items()
        )

    def where(self, values: Mapping[str, frozenset[Any]]) -> Q:
        """The rows of it among which these values are."""
        return Q(**{f"{path}__in": sorted(values[path], key=str) for path in (*self.one_of_each, *self.among)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was found of a list.

    Attributes:
        rows: in the order in which they were looked for.
        has_more: another one lies behind them.
        looked_to: the key to which all was looked at, where the look ended before the page was full.
        looked_at: how many rows that was.
    """

    rows: list[Any]
    has_more: bool = False
    looked_to: Any = None
    looked_at: int = 0


def page_of(
    rows: "QuerySet[Any]",
    among: "QuerySet[Any] | None",
    begin: Any,
    *,
    upwards: bool,
    size: int,
    steps: Sequence[int],
    of_parts: bool = False,
) -> Page:
    """The next rows behind a key.

    Args:
        rows: what is asked for.
        among: what is looked at for it, in the order of an index; None: all there is of it.
        begin: the key behind which it begins; None: at the end.
        upwards: towards greater keys.
        size: of a page.
        steps: how many rows are looked at, one after the other, until the page is full.
        of_parts: what is asked for stands in another table that grows. The rows of a step are picked out then, or the
            database might begin with the other table, and read all of it.
    """
    order = "pk" if upwards else "-pk"
    behind = Q() if begin is None else Q(**{"pk__gt" if upwards else "pk__lt": begin})
    rows = rows.filter(behind).order_by(order)
    if among is None:
        found = list(rows[: size + 1])
        return Page(rows=found[:size], has_more=len(found) > size)
    keys = among.filter(behind).order_by(order).values_list("pk", flat=True)
    for step in steps:
        edge = keys[step : step + 1].first()
        if of_parts:
            within = rows.filter(picked_out(keys[: step + 1]))
        else:
            within = rows if edge is None else rows.filter(**{"pk__lte" if upwards else "pk__gte": edge})
        found = list(within[: size + 1])
        if edge is None or len(found) > size:
            return Page(rows=found[:size], has_more=len(found) > size)
    return Page(rows=found, looked_to=edge, looked_at=step)


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
        known = _OTHERS | {shown_mode.PARAMETER, f"{shown_mode.PARAMETER}__exact"}
        for one in filters_of(request, self.model_admin, self.made_at):
            self.filters.append(one)
            one.read(given, self.asked)
            known |= set(one.parameters)
        if lookup := self.model_admin.mode_lookup:
            plain = request.GET.get(f"{shown_mode.PARAMETER}__exact")
            self.mode = plain if plain in shown_mode.MODES else shown_mode.shown_mode(request)
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
        wanted = QueryDict(mutable=True)
        for name, texts in sorted(self.filter_params.items()):
            if name not in PLACES and name not in parameters:
                wanted.setlist(name, texts)
        for name, value in parameters.items():
            if value is not None:
                wanted[name] = str(value)
        return f"?{wanted.urlencode()}"

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
        other = f"{shown_mode.PARAMETER}__exact"
        return [
            shown_mode.Choice(
                mode=mode,
                address=self.to(**{other: None, shown_mode.PARAMETER: mode}),
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
        return {name: texts for name, texts in (params or self.filter_params).items() if name not in _OTHERS}
