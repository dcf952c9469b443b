"""What a product may ask of money out. Output is in ``shapes.py``."""

import re
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from balances.instruction_models import REASON_MAX_LENGTH, REASON_MIN_LENGTH
from gateway.api.fields import (
    AmountField,
    CurrencyField,
    MetadataField,
    PlainTextField,
    ReferenceField,
    StrictSerializer,
)
from gateway.api.order_fields import checked_amount, checked_fields
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, PaymentSystem
from withdrawals.actions import NewWithdrawal
from withdrawals.limits import check_amount

#: C§1.9: 4 to 64 characters. A colon joins the signed values, so it may stand in none of them (C§3).
_COMMENT = re.compile(r"[^:]{4,64}")


class NewWithdrawalSerializer(StrictSerializer):
    """A withdrawal to be made."""

    payment_system = PlainTextField(max_length=SYSTEM_CODE_MAX_LENGTH, help_text="A code of GET /payment-systems.")
    currency = CurrencyField()
    amount = AmountField(help_text="A whole number of units: the provider pays nothing smaller.")
    customer = ReferenceField(help_text="Your own id of the customer; not a telephone number or e-mail.")
    reference = ReferenceField(help_text="Your own id of this order; unique for ever.")
    recipient = serializers.DictField(
        child=serializers.CharField(), help_text="See recipient_schema of the payment system."
    )
    comment = PlainTextField(required=False, max_length=64, help_text="4 to 64 characters, no colon; no account data.")
    metadata = MetadataField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What depends on the payment system."""
        system = self._system(attrs["payment_system"])
        if system is None:
            raise serializers.ValidationError(
                {"payment_system": ["There is no such payment system for withdrawals; see GET /payment-systems."]}
            )
        currency = attrs["currency"]
        if currency not in system.currencies:
            raise serializers.ValidationError({"currency": [f"{system} pays {', '.join(system.currencies)}."]})
        amount = checked_amount(attrs["amount"], currency)
        if amount != amount.to_integral_value():
            sentence = 'The provider pays whole units only; send for example "1218".'
            raise serializers.ValidationError({"amount": [ErrorDetail(sentence, code="amount_not_whole")]})
        # Said with all else that a form has wrong; asked again where the order is made, for not every order has a form.
        check_amount(system, currency, amount)
        recipient = checked_fields(self.initial_data.get("recipient"), system.recipient_fields, "recipient")
        comment = attrs.get("comment", "")
        if comment and not _COMMENT.fullmatch(comment):
            raise serializers.ValidationError({"comment": ["Send 4 to 64 characters without a colon."]})
        return {**attrs, "payment_system": system, "amount": amount, "recipient": recipient}

    def _system(self, code: str) -> PaymentSystem | None:
        # Of a batch all systems were looked up at once.
        if (systems := self.context.get("systems")) is not None:
            found: PaymentSystem | None = systems.get(code)
            return found
        return PaymentSystem.objects.filter(code=code, is_enabled=True, pays_out=True).first()

    def wish(self) -> NewWithdrawal:
        """The checked wish."""
        return NewWithdrawal(**self.validated_data)


class DecisionSerializer(StrictSerializer):
    """What is said beside a decision."""

    reason = PlainTextField(
        min_length=REASON_MIN_LENGTH,
        max_length=REASON_MAX_LENGTH,
        help_text="Why, in words; seen by the gateway's people alone.",
    )
