"""API keys: to look at, to issue and to revoke."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from balances.forms import ReasonForm
from balances.instruction_rights import PROPOSE
from balances.verb_fields import Refused
from gateway.backoffice.key_issuing import issue, revoke
from gateway.people import person_of
from gateway.products.models import NAME_MAX_LENGTH, ApiKey, Mode, Product, Scope
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

    field_order = ("product", "mode", "name", "scopes", "reason")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys by their prefix; the digest is nobody's business."""

    list_display = ["prefix", "name", "product", "mode", "scopes", "expires_at", "revoked_at"]
    list_filter = ["mode"]
    hidden_columns = ("digest",)
    actions_list = ["issue"]
    actions_detail = ["revoke"]

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
