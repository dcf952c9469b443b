"""The admin shows; it never edits. Whatever moves money or rights is a verb with a reason, not a form."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponseNotAllowed
from unfold.admin import ModelAdmin, TabularInline

from gateway import causes
from gateway.chosen_rows import ChosenRows
from gateway.encryption import EncryptedTextField
from gateway.exact_search import TERM_MAX_LENGTH, key_of, newest_keys
from gateway.keyset_lists import ListOfRows
from gateway.list_titles import TitledList
from gateway.shown_columns import column
from gateway.shown_mode import of_row
from gateway.walking_by_key import WalkById

#: By which a page of the admin is asked for.
_METHODS: Final = ("GET", "HEAD", "POST")
#: Columns of `gateway.due_work.DueWork`: of interest to operators, not to finance.
_QUEUE_COLUMNS: Final = ("next_at", "attempts")


def _may_also_see(permissions: tuple[str, ...], request: HttpRequest) -> bool:
    return any(request.user.has_perm(one) for one in permissions)


class ListAdmin(TitledList, ChosenRows, ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """Lists of rows as `gateway.keyset_lists` shows them: nothing counted, exact search, one mode at a time.

    Attributes:
        id_prefix: TypeID prefix of the model; a full id in the search box finds exactly that row.
        is_exported: whether its rows can be had as a file (`gateway.backoffice.exports.asking`).
        not_exported: columns of the list that no file has, by their names: what a customer is known by outside.
        mode_lookup: the column that says whose money a row is, as a lookup; empty where there is none. A list shows one
            mode at a time.
        walks_by_id: indexes that hold rows in the order of their ids, by which a list looks at no others.
        is_of_parts: its mode, or what it is asked for, stands in another table that grows.
        other_parameters: what else its address may carry.
        views: built-in views, by their names: parameters as in an address.
    """

    id_prefix: str = ""
    is_exported: bool = True
    not_exported: tuple[str, ...] = ()
    mode_lookup: str = ""
    walks_by_id: tuple[WalkById, ...] = ()
    is_of_parts: bool = False
    other_parameters: frozenset[str] = frozenset()
    views: tuple[tuple[str, str], ...] = ()

    actions: list[str] | None = None
    list_per_page = 50
    change_list_template = "admin/lists/change_list.html"
    list_before_template = "admin/lists/above.html"
    #: Counting every row of a large table costs more than the page itself.
    show_full_result_count = False

    def __init__(self, model: type[models.Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        if not self.mode_lookup and any(one.name == "mode" for one in self.opts.concrete_fields):
            self.mode_lookup = "mode"

    @property
    def pages_by_key(self) -> bool:
        """Whether its rows are in the order of their ids, as those of whatever grows are; else they are few."""
        return not self.ordering or list(self.ordering) == ["-id"]

    def get_changelist(self, request: HttpRequest, **options: Any) -> Any:
        """The list's own page."""
        return ListOfRows

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Where rows are many, there is no order but that of their ids: no index has another."""
        return () if self.pages_by_key else super().get_sortable_by(request)

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Whatever makes the library draw a search box."""
        return super().get_search_fields(request) or (("pk",) if self.found_exactly("") is not None else ())

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns of the list: a status as its word, an amount with the decimals of its currency."""
        names = [name for name in self.list_display if name != self.mode_lookup]  # it stands above, for all of them
        if self.pages_by_key and "amount" in names:
            names = [name for name in names if name != "currency"]  # the amounts say it themselves
        return [column(self.model, name, with_code=self.pages_by_key) for name in names]

    def get_search_results(
        self, request: HttpRequest, queryset: "models.QuerySet[Any]", search_term: str
    ) -> tuple["models.QuerySet[Any]", bool]:
        """Rows that are called exactly so, each way by an index; only lists of a few rows look into texts."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if self.found_exactly(term) is not None or key_of(self.id_prefix, term) is not None:
            return self.called(queryset, term), False
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if (in_full := self.found_in_full(search_term)) is not None:
            found |= queryset.filter(in_full)
        return found, may_have_duplicates

    def called(self, queryset: "models.QuerySet[Any]", term: str) -> "models.QuerySet[Any]":
        """The rows that are called exactly so: the newest of each way, found with one question."""
        ways = [] if len(term) > TERM_MAX_LENGTH else list(self.found_exactly(term) or ())
        if isinstance(self.opts.pk, models.UUIDField) and (key := key_of(self.id_prefix, term)) is not None:
            ways.append(self.model._base_manager.filter(pk=key))  # noqa: SLF001 - Django's documented name
        return queryset.filter(pk__in=newest_keys(ways))

    def found_exactly(self, term: str) -> "Sequence[models.QuerySet[Any]] | None":
        """Rows of this model that are called so, beside those with this id: one query for each way, each indexed.

        None: the list is of few rows, and its `search_fields` say where a search looks.
        """
        return None

    def found_in_full(self, term: str) -> models.Q | None:
        """What else a search of a short list finds where no column holds its term in plain text; None: nothing."""
        return None


class ReadOnlyAdmin(ListAdmin):
    """Lists and shows rows to staff with the view permission; nobody adds, changes or deletes here.

    Every column is shown except encrypted ones and those named in ``hidden_columns``.

    Attributes:
        hidden_columns: columns that tell a reader nothing or too much.
        also_seen_with: permissions that let people look as the view permission does: who decides needs the evidence.
    """

    hidden_columns: tuple[str, ...] = ()
    also_seen_with: tuple[str, ...] = ()

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """The page of a row; other methods than a page has are refused before Django opens a transaction for them."""
        if request.method not in _METHODS:
            return HttpResponseNotAllowed(_METHODS)
        return super().changeform_view(request, *args, **options)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted, or with a permission that takes looking."""
        may_look: bool = super().has_view_permission(request, obj)
        return may_look or _may_also_see(self.also_seen_with, request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may look finds the list on the first page."""
        may_enter: bool = super().has_module_permission(request)
        return may_enter or _may_also_see(self.also_seen_with, request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a row, which says whose money that is, whichever mode lists show.

        Nobody edits it: where no history of its own is kept (`gateway.history_page`) there is none to lead to.
        """
        has_history = type(self).history_view is not ModelAdmin.history_view
        context |= {**self._mode_of(options.get("obj")), "show_history": has_history}
        return super().render_change_form(request, context, *args, **options)

    def _mode_of(self, row: models.Model | None) -> dict[str, Any]:
        found: Any = row if self.mode_lookup else None
        for name in self.mode_lookup.split("__"):
            found = getattr(found, name, None)
        return {} if found is None else of_row(found)

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        """The rows without their encrypted columns, which no page shows: a page of pictures would be megabytes."""
        encrypted = [
            field.name
            for field in self.model._meta.concrete_fields  # noqa: SLF001 - Django's documented model API
            if isinstance(field, EncryptedTextField)
        ]
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.defer(*encrypted)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Every column that may be seen, in the model's order, the queue's own columns last."""
        columns = [
            field.name
            for field in self.model._meta.concrete_fields  # noqa: SLF001 - Django's documented model API
            if not isinstance(field, EncryptedTextField) and field.name not in {*self.hidden_columns, "token"}
        ]
        if "id" in columns and isinstance(self.opts.pk, models.UUIDField):
            # A row is known by the id that the API gives it; its key alone, where it has no other, says little.
            columns.remove("id")
            columns = ["public_id", *columns] if hasattr(self.model, "public_id") else [*columns, "id"]
        columns.sort(key=lambda name: name in _QUEUE_COLUMNS)
        names = columns + [name for name in self.readonly_fields if name not in columns]
        return [column(self.model, name, with_sentence=True) for name in names]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of them, so that columns which no form would hold (ids, times) are shown as well."""
        return self.get_fields(request, obj)


class ReadOnlyInline(TabularInline):  # type: ignore[misc]  # the library is untyped
    """Rows that belong to another row, below it. Subclasses name ``model`` and ``fields``.

    Attributes:
        also_seen_with: as of `ReadOnlyAdmin`.
    """

    also_seen_with: tuple[str, ...] = ()

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted, or with a permission that takes looking."""
        may_look: bool = super().has_view_permission(request, obj)
        return may_look or _may_also_see(self.also_seen_with, request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class HistoryInline(ReadOnlyInline):
    """The moves of a thing with their causes, oldest first."""

    fields = readonly_fields = ["created_at", "move", "why", "by"]
    ordering = ["sequence"]
    hide_title = True
    verbose_name_plural = "history"

    _request: HttpRequest
    _names: dict[tuple[str, str], causes.Named] | None = None

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        """The moves; whoever asks is remembered, since they see links to what they may see."""
        self._request = request  # of this page alone: Django makes inlines anew for each
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows

    @admin.display
    def move(self, row: Any) -> str:
        """From where to where."""
        return str(row)

    @admin.display
    def why(self, row: Any) -> str:
        """What was said of it."""
        return row.detail or "-"

    @admin.display
    def by(self, row: Any) -> str:
        """Who or what caused it, by name: all of a thing's causes are looked up at once."""
        if self._names is None:
            moves = type(row).objects.filter(subject=row.subject_id)
            self._names = causes.named(self._request, moves.values_list("cause", "cause_id"))
        return self._names[row.cause, row.cause_id].html
