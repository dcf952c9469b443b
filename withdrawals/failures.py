"""The closed list of reasons why a withdrawal did not work out, and whether paying again is safe."""

from dataclasses import dataclass
from typing import Any, Final

from django.db import models


class FailureCode(models.TextChoices):
    """Stable codes; integrators branch on them."""

    PROVIDER_REFUSED = "provider_refused", "the provider refused the order; it was never created"
    PROVIDER_REJECTED = "provider_rejected", "the provider took the order and did not pay it"
    OUTCOME_UNKNOWN = "outcome_unknown", "nobody knows yet whether it was paid"
    DECLARED_FAILED = "declared_failed", "two persons found that it was never paid"
    APPROVAL_REFUSED = "approval_refused", "a person refused it; nothing was sent"
    APPROVAL_EXPIRED = "approval_expired", "nobody approved it in time; nothing was sent"
    RECIPIENT_BLOCKED = "recipient_blocked", "its recipient was blocked before it was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    message: str
    customer_message: str
    safe_to_retry: bool


_LIST: Final = {
    FailureCode.PROVIDER_REFUSED: _Failure(
        message="The provider refused the withdrawal before creating it; check the recipient and the amount.",
        customer_message="The payout could not be made. Please check the account details.",
        safe_to_retry=True,
    ),
    FailureCode.PROVIDER_REJECTED: _Failure(
        message="The provider rejected the withdrawal; nothing was paid.",
        customer_message="The payout was not made. Please check the account details.",
        safe_to_retry=True,
    ),
    FailureCode.OUTCOME_UNKNOWN: _Failure(
        message="The outcome is not known; the provider is being asked. Do not pay again.",
        customer_message="The payout is taking longer than usual.",
        safe_to_retry=False,
    ),
    FailureCode.DECLARED_FAILED: _Failure(
        message="It was looked into: the provider never paid the withdrawal, and will not.",
        customer_message="The payout was not made.",
        safe_to_retry=True,
    ),
    FailureCode.APPROVAL_REFUSED: _Failure(
        message="A person refused the withdrawal; nothing was sent.",
        customer_message="The payout was not made.",
        safe_to_retry=True,
    ),
    FailureCode.APPROVAL_EXPIRED: _Failure(
        message="Nobody approved the withdrawal in time; nothing was sent.",
        customer_message="The payout was not made.",
        safe_to_retry=True,
    ),
    FailureCode.RECIPIENT_BLOCKED: _Failure(
        message="The recipient was blocked before the withdrawal was sent; nothing was sent.",
        customer_message="The payout could not be made. Please check the account details.",
        safe_to_retry=True,
    ),
}


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
