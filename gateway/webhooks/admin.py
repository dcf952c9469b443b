"""The outbox, to look at. Secrets and what customers' accounts look like are encrypted columns and not shown."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from gateway import ids
from gateway.encryption import readable_or
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.webhooks.endpoint_admin import WebhookEndpointAdmin
from gateway.webhooks.models import Delivery, DeliveryAttempt, Event

__all__ = ["WebhookEndpointAdmin"]  # here Django finds it


class DeliveryInline(TabularInline):  # type: ignore[misc]  # the library is untyped
    """What became of an event at each endpoint."""

    model = Delivery
    fields = readonly_fields = ["endpoint", "status", "attempts", "next_at", "finished_at"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What products were told."""

    id_prefix = ids.EVENT
    list_display = ["__str__", "product", "mode", "type", "subject", "sequence", "created_at"]
    list_filter = ["mode", "type", "product"]
    search_fields = ["=subject"]
    list_select_related = ["product"]
    ordering = ["-id"]
    inlines = [DeliveryInline]


class DeliveryAttemptInline(TabularInline):  # type: ignore[misc]  # as above
    """Every attempt of a delivery."""

    model = DeliveryAttempt
    fields = readonly_fields = [
        "number",
        "outcome",
        "http_status",
        "started_at",
        "duration_ms",
        "answer_text",
    ]
    ordering = ["number"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    @admin.display(description="answer")
    def answer_text(self, made: DeliveryAttempt) -> str:
        """The product's answer, as far as it is text."""
        answer: bytes | None = readable_or(made, "answer", None)
        return "(cannot be decrypted)" if answer is None else answer.decode(errors="replace")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What is owed to whom, and since when."""

    list_display = ["__str__", "status", "attempts", "next_at", "created_at", "finished_at"]
    list_filter = ["status", "endpoint__product", "event__type"]
    search_fields = ["=event__subject"]
    list_select_related = ["event", "endpoint"]
    hidden_columns = ("token", "sending_until")
    ordering = ["-id"]
    inlines = [DeliveryAttemptInline]
