"""How withdrawals may be looked for. An unknown parameter is refused like an unknown field."""

import django_filters
from django.db.models import QuerySet

from gateway import ids
from gateway.api.query import AmountFilter, CurrencyFilter, IdFilter, TimeFilter, WordFilter
from withdrawals.batch_states import RowStatus
from withdrawals.models import BatchRow, Withdrawal
from withdrawals.states import WithdrawalStatus


class WithdrawalFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Query parameters of GET /withdrawals."""

    status = WordFilter(choices=WithdrawalStatus.choices, help_text="In this status now; in any by default.")
    payment_system = django_filters.CharFilter(field_name="payment_system_id", help_text="Code of a payment system.")
    currency = CurrencyFilter()
    customer = django_filters.CharFilter(field_name="customer__external_id", help_text="Your id of the customer.")
    reference = django_filters.CharFilter(help_text="Your reference of the order.")
    recipient_account = django_filters.CharFilter(
        method="by_recipient_account",
        help_text="The recipient's account number, UPI address, IBAN, telephone number or e-mail, in full. "
        "Blanks and letter case do not count. Redacted withdrawals are not found.",
    )
    refund_of = IdFilter(prefix=ids.DEPOSIT, help_text="Refunds of this deposit.")
    amount = AmountFilter()
    created_after = TimeFilter(field_name="created_at", lookup_expr="gt")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Withdrawal
        fields: list[str] = []

    def by_recipient_account(self, rows: "QuerySet[Withdrawal]", name: str, value: str) -> "QuerySet[Withdrawal]":
        """By the keyed hash: the account itself is encrypted, and is sent to the database by nobody."""
        return rows.filter(Withdrawal.with_account(value))


class BatchRowFilter(django_filters.FilterSet):  # type: ignore[misc]  # as above
    """Query parameters of GET /withdrawal-batches/{id}/rows."""

    status = WordFilter(choices=RowStatus.choices, help_text="In this status now; in any by default.")

    class Meta:
        model = BatchRow
        fields: list[str] = []
