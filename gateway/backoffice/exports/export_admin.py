"""Exports: everybody's own, how far they are, and their files; those of others to whoever sees them all."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from gateway.backoffice.exports import pages as export_pages
from gateway.backoffice.exports.asking import MAY_EXPORT, SEES_ALL
from gateway.backoffice.models import Export, ExportDownload, ExportMove
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin, ReadOnlyInline


class ExportMoveInline(HistoryInline):
    """The life of an export."""

    model = ExportMove
    also_seen_with = (MAY_EXPORT, SEES_ALL)


class ExportDownloadInline(ReadOnlyInline):
    """Who took the file, and when."""

    model = ExportDownload
    also_seen_with = (MAY_EXPORT, SEES_ALL)
    fields = readonly_fields = ["at", "by"]
    ordering = ["id"]
    hide_title = True
    verbose_name_plural = "downloads"


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Exports, newest first."""

    is_exported = False
    also_seen_with = (MAY_EXPORT, SEES_ALL)
    change_form_template = "admin/backoffice/export/change_form.html"
    hidden_columns = ("subject", "format", "sequence")
    list_display = ["created_at", "subject", "format", "status", "asked_by"]
    list_select_related = ["asked_by"]
    ordering = ["-id"]
    inlines = [ExportDownloadInline, ExportMoveInline]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One's own, and those of others with a permission of its own."""
        if obj is None or obj.asked_by_id == request.user.pk:
            return super().has_view_permission(request, obj)
        return request.user.has_perm(SEES_ALL)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """What this person sees."""
        rows = super().get_queryset(request).select_related("asked_by")
        return rows if request.user.has_perm(SEES_ALL) else rows.filter(asked_by=request.user.pk)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, str] | None = None) -> HttpResponse:
        """The page of exports."""
        return export_pages.listed(request, self)

    def ask(self, request: HttpRequest) -> HttpResponse:
        """The buttons above every list."""
        return export_pages.ask(request)

    def statement(self, request: HttpRequest) -> HttpResponse:
        """The form for a statement."""
        return export_pages.statement(request, self)

    def progress(self, request: HttpRequest) -> HttpResponse:
        """How far some of them are."""
        return export_pages.progress(request, self)

    def cancel(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The button that calls one off."""
        return export_pages.cancel(request, pk)

    def download(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
        """The file."""
        return export_pages.download(request, pk)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and those of the pages here."""
        wrap = self.admin_site.admin_view
        return [
            path("ask/", wrap(require_POST(self.ask)), name="backoffice_export_ask"),
            path("statement/", wrap(self.statement), name="backoffice_export_statement"),
            path("progress.json", wrap(require_GET(self.progress)), name="backoffice_export_progress"),
            path("<uuid:pk>/cancel/", wrap(require_POST(self.cancel)), name="backoffice_export_cancel"),
            path("<uuid:pk>/download/", wrap(require_GET(self.download)), name="backoffice_export_download"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of one with how far it is, and what is open to whoever looks."""
        context["export"] = export_pages.shown(options["obj"], request)
        return super().render_change_form(request, context, *args, **options)
