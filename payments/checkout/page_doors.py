"""What every door of the payment pages has in common: who may come in, in which language, with which headers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from gateway.api import quotas
from gateway.api.addresses import client_address, subscriber
from gateway.pictures import Busy
from gateway.products import branding
from payments.checkout import page_ends, sessions
from payments.checkout import standing as standings
from payments.checkout.page_links import Links
from payments.checkout.readers import LANGUAGES, Reader
from payments.checkout.standing import Standing
from payments.models import CheckoutSession
from payments.models.checkout_sessions import CAME_BACK

#: Wrong addresses that one subscriber may open in a minute: a person mistypes one or two, a whole village may share an
#: address, and whoever tries tokens (2^256 of them) learns nothing from sixty.
_WRONG_TOKENS_PER_MINUTE: Final = 60
#: Forms that one session may send in a minute: a person sends two or three, with a mistake in each.
_FORMS_PER_MINUTE: Final = 20
#: Characters of a token; nothing else is looked up.
_TOKEN_CHARS: Final = 43

_View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request for a page of a session.

    Attributes:
        request: the request.
        standing: the session, as it was when the request came.
        reader: who looks, in which language.
    """

    request: HttpRequest
    standing: Standing
    reader: Reader

    @property
    def session(self) -> CheckoutSession:
        """The session."""
        return self.standing.session

    def again(self) -> "Visit":
        """The same visit, with the session as it is now."""
        return replace(self, standing=standings.of(self.session))

    def here(self) -> dict[str, str]:
        """The address of this page in each language; after a form, that of the page it belongs to."""
        path = self.request.path
        if self.request.method == "POST" and not path.rpartition("/")[2].isdigit():
            path = urlsplit(self.reader.links.page).path
        asked = self.request.GET.copy()
        asked.pop("lang", None)
        found = {}
        for code in LANGUAGES:
            if code == self.session.language:
                asked.pop("lang", None)
            else:
                asked["lang"] = code
            found[code] = f"{path}?{asked.urlencode()}" if asked else path
        return found

    def respond(self, html: str, *, status: int = 200, window: str = "") -> HttpResponse:
        """A page, which may show a window of the provider's."""
        answer = HttpResponse(html, status=status)
        answer.frame_source = window  # type: ignore[attr-defined]  # for `door`, which writes the policy
        return answer


def door(*methods: str) -> Callable[[_View], _View]:
    """A view of a session's pages: it is called with a `Visit` once the token is known."""

    def decorated(view: _View) -> _View:
        @csrf_exempt
        @wraps(view)
        def answered(request: HttpRequest, token: str, **arguments: Any) -> HttpResponse:
            allowed = {*methods, "HEAD"}
            if request.method not in allowed:
                answer = page_ends.said(request, 405)
                answer.headers["Allow"] = ", ".join(sorted(allowed))
                return answer
            standing = _standing(token)
            if standing is None:
                return _unknown(request)
            visit = _visit(request, standing, token)
            language = visit.reader.language
            if request.method == "POST" and (seconds := _wait(standing.session)):
                answer = page_ends.said(request, 429, wait_seconds=seconds, language=language)
                return _with_headers(answer, visit)
            with translation.override(language):
                try:
                    answer = view(visit, **arguments)
                except page_ends.Unreadable as unreadable:
                    answer = page_ends.said(request, unreadable.status, language=language)
                except Busy:
                    answer = page_ends.said(request, 503, language=language)
                except Http404:
                    return _unknown(request)
            return _with_headers(answer, visit)

        return answered

    return decorated


def see_other(address: str) -> HttpResponse:
    """After a form: the page that shows what became of it. It may be loaded again without sending anything."""
    return HttpResponse(status=303, headers={"Location": address})


def _standing(token: str) -> Standing | None:
    """The session of a token; None where there is none, or where its link has ended, which nobody can tell apart."""
    if len(token) != _TOKEN_CHARS or not token.isascii():
        return None
    session = sessions.find(token)
    if session is None:
        return None
    standing = standings.of(session)
    return None if standing.is_over else standing


def _visit(request: HttpRequest, standing: Standing, token: str) -> Visit:
    asked = request.GET.get("lang", "")
    own = standing.session.language
    language = asked if asked in LANGUAGES else own
    came_back = request.GET.get(CAME_BACK) == "1"
    links = Links(token=token, language="" if language == own else language, came_back=came_back)
    look = branding.of(standing.session.product)
    return Visit(
        request=request,
        standing=standing,
        reader=Reader(language=language, links=links, look=look, now=timezone.now()),
    )


def _unknown(request: HttpRequest) -> HttpResponse:
    who = subscriber(client_address(request))
    quota = quotas.count("unknown-payment-pages", who, _WRONG_TOKENS_PER_MINUTE)
    if quota.is_exceeded:
        return page_ends.said(request, 429, wait_seconds=quota.resets_in_seconds)
    return page_ends.said(request, 404)


def _wait(session: CheckoutSession) -> int:
    """Seconds that the session has to wait before it sends another form; 0 where it may."""
    quota = quotas.count("payment-forms", str(session.pk), _FORMS_PER_MINUTE)
    return quota.resets_in_seconds if quota.is_exceeded else 0


def _with_headers(answer: HttpResponse, visit: Visit) -> HttpResponse:
    page_ends.harden(
        answer,
        frame_ancestors=visit.reader.look.frame_origins,
        frame_source=getattr(answer, "frame_source", ""),
    )
    if answer.status_code == 200:  # noqa: PLR2004 - HTTP
        answer.headers["Content-Language"] = visit.reader.language
    return answer
