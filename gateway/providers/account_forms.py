"""The forms in which a person changes a provider account, or says why it stops or goes on."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
    UnfoldBooleanSwitchWidget,
)

from gateway.products.models import Mode
from gateway.providers.models import ACCOUNT_NAME_MAX_LENGTH, BASE_URL_PATTERN, PAUSE_REASON_MAX_LENGTH

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


def _base_url_field(of_what: str) -> forms.URLField:
    return forms.URLField(
        label="Base URL",
        assume_scheme="https",
        max_length=200,
        widget=UnfoldAdminURLInputWidget(),
        validators=[RegexValidator(BASE_URL_PATTERN, "Enter http(s)://host, without a query.")],
        help_text=f"Scheme and host of {of_what}, for example https://api.example.com",
    )


class ProviderAccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """The columns of an account that a person may change."""

    base_url = _base_url_field("the API")

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

    def clean_paths(self) -> dict[str, str]:
        """An emptied field says that no address is another than usual; the column holds an object, never nothing."""
        return self.cleaned_data["paths"] or {}

    def clean(self) -> None:
        """A preferred window needs its address; said at the field."""
        super().clean()
        has_field = "widget_url" in self.fields
        address = self.cleaned_data.get("widget_url") if has_field else self.instance.widget_url
        if self.cleaned_data.get("prefers_widget") and not address:
            field = "widget_url" if has_field else None
            self.add_error(field, "An account that prefers the payment window needs its address.")


#: Longer than any that the provider gives out; a mistaken paste of a file is refused.
_SECRET_MAX_LENGTH: Final = 500
#: What each secret is for.
_SECRETS: Final = {
    "api_secret": ("API secret", "Sent with every call but withdrawals (PLUGINAPI_SECRET)."),
    "withdrawal_key": ("Withdrawal key", "Signs withdrawals; never sent."),
    "postback_access_key": ("Postback access key", "One half of what proves that a letter is the provider's."),
    "postback_private_key": ("Postback private key", "The other half."),
}


def _secret(label: str, sentence: str, *, is_required: bool) -> forms.CharField:
    """A field that is only ever written: no page carries what was entered, not even beside an objection."""
    return forms.CharField(
        label=label,
        required=is_required,
        max_length=_SECRET_MAX_LENGTH,
        strip=False,
        validators=[RegexValidator(r"\A[!-~]+\Z", "Write visible letters, digits and signs, without blanks.")],
        widget=UnfoldAdminPasswordWidget({"autocomplete": "off"}, render_value=False),
        help_text=sentence,
    )


class SecretsForm(forms.Form):
    """Other secrets for a test account; what is left empty stays as it is."""

    are_required = False

    reason = forms.CharField(
        max_length=PAUSE_REASON_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Why, in your words. It is kept in the history, in plain text.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, (label, sentence) in _SECRETS.items():
            self.fields[name] = _secret(label, sentence, is_required=self.are_required)
        self.order_fields([name for name in self.fields if name != "reason"])

    def told(self) -> dict[str, str]:
        """The secrets that were entered."""
        return {name: self.cleaned_data[name] for name in _SECRETS if self.cleaned_data[name]}

    def clean(self) -> dict[str, Any]:
        """Something has to be entered."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not any(cleaned.get(name) for name in _SECRETS):
            raise ValidationError("Enter at least one secret: the others stay as they are.")
        return cleaned


class NewTestAccountForm(SecretsForm):
    """A new test account."""

    are_required = True

    name = forms.CharField(
        max_length=ACCOUNT_NAME_MAX_LENGTH, widget=UnfoldAdminTextInputWidget(), help_text="By which people know it."
    )
    base_url = _base_url_field("the sandbox's API")
    is_active = forms.BooleanField(
        required=False,
        label="Takes new test orders",
        widget=UnfoldBooleanSwitchWidget(),
        help_text="One test account at a time does: switch the other one off first. Orders keep the account they have.",
    )
