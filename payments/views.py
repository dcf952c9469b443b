"""Doors of money in: parse, call the verb, show the shape."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.fields import is_plain
from gateway.api.idempotency import answer_once, claim_of
from gateway.api.listing import NoFilter, list_of
from gateway.api.parsers import BoundedMultiPartParser, StrictJSONParser
from gateway.api.remembering import RememberingView
from gateway.api.schema import IDEMPOTENCY_KEY, PREFER, list_parameters, page_of
from gateway.api.waiting import wait_until
from gateway.products.actions import Caller
from gateway.products.models import Customer, Scope
from payments import actions, confirming
from payments.filters import DepositFilter
from payments.models import Confirmation, Deposit, Savings
from payments.serializers import NewConfirmationSerializer, NewDepositSerializer
from payments.shapes import (
    ConfirmationShape,
    CustomerSavingsShape,
    DepositShape,
    confirmation_shape,
    customer_savings_shape,
    deposit_shape,
)
from payments.states import DepositStatus


class DepositsView(RememberingView):
    """``/deposits``."""

    scopes = {"POST": Scope.DEPOSITS_WRITE}

    @extend_schema(
        operation_id="create_deposit",
        request=NewDepositSerializer,
        responses={201: DepositShape},
        parameters=[IDEMPOTENCY_KEY, PREFER],
        examples=[
            OpenApiExample(
                "UPI",
                request_only=True,
                value={
                    "payment_system": "upi_l",
                    "currency": "INR",
                    "amount": "1000.00",
                    "customer": "55",
                    "reference": "order-1",
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Create a deposit. With `Prefer: wait=10` the answer comes with its next action."""
        caller = caller_of(request)
        claim = claim_of(request, caller)

        def work() -> Deposit:
            wanted = NewDepositSerializer(data=request.data, context={"takes_savings": caller.product.takes_savings})
            wanted.is_valid(raise_exception=True)
            return actions.create_deposit(caller, wanted.wish(), claim)

        made, status, headers = answer_once(claim, work, lambda deposit_id: _find(caller, deposit_id))
        deposit, waited = wait_until(
            request,
            made,
            load=lambda: _find(caller, made.pk),
            done=lambda row: row.status != DepositStatus.CREATED,
        )
        if waited:
            headers["Preference-Applied"] = "wait"
        return Response(deposit_shape(deposit), status=status, headers=headers)

    @extend_schema(
        operation_id="list_deposits",
        responses={200: page_of(DepositShape)},
        parameters=list_parameters(DepositFilter),
    )
    def get(self, request: Request) -> Response:
        """List deposits, newest first."""
        return list_of(
            request, _mine(caller_of(request)), prefix=ids.DEPOSIT, filters=DepositFilter, shape=deposit_shape
        )


class DepositView(APIView):
    """``/deposits/{id}``."""

    @extend_schema(operation_id="get_deposit", responses={200: DepositShape}, parameters=[PREFER])
    def get(self, request: Request, deposit_id: uuid.UUID) -> Response:
        """Read a deposit. With `Prefer: wait=10` the answer comes once it is no longer `created`."""
        deposit, _ = wait_until(
            request,
            _find(caller_of(request), deposit_id),
            load=lambda: _find(caller_of(request), deposit_id),
            done=lambda row: row.status != DepositStatus.CREATED,
        )
        return Response(deposit_shape(deposit))


class CancelDepositView(APIView):
    """``/deposits/{id}/cancel``."""

    scopes = {"POST": Scope.DEPOSITS_WRITE}
    refusals = {"POST": [409]}

    @extend_schema(operation_id="cancel_deposit", request=None, responses={200: DepositShape})
    def post(self, request: Request, deposit_id: uuid.UUID) -> Response:
        """Cancel a deposit that nobody has paid yet."""
        _find(caller_of(request), deposit_id)
        actions.cancel_deposit(caller_of(request), deposit_id)
        return Response(deposit_shape(_find(caller_of(request), deposit_id)))


class ConfirmationsView(APIView):
    """``/deposits/{id}/confirmations``."""

    scopes = {"POST": Scope.DEPOSITS_WRITE}
    parser_classes = [StrictJSONParser, BoundedMultiPartParser]

    @extend_schema(
        operation_id="confirm_deposit",
        request={
            "application/json": NewConfirmationSerializer,
            "multipart/form-data": NewConfirmationSerializer,
        },
        responses={201: ConfirmationShape},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, deposit_id: uuid.UUID) -> Response:
        """Pass on the reference with which the customer says to have paid."""
        caller = caller_of(request)
        deposit = _find(caller, deposit_id)
        claim = claim_of(request, caller)

        def work() -> Confirmation:
            wanted = NewConfirmationSerializer(data=request.data, context={"deposit": deposit})
            wanted.is_valid(raise_exception=True)
            return confirming.confirm_deposit(caller, deposit_id, wanted.wish(), claim)

        confirmation, status, headers = answer_once(
            claim, work, lambda made: Confirmation.objects.select_related("deposit").get(pk=made)
        )
        return Response(confirmation_shape(confirmation), status=status, headers=headers)

    @extend_schema(operation_id="list_confirmations", responses={200: page_of(ConfirmationShape)})
    def get(self, request: Request, deposit_id: uuid.UUID) -> Response:
        """List the confirmations of a deposit, newest first."""
        _find(caller_of(request), deposit_id)
        return list_of(
            request,
            Confirmation.objects.filter(deposit=deposit_id).select_related("deposit"),
            prefix=ids.CONFIRMATION,
            filters=NoFilter,
            shape=confirmation_shape,
        )


class CustomerSavingsView(APIView):
    """``/customers/{id}/savings``."""

    @extend_schema(operation_id="list_savings", responses={200: page_of(CustomerSavingsShape)})
    def get(self, request: Request, customer: str) -> Response:
        """List what a customer has saved up, by system and currency; the id is your own.

        Sums below a system's minimum collect at the provider and are credited together. Nothing of it can be paid out
        before. An empty list: nothing was reported, which does not mean zero.
        """
        caller = caller_of(request)
        own = Customer.objects.filter(product=caller.product, mode=caller.mode)
        # What is no plain text is nobody's id, and of some of it, such as a NUL, the database cannot be asked.
        known = own.filter(external_id=customer).first() if is_plain(customer) else None
        if known is None:
            raise NotFound
        return list_of(
            request,
            Savings.objects.filter(customer=known).select_related("customer"),
            prefix=ids.SAVINGS,
            filters=NoFilter,
            shape=customer_savings_shape,
        )


def _mine(caller: Caller) -> "QuerySet[Deposit]":
    rows = Deposit.objects.filter(product=caller.product, mode=caller.mode)
    return rows.select_related("customer", "payment_system", "savings").prefetch_related("receipts")


def _find(caller: Caller, deposit_id: uuid.UUID) -> Deposit:
    deposit = _mine(caller).filter(pk=deposit_id).first()
    if deposit is None:
        raise NotFound
    return deposit
