"""What changes between the acceptance of a batch and the turn of a row is looked at once more when the row is made."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from balances.verb_fields import Refused
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import ApiKey, Mode, Product
from gateway.providers.models import PaymentSystem
from gateway.webhooks.models import Event
from tests.conftest import Api, agree_on_slabs
from tests.gateway.api.refusals import nothing_changes
from tests.two_persons import agreed_payouts
from tests.withdrawals.approving import REASON, person
from tests.withdrawals.batch_stage import batch_body, ends, load, row, work
from withdrawals import approvals, tasks
from withdrawals.batch_rows import check_rows
from withdrawals.batch_states import BatchSource
from withdrawals.batch_work import due_batches
from withdrawals.batches import NewBatch, confirm_batch, open_batch
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch

pytestmark = pytest.mark.django_db


def send(api: Api, *rows: Any) -> WithdrawalBatch:
    answer = api.post("withdrawal-batches", batch_body(*rows))
    assert answer.status_code == 201, answer.content
    return load(answer.json())


def work_once() -> None:
    """What one ring does to each batch that is due."""
    for batch_id in due_batches():
        tasks.work_on_batch(str(batch_id))


# The payment system.


@pytest.mark.parametrize(
    ("limit", "code"),
    [({"withdrawal_minimum": 500}, "amount_below_minimum"), ({"withdrawal_maximum": 99}, "amount_above_maximum")],
)
def test_a_limit_of_the_system_that_changed_refuses_its_rows_alone(api: Api, limit: dict[str, int], code: str) -> None:
    batch = send(api, row(amount="1000"), row(amount="100"), row(amount="700"))
    PaymentSystem.objects.filter(code="imps_ib").update(**{name: Decimal(value) for name, value in limit.items()})
    work()
    expected = ["made", "refused", "made"] if code == "amount_below_minimum" else ["refused"] * 3
    assert ends(batch) == [
        (number, status, "" if status == "made" else code) for number, status in enumerate(expected, 1)
    ]
    assert Withdrawal.objects.count() == expected.count("made")
    batch.refresh_from_db()
    assert batch.status == "done"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"is_enabled": False}, "/payment_system: There is no such payment system for withdrawals"),
        ({"pays_out": False}, "/payment_system: There is no such payment system for withdrawals"),
        ({"currencies": ["BDT"]}, "/currency: "),
    ],
)
def test_a_system_that_pays_no_more_refuses_its_rows(api: Api, changes: dict[str, Any], sentence: str) -> None:
    # A single call would be refused, too; nothing of the row was promised to anybody yet.
    batch = send(api, row())
    PaymentSystem.objects.filter(code="imps_ib").update(**changes)
    work()
    assert ends(batch) == [(1, "refused", "invalid_request")]
    assert BatchRow.objects.get().detail.startswith(sentence)
    assert not Withdrawal.objects.exists()


def test_fields_that_changed_refuse_what_would_go_out_without_its_account(api: Api) -> None:
    batch = send(api, row())
    fields = [
        {**field, "name": "iban", "wire": ""} if field["name"] == "account_number" else field
        for field in PaymentSystem.objects.get(code="imps_ib").recipient_fields
    ]
    agreed_payouts("imps_ib", recipient_fields=fields)
    work()
    assert ends(batch) == [(1, "refused", "invalid_request")]
    one = BatchRow.objects.get()
    assert one.detail.startswith("/recipient/account_number: ")
    # The sentence names the field, and nothing that was sent.
    assert row()["recipient"]["account_number"] not in one.detail
    assert not Withdrawal.objects.exists()


def test_what_was_made_already_is_the_rows_whatever_changed(api: Api) -> None:
    known = row()
    batch = send(api, known)
    api.post("withdrawals", known)
    PaymentSystem.objects.filter(code="imps_ib").update(is_enabled=False)
    work()
    assert ends(batch) == [(1, "made", "")]
    assert Withdrawal.objects.count() == 1


# Who asked.


@pytest.mark.parametrize(
    "changes",
    [
        lambda: {"revoked_at": timezone.now()},
        lambda: {"expires_at": timezone.now() - timedelta(seconds=1)},
        lambda: {"scopes": []},
    ],
)
def test_a_key_that_ended_makes_no_more_withdrawals(api: Api, changes: Any) -> None:
    batch = send(api, row(), row())
    ApiKey.objects.update(**changes())
    work()
    assert ends(batch) == [(1, "refused", "key_revoked"), (2, "refused", "key_revoked")]
    assert not Withdrawal.objects.exists()
    [news] = Event.objects.filter(type="withdrawal_batch.finished")
    assert (news.data["status"], news.data["rows"]["refused"]) == ("done", 2)


def test_a_product_that_was_switched_off_makes_no_more_withdrawals(api: Api, product: Product) -> None:
    batch = send(api, row())
    Product.objects.filter(pk=product.pk).update(is_active=False)
    work()
    assert ends(batch) == [(1, "refused", "product_inactive")]
    assert not Withdrawal.objects.exists()


@pytest.mark.usefixtures("account")
def test_a_person_who_is_gone_makes_no_more_withdrawals(api: Api, product: Product) -> None:
    clerk = get_user_model().objects.create_user("clerk", is_staff=True)
    rows = check_rows(product, Mode.TEST, [row()])
    wish = NewBatch(product=product, mode=Mode.TEST, reference="a", source=BatchSource.CSV, rows=rows)
    by = Cause(kind=CauseKind.PERSON, id=str(clerk.pk))
    batch = open_batch(wish, by)
    confirm_batch(batch.pk, by)
    get_user_model().objects.update(is_active=False)
    work()
    assert ends(batch) == [(1, "refused", "person_inactive")]
    assert not Withdrawal.objects.exists()


# What nobody expects.


def break_system() -> None:
    """Its rows raise what no refusal is: a field without the members that every field has."""
    agreed_payouts("imps_ib", recipient_fields=[{"name": "account_number"}])


def test_a_row_that_fails_unexpectedly_is_tried_thrice_and_then_refused(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    known = row(reference="known")
    api.post("withdrawals", known)
    batch = send(api, row(), known, row())
    break_system()
    for attempts in (1, 2):
        work_once()
        batch.refresh_from_db()
        # The others have had their turn; it is tried again a while later.
        assert (batch.status, batch.token) == ("working", None)
        assert batch.next_at is not None
        assert batch.next_at > timezone.now() + timedelta(seconds=5)
        assert set(BatchRow.objects.values_list("status", "attempts")) == {("waiting", attempts)}
        WithdrawalBatch.objects.update(next_at=timezone.now())
    work_once()
    assert ends(batch) == [(1, "refused", "not_made"), (2, "made", ""), (3, "refused", "not_made")]
    batch.refresh_from_db()
    assert batch.status == "done"
    assert [one.reference for one in Withdrawal.objects.all()] == ["known"]
    assert caplog.text.count('"batch_row_failed"') == 9
    assert "KeyError" in caplog.text


def test_a_row_that_fails_once_holds_up_nobody_and_is_made_later(api: Api) -> None:
    batch = send(api, row(reference="a"), row(reference="b"))
    sound = PaymentSystem.objects.get(code="imps_ib").recipient_fields
    break_system()
    work_once()
    agreed_payouts("imps_ib", recipient_fields=sound)
    with nothing_changes():
        work_once()  # it is not due yet
    WithdrawalBatch.objects.update(next_at=timezone.now())
    work_once()
    assert ends(batch) == [(1, "made", ""), (2, "made", "")]


# Who decides about what was made.


@pytest.mark.usefixtures("account")
def test_whoever_says_yes_to_a_batch_approves_none_of_it(api: Api, product: Product) -> None:
    agree_on_slabs(product, "0: approver")
    sent_it, said_yes, another = person("sender"), person("confirmer"), person("another")
    rows = check_rows(product, Mode.TEST, [row()])
    wish = NewBatch(product=product, mode=Mode.TEST, reference="a", source=BatchSource.CSV, rows=rows)
    batch = open_batch(wish, Cause(kind=CauseKind.PERSON, id=str(sent_it.pk)))
    confirm_batch(batch.pk, Cause(kind=CauseKind.PERSON, id=str(said_yes.pk)))
    work()
    made = Withdrawal.objects.get()
    for by, sentence in ((sent_it, "Whoever asked for a withdrawal"), (said_yes, "Whoever said yes to its batch")):
        for step in (approvals.approve, approvals.reject):
            with pytest.raises(Refused, match=sentence):
                step(made.pk, by, REASON)
    assert approvals.approve(made.pk, another, REASON).status == "queued"
