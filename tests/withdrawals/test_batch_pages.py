"""A person sends a file, sees what it would do, and says yes, or no; nobody else may."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.products.models import Product
from tests.conftest import Api
from tests.gateway.api.refusals import nothing_changes
from tests.staff import logged_in
from tests.withdrawals.batch_stage import csv_of, ends, line, work, xlsx_of
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch, WithdrawalBatchMove, WithdrawalMove

pytestmark = pytest.mark.django_db

UPLOAD = reverse("admin:withdrawals_withdrawalbatch_upload")
LIST = reverse("admin:withdrawals_withdrawalbatch_changelist")


@pytest.fixture
def ada(db: None) -> Client:
    """May send batches."""
    return logged_in("ada", "view_withdrawalbatch", "add_withdrawalbatch")


@pytest.fixture
def viewer(db: None) -> Client:
    return logged_in("viewer", "view_withdrawalbatch")


def upload(client: Client, product: Product, content: bytes, /, **fields: Any) -> Any:
    file = SimpleUploadedFile("batch.csv", content)
    return client.post(UPLOAD, {"product": product.pk, "mode": "test", "reference": "salaries", "file": file, **fields})


def page_of(batch: WithdrawalBatch) -> str:
    return reverse("admin:withdrawals_withdrawalbatch_change", args=[batch.pk])


def decide(client: Client, batch: WithdrawalBatch, decision: str) -> Any:
    return client.post(reverse("admin:withdrawals_withdrawalbatch_decide", args=[batch.pk]), {"decision": decision})


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize("make", [csv_of, xlsx_of], ids=["csv", "xlsx"])
def test_a_person_sends_a_file_sees_what_it_would_do_and_says_yes(
    api: Api, product: Product, ada: Client, make: Any
) -> None:
    assert UPLOAD in ada.get(LIST).content.decode()
    assert "nothing is made before you say yes" in text(ada.get(UPLOAD))
    answer = upload(ada, product, make(line(reference="a"), line(reference="b")))
    batch = WithdrawalBatch.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, page_of(batch))
    assert (batch.status, batch.product, batch.mode, batch.reference) == ("checked", product, "test", "salaries")
    page = text(ada.get(page_of(batch)))
    assert "2 rows. By their amounts alone none would wait for approval." in page
    assert "imps_ib: 2 for 2,000.00 INR" in page
    assert "2,000.00 INR are needed, 1,000,000,000.00 INR are available" in page
    assert "123456789" not in page
    assert "Confirm for the customer" not in page  # what a deposit's page offers
    work()
    assert not Withdrawal.objects.exists()

    assert decide(ada, batch, "confirm").headers["Location"] == page_of(batch)
    decide(ada, batch, "confirm")  # saying it twice is saying it once
    work()

    assert ends(batch) == [(1, "made", ""), (2, "made", "")]
    person = str(User.objects.get(username="ada").pk)
    history = WithdrawalBatchMove.objects.order_by("id").values_list("to_status", "cause", "cause_id")
    assert list(history) == [
        ("checked", "person", person),
        ("accepted", "person", person),
        ("working", "clock", ""),
        ("done", "clock", ""),
    ]
    assert set(WithdrawalMove.objects.values_list("cause", "cause_id")) == {("person", person)}
    page = text(ada.get(page_of(batch)))
    assert "made: 2 of 2" in page
    assert "Its withdrawals: 2 queued." in page
    assert "Make these withdrawals" not in page
    for kind in ("csv", "xlsx", "json"):
        link = reverse("admin:withdrawals_withdrawalbatch_result", args=[batch.pk, kind])
        assert f'href="{link}"' in page
        answer = ada.get(link)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{batch.public_id}-result.{kind}"'
    assert ada.get(link.replace("json", "pdf")).status_code == 404


def test_what_is_wrong_with_a_file_is_listed_and_nothing_is_kept(product: Product, ada: Client, api: Api) -> None:
    with nothing_changes():
        page = text(upload(ada, product, csv_of(line(), line(amount="<b>x</b>"), line(customer=""))))
        assert "Nothing was accepted" in page
        assert "2 errors:" in page
        assert "<code>/rows/1/amount</code> Line 3: " in page
        assert "<code>/rows/2/customer</code> Line 4: " in page
        assert "<b>x</b>" not in page
        assert "<code>/file</code> The file is empty" in text(upload(ada, product, b" \n".strip() + b"\n"))
        page = text(upload(ada, product, csv_of(*[line(amount="x")] * 101)))
        assert "errors, the first 100 of them:" in page


def test_the_reference_of_another_batch_is_refused(product: Product, ada: Client, api: Api) -> None:
    upload(ada, product, csv_of(line()))
    with nothing_changes():
        page = text(upload(ada, product, csv_of(line())))
    assert f"The reference belongs to {WithdrawalBatch.objects.get().public_id}" in page


@pytest.mark.parametrize("fields", [{"product": ""}, {"mode": "real"}, {"reference": ""}, {"file": ""}])
def test_the_form_wants_everything(product: Product, ada: Client, api: Api, fields: dict[str, str]) -> None:
    with nothing_changes():
        assert 'role="alert"' in text(upload(ada, product, csv_of(line()), **fields))


def test_a_person_calls_a_batch_off(product: Product, ada: Client, api: Api) -> None:
    upload(ada, product, csv_of(line(), line()))
    batch = WithdrawalBatch.objects.get()
    assert "Call the batch off" in text(ada.get(page_of(batch)))
    decide(ada, batch, "cancel")
    work()
    assert ends(batch) == [(1, "cancelled", ""), (2, "cancelled", "")]
    decide(ada, batch, "confirm")
    assert "The batch is cancelled." in text(ada.get(page_of(batch)))
    assert not Withdrawal.objects.exists()


def test_what_nobody_confirms_is_called_off(product: Product, ada: Client, api: Api) -> None:
    upload(ada, product, csv_of(line()))
    WithdrawalBatch.objects.update(next_at=timezone.now())
    work()
    batch = WithdrawalBatch.objects.get()
    assert (batch.status, ends(batch)) == ("cancelled", [(1, "cancelled", "")])
    assert BatchRow.objects.get().recipient == {}


def test_who_may_not_sees_no_button_and_is_refused(product: Product, ada: Client, viewer: Client, api: Api) -> None:
    upload(ada, product, csv_of(line()))
    batch = WithdrawalBatch.objects.get()
    page = text(viewer.get(page_of(batch)))
    assert "What it would do" in page
    assert "Make these withdrawals" not in page
    assert 'value="cancel"' not in page
    assert UPLOAD not in viewer.get(LIST).content.decode()
    with nothing_changes():
        assert viewer.get(UPLOAD).status_code == 403
        assert upload(viewer, product, csv_of(line()), reference="other").status_code == 403
        for decision in ("confirm", "cancel"):
            assert decide(viewer, batch, decision).status_code == 403
    nobody = logged_in("nobody")
    assert nobody.get(page_of(batch)).status_code == 403
    link = reverse("admin:withdrawals_withdrawalbatch_result", args=[batch.pk, "csv"])
    assert nobody.get(link).status_code == 403
    assert Client().get(link).status_code == 302
    assert WithdrawalBatch.objects.get().status == "checked"


def test_an_unknown_decision_or_batch_is_not_there(product: Product, ada: Client, api: Api) -> None:
    upload(ada, product, csv_of(line()))
    batch = WithdrawalBatch.objects.get()
    assert decide(ada, batch, "approve").status_code == 404
    batch.pk = Product.objects.create(name="other").pk
    assert decide(ada, batch, "confirm").status_code == 404
    assert ada.get(reverse("admin:withdrawals_withdrawalbatch_decide", args=[batch.pk])).status_code == 405
    assert WithdrawalBatch.objects.get().status == "checked"
    assert not Withdrawal.objects.exists()


def test_who_may_send_sees_what_they_are_to_say_yes_to(product: Product, api: Api) -> None:
    sender = logged_in("sender", "add_withdrawalbatch")
    upload(sender, product, csv_of(line()))
    batch = WithdrawalBatch.objects.get()
    page = text(sender.get(page_of(batch)))
    assert "What it would do" in page
    assert "Make these withdrawals" in page
    assert sender.get(LIST).status_code == 200
