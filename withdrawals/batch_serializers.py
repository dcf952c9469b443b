"""What a product may ask of batches. Output is in ``batch_shapes.py`` and ``batch_reports.py``."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers

from gateway.api.fields import ReferenceField, StrictSerializer
from gateway.weighing_sheets import Unreadable
from withdrawals.batch_files import FileRows, read_file
from withdrawals.batch_results import ResultKind
from withdrawals.batch_rows import invalid
from withdrawals.batch_states import BatchSource
from withdrawals.serializers import NewWithdrawalSerializer


class NewBatchSerializer(StrictSerializer):
    """Withdrawals to be made together. Every row is checked before any is accepted."""

    reference = ReferenceField(help_text="Your own id of the batch; unique for ever.")
    rows = serializers.ListField(
        child=NewWithdrawalSerializer(), help_text="1 to 10,000 withdrawals, made in this order."
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The reference; the rows as they came, because they are checked together (`batch_rows.check_rows`)."""
        rows = data.get("rows")
        known = super().to_internal_value({**data, "rows": []})
        if "rows" not in data:
            raise serializers.ValidationError({"rows": ["This field is required."]})
        if not isinstance(rows, list):
            raise serializers.ValidationError({"rows": ["Send an array of objects."]})
        return {**known, "rows": rows}

    def said(self) -> FileRows:
        """The rows, as a file's."""
        return FileRows(source=BatchSource.JSON, rows=self.validated_data["rows"], lines=[])


class NewBatchFileSerializer(StrictSerializer):
    """The same as a file."""

    reference = ReferenceField(help_text="Your own id of the batch; unique for ever.")
    file = serializers.FileField(
        help_text="CSV (UTF-8) or XLSX. The first row names the columns as the fields of POST /withdrawals, a "
        "recipient's as `recipient.account_number`."
    )

    def said(self) -> FileRows:
        """The rows of the file.

        Raises:
            Problem: 422 where it cannot be read.
        """
        return rows_of_file(self.validated_data["file"])


def rows_of_file(file: "UploadedFile[bytes]") -> FileRows:
    """The rows of an uploaded file.

    Raises:
        Problem: 422 where it cannot be read.
    """
    try:
        return read_file(file.read())
    except Unreadable as error:
        raise invalid([{"pointer": "/file", "code": "invalid", "detail": str(error)}], 1) from None


class DryRunQuestion(StrictSerializer):
    """Query parameters of POST /withdrawal-batches."""

    dry_run = serializers.ChoiceField(choices=["true", "false"], default="false")


class ResultQuestion(StrictSerializer):
    """Query parameters of a result."""

    format = serializers.ChoiceField(choices=ResultKind.values, default=ResultKind.CSV)
