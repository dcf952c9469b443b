"""Where views of lists are saved and taken away; they are used above the lists themselves."""

import uuid

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from gateway.backoffice.lists.saved_views import CannotSave, forget, list_called, save
from gateway.backoffice.models import SavedView
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    """Everybody's views, to look at."""

    list_display = ["name", "list_name", "query", "person", "is_shared", "created_at"]
    list_filter = ["list_name", "is_shared", "person"]
    list_select_related = ["person"]

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and those of the two buttons."""
        wrap = self.admin_site.admin_view
        return [
            path("save/", wrap(require_POST(self.save_view)), name="backoffice_savedview_save"),
            path("<uuid:pk>/forget/", wrap(require_POST(self.forget_view)), name="backoffice_savedview_forget"),
            *super().get_urls(),
        ]

    def save_view(self, request: HttpRequest) -> HttpResponse:
        """Save what a list shows."""
        pages = list_called(request, request.POST.get("list", ""))
        if pages is None:
            raise PermissionDenied
        query = request.POST.get("query", "")
        address = reverse(f"admin:{pages.opts.app_label}_{pages.opts.model_name}_changelist")
        try:
            made = save(
                request, pages, request.POST.get("name", ""), query, is_shared=request.POST.get("shared") == "1"
            )
        except CannotSave as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(f"{address}?{query}")
        messages.success(request, f"Saved as “{made}”.")
        return HttpResponseRedirect(f"{address}?{made.query}")

    def forget_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Take one away."""
        view = get_object_or_404(SavedView, pk=pk)
        pages = list_called(request, view.list_name)
        if pages is None or not forget(request, view):
            raise PermissionDenied
        messages.success(request, f"“{view}” is taken away.")
        return HttpResponseRedirect(reverse(f"admin:{pages.opts.app_label}_{pages.opts.model_name}_changelist"))
