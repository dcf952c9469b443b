"""Provider accounts: how they are, how fast they are called, what of them is changed by rules.

Encrypted columns are never shown. Whether an account is called is changed by two verbs, each with a reason.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action

from gateway.history_page import HistoryAdmin
from gateway.products.models import Mode
from gateway.providers import account_pages, pace
from gateway.providers.account_forms import EDITABLE_COLUMNS, PACE_COLUMNS, ProviderAccountForm, ReasonForm
from gateway.providers.actions import pause_account, resume_account
from gateway.providers.connection_testing import TEST
from gateway.providers.models import ProviderAccount, ProviderAccountHistory
from gateway.providers.models.account_guards import CHANGED, PLAIN_COLUMNS
from gateway.providers.pauses import stopped_through
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.shown_mode import of_row

#: What people look for first stands first; what no part names is what the service counts for itself.
_PARTS: Final = (
    ("", ("name", "mode", "is_active", "pause_kind", "pause_reason", "paused_since")),
    ("Where the provider is", ("base_url", "paths", "widget_url", "prefers_widget", "time_zone", "json_body_on_get")),
    ("What is allowed", ("ids_proven_unique", "accepts_older_postbacks", "calls_per_minute", "calls_at_once")),
)


@admin.register(ProviderAccount)
class ProviderAccountAdmin(HistoryAdmin, ReadOnlyAdmin):
    """Accounts: how they are, how fast they are called, and the two verbs."""

    history = ProviderAccountHistory
    also_noted = True  # who paused it, and who let it go on
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
    actions_list = ["add_test_account"]
    actions_detail = ["pause_one", "resume_one", "connection_test", "replace_secrets", "propose_change"]
    change_form_outer_after_template = "admin/providers/provideraccount/below.html"
    change_form_before_template = "admin/providers/provideraccount/two_persons.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted."""
        return super(ReadOnlyAdmin, self).has_change_permission(request, obj)  # type: ignore[no-any-return]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What it is and whether it works; what may be changed, by its own name, or the form would not know it."""
        named = {getattr(field, "__name__", field): field for field in super().get_fields(request, obj)}
        shown = named | {name: name for name in named if name in EDITABLE_COLUMNS}
        parts = [
            (title or None, {"fields": [shown.pop(name) for name in names if name in shown]}) for title, names in _PARTS
        ]
        return [*parts, ("What the service counts", {"fields": list(shown.values())})]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of them, in that order."""
        return [field for _, part in self.get_fieldsets(request, obj) for field in part["fields"]]

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

    @action(description="Test the connection", permissions=["test"], url_path="connection-test")  # type: ignore[untyped-decorator]
    def connection_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the provider whether this account works."""
        return account_pages.connection_test(request, self, self._one(request, object_id))

    def has_test_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """As it was granted."""
        return request.user.has_perm(TEST)

    @action(description="Replace secrets", permissions=["replace"], url_path="secrets")  # type: ignore[untyped-decorator]
    def replace_secrets(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give this test account other secrets."""
        return account_pages.replace_secrets(request, self, self._one(request, object_id))

    def has_replace_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may change accounts, of a test account."""
        account = None if object_id is None else self.get_object(request, str(object_id))
        return self.has_change_permission(request) and (account is None or account.mode == Mode.TEST)

    @action(description="Add a test account", permissions=["open"], url_path="add-test")  # type: ignore[untyped-decorator]
    def add_test_account(self, request: HttpRequest) -> HttpResponse:
        """Open another test account."""
        return account_pages.add_test_account(request, self)

    def has_open_permission(self, request: HttpRequest) -> bool:
        """As it was granted."""
        return request.user.has_perm("providers.add_provideraccount")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page with what is known of the secrets, and what the last test found."""
        if (account := options.get("obj")) is not None:
            context |= {"secrets": account_pages.secrets_of(account), "test": account_pages.last_test(account)}
        return super().render_change_form(request, context, *args, **options)

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may ask for what takes two persons."""
        return request.user.has_perm("balances.propose_instruction")

    def _one(self, request: HttpRequest, object_id: str) -> ProviderAccount:
        account: ProviderAccount | None = self.get_object(request, object_id)
        if account is None:
            raise Http404
        return account

    def _one_with_reason(
        self, request: HttpRequest, object_id: str, word: str, verb: Callable[..., None]
    ) -> HttpResponse:
        account = self._one(request, object_id)
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
        modes = {account.mode for account in accounts}
        context = {
            **self.admin_site.each_context(request),
            **(of_row(*modes) if len(modes) == 1 else {}),
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
