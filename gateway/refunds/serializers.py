"""What a product may ask of money that goes back. Output is a withdrawal's."""

from typing import Any

from rest_framework import serializers

from gateway.api.fields import AmountField
from payments.models import Deposit
from withdrawals.serializers import NewWithdrawalSerializer


class NewRefundSerializer(NewWithdrawalSerializer):
    """Money of a deposit to be sent back, in the deposit's currency, to the deposit's customer."""

    currency = None  # type: ignore[assignment]  # the deposit's
    customer = None  # type: ignore[assignment]  # the deposit's
    amount = AmountField(help_text="A whole number of units, of the deposit's currency.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """As of any withdrawal, with what the deposit says."""
        deposit: Deposit = self.context["deposit"]
        own = {"currency": deposit.currency, "customer": deposit.customer.external_id, "refund_of": deposit.pk}
        try:
            return super().validate({**attrs, **own})
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict) and "currency" in error.detail:
                # The caller sent none: it is the system that does not fit.
                raise serializers.ValidationError({"payment_system": error.detail["currency"]}) from None
            raise
