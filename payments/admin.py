"""Money in, to look at. Deposits and receipts have their pages in `gateway.backoffice`, which sees all apps."""

from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET

from balances.instruction_rights import TAKES_LOOKING
from gateway import ids
from gateway.encryption import readable_or
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from gateway.walking_by_key import WalkById
from payments import finding
from payments.checkout.session_admin import CheckoutSessionAdmin
from payments.models import (
    Confirmation,
    ConfirmationMove,
    Savings,
    Screenshot,
    Suspicion,
)

__all__ = ["CheckoutSessionAdmin", "ConfirmationAdmin", "SavingsAdmin", "ScreenshotAdmin"]


class ConfirmationMoveInline(HistoryInline):
    """The life of a confirmation."""

    model = ConfirmationMove
    also_seen_with = TAKES_LOOKING


def _reasons(screenshot: Screenshot) -> str:
    return "; ".join(str(Suspicion(one).label) for one in screenshot.suspicions) or "-"


def _picture_link(screenshot: Screenshot) -> str:
    return format_html(
        '<a class="underline" href="{}">look at it</a>',
        reverse("admin:payments_screenshot_picture", args=[screenshot.pk]),
    )


class ScreenshotInline(ReadOnlyInline):
    """The picture that came with a confirmation."""

    model = Screenshot
    fields = readonly_fields = ["created_at", "why_suspicious", "duplicate_of", "picture_link"]
    verbose_name_plural = "screenshot"

    @admin.display(description="suspicions")
    def why_suspicious(self, row: Screenshot) -> str:
        """Each reason in its words."""
        return _reasons(row)

    @admin.display(description="picture")
    def picture_link(self, row: Screenshot) -> str:
        """Where the picture is shown."""
        return _picture_link(row)


@admin.register(Confirmation)
class ConfirmationAdmin(ReadOnlyAdmin):
    """Confirmations, newest first."""

    id_prefix = ids.CONFIRMATION
    also_seen_with = TAKES_LOOKING
    list_display = [
        "public_id",
        "deposit",
        "status",
        "provider_reference",
        "amount",
        "is_contested",
        "created_at",
    ]
    list_filter = [
        *("status", "deposit__payment_system", "deposit__product", "deposit__account", "deposit__currency"),
        *("amount", "is_contested", "failure_code", "created_at", "deposit"),
    ]
    list_select_related = ["deposit"]
    search_help_text = "A bank's reference, an id, or the reference of its deposit, in full."
    mode_lookup = "deposit__mode"
    is_of_parts = True
    walks_by_id = (WalkById(among={"is_contested": frozenset({True})}, are_few=True),)
    views = (
        ("Contested", "is_contested__exact=1"),
        ("Being verified", "status__in=verifying"),
        ("Refused today", "status__in=refused&created_at__gte=today"),
    )
    inlines = [ScreenshotInline, ConfirmationMoveInline]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By a bank's reference or a deposit."""
        return finding.confirmations(term)


class SuspicionFilter(admin.SimpleListFilter):
    """Screenshots that want a second look, by why."""

    title = "suspicion"
    parameter_name = "suspicion"
    _any: Final = "any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Each reason, and all of them together."""
        return [(self._any, "any"), *Suspicion.choices]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """The rows with the chosen reason."""
        if self.value() == self._any:
            return queryset.exclude(suspicions=[])
        return queryset.filter(suspicions__contains=[self.value()]) if self.value() in Suspicion.values else queryset


@admin.register(Screenshot)
class ScreenshotAdmin(ReadOnlyAdmin):
    """Screenshots, newest first. The picture itself has a page and a permission of its own; every look is recorded."""

    list_display = ["created_at", "confirmation", "why_suspicious", "duplicate_of"]
    list_filter = [SuspicionFilter, "created_at"]
    search_help_text = "A bank's reference, the id of a confirmation, or the picture's digest, in full."
    mode_lookup = "confirmation__deposit__mode"
    is_of_parts = True
    views = (("To look at", "suspicion=any"),)
    list_select_related = ["confirmation"]
    readonly_fields = ["why_suspicious", "picture_link"]
    hidden_columns = ("look", "pixel_digest", "suspicions")
    ordering = ["-id"]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By what its confirmation is called."""
        return finding.screenshots(term)

    @admin.display(description="suspicions")
    def why_suspicious(self, row: Screenshot) -> str:
        """Each reason in its words."""
        return _reasons(row)

    @admin.display(description="picture")
    def picture_link(self, row: Screenshot) -> str:
        """Where the picture is shown."""
        return _picture_link(row)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """The rows, the twin of each with one query for the page."""
        twins = Prefetch("duplicate_of", Screenshot.objects.defer("picture"))
        return super().get_queryset(request).prefetch_related(twins)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and the picture's."""
        view = self.admin_site.admin_view(require_GET(self.picture))
        return [path("<int:pk>/picture/", view, name="payments_screenshot_picture"), *super().get_urls()]

    def record_look(self, request: HttpRequest, screenshot: Screenshot) -> None:
        """Write down who looks at the picture; how, is known above (`gateway.backoffice.personal_data.pictures`)."""
        raise NotImplementedError

    def picture(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The picture, to staff with the permission."""
        if not request.user.has_perm("payments.see_picture") or request.user.pk is None:
            raise PermissionDenied
        screenshot = get_object_or_404(Screenshot.objects.select_related("confirmation"), pk=pk)
        jpeg: bytes | None = readable_or(screenshot, "picture", None)
        if not jpeg:
            sentence = (
                "It cannot be decrypted.\n" if jpeg is None else "It was taken away when its order was redacted.\n"
            )
            return HttpResponse(sentence, status=503 if jpeg is None else 410, content_type="text/plain; charset=utf-8")
        # Before the answer: nobody sees it unseen.
        self.record_look(request, screenshot)
        return HttpResponse(
            jpeg,
            content_type="image/jpeg",
            headers={
                "Content-Disposition": f'inline; filename="{screenshot.confirmation.public_id}.jpg"',
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
                # It is a picture; were it ever taken for a page, the page could do nothing.
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
        )


@admin.register(Savings)
class SavingsAdmin(ReadOnlyAdmin):
    """What customers have saved up below a minimum, as the provider last said."""

    list_display = [
        "customer",
        "payment_system",
        "currency",
        "saved",
        "lacking",
        "minimum",
        "is_reported",
        "observed_at",
        "account",
    ]
    id_prefix = ids.SAVINGS
    list_filter = [
        *("payment_system", "customer__product", "account", "currency", "saved", "missing", "is_reported"),
        *("observed_at", "customer"),
    ]
    list_select_related = ["customer", "payment_system", "account"]
    mode_lookup = "customer__mode"
    is_of_parts = True
    search_help_text = "A customer's id, ours or the product's, in full."
    views = (
        ("Something is missing", "missing__gt=0"),
        ("Not reported any more", "is_reported__exact=0"),
    )

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By their customer."""
        return finding.savings(term)
