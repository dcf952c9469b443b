"""What every answer says beside its body: how much is left of a limit, and what a browser must not do with it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse

_YEAR_SECONDS: Final = 365 * 24 * 60 * 60

#: For all that is no page: nothing may be loaded, run or framed.
_NOTHING: Final = {"default-src": [NONE], "base-uri": [NONE], "form-action": [NONE], "frame-ancestors": [NONE]}
#: Pages below an address may do more. Nothing comes from another host, and only the admin evaluates text as code.
_PAGES: Final[Mapping[str, Mapping[str, Any]]] = {
    # Both viewers write their styles as they go; Redoc searches in a worker that it makes from a text.
    "/docs/": {
        **_NOTHING,
        "script-src": [SELF, NONCE],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": ["blob:"],
    },
    # docs/adr/the-admin-may-evaluate-scripts.md
    "/admin/": {
        **_NOTHING,
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
    },
}

_OF_PAGES: Final = tuple(_PAGES)

#: Of a browser's abilities we use none.
_NO_ABILITIES: Final = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
#: On everything; as Django keeps headers.
_ALWAYS: Final[Mapping[str, tuple[str, str]]] = {
    name.lower(): (name, value)
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": _NO_ABILITIES,
        # The documentation's viewer would like to be opened by others; nobody signs in through it.
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }.items()
}
#: What holds orders, or people's work with them, lies in no cache on the way.
_NOT_KEPT: Final = ("/api/", "/admin/", "/postbacks/")


class AnswerHeadersMiddleware:
    """Security headers on everything; ``RateLimit`` where a limit was counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers."""
        response = self.get_response(request)
        headers = response.headers
        # At once: each assignment converts both texts anew, which for all of them was a fiftieth of an order.
        headers._store.update(_ALWAYS)  # noqa: SLF001 - Django's mapping takes them one by one only
        if settings.PUBLIC_URL.startswith("https://"):
            # Whatever the connection from the proxy to here is: browsers heed it over https only (RFC 6797 §8.1).
            headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
        if request.path_info.startswith(_NOT_KEPT):
            headers["Cache-Control"] = "no-store"
        for name, value in getattr(response, "own_headers", {}).items():  # of payment pages (payments/checkout)
            if value is None:
                del headers[name]
            else:
                headers[name] = value
        quota = getattr(request, "quota", None)
        if quota is not None:
            for name, value in quota.headers().items():
                headers[name] = value
        return response


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The policy of the address; for what is no page it is always the same text, put together once."""

    def process_request(self, request: HttpRequest) -> None:
        """Give a page its nonce."""
        if request.path_info.startswith(_OF_PAGES):
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Answer, with the policy."""
        if not request.path_info.startswith(_OF_PAGES):
            # A view that knows better has said so.
            response.headers.setdefault("Content-Security-Policy", _nothing())
            return response
        return super().process_response(request, response)

    def get_policy_parts(self, request: HttpRequest, response: Any, report_only: bool = False) -> PolicyParts:  # noqa: FBT001, FBT002 - the base class's signature
        """The policy of the page's address."""
        if report_only:
            return PolicyParts()
        config = next(policy for prefix, policy in _PAGES.items() if request.path_info.startswith(prefix))
        return PolicyParts(config=dict(config), nonce=getattr(request, "_csp_nonce", None))


@cache
def _nothing() -> str:
    return build_policy(config=dict(_NOTHING))
