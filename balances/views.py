"""Doors to the ledger: parse, read, show the shape."""

import io
from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from balances import statement_files
from balances.filters import LedgerEntryFilter
from balances.models import Entry
from balances.reading import FutureInstant, balances_at
from balances.serializers import BalancesQuestion, StatementQuestion
from balances.shapes import BalanceListShape, LedgerEntryShape, balances_shape, entry_shape
from balances.statement_files import FileKind
from balances.statements import NotYetFinal, statement_of
from gateway import ids
from gateway.api.authentication import caller_of
from gateway.api.listing import list_of
from gateway.api.negotiation import FileNegotiation
from gateway.api.query import query_of
from gateway.api.schema import list_parameters, page_of

#: Most movements of a statement that is made while the caller waits: two to five seconds of work in which a thread of a
#: web worker does nothing else, and three megabytes. The command of the same name has no such limit.
STATEMENT_MAX_MOVEMENTS: Final = 20_000

_CURRENCY: Final[dict[str, Any]] = {"type": "string", "pattern": "^[A-Z]{3}$"}
_INSTANT: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}


class BalancesView(APIView):
    """``/balances``."""

    @extend_schema(
        operation_id="list_balances",
        responses={200: BalanceListShape},
        parameters=[
            OpenApiParameter("currency", _CURRENCY, description="ISO 4217 code; all currencies by default."),
            OpenApiParameter(
                "as_of",
                _INSTANT,
                description="An instant by RFC 3339, not in the future; by default all that is there counts.",
                examples=[OpenApiExample("End of a year", value="2025-12-31T23:59:59.999999Z")],
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """List what you have in each currency, now or as of an instant.

        All figures are of the same moment. A move of money counts whole: from the instant its last entry was written.
        """
        question = BalancesQuestion(data=query_of(request, BalancesQuestion().fields))
        question.is_valid(raise_exception=True)
        asked, caller = question.validated_data, caller_of(request)
        currencies = [asked["currency"]] if "currency" in asked else None
        try:
            found = balances_at(caller.product.pk, caller.mode, currencies=currencies, as_of=asked.get("as_of"))
        except FutureInstant:
            raise ValidationError({"as_of": ["Send an instant that is over, or leave it out for now."]}) from None
        return Response(balances_shape(found, caller.mode))


class LedgerEntriesView(APIView):
    """``/ledger-entries``."""

    @extend_schema(
        operation_id="list_ledger_entries",
        responses={200: page_of(LedgerEntryShape)},
        parameters=list_parameters(LedgerEntryFilter),
    )
    def get(self, request: Request) -> Response:
        """List the changes of your accounts, newest first.

        An entry of the last minute may still appear behind newer ones; `sequence` tells whether you have read them all.
        """
        caller = caller_of(request)
        return list_of(
            request,
            Entry.objects.filter(product=caller.product, mode=caller.mode).select_related("account", "journal"),
            prefix=ids.ENTRY,
            filters=LedgerEntryFilter,
            shape=entry_shape,
        )


class StatementView(APIView):
    """``/reports/statement``."""

    content_negotiation_class = FileNegotiation
    file_media_types = tuple(kind.media_type.partition(";")[0] for kind in FileKind)

    @extend_schema(
        operation_id="get_statement",
        responses={
            (200, FileKind.CSV.media_type.partition(";")[0]): OpenApiTypes.STR,
            (200, FileKind.XLSX.media_type): OpenApiTypes.BINARY,
        },
        parameters=[
            OpenApiParameter(
                "from",
                _INSTANT,
                required=True,
                description="The first instant of the period (RFC 3339).",
                examples=[OpenApiExample("A month", value="2026-01-01T00:00:00Z")],
            ),
            OpenApiParameter(
                "to",
                _INSTANT,
                required=True,
                description="The first instant after the period; five minutes ago or earlier.",
                examples=[OpenApiExample("A month", value="2026-02-01T00:00:00Z")],
            ),
            OpenApiParameter(
                "currency",
                _CURRENCY,
                required=True,
                description="ISO 4217 code.",
                examples=[OpenApiExample("Rupees", value="INR")],
            ),
            OpenApiParameter("format", str, enum=FileKind.values, description="csv by default."),
        ],
    )
    def get(self, request: Request) -> HttpResponse:
        """Download a statement: opening balances, every movement, closing balances.

        Of the available money, of the held money, and of what you owe: for each, the opening balance and the movements
        add up to the closing balance. Of what you owe, what is added is to your disadvantage. The period is half-open:
        `from` belongs to it, `to` to the next one; times are UTC. A statement is final, so its period has to be over
        for five minutes, and it never changes afterwards. At most 20,000 movements; ask for a shorter period where
        there are more.
        """
        question = StatementQuestion(data=query_of(request, StatementQuestion().fields))
        question.is_valid(raise_exception=True)
        asked, caller = question.validated_data, caller_of(request)
        kind = FileKind(asked["format"])
        try:
            statement = statement_of(caller.product, caller.mode, asked["currency"], asked["from"], asked["to"])
        except NotYetFinal:
            raise ValidationError({"to": ["Send an instant that is five minutes ago or earlier."]}) from None
        if statement.count(up_to=STATEMENT_MAX_MOVEMENTS) > STATEMENT_MAX_MOVEMENTS:
            sentence = f"The period has more than {STATEMENT_MAX_MOVEMENTS:,} movements; ask for a shorter one."
            raise ValidationError({"to": [sentence]})
        file = io.BytesIO()
        statement_files.write(statement, kind, file)
        name = statement_files.name_of(statement, kind)
        return HttpResponse(
            file.getvalue(),
            content_type=kind.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
