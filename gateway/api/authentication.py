"""Bearer keys: found by one indexed digest, then checked for mode, end and scope."""

import re
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from gateway.products.actions import Caller
from gateway.products.lookups import find_key
from gateway.products.models import ApiKey, Mode

_KEY: Final = re.compile(r"(?i:Bearer) +(pk_(?:test|live)_[A-Za-z0-9_-]{20,100})", re.ASCII)


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer pk_test_…``. ``request.user`` becomes the `Caller`."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey]:
        """Find the key or refuse; there is no anonymous caller."""
        matched = _KEY.fullmatch(request.headers.get("Authorization", ""))
        if matched is None:
            raise AuthenticationFailed("Send your API key as 'Authorization: Bearer pk_test_…'.")
        key = find_key(matched.group(1))
        # One sentence for every reason: a guesser learns nothing about which keys once existed.
        if key is None or not key.is_usable():
            raise AuthenticationFailed("The API key is unknown, expired or revoked.")
        caller = Caller(product=key.product, mode=Mode(key.mode), key_id=key.id, scopes=frozenset(key.scopes))
        return caller, key

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return "Bearer"


def caller_of(request: Request) -> Caller:
    """The caller that `ApiKeyAuthentication` found."""
    caller: Any = request.user
    assert isinstance(caller, Caller)
    return caller


class HasScope(BasePermission):
    """A view names the scope of each method in ``scopes``; ``read`` is the default for GET."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True where the caller's key carries the scope of this method."""
        wanted: dict[str, str] = getattr(view, "scopes", {})
        if request.method == "OPTIONS":
            return True
        if request.method not in view.allowed_methods:
            return True  # nothing will be done: the view answers 405 and says what is allowed
        scope = wanted.get(str(request.method), "read" if request.method in {"GET", "HEAD"} else None)
        return scope is not None and scope in caller_of(request).scopes


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes the keys."""

    target_class = "gateway.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """An HTTP bearer scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: `pk_test_…` talks to the sandbox, `pk_live_…` to Paykassma.",
        }
