"""Doors of checkout sessions: parse, call the verb, show the shape."""

import uuid

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.idempotency import answer_once, claim_of
from gateway.api.listing import list_of
from gateway.api.query import CurrencyFilter, TimeFilter
from gateway.api.schema import IDEMPOTENCY_KEY, list_parameters, page_of
from gateway.products.actions import Caller
from gateway.products.models import Scope
from payments.checkout import sessions, standing
from payments.checkout.serializers import NewCheckoutSessionSerializer
from payments.checkout.shapes import CheckoutSessionShape, session_shape
from payments.models import CheckoutSession


class CheckoutSessionFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Query parameters of GET /checkout-sessions."""

    currency = CurrencyFilter()
    customer = django_filters.CharFilter(field_name="customer__external_id", help_text="Your id of the customer.")
    reference = django_filters.CharFilter(help_text="Your reference of the order.")
    created_after = TimeFilter(field_name="created_at", lookup_expr="gt")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = CheckoutSession
        fields: list[str] = []


class CheckoutSessionsView(APIView):
    """``/checkout-sessions``."""

    scopes = {"POST": Scope.DEPOSITS_WRITE}

    @extend_schema(
        operation_id="create_checkout_session",
        request=NewCheckoutSessionSerializer,
        responses={201: CheckoutSessionShape},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "Any system of the currency",
                request_only=True,
                value={
                    "currency": "INR",
                    "amount": "1000.00",
                    "customer": "55",
                    "reference": "order-3",
                    "language": "hi",
                    "return_urls": {"success": "https://shop.example/paid", "pending": "https://shop.example/wait"},
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Create a checkout session: send the customer to its `url`, and wait for the news of its deposits.

        Every attempt of the customer is a deposit, which names the session in `checkout_session`; the first has the
        session's reference, later ones have `~2`, `~3` … behind it. At most one of them can be open at a time.
        """
        caller = caller_of(request)
        claim = claim_of(request, caller)

        def work() -> CheckoutSession:
            wanted = NewCheckoutSessionSerializer(data=request.data, context={"product": caller.product})
            wanted.is_valid(raise_exception=True)
            return sessions.create_session(caller, wanted.wish(), claim)

        made, status, headers = answer_once(claim, work, lambda session_id: _find(caller, session_id))
        return Response(_shown(made), status=status, headers=headers)

    @extend_schema(
        operation_id="list_checkout_sessions",
        responses={200: page_of(CheckoutSessionShape)},
        parameters=list_parameters(CheckoutSessionFilter),
    )
    def get(self, request: Request) -> Response:
        """List checkout sessions, newest first."""
        return list_of(
            request,
            _mine(caller_of(request)).prefetch_related(standing.LISTED),
            prefix=ids.CHECKOUT_SESSION,
            filters=CheckoutSessionFilter,
            shape=lambda session: session_shape(standing.of_listed(session)),
        )


class CheckoutSessionView(APIView):
    """``/checkout-sessions/{id}``."""

    @extend_schema(operation_id="get_checkout_session", responses={200: CheckoutSessionShape})
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Read a checkout session."""
        return Response(_shown(_find(caller_of(request), session_id)))


class CancelCheckoutSessionView(APIView):
    """``/checkout-sessions/{id}/cancel``."""

    scopes = {"POST": Scope.DEPOSITS_WRITE}
    refusals = {"POST": [409]}

    @extend_schema(operation_id="cancel_checkout_session", request=None, responses={200: CheckoutSessionShape})
    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Cancel a checkout session that nobody has paid yet, with its deposit. A late payment is still credited."""
        caller = caller_of(request)
        _find(caller, session_id)
        sessions.cancel_session(caller, session_id)
        return Response(_shown(_find(caller, session_id)))


def _shown(session: CheckoutSession) -> dict[str, object]:
    return session_shape(standing.of(session))


def _mine(caller: Caller) -> "QuerySet[CheckoutSession]":
    rows = CheckoutSession.objects.filter(product=caller.product, mode=caller.mode)
    return rows.select_related("customer", "product")


def _find(caller: Caller, session_id: uuid.UUID) -> CheckoutSession:
    session = _mine(caller).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    return session
