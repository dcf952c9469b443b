"""The work queues: what is in each, in which order, for whom, and how much of it is counted."""

import functools
import io
import json
import operator
import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from balances import proposing
from gateway.backoffice.queues import how_much_waits, reading
from gateway.backoffice.queues.catalogue import QUEUES, named
from gateway.backoffice.queues.how_much_waits import summaries
from gateway.backoffice.queues.reading import page
from gateway.products.models import Product
from gateway.providers.models import ObservedBalance, ProviderAccount
from payments.models import Receipt
from postbacks.models import Letter, LetterItem
from tests.conftest import Api
from tests.payments.paid import Paid
from tests.payments.stage import fresh, money
from tests.payments.test_suspense import found_by_transaction
from tests.scripted_provider import ScriptedProvider
from tests.staff import logged_in
from tests.two_persons import persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.approving import waiting
from tests.withdrawals.doubts import in_review
from tests.withdrawals.orders import order, sent

pytestmark = pytest.mark.django_db

HOME = reverse("work:home")


def address(name: str, **asked: str) -> str:
    return reverse("work:queue", args=[name]) + "?" + "&".join(f"{key}={value}" for key, value in asked.items())


def text(answer: Any) -> str:
    assert answer.status_code == 200
    content: str = answer.content.decode()
    return content


def rows_of(name: str, mode: str = "test", **wanted: str) -> list[str]:
    """The ids in a queue, in its order."""
    queue = named(name)
    assert queue is not None
    return [row.entry.public_id for row in page(queue, mode, wanted).rows]


def everywhere(mode: str = "test") -> dict[str, list[str]]:
    """The ids in each queue that has any."""
    return {one.name: found for one in QUEUES if (found := rows_of(one.name, mode))}


def item(account: ProviderAccount, minutes_ago: int = 60, **columns: Any) -> LetterItem:
    """An item of a letter that the provider, asked, does not know."""
    letter = Letter.objects.create(
        account=account,
        body=b"{}",
        signed_digest=f"{Letter.objects.count():064}",
        envelope_agrees=True,
        variant="plain",
        key_index=0,
    )
    made = LetterItem.objects.create(
        letter=letter,
        account=account,
        position=0,
        created_at=timezone.now() - timedelta(minutes=minutes_ago),
        **{"order_id": "an-order", "amount": Decimal(7), "currency": "INR", **columns},
    )
    LetterItem.objects.filter(pk=made.pk).update(status="unconfirmed", note="the provider, asked, does not have it")
    made.refresh_from_db()
    return made


def test_money_waits_in_the_queue_of_its_question(paid: Paid, account: ProviderAccount) -> None:
    assert everywhere() == {}
    paid.arrives(money(amount="1"))
    short = Receipt.objects.get()
    found_by_transaction(account, money(transaction_id="T9"), label=paid.label)
    unknown = Receipt.objects.exclude(pk=short.pk).get()
    assert everywhere() == {"suspense": [unknown.public_id], "differences": [short.public_id]}
    assert everywhere("live") == {}


def test_a_deposit_in_review_without_money_is_a_difference(paid: Paid) -> None:
    paid.arrives(money(amount="-5"))
    assert everywhere() == {"differences": [paid.deposit.public_id]}


def test_payouts_wait_in_the_queue_of_their_question(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    doubtful = in_review(api, account, provider)
    broke = sent(api, provider, words.NO_FUNDS)
    asked = waiting(api)
    assert everywhere() == {
        "approvals": [asked.public_id],
        "review": [doubtful.public_id],
        "funds": [broke.public_id],
    }
    assert everywhere("live") == {}


def test_what_cannot_be_read_waits_at_once_and_is_set_aside(account: ProviderAccount) -> None:
    odd = LetterItem.objects.create(
        letter=item(account, minutes_ago=0).letter, account=account, position=1, status="unusable", note="no_amount"
    )
    viewer = logged_in("viewer", "view_letteritem", "set_letter_aside", "ask_provider")
    assert rows_of("unconfirmed") == [str(odd.pk)]
    page_ = text(viewer.get(address("unconfirmed", mode="test")))
    assert "A well-signed letter cannot be read (no_amount), so the provider was asked about nothing." in page_
    acts = [reverse("work:act", args=["unconfirmed", name, odd.pk]) for name in ("set-aside", "ask")]
    assert [one in page_ for one in acts] == [True, False], "there is nothing to ask about"
    assert "Unconfirmed letters" in text(viewer.get(HOME))
    form = {"form_id": str(uuid.uuid4()), "reason": "the statement has nothing of it"}
    assert viewer.post(acts[0], form).status_code == 302
    assert rows_of("unconfirmed") == []
    assert LetterItem.objects.get(pk=odd.pk).status == "unusable"


def test_letters_wait_a_quarter_of_an_hour_before_they_want_a_person(account: ProviderAccount) -> None:
    late = item(account, minutes_ago=15)
    item(account, minutes_ago=14)
    contradicted = item(account, minutes_ago=0)
    LetterItem.objects.filter(pk=contradicted.pk).update(status="contradicted", note="it says 5")
    confirmed = item(account, minutes_ago=99)
    LetterItem.objects.filter(pk=confirmed.pk).update(status="confirmed")
    with time_machine.travel(timezone.now(), tick=False):
        assert rows_of("unconfirmed") == [str(late.pk), str(contradicted.pk)]
    queue = named("unconfirmed")
    assert queue is not None
    assert [row.entry.why for row in page(queue, "test", {}).rows] == [
        (
            "A well-signed letter speaks of money that came in: the provider, asked, does not have it. Asked 0 times;"
            " it is asked no more."
        ),
        "A well-signed letter about money that came in is contradicted: it says 5.",
    ]


def test_pages_are_cut_by_key_and_none_is_missing_or_twice(
    paid: Paid, account: ProviderAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid.arrives(money(amount="-5"))
    for number in range(5):
        found_by_transaction(account, money(transaction_id=f"T{number}"), label=paid.label)
    everything = rows_of("suspense")
    assert everything == [one.public_id for one in Receipt.objects.order_by("id")]
    queue = named("suspense")
    assert queue is not None
    first = page(queue, "test", {}, limit=2)
    second = page(queue, "test", {}, first.after, limit=2)
    third = page(queue, "test", {}, second.after, limit=2)
    parts = [[row.entry.public_id for row in one.rows] for one in (first, second, third)]
    assert (functools.reduce(operator.iadd, parts, []), [len(one) for one in parts], third.after) == (
        everything,
        [2, 2, 1],
        "",
    )
    monkeypatch.setattr(reading, "PAGE_ROWS", 2)
    assert page(queue, "test", {}, "no key at all").rows[0].entry.public_id == everything[0]


def test_rows_of_two_sorts_are_one_line(paid: Paid, opened: Any, account: ProviderAccount) -> None:
    other = Paid(paid.api, opened(customer="66"), paid.book, paid.clock)
    paid.arrives(money(amount="-5"))
    other.arrives(money(amount="1", transaction_id="T2"))
    receipt = Receipt.objects.get()
    assert rows_of("differences") == [paid.deposit.public_id, receipt.public_id]
    queue = named("differences")
    assert queue is not None
    first = page(queue, "test", {}, limit=1)
    assert [row.entry.public_id for row in page(queue, "test", {}, first.after, limit=1).rows] == [receipt.public_id]


def test_rows_are_narrowed_down(paid: Paid, account: ProviderAccount, product: Product) -> None:
    found_by_transaction(account, money(transaction_id="T1"), label=paid.label)
    found_by_transaction(account, money(transaction_id="T2", wallet_type="paytm"), label=paid.label)
    found_by_transaction(account, money(transaction_id="T3", currency_code="USD"), label=paid.label)
    upi, paytm, dollars = (one.public_id for one in Receipt.objects.order_by("id"))
    assert rows_of("suspense", system="paytm") == [paytm]
    assert rows_of("suspense", currency="USD") == [dollars]
    assert rows_of("suspense", system="upi_l", currency="INR") == [upi]
    assert rows_of("suspense", product=str(product.pk)) == [upi, paytm, dollars], "money of nobody has no product"
    paid.arrives(money(amount="1"))
    assert len(rows_of("differences", product=str(product.pk))) == 1
    assert rows_of("differences", product=str(account.pk)) == []


def test_summaries_count_and_sum_what_waits_for_one_mode(
    paid: Paid, api: Api, account: ProviderAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, _ = persons()
    assert [(one.name, one.count, one.oldest, one.sums) for one in summaries("test", person)] == [
        (one.name, 0, None, []) for one in QUEUES
    ]
    for number, currency in enumerate(("INR", "INR", "USD")):
        found_by_transaction(
            account, money(transaction_id=f"T{number}", currency_code=currency, amount="10.50"), label=paid.label
        )
    oldest = Receipt.objects.earliest("received_at").received_at
    suspense = next(one for one in summaries("test", person) if one.name == "suspense")
    assert (suspense.count, suspense.number, suspense.is_more, suspense.is_partial) == (3, "3", False, False)
    assert (suspense.pressing, suspense.presses_more, suspense.pressing_since) == (3, False, oldest)
    assert (suspense.oldest, suspense.sums) == (oldest, ["21.00 INR", "10.50 USD"])
    assert suspense.url == "/admin/queues/suspense/?mode=test"
    assert all(one.count == 0 for one in summaries("live", person))
    monkeypatch.setattr(how_much_waits, "COUNTED_MAX", 2)
    monkeypatch.setattr(how_much_waits, "SUMMED_MAX", 2)
    suspense = next(one for one in summaries("test", person) if one.name == "suspense")
    assert (suspense.count, suspense.number, suspense.is_partial) == (2, "2+", True)
    assert (suspense.sums, suspense.of_which) == (["21.00 INR"], "of the 2 of each sort that were made first")
    assert (suspense.pressing, suspense.presses_more, suspense.pressing_since) == (2, False, oldest)


def test_summaries_ask_once_for_each_sort_of_row(paid: Paid) -> None:
    paid.arrives(money(amount="1"))
    person = User.objects.create_superuser("root")
    with CaptureQueriesContext(connection) as captured:
        summaries("test", person)
    assert len(captured) == sum(len(one.sources) for one in QUEUES) == 8


SEES = {
    "approvals": "view_withdrawal",
    "review": "view_withdrawal",
    "funds": "view_withdrawal",
    "suspense": "view_receipt",
    "differences": "view_deposit",
    "unconfirmed": "view_letteritem",
    "screenshots": "view_screenshot",
}


@pytest.mark.parametrize("name", sorted(SEES))
def test_each_queue_takes_the_permission_to_see_its_rows(name: str) -> None:
    assert set(SEES) == {one.name for one in QUEUES}
    viewer = logged_in("viewer", SEES[name])
    for other, permission in SEES.items():
        expected = 200 if permission == SEES[name] else 403
        assert viewer.get(address(other)).status_code == expected, other
    cards = re.findall(r'href="/admin/queues/([a-z]+)/\?mode=live"', text(viewer.get(HOME)))
    assert [one for one in cards if one in SEES] == [one.name for one in QUEUES if SEES[one.name] == SEES[name]]
    assert logged_in("nobody").get(address(name)).status_code == 403
    assert logged_in("no one").get(HOME).status_code == 403
    assert Client().get(address(name)).status_code == 302
    assert viewer.get(reverse("work:queue", args=["nothing"])).status_code == 404
    assert viewer.post(address(name)).status_code == (404 if name == "approvals" else 405)


def test_who_may_ask_for_nothing_finds_no_buttons(paid: Paid) -> None:
    paid.arrives(money(amount="1"))
    receipt = Receipt.objects.get()
    door = f"/admin/balances/instruction/propose/receipt_attached/?receipt={receipt.public_id}"
    assert door not in text(logged_in("viewer", "view_deposit").get(address("differences", mode="test")))
    page = text(logged_in("asks", "propose_instruction").get(address("differences", mode="test")))
    assert f"{door}&amp;deposit={paid.deposit.public_id}" in page


def test_a_page_says_who_asked_for_what(paid: Paid) -> None:
    paid.arrives(money(amount="1"))
    requester, _ = persons()
    told = {"receipt": Receipt.objects.get().public_id}
    made = proposing.propose("receipt_written_off", told, "nobody's money", "", requester)
    page = text(logged_in("viewer", "view_deposit").get(address("differences", mode="test")))
    assert f"{made.public_id} waits for a second person.</a> requester asked for receipt written off" in page
    assert "nobody&#x27;s money" in page


def test_pages_show_one_mode_and_say_which(paid: Paid) -> None:
    paid.arrives(money(amount="1"))
    viewer = logged_in("viewer", "view_deposit")
    live = text(viewer.get(address("differences")))
    assert ("Live: real money." in live, "Nothing waits." in live) == (True, True)
    test = text(viewer.get(address("differences", mode="test")))
    assert ("Test: play money." in test, Receipt.objects.get().public_id in test) == (True, True)
    assert "Test: play money." in text(viewer.get(HOME)), "it is remembered"


def test_the_questions_of_a_page_do_not_grow_with_its_rows(paid: Paid, account: ProviderAccount) -> None:
    viewer = logged_in("viewer", "view_receipt", "propose_instruction")

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(viewer.get(address("suspense", mode="test")))
        return len(captured)

    found_by_transaction(account, money(transaction_id="T1"), label=paid.label)
    cost()
    before = cost()
    for number in range(4):
        found_by_transaction(account, money(transaction_id=f"M{number}"), label=paid.label)
    assert cost() == before


def test_approvals_say_what_leaves_to_where_and_why_it_waits(api: Api, product: Product) -> None:
    made = waiting(api, "0: none; 1000: approver + finance_lead")
    page = text(logged_in("ann", "approve_withdrawal").get(address("approvals", mode="test")))
    assert "Slab from 1,000.00 INR on: approver + finance lead" in page
    leaves = (
        f"one of two. With the other one, 1,218.00 INR of {product} through {made.payment_system} to"
        " account number ••••9012, account name ••••, bank code ••••1821 leave."
    )
    assert f"<strong>Approve:</strong> {leaves}" in page
    unsent = f"nothing is sent, and 1,218.00 INR are available to {product} again."
    assert f"<strong>Reject:</strong> {unsent}" in page
    assert "123456789012" not in page
    assert made.public_id in page


def test_who_is_too_late_is_told_who_was_quicker(api: Api) -> None:
    made = waiting(api)
    ann, ben = (logged_in(name, "approve_withdrawal") for name in ("ann", "ben"))
    told = {"decision": "approve", "reason": "as the order says", "withdrawal": [made.public_id]}
    assert "1 of 1 done." in text(ann.post(address("approvals"), told))
    late = text(ben.post(address("approvals"), told | {"decision": "reject"}))
    assert "Not done: The withdrawal is queued; it waits for no approval. Somebody else decided meanwhile: ann" in late


def test_funds_say_what_is_missing(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    sent(api, provider, words.NO_FUNDS)
    viewer = logged_in("viewer", "view_withdrawal")
    assert "it never said" in text(viewer.get(address("funds", mode="test")))
    for code, amount in (("imps_ib", "1000.5"), ("upi_l", "17")):
        ObservedBalance.objects.create(
            account=account, wallet_type=code, currency="INR", amount=amount, observed_at=timezone.now()
        )
    page = text(viewer.get(address("funds", mode="test")))
    for told in ("1,218.00 INR (1)", "1,017.50 INR", "imps_ib: 1,000.50", "200.50 INR"):
        assert told in page, told
    order(api)


def test_the_command_goes_by_the_same_queues(paid: Paid, api: Api, account: ProviderAccount) -> None:
    paid.arrives(money(amount="1"))
    late = item(account)
    asked = waiting(api)

    def said(*arguments: str) -> list[tuple[str, str]]:
        out = io.StringIO()
        call_command("waiting", "--json", *arguments, stdout=out)
        return [(row["queue"], row["id"]) for row in json.loads(out.getvalue())]

    everything = [
        ("unconfirmed", str(late.pk)),
        ("differences", Receipt.objects.get().public_id),
        ("approvals", asked.public_id),
    ]
    assert said() == everything
    assert said("--mode", "live") == []
    assert said("--queue", "approvals", "--mode", "test") == everything[2:]
    assert fresh(paid.deposit).status == "in_review"


def test_approvals_are_cut_into_pages_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = waiting(api), order(api)
    monkeypatch.setattr(reading, "PAGE_ROWS", 1)
    ann = logged_in("ann", "approve_withdrawal")
    page = text(ann.get(address("approvals", mode="test")))
    assert (first.public_id in page, second.public_id in page) == (True, False)
    [following] = re.findall(r'href="(\?after=[^"]+)">The next ones', page)
    page = text(ann.get(reverse("work:queue", args=["approvals"]) + following))
    assert (first.public_id in page, second.public_id in page) == (False, True)
    assert "The next ones" not in page
    assert "From the oldest" in page


def test_narrowing_down_is_kept_from_page_to_page(
    paid: Paid, account: ProviderAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        found_by_transaction(account, money(transaction_id=f"T{number}"), label=paid.label)
    monkeypatch.setattr(reading, "PAGE_ROWS", 1)
    viewer = logged_in("viewer", "view_receipt")
    page = text(viewer.get(address("suspense", mode="test", system="upi_l")))
    [following] = re.findall(r'href="(\?[^"]+)">The next ones', page)
    assert following.startswith("?system=upi_l&amp;after=")
    assert '<option value="upi_l" selected>' in page
    assert "Nothing waits here." in text(viewer.get(address("suspense", mode="test", system="paytm")))
