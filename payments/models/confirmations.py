"""A customer's attempts to activate a deposit."""

from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.lifecycles import Move, lifecycle_guards, written_once
from payments.failures import FailureCode
from payments.models.deposits import Deposit
from payments.states import CONFIRMATION, ConfirmationStatus


class Confirmation(DueWork):
    """One attempt of the customer to activate a deposit. Its id is what the provider calls ours (C§1.4)."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="confirmations")
    provider_reference = models.CharField(max_length=190, help_text="The bank's reference, normalised (key1).")
    amount = models.DecimalField(
        max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True, blank=True
    )
    status = models.CharField(max_length=20, choices=ConfirmationStatus.choices, default=ConfirmationStatus.CREATED)
    sequence = models.PositiveIntegerField(default=1)
    failure_code = models.CharField(max_length=40, choices=FailureCode.choices, blank=True)
    provider_word = models.CharField(
        max_length=20, blank=True, help_text="What the provider answered when it was sent."
    )
    is_contested = models.BooleanField(default=False, help_text="Another customer claims the same reference.")
    sent_at = models.DateTimeField(null=True, help_text="Written before the first byte leaves.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        permissions = [("confirm_for_customer", "Can confirm a deposit on a customer's behalf")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ConfirmationStatus.values), name="confirmation_status_is_known"
            ),
            # The same reference cannot be under way twice for one deposit; races between two tabs end here.
            models.UniqueConstraint(
                fields=["deposit", "provider_reference"],
                condition=models.Q(status__in=["created", "sending", "credited"])
                | (models.Q(status="verifying") & ~models.Q(provider_word="unknown")),
                name="one_open_confirmation_per_reference",
            ),
        ]
        indexes = [
            models.Index(fields=["provider_reference"], name="confirmations_by_reference"),
            # A handful, looked for at any age.
            models.Index(fields=["id"], condition=models.Q(is_contested=True), name="confirmations_contested"),
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="confirmations_due"),
            models.Index(
                fields=["created_at"], condition=models.Q(status="verifying"), name="confirmations_being_verified"
            ),
        ]
        triggers = lifecycle_guards(CONFIRMATION, history_table="payments_confirmationmove")

    def __str__(self) -> str:
        return self.public_id

    @property
    def currency(self) -> str:
        """Its deposit's, by which its amount is shown."""
        return self.deposit.currency

    @property
    def public_id(self) -> str:
        """What the provider is sent as ``custom_transaction_id``."""
        return ids.encode(ids.CONFIRMATION, self.id)


class ConfirmationMove(Move):
    """One move of a confirmation with its cause."""

    subject = models.ForeignKey(Confirmation, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_confirmation_move_per_step")]
        triggers = written_once("moves of a confirmation")
