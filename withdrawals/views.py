"""Doors of money out: parse, call the verb, show the shape."""

import uuid
from collections.abc import Callable

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from balances.verb_fields import Refused
from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.idempotency import answer_once, claim_of
from gateway.api.listing import list_of
from gateway.api.problems import Problem
from gateway.api.query import refuse_query
from gateway.api.schema import IDEMPOTENCY_KEY, list_parameters, page_of
from gateway.products.actions import Caller
from gateway.products.models import Scope
from withdrawals import actions, approvals
from withdrawals.filters import WithdrawalFilter
from withdrawals.models import Withdrawal
from withdrawals.serializers import DecisionSerializer, NewWithdrawalSerializer
from withdrawals.shapes import WithdrawalShape, to_be_shown, withdrawal_shape


class WithdrawalsView(APIView):
    """``/withdrawals``."""

    scopes = {"POST": Scope.WITHDRAWALS_WRITE}

    @extend_schema(
        operation_id="create_withdrawal",
        request=NewWithdrawalSerializer,
        responses={201: WithdrawalShape},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "IMPS",
                request_only=True,
                value={
                    "payment_system": "imps_ib",
                    "currency": "INR",
                    "amount": "1218",
                    "customer": "55",
                    "reference": "payout-1",
                    "recipient": {
                        "account_number": "123456789",
                        "account_name": "Test Name",
                        "bank_code": "MAHB0001821",
                    },
                    "comment": "payout",
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Create a withdrawal. It is sent to the provider once, in the background."""
        refuse_query(request)
        caller = caller_of(request)
        claim = claim_of(request, caller)

        def work() -> Withdrawal:
            wanted = NewWithdrawalSerializer(data=request.data)
            wanted.is_valid(raise_exception=True)
            return actions.create_withdrawal(caller, wanted.wish(), claim)

        withdrawal, status, headers = answer_once(claim, work, lambda made: _find(caller, made))
        return Response(withdrawal_shape(withdrawal), status=status, headers=headers)

    @extend_schema(
        operation_id="list_withdrawals",
        responses={200: page_of(WithdrawalShape)},
        parameters=list_parameters(WithdrawalFilter),
    )
    def get(self, request: Request) -> Response:
        """List withdrawals, newest first."""
        return list_of(
            request,
            _mine(caller_of(request)),
            prefix=ids.WITHDRAWAL,
            filters=WithdrawalFilter,
            shape=withdrawal_shape,
        )


class WithdrawalView(APIView):
    """``/withdrawals/{id}``."""

    @extend_schema(operation_id="get_withdrawal", responses={200: WithdrawalShape})
    def get(self, request: Request, withdrawal_id: uuid.UUID) -> Response:
        """Read a withdrawal."""
        return Response(withdrawal_shape(_find(caller_of(request), withdrawal_id)))


class CancelWithdrawalView(APIView):
    """``/withdrawals/{id}/cancel``."""

    scopes = {"POST": Scope.WITHDRAWALS_WRITE}
    refusals = {"POST": [409]}

    @extend_schema(operation_id="cancel_withdrawal", request=None, responses={200: WithdrawalShape})
    def post(self, request: Request, withdrawal_id: uuid.UUID) -> Response:
        """Cancel a withdrawal that was not sent yet."""
        refuse_query(request)
        _find(caller_of(request), withdrawal_id)
        return Response(withdrawal_shape(actions.cancel_withdrawal(caller_of(request), withdrawal_id)))


class ApproveWithdrawalView(APIView):
    """``/withdrawals/{id}/approve``."""

    scopes = {"POST": Scope.WITHDRAWALS_APPROVE}
    refusals = {"POST": [409]}

    @extend_schema(operation_id="approve_withdrawal", request=DecisionSerializer, responses={200: WithdrawalShape})
    def post(self, request: Request, withdrawal_id: uuid.UUID) -> Response:
        """Approve a withdrawal that another key asked for. Approving twice is one approval."""
        return _decided(request, withdrawal_id, approvals.approve)


class RejectWithdrawalView(APIView):
    """``/withdrawals/{id}/reject``."""

    scopes = {"POST": Scope.WITHDRAWALS_APPROVE}
    refusals = {"POST": [409]}

    @extend_schema(operation_id="reject_withdrawal", request=DecisionSerializer, responses={200: WithdrawalShape})
    def post(self, request: Request, withdrawal_id: uuid.UUID) -> Response:
        """Reject a withdrawal that another key asked for; it is cancelled. Rejecting twice is one rejection."""
        return _decided(request, withdrawal_id, approvals.reject)


def _decided(
    request: Request, withdrawal_id: uuid.UUID, decide: Callable[[uuid.UUID, Caller, str], Withdrawal]
) -> Response:
    refuse_query(request)
    caller = caller_of(request)
    _find(caller, withdrawal_id)
    said = DecisionSerializer(data=request.data)
    said.is_valid(raise_exception=True)
    try:
        decided = decide(withdrawal_id, caller, said.validated_data["reason"])
    except Refused as error:
        if error.field:
            pointer = f"/{error.field}"
            raise Problem(status=400, code="invalid_request", detail=str(error), pointer=pointer) from None
        status = _find(caller, withdrawal_id).status
        raise Problem(status=409, code="conflict", detail=str(error), extra={"current_status": status}) from None
    return Response(withdrawal_shape(decided))


def _mine(caller: Caller) -> "QuerySet[Withdrawal]":
    return to_be_shown(Withdrawal.objects.filter(product=caller.product, mode=caller.mode))


def _find(caller: Caller, withdrawal_id: uuid.UUID) -> Withdrawal:
    withdrawal = _mine(caller).filter(pk=withdrawal_id).first()
    if withdrawal is None:
        raise NotFound
    return withdrawal
