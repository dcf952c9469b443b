"""Batches from the call to the last row: all of them checked first, then each made once, in order."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway import ids
from gateway.products.models import ApiKey, Mode, Product
from gateway.providers.models import PaymentSystem
from gateway.webhooks.models import Event
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.two_persons import settle
from tests.withdrawals.batch_stage import batch_body, ends, errors_of, load, row, work
from withdrawals import batch_work
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch, WithdrawalBatchMove, WithdrawalMove

pytestmark = pytest.mark.django_db

NONE = {"waiting": 0, "made": 0, "refused": 0, "cancelled": 0}


def send(api: Api, *rows: Any, **changes: Any) -> dict[str, Any]:
    answer = api.post("withdrawal-batches", batch_body(*rows, **changes))
    assert answer.status_code == 201, answer.content
    shown: dict[str, Any] = answer.json()
    return shown


def test_a_batch_is_accepted_at_once_and_made_by_the_workers(api: Api, product: Product) -> None:
    rows = [row(reference="a", amount="100"), row(reference="b", amount="200", comment="second", metadata={"n": "2"})]
    shown = send(api, *rows, reference="salaries-1")
    assert shown == {
        "id": shown["id"],
        "object": "withdrawal_batch",
        "status": "accepted",
        "reference": "salaries-1",
        "source": "json",
        "mode": "test",
        "row_count": 2,
        "created_at": shown["created_at"],
        "finished_at": None,
        "rows": {**NONE, "waiting": 2},
        "withdrawals": {},
    }
    assert not Withdrawal.objects.exists()

    work()

    ended = api.get(f"withdrawal-batches/{shown['id']}").json()
    assert ended["finished_at"] is not None
    assert {name: ended[name] for name in ("status", "rows", "withdrawals")} == {
        "status": "done",
        "rows": {**NONE, "made": 2},
        "withdrawals": {"queued": 2},
    }
    made = list(Withdrawal.objects.order_by("id"))
    assert [(one.reference, one.amount, one.comment, one.metadata) for one in made] == [
        ("a", Decimal(100), "", {}),
        ("b", Decimal(200), "second", {"n": "2"}),
    ]
    assert [one.recipient for one in made] == [one["recipient"] for one in rows]
    batch, [key] = load(shown), ApiKey.objects.all()
    assert list(WithdrawalBatchMove.objects.order_by("id").values_list("to_status", "cause", "cause_id")) == [
        ("accepted", "api_key", str(key.pk)),
        ("working", "clock", ""),
        ("done", "clock", ""),
    ]
    # Who asked for the batch asked for each of its withdrawals, and approves none of them.
    begun = WithdrawalMove.objects.order_by("id").values_list("to_status", "cause", "cause_id", "detail")
    assert list(begun) == [
        ("queued", "api_key", str(key.pk), f"row {number} of {batch.public_id}") for number in (1, 2)
    ]
    [news] = Event.objects.filter(type="withdrawal_batch.finished")
    assert (news.product, news.subject, news.sequence, news.data) == (product, batch.public_id, 3, ended)


def test_rows_and_results_say_what_became_of_each(api: Api) -> None:
    settle_to(api, "1500")
    shown = send(
        api,
        row(reference="=1+1", amount="1000"),
        row(reference="b", amount="1000"),  # more than is left
        row(reference="c", amount="400"),
    )
    below = f"withdrawal-batches/{shown['id']}"
    waiting = api.get(f"{below}/rows").json()
    assert [(one["number"], one["status"], one["withdrawal"]) for one in waiting["data"]] == [
        (1, "waiting", None),
        (2, "waiting", None),
        (3, "waiting", None),
    ]
    work()
    first, third = Withdrawal.objects.order_by("id")
    rows = api.get(f"{below}/rows").json()
    refusal = "Less than 1000.00 INR is available, or something is owed in this currency; GET /balances tells both."
    assert [tuple(one[name] for name in ("number", "reference", "status", "code")) for one in rows["data"]] == [
        (1, "=1+1", "made", ""),
        (2, "b", "refused", "insufficient_funds"),
        (3, "c", "made", ""),
    ]
    assert [one["detail"] for one in rows["data"]] == ["", refusal, ""]
    assert [one["withdrawal"] for one in rows["data"]] == [first.public_id, None, third.public_id]
    assert rows["data"][0] == {
        "object": "withdrawal_batch_row",
        "number": 1,
        "reference": "=1+1",
        "payment_system": "imps_ib",
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "status": "made",
        "code": "",
        "detail": "",
        "withdrawal": first.public_id,
        "withdrawal_status": "queued",
    }
    assert rows["next_cursor"] is None
    assert api.get(f"{below}/result", format="json").json() == rows["data"]

    text = api.get(f"{below}/result")
    assert text.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert text.headers["Content-Disposition"] == f'attachment; filename="{shown["id"]}-result.csv"'
    table = list(csv.reader(io.StringIO(text.content.decode(), newline="")))
    assert table == [
        ["number", "reference", "status", "code", "detail", "withdrawal", "withdrawal_status"],
        ["1", "'=1+1", "made", "", "", first.public_id, "queued"],
        ["2", "b", "refused", "insufficient_funds", refusal, "", ""],
        ["3", "c", "made", "", "", third.public_id, "queued"],
    ]
    book = openpyxl.load_workbook(io.BytesIO(api.get(f"{below}/result", format="xlsx").content))
    cells = [[cell.value for cell in line] for line in book.worksheets[0].iter_rows()]
    assert cells[1] == [1, "=1+1", "made", None, None, first.public_id, "queued"]
    assert book.worksheets[0].cell(2, 2).data_type == "s"
    assert_refused(api.get(f"{below}/result", format="pdf"), 400, "invalid_request", "/format")


def settle_to(api: Api, amount: str) -> None:
    """Leave the product with just so much."""
    product = ApiKey.objects.select_related("product").latest("created_at").product
    settle(product, str(1_000_000_000 - int(amount)))


def test_rows_are_paged_in_their_order(api: Api) -> None:
    shown = send(api, *[row() for _ in range(5)])
    below = f"withdrawal-batches/{shown['id']}/rows"
    pages, cursor = [], None
    while True:
        page = api.get(below, limit=2, **({"cursor": cursor} if cursor else {})).json()
        pages.append([one["number"] for one in page["data"]])
        if (cursor := page["next_cursor"]) is None:
            break
    assert pages == [[1, 2], [3, 4], [5]]
    assert api.get(below, status="made").json()["data"] == []
    for wrong in ("x", "0", "-1", "1e3", "٣"):
        assert_refused(api.get(below, cursor=wrong), 400, "invalid_request", "/cursor")


def test_of_a_failed_withdrawal_the_row_names_the_failure(api: Api) -> None:
    shown = send(api, row())
    work()
    made = Withdrawal.objects.get()
    api.post(f"withdrawals/{made.public_id}/cancel")
    Withdrawal.objects.update(failure_code="provider_refused")
    [only] = api.get(f"withdrawal-batches/{shown['id']}/rows").json()["data"]
    assert (only["status"], only["code"], only["withdrawal_status"]) == ("made", "provider_refused", "cancelled")


# What is checked.


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ({"amount": "1e5"}, "/amount", "invalid"),
        ({"amount": "NaN"}, "/amount", "invalid"),
        ({"amount": "١٠٠"}, "/amount", "invalid"),
        ({"amount": "100.50"}, "/amount", "amount_not_whole"),
        ({"amount": 1000}, "/amount", "not_text"),
        ({"amount": "1"}, "/amount", "amount_below_minimum"),
        ({"amount": ...}, "/amount", "required"),
        ({"payment_system": "nothing"}, "/payment_system", "invalid"),
        ({"payment_system": "upi_l"}, "/payment_system", "invalid"),  # takes money, and pays none out
        ({"currency": "BDT"}, "/currency", "invalid"),
        ({"reference": ""}, "/reference", "blank"),
        ({"reference": "a" * 129}, "/reference", "max_length"),
        ({"recipient": {}}, "/recipient/account_number", "invalid"),
        ({"recipient": {"account_number": "1"}}, "/recipient/account_number", "invalid"),
        ({"comment": "a:b:c"}, "/comment", "invalid"),
        ({"unexpected": "x"}, "/unexpected", "invalid"),
        ({"refund_of": "dep_x"}, "/refund_of", "invalid"),
    ],
)
def test_one_wrong_row_refuses_all_of_them(api: Api, changes: dict[str, Any], place: str, code: str) -> None:
    PaymentSystem.objects.filter(code="imps_ib").update(withdrawal_minimum=Decimal(100))
    with nothing_changes():
        answer = api.post("withdrawal-batches", batch_body(row(), row(**changes), row()))
    assert (f"/rows/1{place}", code) in errors_of(answer)
    assert {pointer.split("/")[2] for pointer, _ in errors_of(answer)} == {"1"}


@pytest.mark.parametrize("wrong", ["text", 5, None, ["list"]])
def test_a_row_is_an_object(api: Api, wrong: Any) -> None:
    with nothing_changes():
        answer = api.post("withdrawal-batches", batch_body(row(), wrong))
    assert errors_of(answer) == [("/rows/1", "invalid")]


def test_a_reference_stands_once(api: Api) -> None:
    with nothing_changes():
        answer = api.post("withdrawal-batches", batch_body(row(reference="a"), row(), row(reference="a")))
    assert errors_of(answer) == [("/rows/2/reference", "reference_already_used")]
    assert answer.json()["errors"][0]["detail"] == "Row 1 has this reference, too."


def test_a_hundred_errors_are_named_and_all_are_counted(api: Api) -> None:
    with nothing_changes():
        answer = api.post("withdrawal-batches", batch_body(*[row(amount="x") for _ in range(150)]))
    assert errors_of(answer, 150) == [(f"/rows/{index}/amount", "invalid") for index in range(100)]


@pytest.mark.parametrize("count", [0, 10_001])
def test_a_batch_has_1_to_10_000_rows(api: Api, count: int) -> None:
    with nothing_changes():
        answer = api.post("withdrawal-batches", batch_body() | {"rows": [row()] * count})
    assert errors_of(answer) == [("/rows", "invalid")]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rows": []}, "/reference"),
        ({"reference": "a"}, "/rows"),
        ({"reference": "a", "rows": "text"}, "/rows"),
        ({"reference": "a", "rows": {}}, "/rows"),
        ({"reference": "a", "rows": [], "file": "x"}, "/file"),
        ({"reference": 5, "rows": []}, "/reference"),
    ],
)
def test_what_is_around_the_rows_is_checked_as_ever(api: Api, body: dict[str, Any], pointer: str) -> None:
    with nothing_changes():
        assert_refused(api.post("withdrawal-batches", body), 400, "invalid_request", pointer)


def test_a_body_may_be_large_here_and_nowhere_else(api: Api) -> None:
    large = batch_body(*[row(metadata={"note": "x" * 400}) for _ in range(1_000)])
    raw = json.dumps(large).encode()
    assert len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert api.post("withdrawal-batches", raw).status_code == 201
    assert_refused(api.post("withdrawals", raw), 413, "body_too_large")
    too_large = b'{"reference": "a", "rows": [' + b" " * settings.BATCH_MAX_BYTES + b"]}"
    with nothing_changes():
        assert_refused(api.post("withdrawal-batches", too_large), 413, "body_too_large")


def test_bodies_are_read_as_strictly_as_all_others(api: Api) -> None:
    for wrong in (b"[]", b'{"rows": NaN}', b'{"rows": [], "rows": []}', b"\xff", b"{" * 30):
        with nothing_changes():
            assert_refused(api.post("withdrawal-batches", wrong), 400, "malformed_json")


# What was there before.


def test_a_row_that_was_made_before_is_that_withdrawal(api: Api) -> None:
    known = row(reference="known", comment="same again", metadata={"a": "b"})
    existing = api.post("withdrawals", known).json()
    shown = send(api, row(reference="new"), known)
    work()
    assert ends(load(shown)) == [(1, "made", ""), (2, "made", "")]
    rows = api.get(f"withdrawal-batches/{shown['id']}/rows").json()["data"]
    assert rows[1]["withdrawal"] == existing["id"]
    assert Withdrawal.objects.count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "1001"},
        {"customer": "56"},
        {"comment": "other"},
        {"metadata": {"a": "c"}},
        {"recipient": {"account_number": "123456780", "account_name": "Test Name", "bank_code": "MAHB0001821"}},
    ],
)
def test_a_reference_of_another_withdrawal_is_an_error(api: Api, changes: dict[str, Any]) -> None:
    known = row(reference="known")
    existing = api.post("withdrawals", known).json()["id"]
    with nothing_changes():
        answer = api.post("withdrawal-batches", batch_body(row(), {**known, **changes}))
    assert errors_of(answer) == [("/rows/1/reference", "reference_already_used")]
    assert answer.json()["errors"][0]["detail"] == (
        f"The reference belongs to {existing}, which is another withdrawal."
    )


def test_of_a_redacted_withdrawal_nobody_can_say_that_it_is_the_same(api: Api) -> None:
    known = row(reference="known")
    made = api.post("withdrawals", known).json()["id"]
    api.post(f"withdrawals/{made}/cancel")
    Withdrawal.objects.update(redacted_at=timezone.now())
    answer = api.post("withdrawal-batches", batch_body(known))
    assert errors_of(answer) == [("/rows/0/reference", "reference_already_used")]


def test_of_a_withdrawal_that_no_key_opens_nobody_can_say_that_it_is_the_same(api: Api) -> None:
    known = row(reference="known")
    api.post("withdrawals", known)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE withdrawals_withdrawal SET recipient = 'nonsense'")
    answer = api.post("withdrawal-batches", batch_body(known))
    assert errors_of(answer) == [("/rows/0/reference", "reference_already_used")]


def test_what_is_made_meanwhile_is_compared_again(api: Api) -> None:
    same, other = row(reference="same"), row(reference="other")
    shown = send(api, same, other, row())
    existing = api.post("withdrawals", same).json()["id"]
    api.post("withdrawals", {**other, "amount": "999"})
    work()
    assert ends(load(shown)) == [(1, "made", ""), (2, "refused", "reference_already_used"), (3, "made", "")]
    assert api.get(f"withdrawal-batches/{shown['id']}/rows").json()["data"][0]["withdrawal"] == existing
    assert Withdrawal.objects.count() == 3


def test_the_same_request_is_answered_once(api: Api) -> None:
    body = batch_body(row(), row())
    first = api.post("withdrawal-batches", body, key="one")
    work()
    again = api.post("withdrawal-batches", body, key="one")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "done")
    with nothing_changes():
        answer = api.post("withdrawal-batches", body, key="two")
        document = assert_refused(answer, 409, "reference_already_used", "/reference", extra={"existing"})
        assert document["existing"] == first.json()["id"]
        changed = {**body, "rows": [row()]}
        assert_refused(api.post("withdrawal-batches", changed, key="one"), 422, "idempotency_key_reused")
        assert_refused(api.post("withdrawal-batches", body, key=" "), 400, "idempotency_key_invalid")


# What it would do.


def test_a_dry_run_says_what_it_would_do_and_keeps_nothing(api: Api) -> None:
    known = row()
    api.post("withdrawals", known)
    settle(load_product(api), str(1_000_000_000 - 2_500))
    body = batch_body(known, row(amount="700"), row(amount="800"))
    with nothing_changes():
        answer = api.post("withdrawal-batches?dry_run=true", body, key="one")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "object": "withdrawal_batch_report",
            "rows": 3,
            "already_made": 1,
            "to_approve": 0,
            "sums": [{"payment_system": "imps_ib", "currency": "INR", "rows": 2, "amount": "1500.00"}],
            "money": [{"currency": "INR", "needed": "1500.00", "available": "1500.00"}],
        },
    )
    # The key is still free, and so is the reference.
    assert api.post("withdrawal-batches?dry_run=false", body, key="one").status_code == 201
    with nothing_changes():
        wrong = batch_body(row(), row(amount="x"))
        assert errors_of(api.post("withdrawal-batches?dry_run=true", wrong)) == [("/rows/1/amount", "invalid")]
        assert_refused(api.post("withdrawal-batches?dry_run=yes", body), 400, "invalid_request", "/dry_run")
        assert_refused(api.post("withdrawal-batches?dryrun=true", body), 400, "invalid_request", "/dryrun")


def load_product(api: Api) -> Product:
    return ApiKey.objects.select_related("product").latest("created_at").product


# Calling off.


def test_a_batch_that_is_called_off_makes_no_more(api: Api) -> None:
    shown = send(api, row(), row())
    path = f"withdrawal-batches/{shown['id']}/cancel"
    ended = api.post(path).json()
    assert (ended["status"], ended["rows"]) == ("cancelled", {**NONE, "cancelled": 2})
    with nothing_changes():
        assert api.post(path).json() == ended
        work()
    assert not Withdrawal.objects.exists()
    [news] = Event.objects.filter(type="withdrawal_batch.finished")
    assert (news.sequence, news.data) == (2, ended)
    assert list(BatchRow.objects.values_list("status", "comment")) == [("cancelled", "")] * 2
    assert [one.recipient for one in BatchRow.objects.all()] == [{}, {}]


def test_a_batch_that_is_done_cannot_be_called_off(api: Api) -> None:
    shown = send(api, row())
    work()
    with nothing_changes():
        answer = api.post(f"withdrawal-batches/{shown['id']}/cancel")
        document = assert_refused(answer, 409, "conflict", extra={"current_status"})
    assert document["current_status"] == "done"
    assert Withdrawal.objects.get().status == "queued"


@pytest.mark.parametrize("whose", ["stranger", "live"])
def test_a_foreign_batch_is_not_there(api: Api, product: Product, new_api: Callable[..., Api], whose: str) -> None:
    shown = send(api, row())
    mode = Mode.LIVE if whose == "live" else Mode.TEST
    caller = new_api(product if whose == "live" else Product.objects.create(name="stranger"), mode)
    below = f"withdrawal-batches/{shown['id']}"
    with nothing_changes():
        for path in (below, f"{below}/rows", f"{below}/result"):
            assert_refused(caller.get(path), 404, "not_found")
        assert_refused(caller.post(f"{below}/cancel"), 404, "not_found")
    assert caller.get("withdrawal-batches").json()["data"] == []
    assert [one["id"] for one in api.get("withdrawal-batches").json()["data"]] == [shown["id"]]


# What is kept.


def test_recipients_are_encrypted_and_forgotten_with_their_rows(api: Api) -> None:
    account = "998877665544"
    one = row(comment="for somebody", recipient={**row()["recipient"], "account_number": account})
    send(api, one)
    assert account not in stored()
    assert BatchRow.objects.get().recipient == one["recipient"]
    work()
    ended = BatchRow.objects.get()
    assert ended.comment == ""
    assert ended.recipient == {
        "account_number": "********5544",
        "account_name": "*****Name",
        "bank_code": "*******1821",
    }
    assert Withdrawal.objects.get().recipient == one["recipient"]


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(one::text || encode(recipient, 'escape'), ' ') FROM withdrawals_batchrow AS one"
        )
        rows = cursor.fetchone()
        cursor.execute("SELECT string_agg(one::text, ' ') FROM withdrawals_withdrawalbatch AS one")
        return f"{rows} {cursor.fetchone()}"


def test_a_row_whose_recipient_no_key_opens_is_refused_and_the_others_are_made(api: Api) -> None:
    shown = send(api, row(), row())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE withdrawals_batchrow SET recipient = 'nonsense' WHERE number = 1")
    work()
    assert ends(load(shown)) == [(1, "refused", "internal_error"), (2, "made", "")]


# How much it costs.


def test_a_hundred_rows_are_checked_with_as_many_queries_as_one(api: Api) -> None:
    def queries(count: int) -> int:
        body = batch_body(*[row(amount=str(1000 + number)) for number in range(count)])
        with CaptureQueriesContext(connection) as captured:
            assert api.post("withdrawal-batches?dry_run=true", body).status_code == 200
        return len(captured)

    queries(1)
    assert queries(1) == queries(100) <= 8


def test_a_worker_that_runs_out_of_time_leaves_the_rest_to_the_next(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = send(api, row(), row())
    monkeypatch.setattr("gateway.due_work.WORK_SECONDS", -1)
    batch_work.work_on_batch(load(shown).pk)
    batch = load(shown)
    assert (batch.status, batch.token, ends(batch)) == ("working", None, [(1, "waiting", ""), (2, "waiting", "")])
    monkeypatch.undo()
    work()
    assert ends(load(shown)) == [(1, "made", ""), (2, "made", "")]


def test_a_batch_of_a_dead_worker_is_taken_over_after_its_lease(api: Api) -> None:
    shown = send(api, row())
    batch = load(shown)
    WithdrawalBatch.objects.update(token=ids.new_id(), next_at=timezone.now() + timedelta(seconds=60))
    work()
    assert ends(batch) == [(1, "waiting", "")]
    WithdrawalBatch.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    work()
    assert ends(batch) == [(1, "made", "")]
