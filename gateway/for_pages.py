"""Middleware that only pages for people need: addresses, static files, sessions, logins, forms, messages.

Products and the provider come without cookies, many times a second, and their requests pass these by. What concerns
every answer (host names, security headers, lengths, request ids) stays for all.
"""

from typing import Any, Final

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin
from pghistory.middleware import HistoryMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

#: Where callers are programs. Their views take no cookie for a proof of anything (DRF's are exempt from CSRF).
_FOR_PROGRAMS: Final = ("/api/", "/postbacks/")


def _is_for_program(request: HttpRequest) -> bool:
    return request.path_info.startswith(_FOR_PROGRAMS)


class _PagesOnly:
    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if _is_for_program(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]  # the middleware behind it in each class


class Addresses(_PagesOnly, MiddlewareMixin):
    """Addresses of pages are without NUL: PostgreSQL takes none, so whatever a list looked for by one would fail."""

    def process_request(self, request: HttpRequest) -> None:
        """Refuse the others (400), before anything is looked up by them."""
        asked_for = [request.path_info, *(text for name, texts in request.GET.lists() for text in (name, *texts))]
        if any("\0" in text for text in asked_for):
            raise BadRequest("a NUL in the address")


class StaticFiles(_PagesOnly, WhiteNoiseMiddleware):  # type: ignore[misc]  # untyped
    """Files of the admin and the documentation."""


class Sessions(_PagesOnly, SessionMiddleware):
    """Who is logged in."""


class Csrf(_PagesOnly, CsrfViewMiddleware):
    """Forms are sent from our own pages."""


class Logins(_PagesOnly, AuthenticationMiddleware):
    """``request.user`` of the admin."""


class Histories(_PagesOnly, HistoryMiddleware):
    """Whoever changes a setting in the admin is named in its history (`gateway.kept_history`)."""

    def get_context(self, request: HttpRequest) -> dict[str, Any]:
        """Key and name of the person: by that name they were known then. Not the address, which may carry anything."""
        person = request.user
        return {"user": person.pk, "username": person.get_username()} if person.is_authenticated else {}


class Messages(_PagesOnly, MessageMiddleware):
    """What the admin says after an action."""


class Common(CommonMiddleware):
    """Checks the host name and tells the length, for all; only people are led to the address with a slash."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Never for programs: a redirect would lose their body, and to look is to resolve the address twice."""
        return not _is_for_program(request) and super().should_redirect_with_slash(request)
