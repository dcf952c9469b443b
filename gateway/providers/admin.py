"""Payment systems, to edit; provider accounts and the evidence of calls, to look at, without encrypted columns."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from gateway.providers import discovery
from gateway.providers.forms import PaymentSystemForm
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
class PaymentSystemAdmin(ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """The catalogue: finance edits it, by a form with rules; nobody deletes what orders belong to.

    Adding is for systems that only pay out: the provider lists what takes deposits (C§1.1). Whoever changed what is
    kept by Django's log entries ("History").
    """

    form = PaymentSystemForm
    list_display = [
        "code",
        "name",
        "flow",
        "currencies",
        "pays_out",
        "is_manual",
        "screenshot",
        "is_complete",
        "is_enabled",
        "news",
    ]
    list_filter = ["is_complete", "is_enabled", "flow", "pays_out"]
    search_fields = ["code", "name"]
    actions = None
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The code is what orders and the provider know a system by; it is written once."""
        return [] if obj is None else ["code", "news", "provider_says"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's rows, each with what the provider lately said of it."""
        page = super().get_changelist_instance(request)
        words = discovery.recent_words([system.code for system in page.result_list])
        for system in page.result_list:
            system.words = words[system.code]
        return page

    @admin.display(description="differs from the provider")
    def news(self, system: PaymentSystem) -> str:
        """What the provider says otherwise; nothing of it is taken over by itself."""
        return "; ".join(discovery.differences(system, _words_of(system))) or "-"

    @admin.display(description="provider says")
    def provider_says(self, system: PaymentSystem) -> str:
        """Its words of the last days."""
        said = [
            f"{word.account}: {word.name or word.code} in {word.currency}, "
            f"{_tell(word.is_manual, 'manual', 'not manual')}, "
            f"{_tell(word.wants_screenshot, 'with screenshot', 'without screenshot')}, "
            f"{word.seen_at:%Y-%m-%d %H:%M} UTC"
            for word in _words_of(system)
        ]
        return "; ".join(said) or "nothing lately"


def _words_of(system: Any) -> list[SystemObservation]:
    if not hasattr(system, "words"):
        system.words = discovery.recent_words([system.code])[system.code]
    words: list[SystemObservation] = system.words
    return words


def _tell(said: bool | None, yes: str, no: str) -> str:  # noqa: FBT001 - the provider's word
    return "-" if said is None else yes if said else no


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
