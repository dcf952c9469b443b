"""Batches as a product sends them: as JSON, as CSV, as XLSX."""

import csv
import io
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from gateway import ids
from tests.conftest import Api
from withdrawals import tasks
from withdrawals.batch_work import due_batches
from withdrawals.models import BatchRow, WithdrawalBatch

_numbers = itertools.count(1)

COLUMNS = (
    *("payment_system", "currency", "amount", "customer", "reference"),
    *("recipient.account_number", "recipient.account_name", "recipient.bank_code"),
)


def row(**changes: Any) -> dict[str, Any]:
    """A row that is accepted, with a reference of its own; ``...`` leaves a field out."""
    wanted = {
        "payment_system": "imps_ib",
        "currency": "INR",
        "amount": "1000",
        "customer": "55",
        "reference": f"row-{next(_numbers)}",
        "recipient": {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"},
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not ...}


def batch_body(*rows: Any, **changes: Any) -> dict[str, Any]:
    """A body that is accepted."""
    return {"reference": f"batch-{next(_numbers)}", "rows": list(rows) or [row()], **changes}


def line(**changes: Any) -> list[Any]:
    """A row of a file with `COLUMNS`, by name."""
    wanted = row()
    cells = {
        **{name: wanted[name] for name in COLUMNS[:5]},
        **{f"recipient.{name}": value for name, value in wanted["recipient"].items()},
        **changes,
    }
    return [cells[name] for name in COLUMNS]


def csv_of(*lines: Sequence[Any], header: Sequence[Any] = COLUMNS, **options: Any) -> bytes:
    """A CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, **options).writerows([header, *lines])
    return text.getvalue().encode()


def xlsx_of(
    *lines: Sequence[Any], header: Sequence[Any] = COLUMNS, change: Callable[[Any], None] = lambda sheet: None
) -> bytes:
    """An XLSX file as a spreadsheet program would write it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for one in [header, *lines]:
        sheet.append(list(one))
    change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def post_file(api: Api, content: bytes, *, query: str = "", key: str | None = None, **fields: Any) -> Any:
    """The answer to a file."""
    file = io.BytesIO(content)
    file.name = "batch.csv"
    body = encode_multipart(BOUNDARY, {"reference": f"batch-{next(_numbers)}", "file": file, **fields})
    return api.post(f"withdrawal-batches{query}", body, content_type=MULTIPART_CONTENT, key=key)


def errors_of(answer: Any, count: int | None = None) -> list[tuple[str, str]]:
    """Pointer and code of each error of a refused batch."""
    document = answer.json()
    assert (answer.status_code, document["code"]) == (422, "batch_invalid"), document
    assert document["error_count"] == (len(document["errors"]) if count is None else count)
    assert document["detail"].endswith("Nothing was accepted.")
    return [(one["pointer"], one["code"]) for one in document["errors"]]


def work() -> None:
    """Let the workers do all that is due."""
    while due := due_batches():
        for batch_id in due:
            tasks.work_on_batch(str(batch_id))


def load(shown: dict[str, Any]) -> WithdrawalBatch:
    """The batch of an answer, as it is now."""
    pk = ids.decode(ids.BATCH, shown["id"])
    assert pk is not None
    return WithdrawalBatch.objects.select_related("product").get(pk=pk)


def ends(batch: WithdrawalBatch) -> list[tuple[int, str, str]]:
    """Number, status and code of every row."""
    return list(BatchRow.objects.filter(batch=batch).order_by("number").values_list("number", "status", "code"))
