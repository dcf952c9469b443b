"""Provider accounts, payment systems and the evidence of calls, to look at. Encrypted columns are never shown."""

from django.contrib import admin

from gateway.providers.models import (
    BalanceCheck,
    MediaHint,
    ObservedBalance,
    PaymentSystem,
    ProviderAccount,
    ProviderCall,
    RedirectHash,
    SystemObservation,
)
from gateway.readonly_admin import ReadOnlyAdmin


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ReadOnlyAdmin):
    """Accounts and whether they are paused."""

    list_display = [
        "name",
        "mode",
        "base_url",
        "is_active",
        "paused_until",
        "pause_reason",
        "rejected_letters",
    ]
    list_filter = ["mode"]
    hidden_columns = ("postback_token", "token")


@admin.register(PaymentSystem)
class PaymentSystemAdmin(ReadOnlyAdmin):
    """The catalogue."""

    list_display = ["code", "name", "flow", "currencies", "pays_out", "is_manual", "screenshot", "is_enabled"]
    list_filter = ["flow", "pays_out"]
    search_fields = ["code", "name"]


@admin.register(SystemObservation)
class SystemObservationAdmin(ReadOnlyAdmin):
    """What the provider offers."""

    list_display = ["code", "currency", "account", "is_manual", "wants_screenshot", "seen_at"]
    list_filter = ["account"]


@admin.register(MediaHint)
class MediaHintAdmin(ReadOnlyAdmin):
    """What the provider shows of how to pay."""

    list_display = ["code", "account", "url", "seen_at"]
    list_filter = ["account"]


@admin.register(ObservedBalance)
class ObservedBalanceAdmin(ReadOnlyAdmin):
    """What the provider says that it holds, each figure with the time at which it was said."""

    list_display = ["wallet_type", "currency", "amount", "observed_at", "account"]
    list_filter = ["account", "currency"]
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
    list_filter = ["operation", "outcome", "account"]
    search_fields = ["subject"]
