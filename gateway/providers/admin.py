"""Provider accounts, payment systems and the evidence of calls. Encrypted columns are never shown.

Accounts are the one thing here that a person changes: the columns of `EDITABLE_COLUMNS` in the form, and whether calls
go out by two verbs, each with a reason.
"""

import zoneinfo
from collections.abc import Callable, Iterable
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldAdminURLInputWidget

from gateway.products.models import Mode
from gateway.providers import pace
from gateway.providers.actions import pause_account, resume_account
from gateway.providers.models import (
    BASE_URL_PATTERN,
    REASON_MAX_LENGTH,
    PaymentSystem,
    ProviderAccount,
    ProviderCall,
    SystemObservation,
)
from gateway.readonly_admin import ReadOnlyAdmin

#: What a person may change of an account. Secrets are set by whoever installs the service, and never shown; everything
#: else is the service's own.
EDITABLE_COLUMNS: Final = (
    "base_url",
    "time_zone",
    "json_body_on_get",
    "ids_proven_unique",
    "calls_per_minute",
    "calls_at_once",
)
_PACE_COLUMNS: Final = frozenset({"calls_per_minute", "calls_at_once"})


class ReasonForm(forms.Form):
    """Why a person stops an account or lets it go on."""

    reason = forms.CharField(max_length=REASON_MAX_LENGTH, widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}))


class ProviderAccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """The columns of an account that a person may change."""

    base_url = forms.URLField(
        label="Base URL",
        assume_scheme="https",
        max_length=200,
        widget=UnfoldAdminURLInputWidget(),
        validators=[RegexValidator(BASE_URL_PATTERN, "Enter http(s)://host, without a query.")],
        help_text="Scheme and host of the API, for example https://api.example.com",
    )

    def clean_base_url(self) -> str:
        """Without the slash at its end; the live secret travels in the address, so never in the clear."""
        url = str(self.cleaned_data["base_url"]).rstrip("/")
        if self.instance.mode == Mode.LIVE and not settings.LOCAL_STACK and not url.startswith("https://"):
            raise ValidationError("A live account is called by https.")
        return url

    def clean_time_zone(self) -> str:
        """A zone that exists."""
        name: str = self.cleaned_data["time_zone"]
        if name not in zoneinfo.available_timezones():
            raise ValidationError("There is no such time zone.")
        return name


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
    actions_detail = ["pause_one", "resume_one"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted."""
        return super(ReadOnlyAdmin, self).has_change_permission(request, obj)  # type: ignore[no-any-return]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """How the account is, and then what may be changed."""
        return sorted(super().get_fields(request, obj), key=lambda field: field in EDITABLE_COLUMNS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All but those that may be changed."""
        return [field for field in self.get_fields(request, obj) if field not in EDITABLE_COLUMNS]

    def save_model(self, request: HttpRequest, obj: ProviderAccount, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Write what was changed and nothing else: workers write to the other columns meanwhile."""
        obj.save(update_fields=form.changed_data)
        if not _PACE_COLUMNS.isdisjoint(form.changed_data):
            pace.forget(obj)

    @admin.display(ordering="pause_kind")
    def state(self, account: ProviderAccount) -> str:
        """Whether calls go out."""
        if account.is_paused():
            return f"paused: {account.pause_kind.replace('_', ' ')}"
        return "going" if account.payouts_paused_since is None else "payouts paused"

    @admin.display
    def why(self, account: ProviderAccount) -> str:
        """What stopped it, in words."""
        return " · ".join(filter(None, [account.pause_reason, account.payouts_pause_reason])) or "-"

    @admin.display(ordering="paused_since")
    def since(self, account: ProviderAccount) -> Any:
        """Since when."""
        return account.paused_since or account.payouts_paused_since

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

    def _one_with_reason(
        self, request: HttpRequest, object_id: str, word: str, verb: Callable[..., None]
    ) -> HttpResponse:
        accounts = ProviderAccount.objects.filter(pk=object_id)
        page = reverse("admin:providers_provideraccount_change", args=[object_id])
        return self._with_reason(request, accounts, word, verb) or HttpResponseRedirect(page)

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
