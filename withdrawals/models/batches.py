"""Many withdrawals that were asked for together: each of them a row, which is kept until its withdrawal is made."""

from typing import Any, Final

from django.db import models
from django.utils import timezone

from gateway import ids, money
from gateway.due_work import DueWork
from gateway.encryption import EncryptedJSONField
from gateway.lifecycles import CauseKind, Move, lifecycle_guards, truncate_guard, written_once
from gateway.products.models import REFERENCE_MAX_LENGTH, Mode, Product
from gateway.providers.models import PaymentSystem
from withdrawals.batch_states import ENDED, WITHDRAWAL_BATCH, BatchSource, BatchStatus, RowStatus
from withdrawals.models.batch_guards import (
    all_rows_ended,
    has_all_rows,
    legal_moves_of_rows,
    made_as_asked,
    same_wish_for_ever,
)
from withdrawals.models.withdrawals import Withdrawal

#: A code of `gateway.api.problems`.
CODE_MAX_LENGTH: Final = 40
DETAIL_MAX_LENGTH: Final = 200


class WithdrawalBatch(DueWork):
    """Withdrawals that a product, or a person for it, asked for together.

    Due while its rows are to be made, and once where nobody confirms it.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    reference = models.CharField(max_length=REFERENCE_MAX_LENGTH)
    source = models.CharField(max_length=4, choices=BatchSource.choices)
    row_count = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64, help_text="Keyed hash of its rows; the file itself is not kept.")
    asked_by = models.CharField(max_length=24, choices=CauseKind.choices, help_text="What kind of caller sent it.")
    asked_by_id = models.CharField(max_length=80, help_text="Which one: a key or a person.")
    status = models.CharField(max_length=10, choices=BatchStatus.choices, default=BatchStatus.ACCEPTED)
    sequence = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "withdrawal batches"
        constraints = [
            models.UniqueConstraint(fields=["product", "mode", "reference"], name="one_batch_per_reference"),
            models.CheckConstraint(condition=models.Q(row_count__gt=0), name="batch_has_rows"),
            models.CheckConstraint(condition=models.Q(status__in=BatchStatus.values), name="batch_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(finished_at__isnull=False, status__in=sorted(ENDED))
                | (models.Q(finished_at__isnull=True) & ~models.Q(status__in=sorted(ENDED))),
                name="batch_finished_at_its_end",
            ),
        ]
        indexes = [
            models.Index(fields=["product", "mode", "-id"], name="batches_of_a_product"),
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="batches_due"),
        ]
        triggers = [
            *lifecycle_guards(WITHDRAWAL_BATCH, history_table="withdrawals_withdrawalbatchmove"),
            all_rows_ended(),
            has_all_rows(),
            same_wish_for_ever(),
            truncate_guard("batches"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """Our id as the product knows it."""
        return ids.encode(ids.BATCH, self.id)


class WithdrawalBatchMove(Move):
    """One move of a batch with its cause."""

    subject = models.ForeignKey(WithdrawalBatch, on_delete=models.PROTECT, db_index=False, related_name="moves")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="one_batch_move_per_step")]
        triggers = written_once("moves of a batch")


class BatchRow(models.Model):
    """One withdrawal of a batch, as it was asked for, and what became of it."""

    batch = models.ForeignKey(WithdrawalBatch, on_delete=models.PROTECT, db_index=False, related_name="rows")
    number = models.PositiveIntegerField(help_text="Counts the rows of a batch from 1.")
    reference = models.CharField(max_length=REFERENCE_MAX_LENGTH)
    payment_system = models.ForeignKey(PaymentSystem, on_delete=models.PROTECT, db_index=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    customer = models.CharField(max_length=REFERENCE_MAX_LENGTH)
    recipient: Any = EncryptedJSONField(help_text="A mask, or nothing, once the row has ended.")
    comment = models.CharField(max_length=64, blank=True, help_text="Empty, once the row has ended.")
    metadata = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=RowStatus.choices, default=RowStatus.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often making it failed unexpectedly.")
    code = models.CharField(max_length=CODE_MAX_LENGTH, blank=True)
    detail = models.CharField(max_length=DETAIL_MAX_LENGTH, blank=True)
    withdrawal = models.ForeignKey(
        Withdrawal, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="one_batch_row_per_number"),
            models.UniqueConstraint(fields=["batch", "reference"], name="one_batch_row_per_reference"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="batch_row_amount_is_positive"),
            models.CheckConstraint(condition=models.Q(status__in=RowStatus.values), name="batch_row_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(status=RowStatus.MADE, withdrawal__isnull=False)
                | (~models.Q(status=RowStatus.MADE) & models.Q(withdrawal__isnull=True)),
                name="batch_row_made_has_its_withdrawal",
            ),
            models.CheckConstraint(
                condition=(models.Q(status=RowStatus.REFUSED) & ~models.Q(code=""))
                | (~models.Q(status=RowStatus.REFUSED) & models.Q(code="")),
                name="batch_row_refused_has_its_code",
            ),
        ]
        indexes = [
            # A row that was refused has no withdrawal by which people could find it.
            models.Index(fields=["reference"], name="batch_rows_by_reference"),
            # Whoever decides about a withdrawal is compared with who said yes to its batch.
            models.Index(
                fields=["withdrawal"], condition=models.Q(withdrawal__isnull=False), name="batch_rows_by_withdrawal"
            ),
        ]
        triggers = [legal_moves_of_rows(), made_as_asked(), truncate_guard("rows of batches")]

    def __str__(self) -> str:
        return f"row {self.number}"
