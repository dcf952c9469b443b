"""The outbox, to look at. Secrets and what customers' accounts look like are encrypted columns and not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from gateway import ids
from gateway.encryption import readable_or
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.walking_by_key import WalkById
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
    list_filter = ["type", "product", "created_at"]
    search_help_text = "An id of an event, or of what it is about, in full."
    list_select_related = ["product"]
    ordering = ["-id"]
    inlines = [DeliveryInline]
    walks_by_id = (
        WalkById(one_of_each=("product", "mode", "type")),
        WalkById(one_of_each=("product", "mode")),
        WalkById(among={"mode": frozenset({"test"})}),
    )
    views = (("Today", "created_at__gte=today"),)

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By what it is about."""
        return [Event.objects.filter(subject=term)]


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
    list_filter = ["status", "endpoint__product", "event__type", "created_at", "endpoint", "event"]
    search_help_text = "An id of an event, or of what it is about, in full."
    list_select_related = ["event", "endpoint"]
    hidden_columns = ("token", "sending_until")
    ordering = ["-id"]
    inlines = [DeliveryAttemptInline]
    mode_lookup = "endpoint__mode"
    is_of_parts = True
    walks_by_id = (WalkById(among={"status": frozenset({"exhausted"})}, are_few=True),)
    views = (
        ("Given up", "status__in=exhausted"),
        ("Owed", "status__in=pending"),
    )

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By the event, or by what that is about."""
        rows = Delivery.objects.all()
        ways = [rows.filter(event__in=Event.objects.filter(subject=term).values("pk"))]
        if (key := ids.decode(ids.EVENT, term)) is not None:
            ways.append(rows.filter(event=key))
        return ways
