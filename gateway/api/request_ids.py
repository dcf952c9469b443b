"""A request id on every answer and in every log line that the request caused."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from gateway import ids, logs

#: What we accept from a caller as its own id: safe in headers and logs, at most 64 characters (the column).
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)


class RequestIdMiddleware:
    """Takes ``X-Request-Id`` from the caller, or makes one, and echoes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its id."""
        offered = request.META.get("HTTP_X_REQUEST_ID", "")
        current = offered if _ACCEPTABLE.fullmatch(offered) else ids.new_id().hex
        token = logs.request_id.set(current)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = current
        return response
