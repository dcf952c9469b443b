"""Checkout sessions, to look at: what was asked for, and which deposits came of it. Never the link to pay by."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from gateway import ids
from gateway.causes import page
from gateway.in_words import in_words
from gateway.readonly_admin import ReadOnlyAdmin
from payments import finding
from payments.checkout import standing
from payments.checkout.shapes import session_status
from payments.models import CheckoutSession, Deposit


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin):
    """Checkout sessions, newest first."""

    id_prefix = ids.CHECKOUT_SESSION
    list_display = ["public_id", "product", "customer", "reference", "amount", "currency", "expires_at", "created_at"]
    list_filter = ["product", "currency", "amount", "expires_at", "created_at", "customer"]
    list_select_related = ["product", "customer"]
    search_help_text = "An id, the product's reference, or a customer's id, in full."
    readonly_fields = ["status", "attempts"]
    hidden_columns = ("token_digest",)

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By the product's reference, the customer or a deposit."""
        return finding.checkout_sessions(term)

    @admin.display(description="status")
    def status(self, row: CheckoutSession) -> str:
        """How it stands, in the word that the API has for it."""
        return session_status(standing.of(row))

    @admin.display(description="deposits")
    def attempts(self, row: CheckoutSession) -> str:
        """Each attempt with its status, oldest first."""
        rows = row.deposits.order_by("checkout_attempt")
        links = ((page(Deposit, one.pk), one.public_id, in_words(one.status)) for one in rows)
        return format_html_join(SafeString("<br>"), '<a class="underline" href="{}">{}</a> ({})', links) or "none yet"
