"""Doors to the provider's side: which payment systems a product may use, and its return addresses hashed."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Max
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gateway.api.authentication import caller_of
from gateway.api.fields import CurrencyField, ReferenceField, WordField
from gateway.api.problems import Problem
from gateway.api.query import query_of
from gateway.products.actions import Caller
from gateway.products.models import Customer, Scope
from gateway.providers.actions import OWN_LABEL, account_for, observe_for_customer
from gateway.providers.media import hints_of, shown
from gateway.providers.models import Flow, PaymentSystem, ProviderAccount, SystemObservation
from gateway.providers.recently import SILENT_SECONDS
from gateway.providers.redirect_hashes import Trouble, hashes_of
from gateway.providers.serializers import RedirectAddressesSerializer
from gateway.providers.shapes import (
    PaymentSystemListShape,
    RedirectHashesShape,
    payment_system_shape,
    redirect_hashes_shape,
)

#: A hash handed out lives at least so long: long enough for a customer who opens the widget at once.
_LEFT_AT_LEAST: Final = timedelta(hours=1)


class _Question(serializers.Serializer[Any]):
    currency = CurrencyField(required=False)
    direction = WordField(choices=["deposit", "withdrawal"], default="deposit")
    customer = ReferenceField(required=False)


class PaymentSystemsView(APIView):
    """``/payment-systems``."""

    refusals = {"GET": [409]}

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
        hints = hints_of(account)
        return Response(
            {
                "object": "list",
                "data": [
                    payment_system_shape(one, wanted["direction"], logos.get(one.code), shown(one, hints))
                    for one in systems
                ],
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


class RedirectHashesView(APIView):
    """``/redirect-hashes``."""

    scopes = {"POST": Scope.DEPOSITS_WRITE}
    refusals = {"POST": [409]}

    @extend_schema(
        operation_id="hash_redirects",
        request=RedirectAddressesSerializer,
        responses={200: RedirectHashesShape},
    )
    def post(self, request: Request) -> Response:
        """Hash return addresses for the provider's payment window. Repeating does no harm, so no key is needed.

        A 409 is `provider_unavailable` (it cannot be asked just now: again after `Retry-After` seconds) or
        `provider_refused` (it does not take these addresses).
        """
        wanted = RedirectAddressesSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        ways, caller = wanted.ways(), caller_of(request)
        everything = [way for of_kind in ways.values() for way in of_kind]
        hashed = hashes_of(account_for(caller.mode), caller.product, everything, at_least=_LEFT_AT_LEAST)
        match hashed.trouble:
            case None:
                return Response(redirect_hashes_shape(ways, hashed))
            case Trouble.REFUSED:
                raise Problem(status=409, code="provider_refused", detail="The provider does not take these addresses.")
        # Not a 5xx: this service is well, and a caller's alarm about it would be a false one.
        raise Problem(
            status=409,
            code="provider_unavailable",
            detail="The provider gives no hashes just now; ask again in a moment, or open the widget without them.",
            headers={"Retry-After": str(SILENT_SECONDS)},
        )
