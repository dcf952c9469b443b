"""Provider accounts and payment systems, to edit by rules; the evidence of calls, to look at.

Encrypted columns are never shown. Whether an account is called is changed by two verbs, each with a reason.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from gateway.products.models import Mode
from gateway.providers import discovery, pace
from gateway.providers.account_forms import EDITABLE_COLUMNS, PACE_COLUMNS, ProviderAccountForm, ReasonForm
from gateway.providers.actions import pause_account, resume_account
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
from gateway.providers.models.account_guards import CHANGED, PLAIN_COLUMNS
from gateway.providers.models.system_guards import NO_LIMIT, PAYOUT_COLUMNS, PAYOUTS_CHANGED
from gateway.providers.pause_admin import PayoutPauseAdmin
from gateway.providers.pauses import stopped_through
from gateway.readonly_admin import ReadOnlyAdmin, column

__all__ = ["PayoutPauseAdmin"]  # its page is in a file of its own; here Django finds it


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ReadOnlyAdmin):
    """Accounts: how they are, how fast they are called, and the two verbs."""

    form = ProviderAccountForm
    list_display = [
        "name",
        "mode",
        "is_active",
        "state",
        "why",
        "since",
        "paused_until",
        "in_a_row",
        "limit",
        "rejected_letters",
    ]
    list_filter = ["mode", "pause_kind"]
    hidden_columns = ("postback_token", "token")
    actions = ["pause_selected", "resume_selected"]
    actions_detail = ["pause_one", "resume_one", "propose_change"]
    change_form_before_template = "admin/providers/provideraccount/two_persons.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted."""
        return super(ReadOnlyAdmin, self).has_change_permission(request, obj)  # type: ignore[no-any-return]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """How the account is, and then what may be changed."""
        return sorted(super().get_fields(request, obj), key=lambda field: field in EDITABLE_COLUMNS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All but those that may be changed."""
        editable = set(EDITABLE_COLUMNS)
        if obj is not None and obj.mode == Mode.LIVE:
            editable -= set(PLAIN_COLUMNS)
        return [field for field in self.get_fields(request, obj) if field not in editable]

    def save_model(self, request: HttpRequest, obj: ProviderAccount, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Write what was changed and nothing else: workers write to the other columns meanwhile."""
        obj.save(update_fields=form.changed_data)
        if not PACE_COLUMNS.isdisjoint(form.changed_data):
            pace.forget(obj)

    @admin.display(ordering="pause_kind")
    def state(self, account: ProviderAccount) -> str:
        """Whether calls go out."""
        if account.is_paused():
            return f"paused: {account.pause_kind.replace('_', ' ')}"
        return "payouts paused" if stopped_through(account).exists() else "going"

    @admin.display
    def why(self, account: ProviderAccount) -> str:
        """What stopped it, in words."""
        return " · ".join(filter(None, [account.pause_reason, *_reasons(account)])) or "-"

    @admin.display(ordering="paused_since")
    def since(self, account: ProviderAccount) -> Any:
        """Since when."""
        return account.paused_since or stopped_through(account).values_list("since", flat=True).first()

    @admin.display(description="in a row")
    def in_a_row(self, account: ProviderAccount) -> str:
        """What is being counted against it."""
        counted = {
            "unanswered": account.unknown_streak,
            "refused": account.not_found_streak,
            "payouts refused": account.payout_refusal_streak,
            "probes": account.failed_probes,
        }
        return ", ".join(f"{count} {what}" for what, count in counted.items() if count) or "-"

    @admin.display
    def limit(self, account: ProviderAccount) -> str:
        """How fast it may be called."""
        return f"{account.calls_per_minute} a minute, {account.calls_at_once} at once"

    @admin.action(description="Pause", permissions=["change"])
    def pause_selected(self, request: HttpRequest, queryset: "QuerySet[ProviderAccount]") -> HttpResponse | None:
        """Stop the chosen accounts."""
        return self._with_reason(request, queryset, "Pause", pause_account)

    @admin.action(description="Resume", permissions=["change"])
    def resume_selected(self, request: HttpRequest, queryset: "QuerySet[ProviderAccount]") -> HttpResponse | None:
        """Let the chosen accounts go on."""
        return self._with_reason(request, queryset, "Resume", resume_account)

    @action(description="Pause", permissions=["change"], url_path="pause")  # type: ignore[untyped-decorator]
    def pause_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop this account."""
        return self._one_with_reason(request, object_id, "Pause", pause_account)

    @action(description="Resume", permissions=["change"], url_path="resume")  # type: ignore[untyped-decorator]
    def resume_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let this account go on."""
        return self._one_with_reason(request, object_id, "Resume", resume_account)

    @action(description="Change with a second person", permissions=["propose"], url_path="propose")  # type: ignore[untyped-decorator]
    def propose_change(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form by which one person asks for a change of credentials, of addresses, or of what is allowed."""
        form = reverse("admin:balances_instruction_propose_verb", args=[CHANGED])
        return HttpResponseRedirect(f"{form}?{urlencode({'provider_account': object_id})}")

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may ask for what takes two persons."""
        return request.user.has_perm("balances.propose_instruction")

    def _one_with_reason(
        self, request: HttpRequest, object_id: str, word: str, verb: Callable[..., None]
    ) -> HttpResponse:
        account = self.get_object(request, object_id)
        if account is None:
            raise Http404
        page = reverse("admin:providers_provideraccount_change", args=[account.pk])
        return self._with_reason(request, [account], word, verb) or HttpResponseRedirect(page)

    def _with_reason(
        self, request: HttpRequest, accounts: "Iterable[ProviderAccount]", word: str, verb: Callable[..., None]
    ) -> HttpResponse | None:
        """Ask for a reason; with one, do it and give None."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            for account in accounts:
                verb(account, by=request.user, reason=form.cleaned_data["reason"])
                messages.success(request, f"{account}: {word.lower()}d.")
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": f"{word}: why?",
            "opts": self.opts,
            "word": word,
            "accounts": accounts,
            "form": form,
            "action": request.POST.get("action", ""),
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/providers/provideraccount/reason.html", context)


def _reasons(account: ProviderAccount) -> list[str]:
    return list(stopped_through(account).values_list("reason", flat=True))


@admin.register(PaymentSystem)
class PaymentSystemAdmin(ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """The catalogue: finance edits it, by a form with rules; nobody deletes what orders belong to.

    Adding is for systems that only pay out: the provider lists what takes deposits (C§1.1). Whoever changed what is
    kept by Django's log entries ("History"). How money leaves through a system is said by two persons
    (`gateway.backoffice.system_verbs`).
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
    actions_detail = ["propose_payouts"]
    change_form_before_template = "admin/providers/paymentsystem/two_persons.html"
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The code is what orders and the provider know a system by; it is written once. Payouts take two persons."""
        return [*PAYOUT_COLUMNS] if obj is None else ["code", *PAYOUT_COLUMNS, "news", "provider_says"]

    def save_model(self, request: HttpRequest, obj: PaymentSystem, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Write what was changed and nothing else: two persons may be writing the other columns."""
        obj.save(update_fields=form.changed_data if change else None)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns of the list: a choice as its word."""
        return [column(self.model, name) for name in self.list_display]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's rows, each with what the provider lately said of it."""
        page = super().get_changelist_instance(request)
        words = discovery.recent_words([system.code for system in page.result_list])
        for system in page.result_list:
            system.words = words[system.code]
        return page

    @action(description="Change payouts with a second person", permissions=["propose"], url_path="propose")  # type: ignore[untyped-decorator]
    def propose_payouts(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form by which one person asks for another way in which money leaves, filled in with the present one."""
        system = self.get_object(request, object_id)
        if system is None:
            raise Http404
        form = reverse("admin:balances_instruction_propose_verb", args=[PAYOUTS_CHANGED])
        return HttpResponseRedirect(f"{form}?{urlencode(_payouts_of(system))}")

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may ask for what takes two persons."""
        return request.user.has_perm("balances.propose_instruction")

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


def _payouts_of(system: PaymentSystem) -> dict[str, str]:
    """What an instruction would say that leaves it all as it is."""
    limits = {"withdrawal_minimum": system.withdrawal_minimum, "withdrawal_maximum": system.withdrawal_maximum}
    return {
        "code": system.code,
        "pays_out": "yes" if system.pays_out else "no",
        **{name: NO_LIMIT if value is None else f"{value.normalize():f}" for name, value in limits.items()},
        "recipient_fields": json.dumps(system.recipient_fields),
    }


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
