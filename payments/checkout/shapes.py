"""How a checkout session is shown to its product."""

from typing import Any

from rest_framework import serializers

from gateway.api.fields import AmountField, CurrencyField, MetadataField, WebAddressField
from gateway.encryption import readable_or
from gateway.money import format_amount
from payments.checkout.standing import Standing
from payments.shapes import DepositShape, deposit_shape
from payments.states import DepositStatus


class ReturnUrlsShape(serializers.Serializer[Any]):
    """Where the customer goes back to."""

    success = WebAddressField(required=False)
    failure = WebAddressField(required=False)
    pending = WebAddressField(required=False)


class CheckoutSessionShape(serializers.Serializer[Any]):
    """A checkout session."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["checkout_session"])
    status = serializers.ChoiceField(
        choices=["open", "paid", "expired", "cancelled"],
        help_text="`open` while a payment may be begun or is under way, however late; `paid` once money was credited; "
        "an `expired` or `cancelled` one may still become that.",
    )
    url = serializers.URLField(
        allow_null=True, help_text="Where the customer pays. Whoever has it can, so it is for the customer alone."
    )
    currency = CurrencyField()
    amount = AmountField()
    customer = serializers.CharField()
    reference = serializers.CharField()
    payment_systems = serializers.ListField(child=serializers.CharField(), allow_null=True)
    return_urls = ReturnUrlsShape()
    return_secret = serializers.CharField(
        allow_null=True, help_text="`whsec_…`: verifies the result that comes with the customer (Standard Webhooks)."
    )
    language = serializers.ChoiceField(choices=["en", "hi", "bn", "ur"])
    deposit = DepositShape(
        allow_null=True,
        help_text="The attempt that counts: the one where money was seen, else the newest. null: not begun yet.",
    )
    deposits = serializers.ListField(child=serializers.CharField(), help_text="All attempts, oldest first.")
    mode = serializers.ChoiceField(choices=["live", "test"])
    metadata = MetadataField()
    expires_at = serializers.DateTimeField(help_text="Until then a payment may be begun.")
    created_at = serializers.DateTimeField()


def session_status(standing: Standing) -> str:
    """One word for how a session stands."""
    if standing.is_paid:
        return "paid"
    # Nothing begins after a deposit that its product called off, so the session is what its deposit is.
    current = None if standing.current is None else standing.current.deposit
    if standing.is_cancelled or (current is not None and current.status == DepositStatus.CANCELLED):
        return "cancelled"
    # Never over while money may be under way: a product that began the order anew would have it paid twice.
    return "expired" if standing.is_expired and not standing.is_under_way else "open"


def session_shape(standing: Standing) -> dict[str, Any]:
    """The values of `CheckoutSessionShape`, ready for JSON."""
    session = standing.session
    return {
        "id": session.public_id,
        "object": "checkout_session",
        "status": session_status(standing),
        "url": session.url,
        "currency": session.currency,
        "amount": format_amount(session.amount, session.currency),
        "customer": session.customer.external_id,
        "reference": session.reference,
        "payment_systems": session.payment_systems or None,
        "return_urls": session.return_urls,
        "return_secret": readable_or(session, "return_secret", None),
        "language": session.language,
        "deposit": None if standing.current is None else deposit_shape(standing.current.deposit),
        "deposits": [one.deposit.public_id for one in standing.attempts],
        "mode": session.mode,
        "metadata": session.metadata,
        "expires_at": session.expires_at.isoformat(),
        "created_at": session.created_at.isoformat(),
    }
