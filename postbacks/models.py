"""The provider's letters, as they came and as far as they are understood."""

from typing import Any

from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedBytesField
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, ProviderAccount
from postbacks.states import ItemStatus


class Letter(models.Model):
    """A letter whose signature is right. The same signed part again only counts up ``copies``."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False)
    body: Any = EncryptedBytesField(help_text="Exactly as it came.")
    signed_digest = models.CharField(max_length=64, help_text="SHA-256 of the signed part.")
    envelope_agrees = models.BooleanField(help_text="False: the unsigned rest contradicts the signed part.")
    disagreements = models.CharField(max_length=200, blank=True)
    variant = models.CharField(max_length=20, help_text="Which encoding of the signed part matched (C§5 row 15).")
    key_index = models.PositiveSmallIntegerField(help_text="0: the current pair of keys; 1: the one before.")
    copies = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField(default=timezone.now)
    last_received_at = models.DateTimeField(default=timezone.now)
    redacted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the body was taken away; its digest stays."
    )

    class Meta:
        constraints = [
            # One row for the letter and at most one for all of its re-wrapped copies: storage stays bounded.
            models.UniqueConstraint(
                fields=["account", "signed_digest", "envelope_agrees"], name="one_letter_per_signed_part"
            ),
        ]
        indexes = [
            # A handful, looked for at any age.
            models.Index(fields=["id"], condition=models.Q(envelope_agrees=False), name="letters_that_disagree"),
            models.Index(fields=["last_received_at"], condition=models.Q(redacted_at=None), name="letters_to_redact"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class LetterItem(DueWork):
    """One item of a letter: a hint, until the provider was asked."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, db_index=False, related_name="items")
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False)
    position = models.PositiveSmallIntegerField()
    is_withdrawal = models.BooleanField(default=False)
    order_id = models.CharField(max_length=190, blank=True, help_text="custom_transaction_id or withdrawal_id.")
    transaction_id = models.CharField(max_length=190, blank=True)
    is_stray = models.BooleanField(
        default=False, help_text="A deposit that names no order of ours: asked about by its transaction (C§1.10)."
    )
    wallet_type = models.CharField(max_length=SYSTEM_CODE_MAX_LENGTH, blank=True)
    withdrawal_status = models.IntegerField(null=True)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES, null=True)
    currency = models.CharField(max_length=3, blank=True)
    status = models.CharField(max_length=12, choices=ItemStatus.choices, default=ItemStatus.RECEIVED)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    asked_at = models.DateTimeField(null=True, help_text="When it last had its order asked about.")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["letter", "position"], name="one_row_per_item"),
            models.CheckConstraint(
                condition=models.Q(status__in=ItemStatus.values), name="letter_item_status_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="letter_items_due"),
            models.Index(fields=["order_id"], name="letter_items_of_an_order"),
            models.Index(
                fields=["transaction_id"],
                condition=~models.Q(transaction_id=""),
                name="letter_items_of_a_transaction",
            ),
            # What the provider did not confirm is little, and looked for at any age.
            models.Index(
                fields=["id"],
                condition=models.Q(status__in=["unconfirmed", "contradicted", "unusable"]),
                name="letter_items_for_a_person",
            ),
        ]

    def __str__(self) -> str:
        return self.order_id or self.transaction_id


class RejectedLetter(models.Model):
    """A sample of what was refused: a fixed number of slots for each account, overwritten at random."""

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, db_index=False)
    slot = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=40)
    body: Any = EncryptedBytesField(help_text="The first kilobytes.")
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "slot"], name="one_sample_per_slot")]

    def __str__(self) -> str:
        return f"{self.reason} {self.received_at:%Y-%m-%d %H:%M}"
