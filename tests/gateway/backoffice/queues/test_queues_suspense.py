"""For which deposit money in suspense may have been paid: suggested to people, credited by two of them alone."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gateway.backoffice.queues import candidates
from gateway.providers.models import ProviderAccount
from payments.models import Deposit, Receipt
from tests.gateway.backoffice.queues.test_queues import text
from tests.gateway.backoffice.story.test_receipt_page import asked_for, doors, page_of, press
from tests.payments.paid import Paid, postings
from tests.payments.stage import Placed, confirm, money
from tests.payments.test_suspense import found_by_transaction
from tests.staff import logged_in

pytestmark = pytest.mark.django_db


def suggested(receipt: Receipt) -> dict[str, str]:
    return {one.deposit.public_id: one.because for one in candidates.for_receipt(receipt)}


@pytest.fixture
def unknown(paid: Paid, account: ProviderAccount) -> Receipt:
    """Money that names no order, under a reference that differs by one digit from the customer's."""
    found_by_transaction(account, money(transaction_id="123456789013", amount="70.00"), label="somebody")
    receipt = Receipt.objects.get()
    assert receipt.status == "suspense"
    return receipt


def test_nearly_the_same_reference_is_suggested(unknown: Receipt, paid: Paid) -> None:
    said = "A customer named nearly this reference: 123456789012"
    assert suggested(unknown) == {paid.deposit.public_id: said}


def test_the_same_reference_of_two_customers_is_suggested_for_both(
    paid: Paid, opened: Placed, account: ProviderAccount
) -> None:
    other = opened(customer="66")
    assert confirm(paid.api, other).status_code == 201
    found_by_transaction(account, money(amount="70.00"), label="somebody")
    said = "A customer named exactly this reference: 123456789012"
    assert suggested(Receipt.objects.get()) == {one.public_id: said for one in (other, paid.deposit)}


def test_the_customer_s_own_open_deposits_are_suggested(paid: Paid, opened: Placed, account: ProviderAccount) -> None:
    other = opened(amount="500.00")
    opened(customer="66", amount="500.00")
    found_by_transaction(account, money(transaction_id="T5", amount="70.00"), label=paid.label)
    said = "It is of the customer whom the provider names"
    assert suggested(Receipt.objects.get()) == {one.public_id: said for one in (other, paid.deposit)}


def test_the_same_amount_is_suggested_if_it_was_asked_for_shortly_before(
    opened: Placed, account: ProviderAccount
) -> None:
    same = opened(amount="500.00")
    opened(amount="501.00")
    found_by_transaction(account, money(transaction_id="T5", amount="500.00"), label="somebody")
    receipt = Receipt.objects.get()
    # Ids carry the real time, and the tests stand still in another year.
    moment = datetime.fromtimestamp((same.pk.int >> 80) / 1000 + 60, tz=UTC)
    receipt.received_at = moment
    assert list(suggested(receipt)) == [same.public_id]
    receipt.received_at = moment + timedelta(days=3)
    assert suggested(receipt) == {}
    receipt.received_at = moment - timedelta(days=1)
    assert suggested(receipt) == {}


@pytest.mark.parametrize("slip", ["12345", "123465", "1234567", "123457", "023456", "23456"])
def test_one_slip_of_a_finger_is_a_misspelling(slip: str) -> None:
    assert slip in candidates.misspellings("123456")


@pytest.mark.parametrize("other", ["123456", "654321", "12", "12345678", ""])
def test_more_is_none(other: str) -> None:
    assert other not in candidates.misspellings("123456")
    assert candidates.misspellings("1" * 25) == []


def test_the_page_leads_to_the_forms_of_two_persons(unknown: Receipt, paid: Paid) -> None:
    where = reverse("work:suspense", args=[unknown.pk])
    asks = text(logged_in("ada", "view_receipt", "view_deposit", "propose_instruction").get(where))
    form = "/admin/balances/instruction/propose/receipt_attached/"
    assert f"{form}?receipt={unknown.public_id}&amp;deposit={paid.deposit.public_id}" in asks
    assert "/propose/receipt_credited_to_product/" in asks
    assert "A customer named nearly this reference: 123456789012." in asks
    looks = text(logged_in("vic", "view_receipt", "view_deposit").get(where))
    assert (form in looks, paid.deposit.public_id in looks) == (False, True)
    blind = text(logged_in("bea", "view_receipt").get(where))
    assert (paid.deposit.public_id in blind, "You may not see deposits." in blind) == (False, True)
    assert logged_in("nobody").get(where).status_code == 403
    assert Client().get(where).status_code == 302
    assert logged_in("eve", "view_receipt").get(reverse("work:suspense", args=[uuid.uuid4()])).status_code == 404


def test_looking_asks_few_questions_and_changes_nothing(unknown: Receipt) -> None:
    before = list(Deposit.objects.values_list("pk", "status", "sequence"))
    with CaptureQueriesContext(connection) as captured:
        candidates.for_receipt(unknown)
    assert len(captured) <= 4
    assert list(Deposit.objects.values_list("pk", "status", "sequence")) == before


def test_what_two_persons_saw_is_what_is_posted(unknown: Receipt, paid: Paid) -> None:
    look = ("view_receipt", "view_deposit", "view_instruction", "view_journal")
    ada = logged_in("ada", *look, "propose_instruction", "approve_instruction")
    ben = logged_in("ben", *look, "approve_instruction")
    where = reverse("work:suspense", args=[unknown.pk])
    door = next(one for one in doors(text(ada.get(where))) if paid.deposit.public_id in one)
    made, sends = asked_for(ada, door)
    [shown] = made.preview["journals"]
    again = ada.post(door.partition("?")[0], sends)
    assert again["Location"] == page_of(made), "sent twice, it is asked for once"
    assert f"{made.public_id} waits for a second person.</a> ada asked for receipt attached" in text(
        ben.get(reverse("work:queue", args=["suspense"]) + "?mode=test")
    )
    assert "another person has to decide" in press(ada, made)
    assert f"{made.public_id} is posted." in press(ben, made)
    assert postings()[-1] == "suspense_credited: available -70.00 INR, suspense 70.00 INR"
    assert [(leg["debit"], leg["credit"]) for leg in shown["legs"]] == [("70.00", ""), ("", "70.00")]
    unknown.refresh_from_db()
    assert (unknown.status, unknown.deposit) == ("credited", paid.deposit)
    assert unknown.public_id not in text(ben.get(reverse("work:queue", args=["suspense"])))
