"""What a product may ask of a checkout session. Output is in ``shapes.py``."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.utils import timezone
from rest_framework import serializers

from gateway.api.fields import (
    AmountField,
    CurrencyField,
    MetadataField,
    PlainTextField,
    ReferenceField,
    StrictSerializer,
    WordField,
)
from gateway.api.instants import InstantField
from gateway.api.order_fields import checked_amount
from gateway.products.models import REFERENCE_MAX_LENGTH
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH
from payments.checkout import offers
from payments.checkout.paying import ATTEMPT_MARK
from payments.checkout.returning import PARAMETERS
from payments.checkout.sessions import OPEN_AT_LEAST, OPEN_AT_MOST, NewSession
from payments.models import CheckoutSession
from payments.serializers import ReturnUrlsSerializer

#: Attempts after the first carry their number behind the reference (`paying.ATTEMPT_MARK`); nobody makes a million.
_REFERENCE_MAX_LENGTH: Final = REFERENCE_MAX_LENGTH - 8
#: The product's clock may be ahead of ours, or behind it.
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
#: More than the catalogue has.
_SYSTEMS_MAX: Final = 50


class NewCheckoutSessionSerializer(StrictSerializer):
    """A checkout session to be made."""

    currency = CurrencyField()
    amount = AmountField()
    customer = ReferenceField(help_text="Your own id of the customer; not a telephone number or e-mail.")
    reference = ReferenceField(
        max_length=_REFERENCE_MAX_LENGTH,
        help_text="Your own id of this order; unique for ever. Its deposits carry it, too. Not with `~2` at its end: so"
        " the second attempt of an order is called.",
    )
    payment_systems = serializers.ListField(
        child=PlainTextField(max_length=SYSTEM_CODE_MAX_LENGTH),
        required=False,
        min_length=1,
        max_length=_SYSTEMS_MAX,
        help_text="Codes of GET /payment-systems among which the customer chooses; all that fit by default.",
    )
    return_urls = ReturnUrlsSerializer(
        required=False, help_text="Where the customer goes back to, with a signed result. Without one: no button."
    )
    language = WordField(choices=["en", "hi", "bn", "ur"], required=False, default="en")
    expires_at = InstantField(
        required=False, help_text="Until when a payment may be begun: in 5 minutes to 24 hours, the default."
    )
    metadata = MetadataField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What depends on the catalogue and on the time."""
        amount = checked_amount(attrs["amount"], attrs["currency"])
        self._check_expiry(attrs)
        self._check_reference(attrs["reference"])
        self._check_return_urls(attrs.get("return_urls", {}))
        # A row that is not kept, to be asked what it could be paid by.
        asked_for = CheckoutSession(
            product=self.context["product"],
            currency=attrs["currency"],
            amount=amount,
            payment_systems=attrs.get("payment_systems", []),
        )
        takers = offers.takers(asked_for)
        unknown = sorted(set(asked_for.payment_systems) - {one.code for one in takers})
        if unknown:
            sentence = f"No deposit system of {attrs['currency']}: {', '.join(unknown[:5])}; see GET /payment-systems."
            raise serializers.ValidationError({"payment_systems": [sentence]})
        if not takers:
            raise serializers.ValidationError({"currency": [f"No payment system takes {attrs['currency']}."]})
        if not any(offers.takes(one, asked_for) for one in takers):
            raise serializers.ValidationError(
                {"amount": ["None of the payment systems takes this amount; see the limits of GET /payment-systems."]}
            )
        return {**attrs, "amount": amount}

    def _check_expiry(self, attrs: dict[str, Any]) -> None:
        at = attrs.get("expires_at")
        now = timezone.now()
        if at is not None and not now + OPEN_AT_LEAST - _CLOCKS_DIFFER <= at <= now + OPEN_AT_MOST + _CLOCKS_DIFFER:
            raise serializers.ValidationError({"expires_at": ["Choose a time in 5 minutes to 24 hours from now."]})

    def _check_reference(self, reference: str) -> None:
        _, mark, number = reference.rpartition(ATTEMPT_MARK)
        if mark and number.isdecimal():
            # Else the second attempt of one order could have the name of another order, which nobody could pay then.
            sentence = f'Leave out "{ATTEMPT_MARK}" with a number behind it at the end: so later attempts are called.'
            raise serializers.ValidationError({"reference": [sentence]})

    def _check_return_urls(self, addresses: dict[str, str]) -> None:
        sentence = f"Leave {', '.join(PARAMETERS)} out of the address: they are what comes with the customer."
        taken = {
            kind: [sentence]
            for kind, address in addresses.items()
            if not set(PARAMETERS).isdisjoint(parse_qs(urlsplit(address).query, keep_blank_values=True))
        }
        if taken:
            raise serializers.ValidationError({"return_urls": taken})

    def wish(self) -> NewSession:
        """The checked wish."""
        return NewSession(**self.validated_data)
