"""Provider accounts, payment systems and the evidence of calls, to look at. Encrypted columns are never shown."""

from django.contrib import admin

from gateway.providers.models import PaymentSystem, ProviderAccount, ProviderCall, SystemObservation
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
