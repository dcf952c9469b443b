"""Doors of money that goes back: parse, call the verb, show the shape."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.idempotency import answer_once, claim_of
from gateway.api.listing import NoFilter, list_of
from gateway.api.query import refuse_query
from gateway.api.schema import IDEMPOTENCY_KEY, list_parameters, page_of
from gateway.products.actions import Caller
from gateway.products.models import Scope
from gateway.refunds import actions
from gateway.refunds.serializers import NewRefundSerializer
from payments.models import Deposit
from withdrawals.models import Withdrawal
from withdrawals.shapes import WithdrawalShape, to_be_shown, withdrawal_shape


class RefundsView(APIView):
    """``/deposits/{id}/refunds``."""

    scopes = {"POST": Scope.WITHDRAWALS_WRITE}

    @extend_schema(
        operation_id="create_refund",
        request=NewRefundSerializer,
        responses={201: WithdrawalShape},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "IMPS",
                request_only=True,
                value={
                    "payment_system": "imps_ib",
                    "amount": "400",
                    "reference": "refund-1",
                    "recipient": {
                        "account_number": "123456789",
                        "account_name": "Test Name",
                        "bank_code": "MAHB0001821",
                    },
                },
            )
        ],
    )
    def post(self, request: Request, deposit_id: uuid.UUID) -> Response:
        """Send money of a deposit back to its customer.

        It is a withdrawal like any other, with `refund_of`. Never more than what was credited for the deposit in its
        currency, less its earlier refunds that did not fail: 422 `refund_exceeds_receipts` says in `refundable` what
        is left.
        """
        refuse_query(request)
        caller = caller_of(request)
        deposit = _find(caller, deposit_id)
        claim = claim_of(request, caller)

        def work() -> Withdrawal:
            wanted = NewRefundSerializer(data=request.data, context={"deposit": deposit})
            wanted.is_valid(raise_exception=True)
            return actions.create_refund(caller, deposit_id, wanted.wish(), claim)

        refund, status, headers = answer_once(claim, work, lambda made: _refunds(deposit).get(pk=made))
        return Response(withdrawal_shape(refund), status=status, headers=headers)

    @extend_schema(
        operation_id="list_refunds",
        responses={200: page_of(WithdrawalShape)},
        parameters=list_parameters(NoFilter),
    )
    def get(self, request: Request, deposit_id: uuid.UUID) -> Response:
        """List the refunds of a deposit, newest first."""
        deposit = _find(caller_of(request), deposit_id)
        return list_of(request, _refunds(deposit), prefix=ids.WITHDRAWAL, filters=NoFilter, shape=withdrawal_shape)


def _find(caller: Caller, deposit_id: uuid.UUID) -> Deposit:
    mine = Deposit.objects.filter(product=caller.product, mode=caller.mode).select_related("customer")
    deposit = mine.filter(pk=deposit_id).first()
    if deposit is None:
        raise NotFound
    return deposit


def _refunds(deposit: Deposit) -> "QuerySet[Withdrawal]":
    return to_be_shown(Withdrawal.objects.filter(refund_of=deposit.pk))
