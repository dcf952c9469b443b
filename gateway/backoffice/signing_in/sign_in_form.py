"""The form by which people come in: name, password and code on one page, and one sentence for all that is wrong."""

from typing import Any, Final

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm
from unfold.widgets import BASE_INPUT_CLASSES

from gateway.backoffice.signing_in import second_factor

#: Whatever of it was wrong, if it came too soon, and if there is no second factor yet: nobody learns from it that they
#: have guessed a password, and whoever has to ask somebody learns whom.
REFUSED: Final = (
    "Username, password and code do not fit together. Wait a little after a wrong try, and take a code that was not"
    " used yet. If you have no second factor yet, ask a superuser to open its enrolment for you."
)

#: What a code may look like: six digits and blanks between them.
CODE_MAX_LENGTH: Final = 16


def code_field(*, is_required: bool, help_text: str = "") -> forms.CharField:
    """Where the code of the app is typed; browsers of telephones offer it by these words."""
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "class": " ".join(BASE_INPUT_CLASSES)}
    return forms.CharField(
        label="Code",
        max_length=CODE_MAX_LENGTH,
        required=is_required,
        widget=forms.TextInput(attrs=attributes),
        help_text=help_text,
    )


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # untyped
    """Name, password and code. ``get_user()`` is verified, or may enrol.

    Attributes:
        enrols: the enrolment that is open for whoever is not verified (`second_factor.opened`).
    """

    error_messages = {"invalid_login": REFUSED, "inactive": REFUSED}
    enrols: int | None = None

    code = code_field(is_required=False, help_text="Six digits of your authenticator app.")

    def clean(self) -> dict[str, Any]:
        """Who it is, if all of it fits."""
        told: dict[str, Any] = self.cleaned_data
        username, password = told.get("username"), told.get("password")
        if not username or not password:
            return told
        person = authenticate(self.request, username=username, password=password)
        if not isinstance(person, AbstractUser):
            raise self.get_invalid_login_error()
        if not (person.is_active and person.is_staff):
            raise self._counted(person)
        self.user_cache = person
        if second_factor.is_enrolled(person):
            factor = second_factor.verify(person, told.get("code", ""))
            if factor is None:
                raise self._counted(person)
            person.otp_device = factor  # type: ignore[attr-defined]  # the library's: `login` keeps it in the session
        elif (enrols := second_factor.opened(person)) is not None:
            self.enrols = enrols
        else:
            raise self._counted(person)
        return told

    def _counted(self, person: AbstractUser) -> ValidationError:
        """The refusal of somebody whose password was right, counted as a wrong one is.

        Were it not, the password that is never locked would be the right one.
        """
        AxesProxyHandler.user_login_failed(
            sender=type(self), credentials={"username": person.get_username()}, request=self.request
        )
        refusal: ValidationError = self.get_invalid_login_error()
        return refusal
