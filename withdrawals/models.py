"""Money out."""

from typing import Any

from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField, EncryptedJSONField
from gateway.lifecycles import Move, append_only_guard, lifecycle_guards
from gateway.products.models import REFERENCE_MAX_LENGTH, Customer, Mode, Product
from gateway.providers.models import PaymentSystem, ProviderAccount
from withdrawals.failures import FailureCode
from withdrawals.states import WITHDRAWAL, WithdrawalStatus


class Withdrawal(DueWork):
    """Money that a product sends to one of its customers: paid at most once, and always brought to an end."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT)
    payment_system = models.ForeignKey(PaymentSystem, on_delete=models.PROTECT)
    reference = models.CharField(max_length=REFERENCE_MAX_LENGTH)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    recipient: Any = EncryptedJSONField()
    comment = models.CharField(max_length=64, blank=True)
    metadata = models.JSONField(default=dict)

    body: Any = EncryptedBytesField(help_text="The request, frozen; signed anew only where the key has changed.")
    body_digest = models.CharField(max_length=64, help_text="SHA-256 of the frozen request.")
    sent_at = models.DateTimeField(null=True, help_text="Written before the first byte leaves.")
    refused_unproven = models.BooleanField(
        default=False, help_text="The provider refused in words that prove nothing; a pull has to agree."
    )
    refused_unread = models.BooleanField(
        default=False, help_text="The provider refused our credentials and read no further; a pull has to agree."
    )
    last_answer = models.CharField(max_length=24, blank=True, help_text="What the last pull said.")

    status = models.CharField(max_length=20, choices=WithdrawalStatus.choices, default=WithdrawalStatus.QUEUED)
    sequence = models.PositiveIntegerField(default=1)
    failure_code = models.CharField(max_length=40, choices=FailureCode.choices, blank=True)
    hinted_at = models.DateTimeField(null=True, help_text="When an unproven letter last made it due.")
    contradiction = models.CharField(max_length=200, blank=True, help_text="What a person has to look at.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "mode", "reference"], name="one_withdrawal_per_reference"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="withdrawal_amount_is_positive"),
            models.CheckConstraint(
                condition=models.Q(status__in=WithdrawalStatus.values), name="withdrawal_status_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["product", "mode", "-id"], name="withdrawals_of_a_product"),
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="withdrawals_due"),
        ]
        triggers = lifecycle_guards(WITHDRAWAL, history_table="withdrawals_withdrawalmove")

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """What the provider is sent as ``withdrawal_id``."""
        return ids.encode(ids.WITHDRAWAL, self.id)


class WithdrawalMove(Move):
    """One move of a withdrawal with its cause."""

    subject = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_withdrawal_move_per_step")]
        triggers = [append_only_guard("moves of a withdrawal")]
