"""How batches of withdrawals are shown: the same shape in REST answers and in webhooks."""

from typing import Any

from django.db.models import Count
from rest_framework import serializers

from gateway.api.fields import AmountField, CurrencyField
from gateway.money import format_amount
from withdrawals.batch_states import BatchSource, BatchStatus, RowStatus
from withdrawals.models import BatchRow, WithdrawalBatch
from withdrawals.states import WithdrawalStatus


class WithdrawalBatchShape(serializers.Serializer[Any]):
    """Withdrawals that were asked for together."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["withdrawal_batch"])
    status = serializers.ChoiceField(choices=BatchStatus.choices)
    reference = serializers.CharField()
    source = serializers.ChoiceField(choices=BatchSource.choices)  # type: ignore[assignment]  # a field of that name
    mode = serializers.ChoiceField(choices=["live", "test"])
    row_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RowCountsShape(serializers.Serializer[Any]):
    """How many rows are in each status."""

    waiting = serializers.IntegerField()
    made = serializers.IntegerField()
    refused = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class BatchProgressShape(WithdrawalBatchShape):
    """A batch with what has become of its rows."""

    rows = RowCountsShape()
    withdrawals = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="How many of its withdrawals are in each status; statuses that none is in are left out.",
    )


class BatchRowShape(serializers.Serializer[Any]):
    """A row of a batch, and what has become of it."""

    object = serializers.ChoiceField(choices=["withdrawal_batch_row"])
    number = serializers.IntegerField(help_text="Counts the rows from 1, in the order in which they came.")
    reference = serializers.CharField()
    payment_system = serializers.CharField()
    currency = CurrencyField()
    amount = AmountField()
    customer = serializers.CharField()
    status = serializers.ChoiceField(choices=RowStatus.choices)
    code = serializers.CharField(
        help_text="Why a row was refused, or else why its withdrawal failed; empty where neither is so."
    )
    detail = serializers.CharField(help_text="The same in words, of a row that was refused.")
    withdrawal = serializers.CharField(allow_null=True)
    withdrawal_status = serializers.ChoiceField(choices=WithdrawalStatus.choices, allow_null=True)


def batch_shape(batch: WithdrawalBatch) -> dict[str, Any]:
    """The values of `WithdrawalBatchShape`, ready for JSON."""
    return {
        "id": batch.public_id,
        "object": "withdrawal_batch",
        "status": batch.status,
        "reference": batch.reference,
        "source": batch.source,
        "mode": batch.mode,
        "row_count": batch.row_count,
        "created_at": batch.created_at.isoformat(),
        "finished_at": None if batch.finished_at is None else batch.finished_at.isoformat(),
    }


def progress_shape(batch: WithdrawalBatch) -> dict[str, Any]:
    """The values of `BatchProgressShape`, ready for JSON: two questions about all of its rows."""
    rows = BatchRow.objects.filter(batch=batch).order_by()
    by_status = dict(rows.values_list("status").annotate(count=Count("pk")))
    made = rows.filter(status=RowStatus.MADE)
    by_end = dict(made.values_list("withdrawal__status").annotate(count=Count("pk")))
    return {
        **batch_shape(batch),
        "rows": {status: by_status.get(status, 0) for status in RowStatus.values},
        "withdrawals": {status: by_end[status] for status in WithdrawalStatus.values if status in by_end},
    }


def row_shape(row: BatchRow) -> dict[str, Any]:
    """The values of `BatchRowShape`, ready for JSON."""
    made = row.withdrawal
    return {
        "object": "withdrawal_batch_row",
        "number": row.number,
        "reference": row.reference,
        "payment_system": row.payment_system_id,
        "currency": row.currency,
        "amount": format_amount(row.amount, row.currency),
        "customer": row.customer,
        "status": row.status,
        "code": row.code or ("" if made is None else made.failure_code),
        "detail": row.detail,
        "withdrawal": None if made is None else made.public_id,
        "withdrawal_status": None if made is None else made.status,
    }
