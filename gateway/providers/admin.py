"""The evidence of calls, to look at. Accounts, payment systems and pauses have files of their own."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet

from gateway.providers.account_admin import ProviderAccountAdmin
from gateway.providers.models import BalanceCheck, ObservedBalance, ProviderCall, RedirectHash
from gateway.providers.pause_admin import PayoutPauseAdmin
from gateway.providers.system_admin import PaymentSystemAdmin
from gateway.readonly_admin import ReadOnlyAdmin

__all__ = ["PaymentSystemAdmin", "PayoutPauseAdmin", "ProviderAccountAdmin"]  # here Django finds them


@admin.register(ObservedBalance)
class ObservedBalanceAdmin(ReadOnlyAdmin):
    """What the provider says that it holds, each figure with the time at which it was said."""

    list_display = ["wallet_type", "currency", "amount", "observed_at", "account"]
    list_filter = ["account", "wallet_type", "currency"]
    ordering = ["account", "wallet_type", "currency"]


@admin.register(BalanceCheck)
class BalanceCheckAdmin(ReadOnlyAdmin):
    """When each account was asked for its balances, and how that went."""

    list_display = ["account", "asked_at", "answered_at", "note", "next_at"]


@admin.register(RedirectHash)
class RedirectHashAdmin(ReadOnlyAdmin):
    """Return addresses as the widget takes them."""

    list_display = ["kind", "url", "product", "account", "expires_at", "used_at"]
    list_filter = ["account", "kind"]
    search_fields = ["url"]
    search_help_text = "A part of an address."
    list_select_related = ["product", "account"]


@admin.register(ProviderCall)
class ProviderCallAdmin(ReadOnlyAdmin):
    """Calls, newest first."""

    list_display = [
        "started_at",
        "operation",
        "subject",
        "outcome",
        "http_status",
        "note",
        "duration_ms",
        "account",
    ]
    list_filter = ["operation", "outcome", "account", "http_status", "started_at", "subject"]
    list_select_related = ["account"]
    mode_lookup = "account__mode"
    search_help_text = "An id of what it was about, in full."
    views = (("Today", "started_at__gte=today"),)

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By what it was about, alone or among others."""
        rows = ProviderCall.objects.all()
        return [rows.filter(subject=term), rows.filter(~Q(also_about=[]), also_about__contains=[term])]
