"""The page on which staff name the reference of a payment in the customer's place."""

import uuid
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from balances.instruction_models import REASON_MIN_LENGTH
from gateway import ids
from gateway.backoffice.queues import confirming
from gateway.backoffice.queues.pages import context_of, form_id_of
from gateway.money import format_amount, shown_amount
from gateway.people import person_of
from gateway.providers.models import ScreenshotWish
from gateway.shown_mode import of_row
from payments.confirming import CONFIRM_FOR_CUSTOMER
from payments.models import Deposit

_TEMPLATE: Final = "admin/queues/confirm.html"
#: As the column holds it.
_REFERENCE_MAX_LENGTH: Final = 190
#: The longest amount, and blanks that somebody typed around it.
_AMOUNT_MAX_LENGTH: Final = 24


class ConfirmForm(forms.Form):
    """What the customer says; checked by the API's own serializer, whose words stand beside the fields."""

    provider_reference = forms.CharField(max_length=_REFERENCE_MAX_LENGTH, widget=UnfoldAdminTextInputWidget())
    amount = forms.CharField(max_length=_AMOUNT_MAX_LENGTH, required=False, widget=UnfoldAdminTextInputWidget())
    screenshot = forms.FileField(required=False, widget=UnfoldAdminFileFieldWidget())
    reason = forms.CharField(
        min_length=REASON_MIN_LENGTH,
        max_length=confirming.REASON_MAX_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Why you do it in the customer's place. It is kept plain: no account numbers, no names.",
    )

    def __init__(self, deposit: Deposit, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        system = deposit.payment_system
        self.fields["provider_reference"].help_text = confirming.reference_help(deposit)
        self.fields["amount"].required = system.wants_amount
        example = format_amount(deposit.amount, deposit.currency)
        self.fields["amount"].help_text = f"What the customer paid, in {deposit.currency}, for example {example}."
        if confirming.wants_screenshot(deposit):
            self.fields["screenshot"].required = system.screenshot == ScreenshotWish.REQUIRED
            self.fields["screenshot"].help_text = "The customer's picture of the payment: JPEG, PNG or WebP."
        else:
            del self.fields["screenshot"]


def confirm(request: HttpRequest, deposit_id: uuid.UUID) -> HttpResponse:
    """The form; sent, the deposit's page, or what is wrong."""
    if not request.user.has_perm(CONFIRM_FOR_CUSTOMER):
        raise PermissionDenied
    rows = Deposit.objects.select_related("payment_system", "product", "customer").defer("details", "shown")
    deposit = rows.filter(pk=deposit_id).first()
    if deposit is None:
        raise Http404
    if request.method != "POST":
        return _asked(request, deposit, ConfirmForm(deposit), ids.new_id())
    form, form_id = ConfirmForm(deposit, request.POST, request.FILES), form_id_of(request)
    if not form.is_valid():
        return _asked(request, deposit, form, form_id)
    told = {name: form.cleaned_data[name] for name in ("provider_reference", "amount")}
    screenshot, reason = form.cleaned_data.get("screenshot"), form.cleaned_data["reason"]
    try:
        made, is_new = confirming.confirm(
            deposit, person_of(request), told, screenshot=screenshot, reason=reason, form_id=form_id
        )
    except confirming.Unconfirmed as refused:
        for name, sentences in refused.errors.items():
            form.add_error(name if name in form.fields else None, sentences)
        return _asked(request, deposit, form, form_id)
    said = "The provider is being asked about it." if is_new else "It was sent before; there is one confirmation of it."
    messages.success(request, f"{made.public_id} names {made.provider_reference}. {said}")
    return HttpResponseRedirect(reverse("admin:payments_deposit_change", args=[deposit.pk]))


def _asked(request: HttpRequest, deposit: Deposit, form: ConfirmForm, form_id: uuid.UUID) -> HttpResponse:
    context = context_of(request, "Confirm for the customer") | {
        "deposit": deposit,
        **of_row(deposit.mode),
        "sum": shown_amount(deposit.amount, deposit.currency),
        "page": reverse("admin:payments_deposit_change", args=[deposit.pk]),
        "may_begin": confirming.may_begin(deposit, person_of(request)),
        "sentences": confirming.foresee(deposit),
        "form": form,
        "form_id": form_id,
    }
    return TemplateResponse(request, _TEMPLATE, context)
