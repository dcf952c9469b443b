"""How money in is shown: the same shape in REST answers and in webhooks."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from gateway import ids
from gateway.api.fields import AmountField, CurrencyField, MetadataField
from gateway.encryption import readable_or
from gateway.money import format_amount
from gateway.paykassma.widget import HEIGHT_PX, WIDTH_PX
from gateway.providers.shapes import MediaShape
from payments import failures
from payments.models import Confirmation, Deposit, Receipt, Savings
from payments.states import SAVING, SHOWN, AmountCheck, ConfirmationStatus, DepositStatus


class FailureShape(serializers.Serializer[Any]):
    """Why it did not work out, and whether paying again is safe."""

    code = serializers.ChoiceField(choices=failures.FailureCode.choices)
    message = serializers.CharField(help_text="For the integrator.")
    customer_message = serializers.CharField(help_text="For the customer, in English.")
    safe_to_retry = serializers.BooleanField(help_text="True only where no money can be under way.")


class DetailShape(serializers.Serializer[Any]):
    """One line of payment details."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    value = serializers.CharField()


class NextActionShape(serializers.Serializer[Any]):
    """What a front end does now."""

    type = serializers.ChoiceField(choices=["show_details", "redirect", "widget", "wait", "none"])
    details = DetailShape(many=True, required=False, help_text="With show_details: in the provider's order.")
    amount = AmountField(required=False)
    currency = CurrencyField(required=False)
    media = MediaShape(
        many=True,
        required=False,
        allow_null=True,
        help_text="With show_details: pictures or films that show how to pay; null where there are none.",
    )
    url = serializers.URLField(
        required=False,
        help_text="With redirect: where to send the customer. With widget: what to show in an iframe with the id "
        "`kassma-plugin-frame`; the customer enters everything there.",
    )
    width = serializers.IntegerField(required=False, help_text="With widget: of the iframe, in CSS pixels.")
    height = serializers.IntegerField(required=False, help_text="With widget: of the iframe, in CSS pixels.")
    message = serializers.CharField(required=False, help_text="With wait: what the provider tells the customer.")


class ReceiptShape(serializers.Serializer[Any]):
    """Money that arrived."""

    id = serializers.CharField()
    amount = AmountField()
    currency = CurrencyField()
    received_at = serializers.DateTimeField()


class SavingsShape(serializers.Serializer[Any]):
    """What the provider has collected of a customer through a system, below the minimum at which it is credited."""

    saved = AmountField()
    lacking = AmountField(help_text="What has to come until everything that is saved is credited.")
    minimum = AmountField()
    as_of = serializers.DateTimeField(help_text="When the provider said so.")


class CustomerSavingsShape(SavingsShape):
    """What a customer has saved up with one system, in one currency."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["savings"])
    customer = serializers.CharField()
    payment_system = serializers.CharField()
    currency = CurrencyField()
    is_reported = serializers.BooleanField(
        help_text="False: the provider no longer says; the sum is the last one that it named."
    )
    mode = serializers.ChoiceField(choices=["live", "test"])


class SavingsChangeShape(CustomerSavingsShape):
    """The same with what happened."""

    change = AmountField(help_text="By how much they grew, or how much was released.")


class DepositShape(serializers.Serializer[Any]):
    """A deposit."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["deposit"])
    status = serializers.ChoiceField(choices=DepositStatus.choices)
    payment_system = serializers.CharField()
    currency = CurrencyField()
    amount = AmountField()
    received_amount = AmountField(allow_null=True)
    amount_check = serializers.ChoiceField(choices=AmountCheck.choices, allow_null=True)
    late = serializers.BooleanField()
    receipts = ReceiptShape(many=True)
    customer = serializers.CharField()
    reference = serializers.CharField()
    next_action = NextActionShape()
    savings = SavingsShape(
        allow_null=True,
        help_text="While it is verifying or accumulating: all savings of this customer with this system. null: not "
        "reported, which does not mean zero.",
    )
    failure = FailureShape(allow_null=True)
    checkout_session = serializers.CharField(
        allow_null=True, help_text="Where it is an attempt of one: the customer began it on our pages."
    )
    mode = serializers.ChoiceField(choices=["live", "test"])
    metadata = MetadataField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ConfirmationShape(serializers.Serializer[Any]):
    """One attempt to confirm a deposit."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["confirmation"])
    deposit = serializers.CharField()
    status = serializers.ChoiceField(choices=ConfirmationStatus.choices)
    provider_reference = serializers.CharField()
    amount = AmountField(allow_null=True)
    failure = FailureShape(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def deposit_shape(deposit: Deposit) -> dict[str, Any]:
    """The values of `DepositShape`, ready for JSON."""
    # The first receipt moves a deposit, so one that was only created has none: no query.
    rows = [] if deposit.status == DepositStatus.CREATED else deposit.receipts.all()
    receipts = [row for row in rows if row.status in SHOWN]
    received = deposit.received_amount
    return {
        "id": deposit.public_id,
        "object": "deposit",
        "status": deposit.status,
        "payment_system": deposit.payment_system_id,
        "currency": deposit.currency,
        "amount": format_amount(deposit.amount, deposit.currency),
        "received_amount": None if received is None else format_amount(received, deposit.currency),
        "amount_check": deposit.amount_check or None,
        "late": deposit.late,
        "receipts": [receipt_shape(row) for row in sorted(receipts, key=lambda row: row.id)],
        "customer": deposit.customer.external_id,
        "reference": deposit.reference,
        "next_action": next_action(deposit),
        "savings": savings_shape(deposit),
        "failure": failures.shown(deposit.failure_code),
        "checkout_session": deposit.checkout_session_id
        and ids.encode(ids.CHECKOUT_SESSION, deposit.checkout_session_id),
        "mode": deposit.mode,
        "metadata": deposit.metadata,
        "created_at": deposit.created_at.isoformat(),
        "updated_at": deposit.updated_at.isoformat(),
    }


def savings_shape(deposit: Deposit) -> dict[str, Any] | None:
    """The values of `SavingsShape`; None where the provider reports none, or the deposit is no longer among them."""
    # Asked by the foreign key's column first: a deposit that was only created costs no query.
    if deposit.savings_id is None or deposit.status not in SAVING:
        return None
    savings = deposit.savings
    if savings is None or not savings.is_reported:
        return None
    return {
        "saved": format_amount(savings.saved, savings.currency),
        "lacking": format_amount(savings.lacking, savings.currency),
        "minimum": format_amount(savings.minimum, savings.currency),
        "as_of": savings.observed_at.isoformat(),
    }


def customer_savings_shape(savings: Savings, *, change: Decimal | None = None) -> dict[str, Any]:
    """The values of `CustomerSavingsShape`; with a change those of `SavingsChangeShape`."""
    currency = savings.currency
    shape: dict[str, Any] = {
        "id": savings.public_id,
        "object": "savings",
        "customer": savings.customer.external_id,
        "payment_system": savings.payment_system_id,
        "currency": currency,
        "saved": format_amount(savings.saved, currency),
        "lacking": format_amount(savings.lacking, currency),
        "minimum": format_amount(savings.minimum, currency),
        "is_reported": savings.is_reported,
        "as_of": savings.observed_at.isoformat(),
        "mode": savings.customer.mode,
    }
    return shape if change is None else shape | {"change": format_amount(change, currency)}


def receipt_shape(receipt: Receipt) -> dict[str, Any]:
    """The values of `ReceiptShape`."""
    return {
        "id": ids.encode(ids.RECEIPT, receipt.id),
        "amount": format_amount(receipt.amount, receipt.currency),
        "currency": receipt.currency,
        "received_at": receipt.received_at.isoformat(),
    }


def confirmation_shape(confirmation: Confirmation) -> dict[str, Any]:
    """The values of `ConfirmationShape`, ready for JSON."""
    amount = confirmation.amount
    return {
        "id": confirmation.public_id,
        "object": "confirmation",
        "deposit": confirmation.deposit.public_id,
        "status": confirmation.status,
        "provider_reference": confirmation.provider_reference,
        "amount": None if amount is None else format_amount(amount, confirmation.deposit.currency),
        "failure": failures.shown(confirmation.failure_code),
        "created_at": confirmation.created_at.isoformat(),
        "updated_at": confirmation.updated_at.isoformat(),
    }


def next_action(deposit: Deposit) -> dict[str, Any]:
    """What a front end does now; see `NextActionShape`."""
    shown = readable_or(deposit, "shown", None) if deposit.status == DepositStatus.AWAITING_PAYMENT else None
    if shown is not None:
        action: dict[str, Any] = dict(shown)
        if action["type"] == "show_details":
            action |= {
                "amount": format_amount(deposit.amount, deposit.currency),
                "currency": deposit.currency,
                "media": action.get("media"),
            }
        elif action["type"] == "widget":
            action |= {"width": WIDTH_PX, "height": HEIGHT_PX}
        return action
    waiting = {
        DepositStatus.CREATED,
        DepositStatus.VERIFYING,
        DepositStatus.ACCUMULATING,
        DepositStatus.IN_REVIEW,
        DepositStatus.AWAITING_PAYMENT,
    }
    return {"type": "wait" if deposit.status in waiting else "none"}
