"""Lists as files: who may, what is in them, how far they are, and that nothing half is ever downloadable."""

import hashlib
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from balances.models import Journal
from gateway.backoffice import tasks
from gateway.backoffice.exports import asking
from gateway.backoffice.exports import lists as export_lists
from gateway.backoffice.exports import writing as export_work
from gateway.backoffice.exports.moves import BY_CLOCK
from gateway.backoffice.models import Export, ExportChunk, ExportDownload, ExportMove, FileFormat
from gateway.moving import record
from gateway.products.models import Customer, Mode, Product
from tests.gateway.backoffice.exports.export_stage import (
    PAGE,
    asked,
    content_of,
    download,
    exporter,
    lines_of,
    made,
    own_browser,
    parted,
    press,
    work,
)
from tests.staff import logged_in
from tests.withdrawals.orders import order

pytestmark = pytest.mark.django_db

CUSTOMERS = 5


@pytest.fixture
def frieda() -> Client:
    return exporter("frieda", "customer")


@pytest.fixture
def customers(product: Product) -> list[Customer]:
    """Five, in test mode."""
    found = [Customer(product=product, mode=Mode.TEST, external_id=f"customer-{number}") for number in range(CUSTOMERS)]
    return Customer.objects.bulk_create(found)


def moves(export: Export) -> list[tuple[str, str]]:
    rows = ExportMove.objects.filter(subject=export).order_by("sequence")
    return list(rows.values_list("from_status", "to_status"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_has_the_rows_of_the_list_and_no_others(frieda: Client, customers: list[Customer], kind: str) -> None:
    Customer.objects.create(product=customers[0].product, mode=Mode.LIVE, external_id="customer-0")
    rows, below = made(frieda, Customer, kind, "mode__exact=test&p=0&o=1")
    wanted = sorted(customers, key=lambda one: one.pk, reverse=True)
    assert [row["external id"] for row in rows] == [one.external_id for one in wanted]
    assert rows[0] == {
        "id": f"{rows[0]['id']}",
        "label": wanted[0].label,
        "external id": wanted[0].external_id,
        "product": wanted[0].product.name,
        "product id": str(wanted[0].product_id),
        "mode": "test",
        "created at": rows[0]["created at"],
    }
    assert below[:2] == [["Rows", "5"], ["Of", "customers, test"]]
    export = Export.objects.get()
    assert export.columns == list(rows[0])
    assert (export.rows_done, export.rows_expected, export.percent) == (5, 5, 100)
    assert moves(export) == [("", "queued"), ("queued", "running"), ("running", "done")]


@pytest.mark.parametrize("query", ["q=customer-2", "mode=live&q=customer-2", "mode__exact=live&q=customer-2"])
def test_what_a_search_finds_in_the_other_mode_alone_is_of_that_mode(
    frieda: Client, customers: list[Customer], query: str
) -> None:
    press(frieda, Customer, query=query, mode="live")
    export = Export.objects.get()
    assert (export.mode, asking.told_by(export)) == ("test", [("q", "customer-2")])
    work()
    rows, below = parted(lines_of(content_of(frieda, export), "csv"))
    assert [(row["external id"], row["mode"]) for row in rows] == [("customer-2", "test")]
    assert below[:2] == [["Rows", "1"], ["Of", "customers, test"]]


def test_rows_of_the_other_mode_that_come_meanwhile_are_not_in_the_file(frieda: Client, product: Product) -> None:
    press(frieda, Customer, query="q=late", mode="live")
    export = Export.objects.get()
    Customer.objects.create(product=product, mode=Mode.TEST, external_id="late")
    work()
    rows, below = parted(lines_of(content_of(frieda, export), "csv"))
    assert (rows, below[:2]) == ([], [["Rows", "0"], ["Of", "customers, live"]])


def test_a_file_is_what_its_row_says(frieda: Client, customers: list[Customer]) -> None:
    export = asked(frieda, Customer)
    assert (export.status, export.size, export.percent) == ("queued", None, None)
    assert download(frieda, export)["Location"] == PAGE, "there is nothing yet"
    work()
    export.refresh_from_db()
    answer = download(frieda, export)
    content = b"".join(answer.streaming_content)
    assert (export.size, export.digest) == (len(content), hashlib.sha256(content).hexdigest())
    assert answer["Content-Length"] == str(len(content))
    assert answer["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    [taken] = ExportDownload.objects.all()
    assert (taken.export, taken.by) == (export, export.asked_by)


def test_a_file_is_encrypted_where_it_lies(frieda: Client, customers: list[Customer]) -> None:
    asked(frieda, Customer, query="q=customer-2")
    work()
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM backoffice_exportchunk")
        [(content,)] = cursor.fetchall()
        cursor.execute("SELECT query FROM backoffice_export")
        [(query,)] = cursor.fetchall()
    assert b"customer" not in bytes(content)
    assert b"customer" not in bytes(query), "somebody may look for an account"


def test_times_and_numbers_of_a_workbook_are_times_and_numbers(api: Any, frieda: Client) -> None:
    order(api)
    export = asked(exporter("greta", "journal"), Journal, "xlsx")
    work()
    content = content_of(own_browser("greta"), export)
    book: Any = openpyxl.load_workbook(io.BytesIO(content)).active
    titles = [cell.value for cell in book[1]]
    first = dict(zip(titles, book[2], strict=False))
    assert (first["amount"].data_type, first["amount"].number_format) == ("n", "0.00")
    assert first["created at"].is_date
    assert first["currency"].value == "INR"


class TestWhoMay:
    def test_the_button_is_there_for_who_may_export(self, frieda: Client) -> None:
        list_of = "/admin/products/customer/"
        assert f'action="{PAGE}ask/"' in frieda.get(list_of).content.decode()
        assert "backoffice/export" not in logged_in("viewer", "view_customer").get(list_of).content.decode()

    def test_nobody_asks_without_the_permission(self) -> None:
        assert press(logged_in("viewer", "view_customer"), Customer).status_code == 403
        assert press(logged_in("other", "export_rows"), Customer).status_code == 403, "nor for what they may not see"
        assert not Export.objects.exists()

    @pytest.mark.parametrize("lost", ["export_rows", "view_customer"])
    def test_who_loses_it_meanwhile_gets_nothing(self, frieda: Client, customers: Any, lost: str) -> None:
        export = asked(frieda, Customer)
        export.asked_by.user_permissions.remove(Permission.objects.get(codename=lost))
        work()
        export.refresh_from_db()
        assert export.status == "failed"
        assert "may not" in export.failure
        assert not ExportChunk.objects.exists()

    @pytest.mark.parametrize("lost", ["export_rows", "view_customer"])
    def test_who_loses_it_afterwards_gets_nothing(self, frieda: Client, customers: Any, lost: str) -> None:
        export = asked(frieda, Customer)
        work()
        export.asked_by.user_permissions.remove(Permission.objects.get(codename=lost))
        assert download(frieda, export).status_code == 403
        assert not ExportDownload.objects.exists()

    def test_who_left_gets_nothing(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        User.objects.update(is_active=False)
        work()
        export.refresh_from_db()
        assert export.status == "failed"

    def test_nobody_takes_another_ones_file(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        work()
        lead = exporter("lead", "customer", "export")
        assert download(lead, export).status_code == 403
        assert str(export.pk) in lead.get(PAGE, {"whose": "all"}).content.decode()
        assert str(export.pk) not in lead.get(PAGE).content.decode()
        other = exporter("other", "customer")
        page = f"{PAGE}{export.pk}/change/"
        assert str(export.pk) not in other.get(PAGE, {"whose": "all"}).content.decode()
        assert other.get(page).status_code == 302, "Django's way to say that there is none"
        assert other.post(f"{PAGE}{export.pk}/cancel/").status_code == 403
        assert other.get(f"{PAGE}progress.json", {"id": str(export.pk)}).json() == {"exports": []}
        assert lead.get(page).status_code == 200
        assert frieda.get(page).status_code == 200

    def test_nothing_is_sent_by_a_link(self, frieda: Client) -> None:
        assert frieda.get(f"{PAGE}ask/").status_code == 405
        assert logged_in("viewer", "view_customer").get(PAGE).status_code == 403


class TestAskingTwice:
    def test_a_second_click_is_the_first_one(self, frieda: Client, customers: Any) -> None:
        first = asked(frieda, Customer)
        press(frieda, Customer)
        work()
        press(frieda, Customer)
        assert list(Export.objects.all()) == [first]
        press(frieda, Customer, "xlsx")
        press(frieda, Customer, query="mode__exact=live", mode="live")
        assert Export.objects.count() == 3

    def test_later_it_is_another_one(self, frieda: Client, customers: Any) -> None:
        asked(frieda, Customer)
        with time_machine.travel(timezone.now() + timedelta(seconds=31)):
            asked(frieda, Customer)

    def test_three_are_enough_at_once(self, frieda: Client, customers: Any) -> None:
        for number in range(asking.UNDER_WAY_MAX):
            asked(frieda, Customer, query=f"q={number}")
        answer = frieda.post(
            f"{PAGE}ask/", {"list": "products.customer", "query": "q=9", "mode": "test", "format": "csv"}, follow=True
        )
        assert "You have 3 exports under way" in answer.content.decode()
        assert Export.objects.count() == 3
        asked(exporter("greta", "customer"), Customer)
        work()
        asked(frieda, Customer, query="q=9")


class TestRefusals:
    @pytest.mark.parametrize("label", ["auth.user", "backoffice.export", "nothing", "no.model", ""])
    def test_what_is_no_list(self, frieda: Client, label: str) -> None:
        answer = frieda.post(f"{PAGE}ask/", {"list": label, "query": "", "mode": "test", "format": "csv"})
        assert answer.status_code == 404

    @pytest.mark.parametrize("changed", [{"mode": "both"}, {"format": "pdf"}])
    def test_what_is_no_file(self, frieda: Client, changed: dict[str, str]) -> None:
        wish = {"list": "products.customer", "query": "", "mode": "test", "format": "csv", **changed}
        assert frieda.post(f"{PAGE}ask/", wish).status_code == 404

    def test_filters_that_the_list_does_not_know(self, frieda: Client) -> None:
        answer = press(frieda, Customer, query="created_at__gte=never")
        assert answer["Location"] == "/admin/products/customer/?created_at__gte=never"
        assert press(frieda, Customer, query="q=" + "a" * 9_000)["Location"].startswith("/admin/products/customer/")
        assert press(frieda, Customer, query="q=%00")["Location"] == "/admin/products/customer/?q=%00"
        assert not Export.objects.exists()

    @pytest.mark.parametrize("name", ["mode", "mode__exact"])
    def test_an_address_of_the_other_mode_than_the_file_would_say(self, frieda: Client, name: str) -> None:
        press(frieda, Customer, query=f"{name}=live", mode="test")
        assert not Export.objects.exists()

    def test_more_rows_than_a_sheet_has(self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asking, "XLSX_ROWS_MAX", 4)
        page = frieda.post(
            f"{PAGE}ask/", {"list": "products.customer", "query": "", "mode": "test", "format": "xlsx"}, follow=True
        )
        assert "has room for 4. Export them as CSV." in page.content.decode()
        assert not Export.objects.exists()
        made(frieda, Customer)

    def test_rows_that_came_in_between(self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        export = asked(frieda, Customer, "xlsx")
        monkeypatch.setattr(export_work, "XLSX_ROWS_MAX", 4)
        work()
        export.refresh_from_db()
        assert (export.status, export.failure[:15]) == ("failed", "There are 5 row")


class TestProgress:
    def test_the_page_says_how_far_it_is(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        Export.objects.filter(pk=export.pk).update(rows_expected=4, rows_done=3)
        one = {"id": str(export.pk), "status": "queued", "is_under_way": True, "percent": 75}
        answer = frieda.get(f"{PAGE}progress.json", {"id": [str(export.pk), "nonsense"]})
        assert answer.json() == {"exports": [one | {"sentence": "Queued: waits for a worker"}]}
        page = frieda.get(PAGE).content.decode()
        assert f'value="75" data-export="{export.pk}"' in page
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
        assert "<script>" not in page
        work()
        done = frieda.get(PAGE).content.decode()
        assert "http-equiv" not in done
        assert f"{PAGE}{export.pk}/download/" in done

    def test_pages_follow_each_other(self, frieda: Client) -> None:
        person = User.objects.get()
        for _ in range(27):
            with transaction.atomic():
                one = Export.objects.create(
                    asked_by=person, subject="products.customer", query="", mode="test", format="csv"
                )
                record(ExportMove, one, "", BY_CLOCK)
        newest = list(Export.objects.order_by("-id"))
        first, second = frieda.get(PAGE), frieda.get(PAGE, {"before": str(newest[24].pk)})
        assert [one["row"] for one in first.context["rows"]] == newest[:25]
        assert [one["row"] for one in second.context["rows"]] == newest[25:]
        assert f"before={newest[24].pk}" in first.content.decode()


class TestCallingOff:
    def test_before_it_begins(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        frieda.post(f"{PAGE}{export.pk}/cancel/")
        work()
        assert moves(export) == [("", "queued"), ("queued", "cancelled")]
        assert download(frieda, export)["Location"] == PAGE

    def test_between_two_pages(self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(export_lists, "PAGE_ROWS", 2)
        export = asked(frieda, Customer)
        pages = 0

        def call_off(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal pages
            if sql.startswith('UPDATE "backoffice_export"') and '"rows_done" = (' in sql:
                pages += 1
                if pages == 2:
                    asking.cancel(export.asked_by, export.pk)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(call_off):
            tasks.work_on_export(str(export.pk))
        export.refresh_from_db()
        assert (pages, export.rows_done, export.token, export.next_at) == (2, 2, None, None)
        assert moves(export)[-1] == ("running", "cancelled")

    def test_before_the_last_part_nothing_is_kept(
        self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export_work, "CHUNK_BYTES", 64)
        finish, parts = export_work._finish, []

        def called_off(export: Export, file: Any) -> None:
            parts.append(ExportChunk.objects.count())
            asking.cancel(export.asked_by, export.pk)
            finish(export, file)

        monkeypatch.setattr(export_work, "_finish", called_off)
        export = asked(frieda, Customer)
        work()
        assert parts[0] > 2
        assert not ExportChunk.objects.exists()
        assert moves(export)[-1] == ("running", "cancelled")
        assert download(frieda, export)["Location"] == PAGE

    def test_what_has_ended_stays(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        work()
        assert "has ended already" in frieda.post(f"{PAGE}{export.pk}/cancel/", follow=True).content.decode()
        assert content_of(frieda, export)


class TestTime:
    def test_a_file_goes_and_its_row_stays(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        work()
        tasks.forget_exports()
        export.refresh_from_db()
        assert (export.status, ExportChunk.objects.count()) == ("done", 1)
        with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
            browser = own_browser()
            assert "There is no file" in browser.get(f"{PAGE}{export.pk}/download/", follow=True).content.decode()
            tasks.forget_exports()
            export.refresh_from_db()
            assert (export.status, ExportChunk.objects.count()) == ("expired", 0)
            page = browser.get(PAGE).content.decode()
            assert "Expired: its file was thrown away after its time" in page
            assert "/download/" not in page
        assert moves(export)[-1] == ("done", "expired")


def test_a_page_is_one_question(
    frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    """What is in memory is a page, whatever there is of rows, and no row costs a question of its own."""
    monkeypatch.setattr(export_lists, "PAGE_ROWS", 2)
    asked(frieda, Customer)
    with django_assert_max_num_queries(200) as captured:
        work()
    pages = [
        one["sql"]
        for one in captured.captured_queries
        if 'FROM "products_customer"' in one["sql"] and one["sql"].endswith(" LIMIT 2")
    ]
    assert len(pages) == 3
    assert ["< '" in one for one in pages] == [False, True, True]
    assert not [one for one in captured.captured_queries if one["sql"].startswith('SELECT "products_product"')]


class TestWorkersThatDie:
    def test_the_next_one_begins_anew(self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(export_work, "CHUNK_BYTES", 64)
        export = asked(frieda, Customer)
        with monkeypatch.context() as patched:

            def dies(*_: Any) -> None:
                raise SystemExit

            patched.setattr(export_work, "_finish", dies)
            with pytest.raises(SystemExit):
                tasks.work_on_export(str(export.pk))
        assert ExportChunk.objects.count() > 2
        assert download(frieda, export)["Location"] == PAGE, "nothing half is given to anybody"
        work()
        assert moves(export)[-1] == ("queued", "running"), "it is leased"
        with time_machine.travel(timezone.now() + timedelta(seconds=export_work.LEASE_SECONDS + 1)):
            work()
            export.refresh_from_db()
            content = content_of(own_browser(), export)
        assert moves(export)[1:] == [("queued", "running"), ("running", "running"), ("running", "done")]
        assert (export.size, export.digest) == (len(content), hashlib.sha256(content).hexdigest())
        assert len(parted(lines_of(content, "csv"))[0]) == CUSTOMERS
        assert list(ExportChunk.objects.order_by("number").values_list("number", flat=True)) == list(
            range(1, ExportChunk.objects.count() + 1)
        )

    def test_who_lost_it_writes_nothing_more(
        self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        export = asked(frieda, Customer)
        begin = export_work._begin

        def and_another_one(claimed: Export) -> Export | None:
            begun = begin(claimed)
            if claimed.attempts == 1:
                Export.objects.update(next_at=timezone.now())
                work()
            return begun

        monkeypatch.setattr(export_work, "_begin", and_another_one)
        tasks.work_on_export(str(export.pk))
        export.refresh_from_db()
        assert (export.status, export.rows_done, ExportChunk.objects.count()) == ("done", CUSTOMERS, 1)
        assert len(parted(lines_of(content_of(frieda, export), "csv"))[0]) == CUSTOMERS

    def test_a_workbook_is_packed_in_peace(
        self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export_work, "PACKED_A_SECOND", 1)
        finish, leases = export_work._finish, []

        def noted(export: Export, file: Any) -> None:
            until = Export.objects.get(pk=export.pk).next_at
            assert until is not None
            leases.append((until - timezone.now()).total_seconds())
            finish(export, file)

        monkeypatch.setattr(export_work, "_finish", noted)
        made(frieda, Customer, "csv")
        made(frieda, Customer, "xlsx")
        lines = CUSTOMERS + 6  # titles, a line of nothing, and four below it
        assert leases == [export_work.LEASE_SECONDS, export_work.LEASE_SECONDS + lines]

    def test_it_is_not_begun_for_ever(self, frieda: Client, customers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: Any) -> None:
            raise RuntimeError("an example")

        monkeypatch.setattr(export_work, "_list", fails)
        export = asked(frieda, Customer)
        for _ in range(5):
            with time_machine.travel(timezone.now()):
                work()
            Export.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
        export.refresh_from_db()
        assert (export.status, export.attempts) == ("failed", export_work.ATTEMPTS_MAX)
        assert export.failure == "It failed here for a reason of ours. Try it again."


class TestTheDatabase:
    """What must never be, whoever writes."""

    def test_a_whole_file_loses_no_part(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        work()
        with pytest.raises(IntegrityError, match="stays whole"), transaction.atomic():
            ExportChunk.objects.all().delete()
        with pytest.raises(IntegrityError, match="takes no parts"), transaction.atomic():
            ExportChunk.objects.create(export=export, number=2, content=b"more")
        with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
            Export.objects.update(status="queued", sequence=4)

    def test_no_file_is_done_without_one(self, frieda: Client, customers: Any) -> None:
        export = asked(frieda, Customer)
        assert FileFormat(export.format) is FileFormat.CSV
        with transaction.atomic():
            Export.objects.update(status="running", sequence=2)
            with pytest.raises(IntegrityError, match="export_done_has_its_file"), transaction.atomic():
                Export.objects.update(status="done", sequence=3)
            transaction.set_rollback(True)
