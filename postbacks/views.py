"""The provider's door: ``POST /postbacks/paykassma/{token}/``. Whatever is not kept is not acknowledged."""

from http import HTTPStatus
from typing import Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from gateway.api.addresses import client_address, subscriber
from gateway.api.quotas import WINDOW_SECONDS
from gateway.api.slow_bodies import NoPlaceError
from gateway.providers.lookups import ADDRESSEES
from gateway.remembered import doubt, perhaps
from postbacks.actions import Received, receive

#: C§2: exactly this, or the letter comes again.
ACKNOWLEDGED: Final = b'{"status":"ok"}'
#: A letter has a few items of about a kilobyte; the list of converted amounts adds two.
_MAX_BYTES: Final = 200 * 1024
#: None is documented; JSON is what the provider sends, and a client that names nothing sends JSON, too.
_CONTENT_TYPES: Final = frozenset({"", "application/json", "text/json", "text/plain"})

_REFUSALS: Final = {
    Received.REFUSED: (HTTPStatus.FORBIDDEN, "wrong signature"),
    Received.UNREADABLE: (HTTPStatus.BAD_REQUEST, "not a signed letter"),
    Received.TOO_MANY: (HTTPStatus.TOO_MANY_REQUESTS, "too many letters with a wrong signature"),
}


@csrf_exempt  # a letter comes without a cookie that could be misused
def take_letter(request: HttpRequest, token: str) -> HttpResponse:
    """Keep the letter, then acknowledge it.

    One address for each provider account; the token is unguessable and is the only thing that names it.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return perhaps(lambda: _take(request, token))


def _take(request: HttpRequest, token: str) -> HttpResponse:
    account = ADDRESSEES.find(token)
    if account is None:
        return _refusal(HTTPStatus.NOT_FOUND, "unknown address")
    if (request.content_type or "").lower() not in _CONTENT_TYPES:
        doubt()
        return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > _MAX_BYTES:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
        raw = request.body
    except (RequestDataTooBig, ValueError):
        return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
    except UnreadablePostError as error:
        if isinstance(error.__cause__, NoPlaceError):
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many slow bodies; send it again")
        return _refusal(HTTPStatus.BAD_REQUEST, "the body broke off")
    if len(raw) > _MAX_BYTES:
        return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
    outcome = receive(account, raw, subscriber(client_address(request)))
    if outcome is Received.KEPT:
        return HttpResponse(ACKNOWLEDGED, content_type="application/json")
    return _refusal(*_REFUSALS[outcome])


def _refusal(status: HTTPStatus, message: str) -> JsonResponse:
    answer = JsonResponse({"status": "fail", "message": message}, status=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        answer.headers["Retry-After"] = str(WINDOW_SECONDS)
    return answer
