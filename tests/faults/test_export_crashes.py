"""A worker is killed in the midst of a file. Nobody gets a half one, and the next worker makes one whole file."""

import hashlib
import signal
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from gateway.backoffice.exports import writing as export_work
from gateway.backoffice.models import Export, ExportChunk
from gateway.products.models import Customer, Mode, Product
from tests.faults.steps import take_step
from tests.forked import started
from tests.gateway.backoffice.exports.export_stage import asked, content_of, download, exporter, lines_of, parted, work
from tests.staff import browser_of
from tests.withdrawals.interleaving import DEADLINE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMERS = 4_500  # three pages, and more than two parts of a file
CHUNK = 'INSERT INTO "backoffice_exportchunk"'
WRITTEN_DOWN = 'UPDATE "backoffice_export"'


@pytest.mark.parametrize(
    ("kind", "query", "count", "after"),
    [
        ("csv", WRITTEN_DOWN, 2, False),  # claimed, and not begun
        ("csv", CHUNK, 1, False),
        ("csv", CHUNK, 2, True),  # of three
        ("xlsx", WRITTEN_DOWN, 5, True),  # its rows are read, and nothing of it is written
        ("xlsx", CHUNK, 1, True),
    ],
)
def test_it_is_begun_anew(product: Product, kind: str, query: str, count: int, after: bool) -> None:
    Customer.objects.bulk_create(
        Customer(product=product, mode=Mode.TEST, external_id=f"customer-{number}") for number in range(CUSTOMERS)
    )
    frieda = exporter("frieda", "customer")
    export = asked(frieda, Customer, kind)
    step = partial(take_step, count=count, after=after)
    worker = started(step, "gateway.backoffice.tasks.work_on_export", str(export.pk), query)
    worker.join(DEADLINE_SECONDS * 2)
    assert worker.exitcode == -signal.SIGKILL
    export.refresh_from_db()
    assert export.status in {"queued", "running"}
    assert download(frieda, export).status_code == 302
    work()
    assert Export.objects.get().attempts == 1, "it is the dead worker's for a while"
    # A workbook that is being packed is left alone for some seconds more: five for so many rows.
    with time_machine.travel(timezone.now() + timedelta(seconds=export_work.LEASE_SECONDS + 5)):
        work()
        export.refresh_from_db()
        content = content_of(browser_of(User.objects.get()), export)
    assert (export.status, export.attempts, export.rows_done) == ("done", 2, CUSTOMERS)
    assert (len(content), hashlib.sha256(content).hexdigest()) == (export.size, export.digest)
    numbers = list(ExportChunk.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    rows, below = parted(lines_of(content, kind))
    assert sorted(row["external id"] for row in rows) == sorted(f"customer-{number}" for number in range(CUSTOMERS))
    assert below[0] == ["Rows", str(CUSTOMERS)]
