"""Middleware that only pages for people need: addresses, static files, sessions, logins, locks, forms, messages.

Products and the provider come without cookies, many times a second, and their requests pass these by; so do customers
on payment pages, who are nobody but whoever has the address. What concerns every answer (host names, security headers,
lengths, request ids) stays for all.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from axes.middleware import AxesMiddleware
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django_otp.middleware import OTPMiddleware
from pghistory.middleware import HistoryMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

#: Where callers are programs. Their views take no cookie for a proof of anything (DRF's are exempt from CSRF).
_FOR_PROGRAMS: Final = ("/api/", "/postbacks/")
#: Payment pages, whose address is all that they ask for: no cookie is read there, and none is set.
_FOR_CUSTOMERS: Final = "/pay/"

#: Pages for whose sake people sign in; elsewhere a session is not even looked up.
_FOR_STAFF: Final = "/admin/"
#: When a session began and when it was last used, in the session itself, as RFC 3339.
_BEGAN: Final = "began"
_USED: Final = "used"
#: How exactly the latter is kept: each page would write the session otherwise. Half an hour may be a minute less so.
_USED_STEP: Final = timedelta(minutes=1)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _passes(request: HttpRequest) -> bool:
    return request.path_info.startswith((*_FOR_PROGRAMS, _FOR_CUSTOMERS))


class _PagesOnly:
    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if _passes(request):
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
    """Files of the admin and the documentation, and of the payment pages."""

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Whether a file is kept for ever: those of payment pages, whose address changes with what is in them.

        Else a telephone on a slow line would ask anew for each of them on each page (payments/checkout/page_links.py).
        """
        return url.startswith(f"{self.static_prefix}pay/") or bool(super().immutable_file_test(path, url))


class Sessions(_PagesOnly, SessionMiddleware):
    """Who is logged in."""


class Csrf(_PagesOnly, CsrfViewMiddleware):
    """Forms are sent from our own pages."""


class Logins(_PagesOnly, AuthenticationMiddleware):
    """``request.user`` of the admin."""


class SecondFactors(_PagesOnly, OTPMiddleware):  # type: ignore[misc]  # untyped
    """``request.user.is_verified()``: whether this session was begun with a second factor."""


class SessionEnds(_PagesOnly, MiddlewareMixin):
    """A session ends when it was not used for a while, and in any case after a day's work."""

    def process_request(self, request: HttpRequest) -> None:
        """Sign out whose session has ended, before any page looks who it is."""
        if not request.path_info.startswith(_FOR_STAFF) or not request.user.is_authenticated:
            return
        now = timezone.now()
        began, used = (_time(request.session.get(name)) for name in (_BEGAN, _USED))
        if now - began >= timedelta(hours=settings.SESSION_MAX_HOURS):
            said = f"You were signed out: a session lasts {settings.SESSION_MAX_HOURS} hours at most."
        elif now - used >= timedelta(minutes=settings.SESSION_IDLE_MINUTES):
            said = f"You were signed out: no page was opened for {settings.SESSION_IDLE_MINUTES} minutes."
        else:
            if now - used >= _USED_STEP:
                request.session[_USED] = now.isoformat()
            return
        logout(request)
        messages.info(request, said)


def begin(request: HttpRequest) -> None:
    """Note when the session of whoever has just signed in began."""
    request.session[_BEGAN] = request.session[_USED] = timezone.now().isoformat()


def _time(written: Any) -> datetime:
    """A session of which nobody knows how old it is has ended."""
    return datetime.fromisoformat(written) if isinstance(written, str) else _LONG_AGO


class Locks(_PagesOnly, AxesMiddleware):  # type: ignore[misc]  # untyped
    """Shows whoever is locked out that they are. Last: it looks at what the sign-in left in the request."""


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
        return not _passes(request) and super().should_redirect_with_slash(request)
