"""Views whose POST begins with remembered rows (`gateway.remembered`); nothing is answered that rests on them."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import RawPostDataException
from django.http.response import HttpResponseBase
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway.remembered import Doubtful, perhaps, rests_on_memory


class RememberingView(APIView):
    """A view whose ``post`` makes something in one statement that compares the versions of what it rests on.

    Only what was made is answered at once. Every refusal, and every answer to a repetition, is found out with rows
    that are read afresh.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a POST with remembered rows where that is safe, everything else as always."""
        answer = super().dispatch
        if request.method != "POST":
            return answer(request, *args, **kwargs)

        def work() -> HttpResponseBase:
            response = answer(request, *args, **kwargs)
            if _is_refusal_or_repetition(response) and rests_on_memory() and _can_be_read_again(request):
                raise Doubtful
            return response

        return perhaps(work)

    def handle_exception(self, exc: Exception) -> Response:
        """A doubt is no error, and nothing to be told of."""
        if isinstance(exc, Doubtful):
            raise exc
        return super().handle_exception(exc)


def _is_refusal_or_repetition(response: HttpResponseBase) -> bool:
    # A failure of ours is none of them: what it did nobody knows, and the caller is told to ask again.
    return response.status_code != HTTPStatus.CREATED and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


def _can_be_read_again(request: HttpRequest) -> bool:
    """False where the body broke off or has a length that is none. What is wrong there needs no row to be told."""
    try:
        _ = request.body
    except RequestDataTooBig:
        return True
    except (OSError, ValueError, RawPostDataException):
        return False
    return True
