"""Batches of withdrawals: to look at, to send as a file, and to call off."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import action

from gateway import ids
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.walking_by_key import WalkById
from withdrawals import batch_pages, finding
from withdrawals.models import BatchRow, WithdrawalBatch


@admin.register(WithdrawalBatch)
class WithdrawalBatchAdmin(ReadOnlyAdmin):
    """Batches, newest first, and the pages on which a person sends one."""

    id_prefix = ids.BATCH
    #: Nobody says yes to what they may not see.
    also_seen_with = (batch_pages.MAY_SEND,)
    list_display = [
        *("public_id", "mode", "status", "product", "reference", "source", "row_count"),
        *("created_at", "finished_at"),
    ]
    list_filter = ["status", "product", "source", "created_at"]
    list_select_related = ["product"]
    hidden_columns = ("id", "asked_by_id", "fingerprint")
    search_help_text = "An id, or a reference, in full."
    walks_by_id = (WalkById(one_of_each=("product", "mode")),)
    views = (
        ("Not yet confirmed", "status__in=checked"),
        ("Being made", "status__in=accepted,working"),
    )
    ordering = ["-id"]
    actions_list = ["upload"]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By the product's reference."""
        return finding.batches(term)

    def has_upload_permission(self, request: HttpRequest) -> bool:
        """Whoever may send one. Not the permission to add a row by a form, which nobody has."""
        return request.user.has_perm(batch_pages.MAY_SEND)

    @action(description="Send a batch", url_path="upload", permissions=["upload"])  # type: ignore[untyped-decorator]
    def upload(self, request: HttpRequest) -> HttpResponse:
        """The form, and what became of the file."""
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return batch_pages.upload(request, context)

    def decide(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The buttons of a batch's page."""
        return batch_pages.decide(request, pk)

    def result(self, request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
        """What has become of its rows, as a file."""
        return batch_pages.result(request, self, pk, kind)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and those of the pages here."""
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/decide/", wrap(require_POST(self.decide)), name="withdrawals_withdrawalbatch_decide"),
            path(
                "<uuid:pk>/result.<slug:kind>",
                wrap(require_GET(self.result)),
                name="withdrawals_withdrawalbatch_result",
            ),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a batch with how far it is and what is open to whoever looks."""
        context |= batch_pages.shown(request, options["obj"])
        return super().render_change_form(request, context, *args, **options)


@admin.register(BatchRow)
class BatchRowAdmin(ReadOnlyAdmin):
    """Rows of batches, newest batch first."""

    list_display = ["number", "batch", "status", "reference", "amount", "currency", "code", "withdrawal"]
    list_filter = ["status", "payment_system", "currency", "amount", "batch"]
    search_help_text = "A reference, or the id of a withdrawal or a batch, in full."
    list_select_related = ["batch", "withdrawal"]
    mode_lookup = "batch__mode"
    is_of_parts = True
    ordering = ["-id"]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By its reference, its withdrawal or its batch."""
        return finding.batch_rows(term)
