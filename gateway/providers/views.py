"""The door to the catalogue: which payment systems a product may use, for which customer."""

from typing import Any

from django.db.models import Max
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway.api.authentication import caller_of
from gateway.api.fields import CurrencyField, ReferenceField, WordField
from gateway.api.query import query_of
from gateway.products.actions import Caller
from gateway.products.models import Customer
from gateway.providers.actions import OWN_LABEL, account_for, observe_for_customer
from gateway.providers.models import Flow, PaymentSystem, ProviderAccount, SystemObservation
from gateway.providers.shapes import PaymentSystemListShape, payment_system_shape


class _Question(serializers.Serializer[Any]):
    currency = CurrencyField(required=False)
    direction = WordField(choices=["deposit", "withdrawal"], default="deposit")
    customer = ReferenceField(required=False)


class PaymentSystemsView(APIView):
    """``/payment-systems``."""

    @extend_schema(
        operation_id="list_payment_systems",
        responses={200: PaymentSystemListShape},
        parameters=[
            OpenApiParameter("currency", str, description="ISO 4217 code."),
            OpenApiParameter("direction", str, enum=["deposit", "withdrawal"], description="deposit by default."),
            OpenApiParameter("customer", str, description="Your id of the customer: offers may differ."),
        ],
    )
    def get(self, request: Request) -> Response:
        """List payment systems, as the provider offers them now; the catalogue where it cannot be asked."""
        question = _Question(data=query_of(request, _Question().fields))
        question.is_valid(raise_exception=True)
        wanted = question.validated_data
        account = account_for(caller_of(request).mode)
        systems = self._systems(wanted)
        offered = self._offered(caller_of(request), account, wanted, systems)
        if offered is not None:
            systems = [one for one in systems if any((one.code, code) in offered for code in one.currencies)]
        seen = SystemObservation.objects.filter(account=account)
        logos = dict(seen.values_list("code", "logo"))
        heard = seen.aggregate(at=Max("seen_at"))["at"]
        return Response(
            {
                "object": "list",
                "data": [payment_system_shape(one, wanted["direction"], logos.get(one.code)) for one in systems],
                "as_of": None if heard is None else heard.isoformat(),
                "source": "catalogue" if offered is None else "provider",
            }
        )

    @staticmethod
    def _systems(wanted: dict[str, Any]) -> list[PaymentSystem]:
        rows = PaymentSystem.objects.filter(is_enabled=True)
        rows = rows.exclude(flow=Flow.NONE) if wanted["direction"] == "deposit" else rows.filter(pays_out=True)
        if "currency" in wanted:
            rows = rows.filter(currencies__contains=[wanted["currency"]])
        return list(rows)

    @staticmethod
    def _offered(
        caller: Caller, account: ProviderAccount, wanted: dict[str, Any], systems: list[PaymentSystem]
    ) -> set[tuple[str, str]] | None:
        if wanted["direction"] == "withdrawal":
            return None  # the provider lists what takes deposits only (C§1.1)
        # A customer whom we have not met yet has no label; reading must not make one.
        known = Customer.objects.filter(
            product=caller.product, mode=caller.mode, external_id=wanted.get("customer", "")
        ).first()
        currencies = sorted({code for one in systems for code in one.currencies})
        if not currencies:
            return None
        return observe_for_customer(account, currencies=currencies, label=known.label if known else OWN_LABEL)
