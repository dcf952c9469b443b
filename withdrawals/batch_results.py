"""What has become of a batch, as a file: a row for each of its rows, in their order."""

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO, Final

from django.db import models
from django.http import HttpResponse, JsonResponse

from gateway.sheets import Row, write_csv, write_xlsx
from withdrawals.batch_shapes import row_shape
from withdrawals.models import BatchRow, WithdrawalBatch

#: Columns, named as the members of `BatchRowShape`.
COLUMNS: Final = ("number", "reference", "status", "code", "detail", "withdrawal", "withdrawal_status")


class ResultKind(models.TextChoices):
    """What kind of file it is; the value is the end of its name."""

    CSV = "csv", "text/csv; charset=utf-8"
    XLSX = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    JSON = "json", "application/json"

    @property
    def media_type(self) -> str:
        """For the header Content-Type."""
        return str(self.label)


def rows_of(batch: WithdrawalBatch) -> "models.QuerySet[BatchRow]":
    """Every row with what its shape shows, and nothing of its recipient."""
    rows = BatchRow.objects.filter(batch=batch).select_related("withdrawal")
    return rows.defer("recipient", "withdrawal__recipient", "withdrawal__body")


def answer(batch: WithdrawalBatch, kind: ResultKind) -> HttpResponse:
    """The file, to be saved."""
    headers = {"Content-Disposition": f'attachment; filename="{batch.public_id}-result.{kind.value}"'}
    if kind == ResultKind.JSON:
        rows = [row_shape(row) for row in rows_of(batch).order_by("number")]
        return JsonResponse(rows, safe=False, headers=headers)
    file = io.BytesIO()
    _write(batch, kind, file)
    return HttpResponse(file.getvalue(), content_type=kind.media_type, headers=headers)


def _write(batch: WithdrawalBatch, kind: ResultKind, file: BinaryIO) -> None:
    # Texts are the product's own; none of them is ever read as a formula (`gateway.sheets`).
    if kind == ResultKind.XLSX:
        write_xlsx(file, _table(batch), title="Result", created=batch.created_at)
        return
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    write_csv(text, _table(batch))
    text.detach()  # flushed; the file stays its owner's to close


def _table(batch: WithdrawalBatch) -> Iterator[Row]:
    yield COLUMNS
    for row in rows_of(batch).order_by("number"):
        shown = row_shape(row)
        yield [Decimal(row.number), *(shown[name] or None for name in COLUMNS[1:])]
