"""How deposits may be looked for. An unknown parameter is refused like an unknown field."""

import django_filters
from django.db.models import QuerySet

from gateway.api.query import AmountFilter, CurrencyFilter, TimeFilter, WordFilter
from payments.models import Deposit
from payments.states import DepositStatus


class DepositFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Query parameters of GET /deposits."""

    status = WordFilter(choices=DepositStatus.choices, help_text="In this status now; in any by default.")
    payment_system = django_filters.CharFilter(field_name="payment_system_id", help_text="Code of a payment system.")
    currency = CurrencyFilter()
    customer = django_filters.CharFilter(field_name="customer__external_id", help_text="Your id of the customer.")
    reference = django_filters.CharFilter(help_text="Your reference of the order.")
    provider_reference = django_filters.CharFilter(
        method="by_provider_reference",
        help_text="The bank's reference, as the customer entered it or as the money came with it; in full.",
    )
    amount = AmountFilter()
    created_after = TimeFilter(field_name="created_at", lookup_expr="gt")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Deposit
        fields: list[str] = []

    def by_provider_reference(self, rows: "QuerySet[Deposit]", name: str, value: str) -> "QuerySet[Deposit]":
        """The bank's reference, as the customer entered it or as the receipt carries it."""
        return rows.filter(pk__in=rows.filter(confirmations__provider_reference=value).values("pk")) | rows.filter(
            pk__in=rows.filter(receipts__transaction_id=value).values("pk")
        )
