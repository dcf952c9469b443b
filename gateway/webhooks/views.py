"""Doors of the outbox: parse, call the verb, show the shape."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.listing import NoFilter, list_of
from gateway.api.problems import Problem
from gateway.api.schema import list_parameters, page_of
from gateway.products.actions import Caller, by_key_of
from gateway.products.models import Scope
from gateway.webhooks import actions
from gateway.webhooks.filters import EventFilter
from gateway.webhooks.models import Event, WebhookEndpoint
from gateway.webhooks.serializers import NewWebhookEndpointSerializer
from gateway.webhooks.shapes import (
    EventShape,
    EventWithDeliveriesShape,
    WebhookEndpointShape,
    WebhookEndpointWithSecretShape,
    endpoint_shape,
    event_shape,
    event_with_deliveries_shape,
)


class WebhookEndpointsView(APIView):
    """``/webhook-endpoints``."""

    scopes = {"POST": Scope.WEBHOOKS_WRITE}
    refusals = {"POST": [409]}

    @extend_schema(
        operation_id="create_webhook_endpoint",
        request=NewWebhookEndpointSerializer,
        responses={201: WebhookEndpointWithSecretShape},
        examples=[
            OpenApiExample(
                "Two kinds of events",
                request_only=True,
                value={
                    "url": "https://shop.example.com/webhooks",
                    "event_types": ["deposit.credited", "withdrawal.paid"],
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Add an endpoint. Its secret is shown in this answer only."""
        caller = caller_of(request)
        wanted = NewWebhookEndpointSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            with by_key_of(caller):
                endpoint, secret = actions.add_endpoint(
                    product=caller.product, mode=caller.mode, **wanted.validated_data
                )
        except actions.AlreadyAnEndpoint as known:
            raise Problem(
                status=409,
                code="conflict",
                detail=f"This address is told already, by {known.endpoint}; disable that one first.",
                pointer="/url",
            ) from None
        except actions.TooManyEndpoints:
            raise Problem(
                status=409,
                code="conflict",
                detail=f"There are {actions.ENDPOINTS_MAX} enabled endpoints already; disable one first.",
            ) from None
        return Response({**endpoint_shape(endpoint), "secret": secret}, status=201)

    @extend_schema(operation_id="list_webhook_endpoints", responses={200: page_of(WebhookEndpointShape)})
    def get(self, request: Request) -> Response:
        """List endpoints, newest first, the disabled ones included."""
        return list_of(
            request,
            _endpoints(caller_of(request)),
            prefix=ids.WEBHOOK_ENDPOINT,
            filters=NoFilter,
            shape=endpoint_shape,
        )


class WebhookEndpointView(APIView):
    """``/webhook-endpoints/{id}``."""

    scopes = {"DELETE": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="get_webhook_endpoint", responses={200: WebhookEndpointShape})
    def get(self, request: Request, endpoint_id: uuid.UUID) -> Response:
        """Read an endpoint."""
        return Response(endpoint_shape(_find_endpoint(caller_of(request), endpoint_id)))

    @extend_schema(operation_id="disable_webhook_endpoint", responses={200: WebhookEndpointShape})
    def delete(self, request: Request, endpoint_id: uuid.UUID) -> Response:
        """Disable an endpoint and cancel what it is still owed. Its history stays."""
        caller = caller_of(request)
        endpoint = _find_endpoint(caller, endpoint_id)
        with by_key_of(caller):
            return Response(endpoint_shape(actions.disable_endpoint(endpoint)))


class RotateSecretView(APIView):
    """``/webhook-endpoints/{id}/rotate-secret``."""

    scopes = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="rotate_webhook_secret", request=None, responses={200: WebhookEndpointWithSecretShape})
    def post(self, request: Request, endpoint_id: uuid.UUID) -> Response:
        """Give an endpoint a new secret. The former one signs as well for another 24 hours."""
        caller = caller_of(request)
        found = _find_endpoint(caller, endpoint_id)
        with by_key_of(caller):
            endpoint, secret = actions.rotate_secret(found)
        return Response({**endpoint_shape(endpoint), "secret": secret})


class EventsView(APIView):
    """``/events``."""

    @extend_schema(
        operation_id="list_events",
        responses={200: page_of(EventShape)},
        parameters=list_parameters(EventFilter),
    )
    def get(self, request: Request) -> Response:
        """List events, newest first."""
        return list_of(request, _events(caller_of(request)), prefix=ids.EVENT, filters=EventFilter, shape=event_shape)


class EventView(APIView):
    """``/events/{id}``."""

    @extend_schema(operation_id="get_event", responses={200: EventWithDeliveriesShape})
    def get(self, request: Request, event_id: uuid.UUID) -> Response:
        """Read an event with its deliveries and their attempts."""
        event = _events(caller_of(request)).prefetch_related("deliveries__tries").filter(pk=event_id).first()
        if event is None:
            raise NotFound
        return Response(event_with_deliveries_shape(event))


def _endpoints(caller: Caller) -> "QuerySet[WebhookEndpoint]":
    return WebhookEndpoint.objects.filter(product=caller.product, mode=caller.mode)


def _find_endpoint(caller: Caller, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    endpoint = _endpoints(caller).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    return endpoint


def _events(caller: Caller) -> "QuerySet[Event]":
    return Event.objects.filter(product=caller.product, mode=caller.mode)
