"""The forms in which a person changes a provider account, or says why it stops or goes on."""

from typing import Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldAdminURLInputWidget

from gateway.products.models import Mode
from gateway.providers.models import BASE_URL_PATTERN, PAUSE_REASON_MAX_LENGTH

#: What a person may change of an account. Secrets are set by whoever installs the service, and never shown; everything
#: else is the service's own.
EDITABLE_COLUMNS: Final = (
    "base_url",
    "time_zone",
    "json_body_on_get",
    "paths",
    "accepts_older_postbacks",
    "widget_url",
    "prefers_widget",
    "ids_proven_unique",
    "calls_per_minute",
    "calls_at_once",
)
PACE_COLUMNS: Final = frozenset({"calls_per_minute", "calls_at_once"})


class ReasonForm(forms.Form):
    """Why a person stops an account or lets it go on."""

    reason = forms.CharField(
        max_length=PAUSE_REASON_MAX_LENGTH, widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True})
    )


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

    widget_url = forms.URLField(
        label="Widget URL",
        assume_scheme="https",
        required=False,
        max_length=200,
        widget=UnfoldAdminURLInputWidget(),
        validators=[RegexValidator(BASE_URL_PATTERN, "Enter http(s)://host, without a query.")],
        help_text="Base of the payment window, for example https://plugin.example.com; empty: there is none.",
    )

    def clean_base_url(self) -> str:
        """Without the slash at its end; the live secret travels in the address, so never in the clear."""
        url = str(self.cleaned_data["base_url"]).rstrip("/")
        if self.instance.mode == Mode.LIVE and not settings.LOCAL_STACK and not url.startswith("https://"):
            raise ValidationError("A live account is called by https.")
        return url

    def clean(self) -> None:
        """A preferred window needs its address; said at the field."""
        super().clean()
        has_field = "widget_url" in self.fields
        address = self.cleaned_data.get("widget_url") if has_field else self.instance.widget_url
        if self.cleaned_data.get("prefers_widget") and not address:
            field = "widget_url" if has_field else None
            self.add_error(field, "An account that prefers the payment window needs its address.")
