"""What people did in the work queues, to look at."""

from django.contrib import admin

from gateway.backoffice.models import Handled
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(Handled)
class HandledAdmin(ReadOnlyAdmin):
    """Who did what to what, newest first."""

    list_display = ["at", "about", "deed", "by", "reason", "subject"]
    list_filter = ["about", "deed"]
    search_fields = ["=subject"]
    list_select_related = ["by"]
    ordering = ["-id"]
