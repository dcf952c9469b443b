"""One error shape for everything: RFC 9457 ``application/problem+json``.

``type`` is a page of the documentation, ``code`` is stable, ``errors[]`` names each field by JSON Pointer (RFC 6901).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from gateway import logs
from gateway.api.slow_bodies import NoPlaceError
from gateway.pictures import Busy

log = structlog.get_logger(__name__)

CONTENT_TYPE: Final = "application/problem+json"

#: Every code this service answers with, with its title; the documentation page is generated from it.
TITLES: Final[Mapping[str, str]] = {
    "insufficient_funds": "The product has too little money for it",
    "amount_below_minimum": "The amount is below the payment system's minimum",
    "amount_above_maximum": "The amount is above the payment system's maximum",
    "amount_not_whole": "The provider takes whole units only here",
    "authentication_failed": "The API key is missing, unknown or ended",
    "batch_invalid": "Rows of the batch are not valid",
    "body_too_large": "The request body is too large",
    "conflict": "The object is not in a state that allows this",
    "forbidden": "The API key lacks the scope",
    "idempotency_key_in_use": "A request with this Idempotency-Key is still being answered",
    "idempotency_key_invalid": "The Idempotency-Key is missing or not acceptable",
    "idempotency_key_reused": "The Idempotency-Key was used with another request",
    "internal_error": "Something went wrong here",
    "invalid_request": "The request is not valid",
    "limit_exceeded": "It goes beyond a limit of the product's withdrawals",
    "malformed_json": "The body is not the JSON we expect",
    "mode_not_configured": "No provider account is set up for this mode",
    "method_not_allowed": "The method is not allowed here",
    "not_acceptable": "No acceptable content type",
    "not_found": "There is nothing at this address",
    "payment_system_unavailable": "The payment system cannot serve this order",
    "provider_refused": "The provider does not take this",
    "provider_unavailable": "The provider cannot be asked just now",
    "recipient_blocked": "Nothing is paid to this recipient",
    "reference_already_used": "The reference was used before",
    "refund_exceeds_receipts": "The refund is more than what is left of the deposit's money",
    "too_many_attempts": "Too many attempts",
    "too_many_requests": "Too many requests",
    "unavailable": "The service cannot answer right now",
    "unsupported_media_type": "The content type is not supported",
}


#: A database that restarts or fails over is back within seconds; one that is not is asked about again as gently.
_RETRY_AFTER_SECONDS: Final = 5
#: True whatever has happened: the work of a key and the key itself are one transaction.
_ONCE: Final = "Nothing was done that a repetition with the same Idempotency-Key would do twice."


class Problem(exceptions.APIException):
    """A refusal with a stable code. ``detail`` is a sentence that says what would be right."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        pointer: str | None = None,
        errors: list[dict[str, str]] | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        assert code in TITLES, code
        super().__init__(detail=detail, code=code)
        self.status_code = status
        self.code = code
        self.sentence = detail
        self.pointer = pointer
        self.errors = errors or []
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


def reference_taken(existing: str) -> Problem:
    """The product used its reference before, for the order of that id; whatever else this request says."""
    return Problem(
        status=409,
        code="reference_already_used",
        detail=f"The reference belongs to {existing}; every order has its own.",
        pointer="/reference",
        extra={"existing": existing},
    )


def type_url(code: str) -> str:
    """The documentation page of a code."""
    return f"{settings.PUBLIC_URL}/docs/problems/#{code}"


def document(
    *, status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None, **extra: Any
) -> dict[str, Any]:
    """The problem document itself."""
    return {
        "type": type_url(code),
        "title": TITLES[code],
        "status": status,
        "detail": detail,
        "code": code,
        "errors": errors or [],
        "request_id": logs.request_id.get(),
        **extra,
    }


def pointers(detail: Any, path: str = "") -> list[dict[str, str]]:
    """DRF's nested error detail as a flat list of ``{pointer, code, detail}``."""
    if isinstance(detail, Mapping):
        found = []
        for key, value in detail.items():
            if str(key) == api_settings.NON_FIELD_ERRORS_KEY:
                found += pointers(value, path)
            else:
                escaped = str(key).replace("~", "~0").replace("/", "~1")
                found += pointers(value, f"{path}/{escaped}")
        return found
    if isinstance(detail, list):
        found = []
        for index, value in enumerate(detail):
            # A list of dicts is a list of items, each at its own index; a list of texts belongs to this field.
            found += pointers(value, f"{path}/{index}" if isinstance(value, Mapping) else path)
        return found
    return [{"pointer": path, "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}]


def told(exc: exceptions.ValidationError) -> tuple[str, str, list[dict[str, str]]]:
    """Code, sentence and errors of what is not valid: one error gives its own code, where that is one of ours."""
    errors = pointers(exc.detail)
    code = errors[0]["code"] if len(errors) == 1 and errors[0]["code"] in TITLES else "invalid_request"
    first = errors[0]
    return code, f"{first['pointer']}: {first['detail']}" if first["pointer"] else first["detail"], errors


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Turn whatever a view raised into a problem document."""
    body, headers = _describe(exc)
    if body["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("unhandled_exception", error=type(exc).__name__, exc_info=exc)
    response = Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)
    response.exception = True
    return response


def _describe(exc: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    if isinstance(exc, Problem):
        errors = list(exc.errors)
        if exc.pointer is not None:
            errors.append({"pointer": exc.pointer, "code": exc.code, "detail": exc.sentence})
        return (
            document(status=exc.status_code, code=exc.code, detail=exc.sentence, errors=errors, **exc.extra),
            exc.headers,
        )
    if isinstance(exc, exceptions.ValidationError):
        code, sentence, errors = told(exc)
        return document(status=400, code=code, detail=sentence, errors=errors), {}
    if isinstance(exc, OperationalError | InterfaceError):  # the database is away, or has no room for more
        sentence = f"Our database does not answer; try again in a moment. {_ONCE}"
        return document(status=503, code="unavailable", detail=sentence), {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    if isinstance(exc, UnreadablePostError) and isinstance(exc.__cause__, NoPlaceError):
        sentence = "Too many bodies arrive slowly; send yours again in a moment. Nothing was done."
        return document(status=503, code="unavailable", detail=sentence), {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    if isinstance(exc, Busy):
        sentence = "Too many pictures are sent at once; send yours again in a moment. Nothing was done."
        return document(status=503, code="unavailable", detail=sentence), {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    status, code, sentence = _plain(exc)
    headers = {}
    if isinstance(exc, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return document(status=status, code=code, detail=sentence), headers


def _plain(exc: Exception) -> tuple[int, str, str]:
    match exc:
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return 401, "authentication_failed", str(exc.detail)
        case exceptions.PermissionDenied() | PermissionDenied():
            return 403, "forbidden", "This API key may not do that; ask for a key with the right scope."
        case exceptions.NotFound() | Http404():
            return 404, "not_found", "There is nothing at this address, or it is not yours."
        case exceptions.MethodNotAllowed():
            return 405, "method_not_allowed", str(exc.detail)
        case exceptions.NotAcceptable():
            return 406, "not_acceptable", "Answers are application/json."
        case exceptions.UnsupportedMediaType():
            return 415, "unsupported_media_type", "Send application/json, or multipart/form-data with a screenshot."
        case RequestDataTooBig():
            return 413, "body_too_large", "The body is larger than this address takes."
        case exceptions.ParseError():
            return 400, "malformed_json", str(exc.detail)
        case SuspiciousOperation() | UnreadablePostError():
            return 400, "invalid_request", "The request could not be read."
    return 500, "internal_error", _ONCE


def respond(request: HttpRequest, *, status: int, code: str, detail: str) -> JsonResponse:
    """A problem document from outside DRF (unknown addresses, failures before a view)."""
    return JsonResponse(document(status=status, code=code, detail=detail), status=status, content_type=CONTENT_TYPE)


def respond_to(exc: BaseException | None) -> JsonResponse:
    """As `exception_handler`, outside of DRF."""
    body, headers = _describe(exc if isinstance(exc, Exception) else RuntimeError())
    return JsonResponse(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)
