"""Views whose POST begins with remembered rows (`gateway.remembered`); nothing is answered that rests on them."""

from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway.api.idempotency import StillAtWork
from gateway.remembered import Doubtful, forget_everything, perhaps, rests_on_memory


class RememberingView(APIView):
    """A view whose ``post`` makes something in one statement that compares the versions of what it rests on.

    Only what was made is answered at once. Every refusal, and every answer to a repetition, is found out with rows
    that are read afresh.
    """

    _waited_in_vain = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a POST with remembered rows where that is safe, everything else as always."""
        answer = super().dispatch
        if request.method != "POST":
            return answer(request, *args, **kwargs)

        def work() -> HttpResponseBase:
            response = answer(request, *args, **kwargs)
            if self._is_to_be_asked_again(request, response):
                raise Doubtful
            return response

        return perhaps(work)

    def handle_exception(self, exc: Exception) -> Response:
        """A doubt is no error, and nothing to be told of."""
        if isinstance(exc, Doubtful):
            raise exc
        if isinstance(exc, OperationalError | InterfaceError):
            forget_everything()  # it may be another server from now on
        self._waited_in_vain = isinstance(exc, StillAtWork)
        return super().handle_exception(exc)

    def _is_to_be_asked_again(self, request: HttpRequest, response: HttpResponseBase) -> bool:
        if response.status_code == HTTPStatus.CREATED or not rests_on_memory():
            return False
        # Of a failure of ours nobody knows what it did: the caller asks again. And whoever has waited for the first
        # request with the same key, behind rows that were compared by then, is not made to wait once more.
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or self._waited_in_vain:
            return False
        # A body that broke off cannot be read again, and what is wrong there needs no row to be told.
        return hasattr(request, "_body") or not getattr(request, "_read_started", False)
