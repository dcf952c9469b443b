"""The pages of provider accounts beside their forms: does it work, a new test account, other secrets for one."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from gateway.in_words import titled
from gateway.people import person_of
from gateway.products.models import Mode
from gateway.providers import trial_accounts
from gateway.providers.account_forms import NewTestAccountForm, SecretsForm
from gateway.providers.connection_testing import GAP_SECONDS, NotNow, find_out
from gateway.providers.models import ConnectionTest, ProviderAccount, ProviderAccountHistory
from gateway.providers.models.account_guards import SECRET_COLUMNS
from gateway.shown_mode import of_row

_TEMPLATES = "admin/providers/provideraccount"


def secrets_of(account: ProviderAccount) -> list[tuple[str, str, Any]]:
    """Of each secret its name, whether it is set, and since when where that is known; never what it is."""
    changes = list(
        ProviderAccountHistory.objects.filter(pgh_obj=account.pk)
        .exclude(secret_changes={})
        .order_by("-pgh_id")
        .values_list("secret_changes", "pgh_created_at")
    )
    has_previous = ProviderAccount.objects.filter(pk=account.pk, previous_postback_access_key__isnull=False).exists()
    found = []
    for name in SECRET_COLUMNS:
        column: Any = ProviderAccount._meta.get_field(name)  # noqa: SLF001 - Django's documented model API
        is_set = has_previous or not name.startswith("previous_")
        since = next((at for said, at in changes if name in said), None)
        found.append((titled(str(column.verbose_name)), "set" if is_set else "not set", since))
    return found


def last_test(account: ProviderAccount) -> ConnectionTest | None:
    """What was found last."""
    tests = ConnectionTest.objects.filter(account=account).select_related("asked_by")
    return tests.order_by("-asked_at").first()


def connection_test(request: HttpRequest, pages: "ModelAdmin[Any]", account: ProviderAccount) -> HttpResponse:
    """What was found last, and the button that asks again."""
    if request.method == "POST":
        try:
            find_out(account, by=person_of(request))
        except NotNow as error:
            messages.warning(request, str(error))
        return HttpResponseRedirect(request.path)
    context = {
        **pages.admin_site.each_context(request),
        **of_row(account.mode),
        "opts": pages.opts,
        "title": f"Connection test of {account}",
        "account": account,
        "test": last_test(account),
        "gap_seconds": GAP_SECONDS,
    }
    return TemplateResponse(request, f"{_TEMPLATES}/connection_test.html", context)


def add_test_account(request: HttpRequest, pages: "ModelAdmin[Any]") -> HttpResponse:
    """The form of a new test account."""
    form = NewTestAccountForm(request.POST or None)
    if form.is_valid():
        told = form.told() | {"name": form.cleaned_data["name"], "base_url": form.cleaned_data["base_url"].rstrip("/")}
        try:
            made = trial_accounts.open_account(
                told,
                is_active=form.cleaned_data["is_active"],
                by=person_of(request),
                reason=form.cleaned_data["reason"],
            )
        except ValidationError as error:
            for field, sentences in error.message_dict.items():
                form.add_error(field if field in form.fields else None, " ".join(sentences))
        else:
            messages.success(request, f"{made} is opened. Give the provider our address for its letters.")
            return _to(made)
    return _form(
        request, pages, form, "Add a test account", "Its secrets are kept encrypted and shown to nobody again."
    )


def replace_secrets(request: HttpRequest, pages: "ModelAdmin[Any]", account: ProviderAccount) -> HttpResponse:
    """The form of other secrets for a test account."""
    if account.mode != Mode.TEST:
        raise PermissionDenied("The secrets of a live account are changed by two persons.")
    form = SecretsForm(request.POST or None)
    if form.is_valid():
        trial_accounts.replace_secrets(account, form.told(), by=person_of(request), reason=form.cleaned_data["reason"])
        messages.success(request, f"The secrets of {account} are replaced. A connection test shows whether they work.")
        return _to(account)
    sentence = "What is left empty stays. Calls that leave from now on use the new ones."
    return _form(request, pages, form, f"Replace secrets of {account}", sentence)


def _form(request: HttpRequest, pages: "ModelAdmin[Any]", form: SecretsForm, title: str, sentence: str) -> HttpResponse:
    context = {
        **pages.admin_site.each_context(request),
        **of_row(Mode.TEST),  # those of live accounts take two persons
        "opts": pages.opts,
        "title": title,
        "sentence": sentence,
        "form": form,
    }
    shown = TemplateResponse(request, f"{_TEMPLATES}/secrets.html", context)
    shown["Cache-Control"] = "no-store"
    return shown


def _to(account: ProviderAccount) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:providers_provideraccount_change", args=[account.pk]))
