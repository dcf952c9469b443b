"""Bearer keys: found by one indexed digest, then checked for mode, end, place and scope.

Each call is counted for its key, each failure for the address it came from, so that nobody tries keys in bulk.
"""

import math
import re
import time
from dataclasses import replace
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from gateway.api import quotas
from gateway.api.addresses import client_address, is_within, networks_of, subscriber
from gateway.api.problems import Problem
from gateway.products.actions import Caller
from gateway.products.lookups import KEYS
from gateway.products.models import ApiKey, Mode, digest_of
from gateway.remembered import doubt, rests_on_memory

log = structlog.get_logger(__name__)

_KEY: Final = re.compile(r"(?i:Bearer) +(pk_(?:test|live)_[A-Za-z0-9_-]{20,100})", re.ASCII)

#: Keys and addresses that one process remembers; forgotten all at once beyond that, which costs nobody more than one
#: look-up, or one minute.
_REMEMBERED_MAX: Final = 10_000
#: Digests of keys that were good when they last called here. They pass where their address is barred: products that
#: share a proxy with somebody who tries keys go on working.
_good: dict[str, None] = {}
#: Addresses with too many failures, each with the time until when. A barred caller costs no look-up in any database.
_barred: dict[str, float] = {}


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer pk_test_…``. ``request.user`` becomes the `Caller`."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey]:
        """Find the key or refuse; there is no anonymous caller."""
        http: HttpRequest = request._request  # noqa: SLF001 - DRF's own way to the request that middleware sees
        matched = _KEY.fullmatch(http.META.get("HTTP_AUTHORIZATION", ""))
        digest = digest_of(matched.group(1)) if matched else ""
        if digest not in _good:
            _refuse_barred(http)
        if matched is None:
            raise _failure(http, "Send your API key as 'Authorization: Bearer pk_test_…'.")
        key = KEYS.find(digest)
        # One sentence for every reason: a guesser learns nothing about which keys once existed, or where they work.
        if key is None or not key.is_usable() or not _may_call_from(key, http):
            doubt()
            _good.pop(digest, None)
            raise _failure(http, "The API key is unknown, expired or revoked.")
        _remember(_good, digest, None)
        _count_call(http, key)
        caller = Caller(
            product=key.product,
            mode=Mode(key.mode),
            key_id=key.id,
            scopes=frozenset(key.scopes),
            version=key.version,
        )
        return caller, key

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return "Bearer"


def _may_call_from(key: ApiKey, http: HttpRequest) -> bool:
    return not key.allowed_networks or is_within(client_address(http), networks_of(tuple(key.allowed_networks)))


def _count_call(http: HttpRequest, key: ApiKey) -> None:
    limit = key.rate_limit_per_minute or settings.API_CALLS_PER_MINUTE
    counted = getattr(http, "quota", None)  # by a first try, with remembered rows
    quota = quotas.count("calls", str(key.id), limit) if counted is None else replace(counted, limit=limit)
    http.quota = quota  # type: ignore[attr-defined]  # `AnswerHeadersMiddleware` tells the caller
    if quota.is_exceeded:
        if quota.used == limit + 1 and not rests_on_memory():
            log.warning("api_key_over_its_limit", key=str(key.id), limit=limit)
        raise _too_many(quota.resets_in_seconds, f"This key may make {limit} calls a minute; go on more slowly.")


def _failure(http: HttpRequest, sentence: str) -> AuthenticationFailed:
    """Count a failure for its address; from the first beyond the limit on the address is barred."""
    who = subscriber(client_address(http))
    quota = quotas.count("failed-authentications", who, settings.FAILED_AUTHENTICATIONS_PER_MINUTE)
    http.quota = quota  # type: ignore[attr-defined]  # as above
    if quota.is_exceeded:
        if quota.used == quota.limit + 1:
            log.warning("too_many_failed_authentications", limit=quota.limit)
        _remember(_barred, who, time.time() + quota.resets_in_seconds)
        _refuse_barred(http)
    return AuthenticationFailed(sentence)


def _refuse_barred(http: HttpRequest) -> None:
    if not _barred:
        return
    who = subscriber(client_address(http))
    left = _barred.get(who, 0.0) - time.time()
    if left <= 0:
        _barred.pop(who, None)
        return
    limit = settings.FAILED_AUTHENTICATIONS_PER_MINUTE
    seconds = math.ceil(left)
    http.quota = quotas.Quota(  # type: ignore[attr-defined]  # as above
        policy="failed-authentications", limit=limit, used=limit + 1, resets_in_seconds=seconds
    )
    raise _too_many(seconds, "Too many calls without a valid API key came from your address.")


def _too_many(seconds: int, sentence: str) -> Problem:
    return Problem(status=429, code="too_many_requests", detail=sentence, headers={"Retry-After": str(seconds)})


def _remember(memory: dict[str, Any], name: str, value: Any) -> None:
    if name not in memory and len(memory) >= _REMEMBERED_MAX:
        memory.clear()
    memory[name] = value


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
        method = str(request.method)
        if method == "OPTIONS":
            return True
        if method not in view.allowed_methods:
            return True  # nothing will be done: the view answers 405 and says what is allowed
        scope = wanted.get(method, "read" if method in {"GET", "HEAD"} else None)
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
