"""How money out is shown: the same shape in REST answers and in webhooks. Account numbers are masked."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from gateway import ids
from gateway.api.fields import AmountField, CurrencyField, MetadataField
from gateway.encryption import readable_or
from gateway.money import format_amount
from withdrawals import failures
from withdrawals.models import Withdrawal
from withdrawals.states import ApproverRole, Decision, HoldReason, WithdrawalStatus

#: Characters of an account number that stay readable, enough for support to tell two accounts apart.
_SHOWN_CHARACTERS = 4


class WithdrawalFailureShape(serializers.Serializer[Any]):
    """Why it did not work out, and whether paying again is safe."""

    code = serializers.ChoiceField(choices=failures.FailureCode.choices)
    message = serializers.CharField(help_text="For the integrator.")
    customer_message = serializers.CharField(help_text="For the customer, in English.")
    safe_to_retry = serializers.BooleanField(help_text="True only where no money can be under way.")


class GivenApprovalShape(serializers.Serializer[Any]):
    """One approval that was given."""

    role = serializers.ChoiceField(choices=ApproverRole.choices, help_text="Which of the needed ones it is.")
    by = serializers.ChoiceField(choices=[("person", "a person of the gateway's"), ("api_key", "a key of yours")])
    at = serializers.DateTimeField()


class ApprovalsShape(serializers.Serializer[Any]):
    """Whose approvals it takes, and which it has."""

    needed = serializers.ListField(
        child=serializers.ChoiceField(choices=ApproverRole.choices), help_text="One for each; empty: it takes none."
    )
    given = GivenApprovalShape(many=True, help_text="Oldest first.")
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is called off unless it is approved by then; null: it waits for nobody."
    )


class WithdrawalShape(serializers.Serializer[Any]):
    """A withdrawal."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["withdrawal"])
    status = serializers.ChoiceField(choices=WithdrawalStatus.choices)
    payment_system = serializers.CharField()
    currency = CurrencyField()
    amount = AmountField()
    customer = serializers.CharField()
    reference = serializers.CharField()
    recipient = serializers.DictField(child=serializers.CharField(), help_text="All but the last characters masked.")
    comment = serializers.CharField()
    failure = WithdrawalFailureShape(allow_null=True)
    held_for = serializers.ListField(
        child=serializers.ChoiceField(choices=HoldReason.choices),
        help_text="Why a person has to look at it, whatever its amount; empty: nothing speaks against it.",
    )
    approvals = ApprovalsShape()
    refund_of = serializers.CharField(allow_null=True, help_text="The deposit whose money goes back, if any.")
    mode = serializers.ChoiceField(choices=["live", "test"])
    metadata = MetadataField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def to_be_shown(rows: "QuerySet[Withdrawal]") -> "QuerySet[Withdrawal]":
    """The same withdrawals with everything that their shape reads: a list costs as many statements as one of them."""
    return rows.select_related("customer", "payment_system").prefetch_related("approvals")


def withdrawal_shape(withdrawal: Withdrawal) -> dict[str, Any]:
    """The values of `WithdrawalShape`, ready for JSON."""
    # One that was redacted is shown as it always was.
    recipient: dict[str, str] = readable_or(withdrawal, "recipient", {})
    return {
        "id": withdrawal.public_id,
        "object": "withdrawal",
        "status": withdrawal.status,
        "payment_system": withdrawal.payment_system_id,
        "currency": withdrawal.currency,
        "amount": format_amount(withdrawal.amount, withdrawal.currency),
        "customer": withdrawal.customer.external_id,
        "reference": withdrawal.reference,
        "recipient": masked_recipient(recipient),
        "comment": withdrawal.comment,
        "failure": failures.shown(withdrawal.failure_code),
        "held_for": withdrawal.held_for,
        "approvals": _approvals(withdrawal),
        "refund_of": None if withdrawal.refund_of is None else ids.encode(ids.DEPOSIT, withdrawal.refund_of),
        "mode": withdrawal.mode,
        "metadata": withdrawal.metadata,
        "created_at": withdrawal.created_at.isoformat(),
        "updated_at": withdrawal.updated_at.isoformat(),
    }


def _approvals(withdrawal: Withdrawal) -> dict[str, Any]:
    needed = withdrawal.approvals_needed
    # Most withdrawals take none, and none is looked for.
    rows = sorted(withdrawal.approvals.all(), key=attrgetter("pk")) if needed else []
    is_waiting = withdrawal.status == WithdrawalStatus.PENDING_APPROVAL
    return {
        "needed": needed,
        "given": [
            {
                "role": one.role,
                "by": "person" if one.key_id is None else "api_key",
                "at": one.created_at.isoformat(),
            }
            for one in rows
            if one.decision == Decision.APPROVE
        ],
        "expires_at": withdrawal.next_at.isoformat() if is_waiting and withdrawal.next_at else None,
    }


def masked_recipient(recipient: Mapping[str, str]) -> dict[str, str]:
    """A recipient with each of its values `masked`. Masking a mask changes nothing."""
    return {name: masked(value) for name, value in recipient.items()}


def masked(value: str) -> str:
    """The value with all but its last characters starred; short values are starred whole."""
    if len(value) <= _SHOWN_CHARACTERS * 2:
        return "*" * len(value)
    return "*" * (len(value) - _SHOWN_CHARACTERS) + value[-_SHOWN_CHARACTERS:]
