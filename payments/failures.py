"""The closed list of reasons why a deposit or a confirmation did not work out, and whether paying again is safe."""

from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext_noop


class FailureCode(models.TextChoices):
    """Stable codes; integrators branch on them."""

    PROVIDER_REFUSED = "provider_refused", "the provider refused to open the payment"
    PROVIDER_UNAVAILABLE = "provider_unavailable", "the provider could not be reached in time"
    PROVIDER_ANSWER_UNUSABLE = "provider_answer_unusable", "the provider's answer makes no sense"
    NOT_PAID_IN_TIME = "not_paid_in_time", "nobody paid, or nobody said so"
    NOT_CONFIRMED = "not_confirmed", "the provider never confirmed the payment"
    REFERENCE_REFUSED = "reference_refused", "the provider does not accept this reference"
    MONEY_RETURNED = "money_returned", "what arrived was not for this order and did not stay"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    message: str
    customer_message: str
    safe_to_retry: bool


_LIST: Final = {
    FailureCode.PROVIDER_REFUSED: _Failure(
        message="The provider refused to open the payment; nothing was asked of the customer.",
        customer_message=gettext_noop("This payment method is not available right now. Please choose another one."),
        safe_to_retry=True,
    ),
    FailureCode.PROVIDER_UNAVAILABLE: _Failure(
        message="The provider did not answer; nothing was asked of the customer.",
        customer_message=gettext_noop(
            "This payment method is not available right now. Please try again in a few minutes."
        ),
        safe_to_retry=True,
    ),
    FailureCode.PROVIDER_ANSWER_UNUSABLE: _Failure(
        message="The provider accepted the payment but its answer cannot be used; a person is looking.",
        customer_message=gettext_noop("We are checking this payment. Please do not pay again."),
        safe_to_retry=False,
    ),
    FailureCode.NOT_PAID_IN_TIME: _Failure(
        message="The time to pay is over. If the customer did pay, a confirmation is still accepted for 30 days.",
        customer_message=gettext_noop(
            "The time to pay is over. If you have paid, enter the reference; do not pay twice."
        ),
        safe_to_retry=False,
    ),
    FailureCode.NOT_CONFIRMED: _Failure(
        message="The provider never confirmed the payment; it may still arrive and is then credited as late.",
        customer_message=gettext_noop("We could not find your payment. Please contact support before you pay again."),
        safe_to_retry=False,
    ),
    FailureCode.MONEY_RETURNED: _Failure(
        message="A person looked at the money that arrived and found that it does not belong to this order.",
        customer_message=gettext_noop(
            "Your payment could not be used for this order. Please contact support before you pay again."
        ),
        safe_to_retry=False,
    ),
    FailureCode.REFERENCE_REFUSED: _Failure(
        message="The provider refused the reference; correct it and confirm again.",
        customer_message=gettext_noop(
            "This reference was not accepted. Please check it and enter it again; do not pay again."
        ),
        safe_to_retry=False,
    ),
}

#: After these nothing was asked of the customer, so another payment is offered.
SAFE_TO_RETRY: Final = frozenset(code for code, failure in _LIST.items() if failure.safe_to_retry)


def shown(code: str) -> dict[str, Any] | None:
    """The failure as callers see it, or None where there is none."""
    if not code:
        return None
    failure = _LIST[FailureCode(code)]
    return {
        "code": code,
        "message": failure.message,
        "customer_message": failure.customer_message,
        "safe_to_retry": failure.safe_to_retry,
    }
