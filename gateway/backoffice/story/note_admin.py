"""Notes of people, to look at: they are written and struck out on the pages of the orders that they are about."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from balances.pages import linked
from gateway.backoffice.models import Note
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    """Notes, newest first. Their text is encrypted, and stands on the page of the order."""

    list_display = ["created_at", "author", "order", "is_struck"]
    list_select_related = ["author", "struck"]
    search_help_text = "The id of what it is about, in full."
    ordering = ["-id"]
    readonly_fields = ["order", "is_struck"]

    def found_exactly(self, term: str) -> "list[QuerySet[Note]]":
        """By what they are about."""
        return [Note.objects.filter(subject=term)]

    @admin.display
    def order(self, row: Note) -> str:
        """What it is about."""
        return linked(row.subject)

    @admin.display(boolean=True, description="struck out")
    def is_struck(self, row: Note) -> bool:
        """Whether it still counts."""
        return hasattr(row, "struck")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Note]":
        """The notes with whether they were struck out; neither text is opened."""
        rows: QuerySet[Note] = super().get_queryset(request)
        return rows.select_related("struck").defer("text", "struck__reason")
