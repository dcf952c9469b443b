"""The page of an order tells its whole story: everything that happened, in the order in which it did."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from gateway.providers.models import ProviderAccount, ProviderCall
from payments.models import Deposit, Receipt
from tests.conftest import Api
from tests.gateway.backoffice.story.stories import chunks, entries, of_kind, plain
from tests.gateway.backoffice.story.test_receipt_page import page_of, text
from tests.leaks import CANARIES
from tests.payments.stage import ACTIVATE, OK, Book, Placed, confirm, money, work
from tests.payments.test_suspense import found_by_transaction
from tests.postbacks.letters import kept, letter, settle
from tests.scripted_provider import DROP, ScriptedProvider
from tests.staff import browser_of
from tests.two_persons import by_two_persons
from tests.withdrawals import approving
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import send
from withdrawals import approvals, asking

#: The ledger's clock is the database's, and a decision has the time of its transaction: only what is really committed,
#: by a clock that really runs, is told in the order in which it happened.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> None:
    """Time goes on."""


@pytest.fixture
def eve(db: None) -> Client:
    """Looks at everything, and moves nothing."""
    person = User.objects.create_user("eve", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return browser_of(person)


def ask_again(deposit: Deposit) -> None:
    Deposit.objects.filter(pk=deposit.pk).update(next_at=timezone.now())
    work()


def test_a_deposit_through_letters_and_calls(
    eve: Client, api: Api, account: ProviderAccount, provider: ScriptedProvider, book: Book, opened: Placed
) -> None:
    provider.script(ACTIVATE, OK)
    deposit = opened()
    named = confirm(api, deposit).json()["id"]
    work()
    said = money(plugin_custom_order_id=named)
    kept(account, letter(account, [said], label=deposit.customer.label))
    book.enter(named, said, label=deposit.customer.label)
    settle(account)
    page = text(eve.get(page_of(deposit)))
    assert entries(page) == [
        "API call POST: the product sent the deposit",
        "Status It began: created",
        "Webhook deposit.created no endpoint wants it",
        "Provider call transaction/create accepted",
        "Status created → awaiting payment",
        "Webhook deposit.awaiting_payment no endpoint wants it",
        "API call POST: the product sent the customer's reference",
        "Confirmation The customer says that it is paid credited",
        "Status awaiting payment → verifying",
        "Webhook deposit.verifying no endpoint wants it",
        "Confirmation created → sending",
        "Provider call transaction/activate accepted",
        "Confirmation sending → verifying",
        "Provider call pullpostbacks accepted",
        "Letter The provider wrote, item 0 confirmed",
        "Provider call pullpostbacks accepted",
        "Receipt 1,000.00 INR at the provider credited",
        "Confirmation verifying → credited",
        "Status verifying → credited",
        "Webhook deposit.credited no endpoint wants it",
        "Receipt received → credited",
        "Journal receipt credited",
    ]
    request = plain(of_kind(page, "request"))
    assert f"by key tests of {deposit.product}" in request
    assert len(re.findall(r"Idempotency-Key [0-9a-f]{16} Answered 201", request)) == 2
    assert "the provider, asked by us because of a letter · the call" in plain(of_kind(page, "move"))
    pulls = ProviderCall.objects.filter(operation="pullpostbacks").order_by("pk")
    assert [one.pk for one in pulls if f'href="#call-{one.pk}"' in page] == [pulls[1].pk]
    newest = text(eve.get(page_of(deposit), {"order": "newest"}))
    assert entries(newest) == entries(page)[::-1]
    both = text(eve.get(page_of(deposit), {"kinds": "letter,call,nonsense"}))
    assert entries(both) == [one for one in entries(page) if one.startswith(("Letter", "Provider call"))]


def test_a_withdrawal_with_approval_unknown_outcome_and_decision(
    eve: Client, api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = approving.waiting(api)
    ann = approving.person("ann")
    approvals.approve(withdrawal.pk, ann, "as the order says")
    provider.script(words.CREATE, DROP)
    send(withdrawal)
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1, account_name="X")))
    asking.ask(account, [withdrawal.public_id])
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    asking.ask(account, [withdrawal.public_id])
    by_two_persons("payout_declared_failed", {"withdrawal": withdrawal.public_id})
    page = text(eve.get(page_of(withdrawal)))
    assert entries(page) == [
        "API call POST: the product sent the withdrawal",
        "Status It began: pending approval",
        "Webhook withdrawal.pending_approval no endpoint wants it",
        "Hold 1,218.00 INR reserved for it",
        "Journal withdrawal held",
        "Approval Approved as approver yes",
        "Status pending approval → queued",
        "Webhook withdrawal.queued no endpoint wants it",
        "Status queued → sending",
        "Provider call withdrawal/create unknown",
        "Status sending → unknown",
        "Webhook withdrawal.unknown no endpoint wants it",
        "Provider call pullpostbacks accepted",
        "Status unknown → manual review",
        "Webhook withdrawal.manual_review no endpoint wants it",
        "Provider call pullpostbacks accepted",
        "Two persons Payout declared failed asked for",
        "Two persons Payout declared failed approved",
        "Status manual review → failed",
        "Webhook withdrawal.failed no endpoint wants it",
        "Hold 1,218.00 INR no longer reserved released",
        "Journal withdrawal released",
    ]
    assert "“as the order says” by ann" in plain(of_kind(page, "approval"))
    assert "Asked about" not in plain(of_kind(page, "call"))
    assert [one for one in (*CANARIES, "123456789012", "Test Name", "MAHB0001821") if one in page] == []


def test_money_in_suspense_that_two_persons_resolved(
    eve: Client, api: Api, account: ProviderAccount, provider: ScriptedProvider, book: Book, opened: Placed
) -> None:
    provider.script(ACTIVATE, OK)
    deposit = opened()
    found_by_transaction(account, money(transaction_id="T5"), label=deposit.customer.label)
    receipt = Receipt.objects.get()
    by_two_persons("receipt_attached", {"receipt": receipt.public_id, "deposit": deposit.public_id})
    page = text(eve.get(page_of(receipt)))
    assert entries(page) == [
        "Provider call transaction/create accepted",
        "Receipt 1,000.00 INR at the provider credited",
        "Status It began: received",
        "Status received → suspense",
        "Journal receipt suspended",
        "Two persons Receipt attached asked for",
        "Two persons Receipt attached approved",
        "Status suspense → credited",
        "Journal suspense credited",
    ]
    assert re.findall(r"“(.*?)” by (\w+)", plain(of_kind(page, "instruction"))) == [
        ("the tests' own money", "requester")
    ]
    assert "by approver" in plain(of_kind(page, "instruction"))
    assert "by approver" in plain(of_kind(page, "move"))
    [legs] = re.findall(
        r"Currency (.*?) Decided", plain([html for kind, html in chunks(page) if kind == "journal"][-1])
    )
    assert legs == "suspense 1,000.00 INR available 1,000.00 INR"
