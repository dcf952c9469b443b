"""Doors of batches: parse, call the verb, show the shape."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.idempotency import answer_once, claim_of
from gateway.api.listing import NoFilter, list_of
from gateway.api.negotiation import FileNegotiation
from gateway.api.pagination import NumberedPagination
from gateway.api.parsers import BatchJSONParser, BatchMultiPartParser
from gateway.api.query import query_of, refuse_query
from gateway.api.schema import IDEMPOTENCY_KEY, list_parameters, page_of
from gateway.products.actions import Caller
from gateway.products.models import Scope
from withdrawals import batch_results, batches
from withdrawals.actions import caused_by
from withdrawals.batch_reports import BatchReportShape, Line, report_shape
from withdrawals.batch_results import ResultKind
from withdrawals.batch_rows import CheckedRow, check_rows
from withdrawals.batch_serializers import (
    DryRunQuestion,
    NewBatchFileSerializer,
    NewBatchSerializer,
    ResultQuestion,
)
from withdrawals.batch_shapes import (
    BatchProgressShape,
    BatchRowShape,
    WithdrawalBatchShape,
    batch_shape,
    progress_shape,
    row_shape,
)
from withdrawals.batches import NewBatch
from withdrawals.filters import BatchRowFilter
from withdrawals.models import WithdrawalBatch


class BatchesView(APIView):
    """``/withdrawal-batches``."""

    scopes = {"POST": Scope.WITHDRAWALS_WRITE}
    parser_classes = [BatchJSONParser, BatchMultiPartParser]

    @extend_schema(
        operation_id="create_withdrawal_batch",
        request={"application/json": NewBatchSerializer, "multipart/form-data": NewBatchFileSerializer},
        responses={200: BatchReportShape, 201: BatchProgressShape},
        parameters=[
            IDEMPOTENCY_KEY,
            OpenApiParameter(
                "dry_run",
                str,
                enum=["true", "false"],
                description="`true`: all is checked, and the answer (200) says what it would do. Nothing is kept.",
            ),
        ],
        examples=[
            OpenApiExample(
                "Two rows",
                request_only=True,
                media_type="application/json",
                value={
                    "reference": "salaries-1",
                    "rows": [
                        {
                            "payment_system": "imps_ib",
                            "currency": "INR",
                            "amount": amount,
                            "customer": customer,
                            "reference": f"salary-{customer}",
                            "recipient": {
                                "account_number": "123456789",
                                "account_name": "Test Name",
                                "bank_code": "MAHB0001821",
                            },
                        }
                        for customer, amount in (("55", "1218"), ("56", "900"))
                    ],
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Make up to 10,000 withdrawals, sent as JSON, CSV or XLSX.

        Every row is checked before any is accepted: one that is not valid refuses all of them, with 422 `batch_invalid`
        and the errors by row and field. Then the withdrawals are made in the background, in the order of the rows; one
        that cannot be made is refused with its code and the others go on. A row whose reference you have used for a
        withdrawal of the same content is that withdrawal.
        """
        caller = caller_of(request)
        claim = claim_of(request, caller)
        question = DryRunQuestion(data=query_of(request, DryRunQuestion().fields))
        question.is_valid(raise_exception=True)
        if question.validated_data["dry_run"] == "true":
            return Response(_report(caller, _checked(request, caller).rows))

        def work() -> WithdrawalBatch:
            return batches.open_batch(_checked(request, caller), caused_by(caller), claim=claim)

        batch, status, headers = answer_once(claim, work, lambda made: _find(caller, made))
        return Response(progress_shape(batch), status=status, headers=headers)

    @extend_schema(
        operation_id="list_withdrawal_batches",
        responses={200: page_of(WithdrawalBatchShape)},
        parameters=list_parameters(NoFilter),
    )
    def get(self, request: Request) -> Response:
        """List batches, newest first."""
        mine = _mine(caller_of(request))
        return list_of(request, mine, prefix=ids.BATCH, filters=NoFilter, shape=batch_shape)


class BatchView(APIView):
    """``/withdrawal-batches/{id}``."""

    @extend_schema(operation_id="get_withdrawal_batch", responses={200: BatchProgressShape})
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        """Read a batch, with how far it is."""
        return Response(progress_shape(_find(caller_of(request), batch_id)))


class CancelBatchView(APIView):
    """``/withdrawal-batches/{id}/cancel``."""

    scopes = {"POST": Scope.WITHDRAWALS_WRITE}
    refusals = {"POST": [409]}

    @extend_schema(operation_id="cancel_withdrawal_batch", request=None, responses={200: BatchProgressShape})
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        """Make no more withdrawals of a batch. Those that are made go on; cancel them one by one."""
        refuse_query(request)
        caller = caller_of(request)
        _find(caller, batch_id)
        return Response(progress_shape(batches.cancel_batch(batch_id, caused_by(caller))))


class BatchRowsView(APIView):
    """``/withdrawal-batches/{id}/rows``."""

    @extend_schema(
        operation_id="list_withdrawal_batch_rows",
        responses={200: page_of(BatchRowShape)},
        parameters=list_parameters(BatchRowFilter),
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        """List the rows of a batch, in their order."""
        batch = _find(caller_of(request), batch_id)
        return list_of(
            request,
            batch_results.rows_of(batch),
            filters=BatchRowFilter,
            shape=row_shape,
            pages=NumberedPagination(),
        )


class BatchResultView(APIView):
    """``/withdrawal-batches/{id}/result``."""

    content_negotiation_class = FileNegotiation
    file_media_types = tuple(kind.media_type.partition(";")[0] for kind in ResultKind)

    @extend_schema(
        operation_id="get_withdrawal_batch_result",
        responses={
            (200, ResultKind.CSV.media_type.partition(";")[0]): OpenApiTypes.STR,
            (200, ResultKind.XLSX.media_type): OpenApiTypes.BINARY,
            (200, ResultKind.JSON.media_type): BatchRowShape(many=True),
        },
        parameters=[OpenApiParameter("format", str, enum=ResultKind.values, description="csv by default.")],
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """Download what has become of every row so far."""
        batch = _find(caller_of(request), batch_id)
        question = ResultQuestion(data=query_of(request, ResultQuestion().fields))
        question.is_valid(raise_exception=True)
        return batch_results.answer(batch, ResultKind(question.validated_data["format"]))


def _checked(request: Request, caller: Caller) -> NewBatch:
    is_file = str(request.content_type).startswith("multipart/")
    wanted: Any = (NewBatchFileSerializer if is_file else NewBatchSerializer)(data=request.data)
    wanted.is_valid(raise_exception=True)
    said = wanted.said()
    return NewBatch(
        product=caller.product,
        mode=caller.mode,
        reference=wanted.validated_data["reference"],
        source=said.source,
        rows=check_rows(caller.product, caller.mode, said.rows, said.lines),
    )


def _report(caller: Caller, rows: Iterable[CheckedRow]) -> dict[str, Any]:
    lines = (
        Line(
            payment_system=row.wish.payment_system,
            currency=row.wish.currency,
            amount=row.wish.amount,
            is_made=row.is_made,
        )
        for row in rows
    )
    return report_shape(caller.product, caller.mode, lines)


def _mine(caller: Caller) -> "QuerySet[WithdrawalBatch]":
    return WithdrawalBatch.objects.filter(product=caller.product, mode=caller.mode)


def _find(caller: Caller, batch_id: uuid.UUID) -> WithdrawalBatch:
    batch = _mine(caller).filter(pk=batch_id).first()
    if batch is None:
        raise NotFound
    return batch
