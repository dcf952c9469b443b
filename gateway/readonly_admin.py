"""The admin shows; it never edits. Whatever moves money or rights is a verb with a reason, not a form."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from gateway import ids
from gateway.encryption import EncryptedTextField


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """Lists and shows rows to staff with the view permission; nobody adds, changes or deletes here.

    Every column is shown except encrypted ones and those named in ``hidden_columns``.

    Attributes:
        id_prefix: TypeID prefix of the model; a full id in the search box finds exactly that row.
        hidden_columns: columns that tell a reader nothing or too much.
    """

    id_prefix: str = ""
    hidden_columns: tuple[str, ...] = ()

    actions = None
    list_per_page = 50
    #: Counting every row of a large table costs more than the page itself.
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Every column that may be seen, in the model's order, then what the class computes."""
        columns = [
            field.name
            for field in self.model._meta.concrete_fields  # noqa: SLF001 - Django's documented model API
            if not isinstance(field, EncryptedTextField) and field.name not in self.hidden_columns
        ]
        return columns + [name for name in self.readonly_fields if name not in columns]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """All of them, so that columns which no form would hold (ids, times) are shown as well."""
        return self.get_fields(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: "models.QuerySet[Any]", search_term: str
    ) -> tuple["models.QuerySet[Any]", bool]:
        """Rows of the search; a full TypeID is looked up by primary key."""
        pk = ids.decode(self.id_prefix, search_term.strip()) if self.id_prefix else None
        if pk is not None:
            return queryset.filter(pk=pk), False
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
        return found


class ReadOnlyInline(TabularInline):  # type: ignore[misc]  # the library is untyped
    """Rows that belong to another row, below it. Subclasses name ``model`` and ``fields``."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class HistoryInline(ReadOnlyInline):
    """The moves of a thing with their causes, oldest first."""

    fields = ["sequence", "from_status", "to_status", "cause", "cause_id", "detail", "created_at"]
    ordering = ["sequence"]
    verbose_name_plural = "history"
