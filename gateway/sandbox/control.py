"""The control API: what tests and demonstrations tell the sandbox.

JSON both ways, header `X-Control-Key` on every call; `VERBS` lists the calls.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from gateway.sandbox import control_letters, control_orders, control_weather
from gateway.sandbox.control_calls import ControlError
from gateway.sandbox.provider import Provider


def answer(provider: Provider, request: Request, action: str) -> Response:
    """Authenticate a call and do it."""
    given = request.headers.get("X-Control-Key", "")
    if not hmac.compare_digest(given.encode(), provider.settings.control_key.encode()):
        return _json({"error": "wrong X-Control-Key"}, HTTPStatus.FORBIDDEN)
    verb = VERBS.get((request.method, action))
    if verb is None:
        return _json({"error": "no such call"}, HTTPStatus.NOT_FOUND)
    try:
        return _json(verb(provider, _fields(request)), HTTPStatus.OK)
    except ControlError as error:
        return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)


def _json(body: Any, status: HTTPStatus) -> Response:
    return Response(json.dumps(body, default=str), status=status, content_type="application/json")


def _fields(request: Request) -> dict[str, Any]:
    raw = request.get_data()
    try:
        fields = json.loads(raw, parse_float=Decimal) if raw else dict(request.args)
    except (ValueError, RecursionError):
        raise ControlError("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise ControlError("the body is not an object")
    return fields


def reset(provider: Provider, _fields: Mapping[str, Any]) -> Any:
    """Forget everything."""
    provider.reset()
    return {}


VERBS: Final[Mapping[tuple[str, str], Callable[[Provider, Mapping[str, Any]], Any]]] = MappingProxyType(
    {
        ("POST", "payments"): control_orders.register_payment,
        ("POST", "release"): control_weather.release,
        ("POST", "hang"): control_weather.set_hang,
        ("POST", "outage"): control_weather.set_outage,
        ("POST", "storm"): control_weather.begin_storm,
        ("POST", "storm/end"): control_weather.end_storm,
        ("POST", "clock"): control_weather.advance_clock,
        ("POST", "letters/resend"): control_letters.resend,
        ("POST", "letters/send"): control_letters.send,
        ("POST", "letters/format"): control_letters.set_format,
        ("GET", "letters"): control_letters.list_letters,
        ("POST", "top-up"): control_orders.top_up,
        ("POST", "pay"): control_orders.pay,
        ("POST", "settle"): control_orders.settle,
        ("GET", "order"): control_orders.order,
        ("GET", "book"): control_orders.book,
        ("GET", "requests"): control_orders.requests,
        ("POST", "reset"): reset,
    },
)
