"""What a product may ask of money in. Output is in ``shapes.py``."""

from typing import Any

from rest_framework import serializers

from gateway.api.fields import (
    AmountField,
    CurrencyField,
    MetadataField,
    PlainTextField,
    ReferenceField,
    StrictSerializer,
    WebAddressField,
    WordField,
)
from gateway.api.order_fields import check_limits, checked_amount, checked_fields
from gateway.pictures import BadPicture
from gateway.providers.lookups import ENABLED_SYSTEMS
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, Flow, ScreenshotWish
from payments import references, screenshots
from payments.actions import NewDeposit
from payments.confirming import NewConfirmation
from payments.models import Deposit
from payments.order_limits import least_of


class ReturnUrlsSerializer(StrictSerializer):
    """Where a payment page sends the customer back to."""

    success = WebAddressField(required=False)
    failure = WebAddressField(required=False)
    pending = WebAddressField(required=False)


class NewDepositSerializer(StrictSerializer):
    """A deposit to be made."""

    payment_system = PlainTextField(max_length=SYSTEM_CODE_MAX_LENGTH, help_text="A code of GET /payment-systems.")
    currency = CurrencyField()
    amount = AmountField()
    customer = ReferenceField(help_text="Your own id of the customer; not a telephone number or e-mail.")
    reference = ReferenceField(help_text="Your own id of this order; unique for ever.")
    return_urls = ReturnUrlsSerializer(required=False)
    language = WordField(choices=["en", "hi", "bn", "ur"], required=False, default="en")
    details = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="See details_schema of the payment system."
    )
    metadata = MetadataField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What depends on the payment system."""
        system = ENABLED_SYSTEMS.find(attrs["payment_system"])
        if system is None or system.flow == Flow.NONE:
            raise serializers.ValidationError(
                {"payment_system": ["There is no such payment system for deposits; see GET /payment-systems."]}
            )
        currency = attrs["currency"]
        if currency not in system.currencies:
            raise serializers.ValidationError({"currency": [f"{system} takes {', '.join(system.currencies)}."]})
        amount = checked_amount(attrs["amount"], currency)
        minimum = least_of(system, takes_savings=self.context.get("takes_savings", False))
        check_limits(amount, currency, minimum=minimum, maximum=system.deposit_maximum)
        # The raw object: DictField would have turned numbers into text before anybody saw them.
        details = checked_fields(self.initial_data.get("details", {}), system.detail_fields, "details")
        if "success" in system.return_url_keys.values() and "success" not in attrs.get("return_urls", {}):
            raise serializers.ValidationError(
                {"return_urls": {"success": ["This payment system sends the customer away and needs a way back."]}}
            )
        return {**attrs, "payment_system": system, "amount": amount, "details": details}

    def wish(self) -> NewDeposit:
        """The checked wish."""
        return NewDeposit(**self.validated_data)


class NewConfirmationSerializer(StrictSerializer):
    """A customer's claim to have paid. The deposit comes in the context."""

    provider_reference = PlainTextField(max_length=190, help_text="What the bank or wallet calls the payment.")
    amount = AmountField(required=False, help_text="Only where the payment system asks for it.")
    screenshot = serializers.FileField(required=False, help_text="JPEG, PNG or WebP, in a multipart request.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What depends on the payment system. All that is wrong is said at once: people fill in a form once more."""
        deposit: Deposit = self.context["deposit"]
        wrong: dict[str, Any] = {}
        for check in (self._check_reference, self._check_amount, self._check_screenshot):
            try:
                check(attrs, deposit)
            except serializers.ValidationError as error:
                by_field: Any = error.detail
                wrong |= by_field
        if wrong:
            raise serializers.ValidationError(wrong)
        return attrs

    def _check_reference(self, attrs: dict[str, Any], deposit: Deposit) -> None:
        try:
            attrs["provider_reference"] = references.normalise(attrs["provider_reference"], deposit.payment_system)
        except references.BadReference as error:
            raise serializers.ValidationError({"provider_reference": [str(error)]}) from None

    def _check_amount(self, attrs: dict[str, Any], deposit: Deposit) -> None:
        if "amount" in attrs:
            attrs["amount"] = checked_amount(attrs["amount"], deposit.currency)
        elif deposit.payment_system.wants_amount:
            sentence = f'{deposit.payment_system} wants the amount that was paid, for example "{deposit.amount:.2f}".'
            raise serializers.ValidationError({"amount": [sentence]})

    def _check_screenshot(self, attrs: dict[str, Any], deposit: Deposit) -> None:
        file, system = attrs.get("screenshot"), deposit.payment_system
        if file is None:
            if system.screenshot == ScreenshotWish.REQUIRED:
                raise serializers.ValidationError({"screenshot": [f"{system} wants a screenshot of the payment."]})
            return
        if system.screenshot == ScreenshotWish.NEVER:
            raise serializers.ValidationError({"screenshot": [f"{system} takes no screenshot."]})
        try:
            attrs["screenshot"] = screenshots.cleaned(file, file.size)
        except BadPicture as error:
            raise serializers.ValidationError({"screenshot": [str(error)]}) from None

    def wish(self) -> NewConfirmation:
        """The checked wish."""
        return NewConfirmation(**self.validated_data)
