"""The forms in which staff add and change endpoints, or say why they do something with one."""

from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from gateway.history_page import WHY_MAX_LENGTH
from gateway.products.models import Mode, Product
from gateway.webhooks.addresses import objection_to
from gateway.webhooks.event_types import EventType
from gateway.webhooks.models import URL_MAX_LENGTH


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=WHY_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Why, in your words. It is kept in the history, in plain text.",
    )


class ChangeForm(ReasonForm):
    """Where an endpoint is, and what it is told."""

    url = forms.CharField(
        label="URL",
        max_length=URL_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="An https URL on a public host. Redirects are not followed.",
    )
    event_types = forms.MultipleChoiceField(
        required=False,
        choices=[(one.value, f"{one.value}: {one.label}") for one in EventType],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="None chosen: everything, including kinds that are added later.",
    )
    field_order: tuple[str, ...] = ("url", "event_types", "reason")

    def clean_url(self) -> str:
        """As the API takes it."""
        url = str(self.cleaned_data["url"])
        if (objection := objection_to(url)) is not None:
            raise forms.ValidationError(objection)
        return url


class NewEndpointForm(ChangeForm):
    """Whose endpoint, and in which mode, too."""

    product = forms.ModelChoiceField(Product.objects.order_by("name"), widget=UnfoldAdminSelectWidget())
    mode = forms.ChoiceField(
        choices=[("", "---------"), *((one.value, f"{one.value}: {one.label}") for one in Mode)],
        widget=UnfoldAdminSelectWidget(),
    )
    field_order = ("product", "mode", "url", "event_types", "reason")


class ReplayForm(ReasonForm):
    """From when on."""

    since = forms.DateTimeField(
        widget=UnfoldAdminTextInputWidget(),
        help_text="Events that were owed from then on, in UTC, for example 2030-01-31 00:00.",
    )
    field_order = ("since", "reason")

    def clean_since(self) -> Any:
        """Not a time to come."""
        since = self.cleaned_data["since"]
        if since > timezone.now():
            raise forms.ValidationError("That is still to come: nothing was owed since.")
        return since
