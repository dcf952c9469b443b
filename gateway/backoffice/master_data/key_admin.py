"""API keys: to look at, to issue and to revoke."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from balances.forms import ReasonForm
from balances.instruction_rights import PROPOSE
from balances.verb_fields import Refused
from gateway.backoffice.master_data.key_issuing import issue, revoke
from gateway.history_page import HistoryAdmin
from gateway.kept_history import ChangeKind
from gateway.people import person_of
from gateway.products.models import NAME_MAX_LENGTH, ApiKey, ApiKeyHistory, Mode, Product, Scope
from gateway.readonly_admin import ReadOnlyAdmin


def _with_words(choices: type[models.TextChoices]) -> list[tuple[str, str]]:
    """Each by its name, as the API and all lists have it, with what it means."""
    return [(name, f"{name}: {meaning}") for name, meaning in choices.choices]


class KeyForm(ReasonForm):
    """Whose key, what it may, and why."""

    product = forms.ModelChoiceField(Product.objects.order_by("name"), widget=UnfoldAdminSelectWidget())
    mode = forms.ChoiceField(choices=[("", "---------"), *_with_words(Mode)], widget=UnfoldAdminSelectWidget())
    name = forms.CharField(
        max_length=NAME_MAX_LENGTH, widget=UnfoldAdminTextInputWidget(), help_text="By which people know it."
    )
    scopes = forms.MultipleChoiceField(
        choices=_with_words(Scope),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="A key asks for withdrawals or approves them, never both.",
    )

    expires_at = forms.DateTimeField(
        required=False,
        widget=UnfoldAdminTextInputWidget({"placeholder": "2030-01-31 00:00"}),
        help_text="When it ends by itself, in UTC, for example 2030-01-31 00:00. Empty: when it is revoked.",
    )

    field_order = ("product", "mode", "name", "scopes", "expires_at", "reason")


@admin.register(ApiKey)
class ApiKeyAdmin(HistoryAdmin, ReadOnlyAdmin):
    """Keys by their prefix; the digest is nobody's business.

    When a key was last used is not kept: it would be a write with each call.
    """

    history = ApiKeyHistory
    list_display = [
        *("prefix", "name", "product", "mode", "scopes", "state"),
        *("expires_at", "revoked_at", "made_by", "created_at"),
    ]
    list_filter = ["mode", "product", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product"]
    search_fields = ["prefix", "name"]
    readonly_fields = ["state", "made_by"]
    hidden_columns = ("digest",)
    actions_list = ["issue"]
    actions_detail = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        """The keys, each with who made it, as its history says."""
        made = ApiKeyHistory.objects.filter(pgh_obj=models.OuterRef("pk"), pgh_label=ChangeKind.INSERT)
        columns = {
            f"made_{name}": models.Subquery(made.values(f"pgh_context__{name}")[:1])
            for name in ("username", "asked_by", "command")
        }
        keys: models.QuerySet[Any] = super().get_queryset(request).annotate(**columns)
        return keys

    @admin.display(description="made by")
    def made_by(self, key: Any) -> str:
        """Who asked for it, and who agreed."""
        if key.made_asked_by:
            return f"{key.made_asked_by}, agreed by {key.made_username}"
        return key.made_username or (f"command {key.made_command}" if key.made_command else "-")

    @admin.display
    def state(self, key: ApiKey) -> str:
        """Whether it works."""
        if key.revoked_at is not None:
            return "revoked"
        if key.expires_at is not None and key.expires_at <= timezone.now():
            return "expired"
        return "works" if key.product.is_active else "product is off"

    def has_issue_permission(self, request: HttpRequest) -> bool:
        """Whoever may issue keys that work at once, or ask for those that take two persons."""
        return request.user.has_perm("products.add_apikey") or request.user.has_perm(PROPOSE)

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """As it was granted."""
        return request.user.has_perm("products.change_apikey")

    @action(description="Issue a key", url_path="issue", permissions=["issue"])  # type: ignore[untyped-decorator]
    def issue(self, request: HttpRequest) -> HttpResponse:
        """The form of a new key; sent, the key itself, on this one page."""
        form = KeyForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Issue an API key"}
        if form.is_valid():
            told = form.cleaned_data
            try:
                made = issue(
                    told["product"],
                    Mode(told["mode"]),
                    name=told["name"],
                    scopes=told["scopes"],
                    reason=told["reason"],
                    by=person_of(request),
                    expires_at=told["expires_at"],
                )
            except Refused as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                context |= {"title": "The new API key", "made": made}
                shown = TemplateResponse(request, "admin/products/apikey/issued.html", context)
                shown["Cache-Control"] = "no-store"
                return shown
        return TemplateResponse(request, "admin/products/apikey/issue.html", context | {"form": form})

    @action(description="Revoke", url_path="revoke", permissions=["revoke"])  # type: ignore[untyped-decorator]
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End this key, with a reason."""
        key = self.get_object(request, object_id)
        if key is None:
            raise Http404
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            try:
                done = revoke(key, form.cleaned_data["reason"], person_of(request))
            except Refused as error:
                form.add_error("reason", str(error))
            else:
                messages.success(request, f"{key} is revoked." if done else f"{key} had ended before.")
                return HttpResponseRedirect(reverse("admin:products_apikey_change", args=[key.pk]))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": f"Revoke {key}", "form": form}
        return TemplateResponse(request, "admin/products/apikey/issue.html", context)
