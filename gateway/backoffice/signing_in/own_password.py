"""The page on which people change their own password: a wrong old one counts as a failed sign-in does."""

from typing import Any

from django.contrib.auth import authenticate, logout
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminOwnPasswordChangeForm

from gateway.backoffice.signing_in import locks


class OwnPasswordForm(AdminOwnPasswordChangeForm):  # type: ignore[misc]  # untyped
    """Unfold's, with the old password looked at by the same lock as at the door."""

    def __init__(self, user: Any, *args: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(user, *args, **options)
        self._request = request

    def clean_old_password(self) -> str:
        """The old password, if it is right and not locked.

        Were it not counted, whoever found a browser open would try passwords until one fits.
        """
        told: str = self.cleaned_data["old_password"]
        if authenticate(self._request, username=self.user.get_username(), password=told) != self.user:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return told


class OwnPasswordView(PasswordChangeView):
    """Whoever is locked out here is signed out as well."""

    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """The request is what the lock counts."""
        return {**super().get_form_kwargs(), "request": self.request}

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """Change it, or say what is wrong."""
        answer = super().post(request, *args, **options)
        if getattr(request, "axes_locked_out", False):
            logout(request)
            return locks.locked(request)
        return answer
