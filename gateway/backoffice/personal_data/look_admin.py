"""Who looked at whose personal data: to look at, never to change."""

from django.contrib import admin

from gateway.backoffice.models import Look
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(Look)
class LookAdmin(ReadOnlyAdmin):
    """Looks at personal data, newest first."""

    list_display = ["at", "person", "kind", "subject"]
    list_filter = ["kind", "person"]
    list_select_related = ["person"]
    search_fields = ["=subject", "=person__username"]
    search_help_text = "The id of the record in full, or who looked."
