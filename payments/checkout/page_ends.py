"""Where a payment page ends: what is said where there is none, and the headers with which all of them leave."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from csp.constants import NONE
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.utils.translation.trans_real import parse_accept_lang_header

from payments.checkout import locales, screens
from payments.checkout.readers import LANGUAGES

#: Where the pages are. What products and the provider's pictures have there is served by doors of their own.
PREFIX: Final = "/pay/"
#: With each status: what the page is called, and what the customer may do.
_SAID: Final = {
    400: (gettext_noop("This could not be read"), (gettext_noop("Please go back and send it again."),)),
    404: (
        gettext_noop("This link leads to no payment"),
        (
            gettext_noop("The link is incomplete, or it ended some time ago."),
            gettext_noop(
                "Please open it again from where you got it. If you have paid, your money is not lost: ask there."
            ),
        ),
    ),
    405: (gettext_noop("This could not be read"), (gettext_noop("Please open the link again."),)),
    413: (
        gettext_noop("This is too large"),
        (gettext_noop("Please go back and send a smaller picture. Nothing else is wrong."),),
    ),
    415: (gettext_noop("This could not be read"), (gettext_noop("Please go back and send it again."),)),
    429: (
        gettext_noop("Please wait a moment"),
        (gettext_noop("There were too many tries. Nothing is lost; go on in about a minute."),),
    ),
    500: (
        gettext_noop("Something went wrong on our side"),
        (
            gettext_noop(
                "Please open the page again in a moment. If you have paid, your money is not lost; do not pay again."
            ),
        ),
    ),
    503: (
        gettext_noop("Please wait a moment"),
        (gettext_noop("We cannot answer right now. If you have paid, your money is not lost; do not pay again."),),
    ),
}


class Unreadable(Exception):  # noqa: N818 - reads as what it is
    """A form that is none of ours.

    Attributes:
        status: 400, 413, 415 or 503.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def said(request: HttpRequest, status: int, *, wait_seconds: int = 0, language: str = "") -> HttpResponse:
    """A calm page for a request that gets no page of a session: in English, and in the reader's language.

    Args:
        request: the request.
        status: of the answer.
        wait_seconds: when to come again; 0: that is not said.
        language: of the reader; "": the browser says it.
    """
    answer = HttpResponse(_page(_languages_of(request, language), status), status=status)
    if wait_seconds:
        answer.headers["Retry-After"] = str(wait_seconds)
    return harden(answer)


def harden(answer: HttpResponse, *, frame_ancestors: Sequence[str] = (), frame_source: str = "") -> HttpResponse:
    """The headers of every payment page.

    Args:
        answer: which gets them.
        frame_ancestors: origins that may show it in a frame; none: nobody.
        frame_source: address of what it shows in a frame itself; "": nothing.
    """
    policy = [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "media", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        f"frame-ancestors {' '.join(frame_ancestors or [NONE])}",
    ]
    if frame_source:
        parts = urlsplit(frame_source)
        policy.append(f"frame-src {parts.scheme}://{parts.netloc}")
    answer.headers["Content-Security-Policy"] = "; ".join(policy)
    # The address is the key: it is told to nobody, and the page lies in no cache on the way.
    own: dict[str, str | None] = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    if frame_ancestors:
        own["X-Frame-Options"] = None  # it knows no list; browsers heed frame-ancestors where both are there
    answer.own_headers = own  # type: ignore[attr-defined]  # of `gateway.api.answer_headers`
    return answer


def _page(languages: Sequence[str], status: int) -> str:
    words: list[dict[str, Any]] = []
    for language in languages:
        with translation.override(language):
            title, sentences = _SAID.get(status, _SAID[500])
            words.append(
                {
                    "language": language,
                    "direction": locales.direction(language),
                    "title": _(title),
                    "sentences": [_(one) for one in sentences],
                }
            )
    with translation.override(languages[0]):
        return render_to_string("pay/dead_end.html", {**screens.bare_frame(languages[0]), "words": words})


def _languages_of(request: HttpRequest, own: str) -> list[str]:
    """English, before it the reader's own; where nobody knows that, the first of ours that the browser asks for."""
    try:
        asked = own or request.GET.get("lang", "")
    except SuspiciousOperation:  # more parameters than Django reads; that is what the page is about
        asked = ""
    wanted = [asked] if asked else []
    wanted += [
        code.partition("-")[0] for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    ]
    first = next((code for code in wanted if code in LANGUAGES), "en")
    return ["en"] if first == "en" else [first, "en"]
