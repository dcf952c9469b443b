"""The page of an order: bounded, in a fixed number of questions, with nobody's account on it."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gateway.backoffice.story.entries import Entry, Kind, Rank, in_order
from gateway.products.models import Mode
from gateway.providers.models import ProviderAccount, ProviderCall
from gateway.webhooks.actions import add_endpoint, owe
from gateway.webhooks.models import Delivery, DeliveryAttempt, WebhookEndpoint
from payments.models import Deposit, Savings
from postbacks.models import Letter, LetterItem
from tests.conftest import Api
from tests.gateway.backoffice.story.stories import chunks, entries, of_kind, plain
from tests.gateway.backoffice.story.test_receipt_page import page_of, text
from tests.gateway.refunds.stage import arrive, refund
from tests.leaks import CANARIES
from tests.payments.paid import Paid
from tests.payments.stage import money, place
from tests.payments.test_suspense import found_by_transaction
from tests.scripted_provider import ScriptedProvider
from tests.staff import browser_of
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import IMPS, make_due, order, sent
from withdrawals import asking
from withdrawals.models import WithdrawalBatch
from withdrawals.sending import send_withdrawal

pytestmark = pytest.mark.django_db

#: They stand for customers'; none of them is anybody's.
ACCOUNT, NAME, PHONE = "987650001234567", "Canary Bird", "254700999888"


@pytest.fixture
def eve(db: None) -> Client:
    """Looks at everything."""
    person = User.objects.create_user("eve", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return browser_of(person)


def cost(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        text(client.get(address))
    return len(captured)


def endpoint_of(deposit: Deposit, url: str) -> WebhookEndpoint:
    return add_endpoint(product=deposit.product, mode=Mode.TEST, url=url, event_types=[])[0]


def letters(account: ProviderAccount, about: str, number: int) -> None:
    letter = Letter.objects.create(
        account=account, body=b"{}", signed_digest="0" * 64, envelope_agrees=True, variant="plain", key_index=0
    )
    LetterItem.objects.bulk_create(
        LetterItem(letter=letter, account=account, position=place, order_id=about) for place in range(number)
    )


def test_a_flood_is_told_by_its_beginning_and_its_end(eve: Client, paid: Paid, account: ProviderAccount) -> None:
    letters(account, paid.order, 73)
    page = text(eve.get(page_of(paid.deposit)))
    told = [plain(html) for kind, html in chunks(page) if kind == "letter"]
    numbers = [int(found[1]) for one in told if (found := re.search(r"The provider wrote, item (\d+)", one))]
    assert numbers == [*range(10), *range(33, 73)]
    [gap] = [one for one in told if "left out" in one]
    assert told.index(gap) == 10
    assert "Letter: 23 more of these are left out here. See the list ." in gap
    where = f"{reverse('admin:postbacks_letteritem_changelist')}?q={paid.order}"
    assert f'href="{where}"' in of_kind(page, "letter")
    assert eve.get(where).status_code == 200
    assert re.search(r'Letter <span class="story-count">50</span>', page)


def test_the_questions_of_a_page_do_not_grow(
    eve: Client, paid: Paid, account: ProviderAccount, api: Api, provider: ScriptedProvider
) -> None:
    endpoint = add_endpoint(
        product=paid.deposit.product, mode=Mode.TEST, url="https://example.com/hooks", event_types=[]
    )[0]
    paid.arrives(money())
    arrive(paid.deposit, "5.00")
    assert refund(paid.api, paid.deposit, amount="10").status_code == 201
    withdrawal = sent(api, provider, words.OK)
    rows = (paid.deposit, paid.deposit.receipts.earliest("received_at"), withdrawal)
    for row in rows:
        cost(eve, page_of(row))  # content types and the like, once
    before = [cost(eve, page_of(row)) for row in rows]
    for _ in range(3):
        arrive(paid.deposit, "7.00")
        assert refund(paid.api, paid.deposit, amount="10").status_code == 201
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        make_due(withdrawal)
        asking.ask(account, [withdrawal.public_id])
    letters(account, paid.order, 5)
    letters_of_it = Letter.objects.get()
    LetterItem.objects.create(letter=letters_of_it, account=account, position=9, order_id=withdrawal.public_id)
    for delivery in Delivery.objects.filter(endpoint=endpoint):
        for number in (1, 2):
            DeliveryAttempt.objects.create(
                delivery=delivery, number=number, outcome="refused", http_status=500,
                started_at=delivery.created_at, duration_ms=3, answer=b"",
            )  # fmt: skip
    after = [cost(eve, page_of(row)) for row in rows]
    # A pull's letter and one query for the attempts of deliveries; each at most once, however many there are.
    assert after == before
    assert max(after) <= 45


def test_of_requests_and_answers_only_what_is_nobody_s_is_shown(
    eve: Client, api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    wish = {**IMPS, "recipient": {"account_number": ACCOUNT, "account_name": NAME, "bank_code": "MAHB0001821"}}
    provider.script(words.CREATE, lambda request: (200, {"status": "fail", "message": request.body.decode()}))
    withdrawal = order(api, wish)
    send_withdrawal(withdrawal.pk)
    ProviderCall.objects.create(
        account=account,
        operation="payment/create",
        subject=withdrawal.public_id,
        request={"wallet_type": "mpesa", "amount": "5", "phone_number": PHONE, "deep": {"label": PHONE}},
        response=b'{"status":"ok","message":"%s"}' % PHONE.encode(),
    )
    ProviderCall.objects.create(
        account=account,
        operation="pullpostbacks",
        subject="wd_of_another",
        also_about=[withdrawal.public_id],
        request={"type": "withdrawal", "ids": ["wd_of_another", withdrawal.public_id]},
    )
    page = text(eve.get(page_of(withdrawal)))
    assert [one for one in (*CANARIES, ACCOUNT, NAME, PHONE, "MAHB0001821", "wd_of_another") if one in page] == []
    calls = plain(of_kind(page, "call"))
    assert '{ "wallet_type": "mpesa", "amount": "5", "…": "…" }' in calls
    assert f'"ids": [ "{withdrawal.public_id}", "… and 1 of other orders" ]' in calls
    assert "Asked about 1 other order in the same call." in calls
    assert f'"body_digest": "{withdrawal.body_digest}"' in calls


def test_an_event_says_what_became_of_it_at_each_endpoint(eve: Client, api: Api) -> None:
    deposit = place(api)
    endpoint = add_endpoint(
        product=deposit.product, mode=Mode.TEST, url="https://hooks.example.com/secret-path", event_types=[]
    )[0]
    other = place(api)
    [delivery] = Delivery.objects.filter(event__subject=other.public_id)
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=1,
        outcome="timed_out",
        started_at=delivery.created_at,
        duration_ms=15000,
        answer=b"",
    )
    assert "no endpoint wants it" in of_kind(text(eve.get(page_of(deposit))), "webhook")
    page = text(eve.get(page_of(other)))
    told = plain(of_kind(page, "webhook"))
    assert "deposit.created pending" in told
    assert "to hooks.example.com: pending, 1 attempt attempt 1: timed out, 15,000 ms 2026-" in told
    assert "secret-path" not in page
    assert endpoint.url.endswith("secret-path")
    blind = User.objects.create_user("blind", is_staff=True)
    blind.user_permissions.set(Permission.objects.filter(codename__in=["view_deposit", "view_event"]))
    told = plain(of_kind(text(browser_of(blind).get(page_of(other))), "webhook"))
    assert "takes the permission to view deliveries" in told
    assert "hooks.example.com" not in told


def test_a_glance_says_which_money_it_is_and_what_it_waits_for(eve: Client, api: Api, paid: Paid) -> None:
    page = plain(text(eve.get(page_of(paid.deposit))))
    assert "Test: play money." in page
    assert "1,000.00 INR verifying" in page
    assert "real money" not in page
    assert "Waits for The provider's word that the money arrived. Since 2026-03-01 12:00:00 UTC" in page
    assert f"Product's reference {paid.deposit.reference}" in page
    withdrawal = order(api)
    page = plain(text(eve.get(page_of(withdrawal))))
    assert "Waits for A worker, which sends it." in page
    assert "The recipient of a withdrawal Account number ••••9012 Account name •••• Bank code ••••1821" in page
    assert [one for one in IMPS["recipient"].values() if one in page] == []


def test_histories_elsewhere_name_who_made_a_move(eve: Client, paid: Paid) -> None:
    confirmation = paid.deposit.confirmations.get()
    page = plain(text(eve.get(page_of(confirmation))))
    assert f"key tests of {paid.deposit.product}" in page
    assert "the clock" in page
    key = paid.deposit.moves.get(sequence=1).cause_id
    assert key not in page.partition("history")[2]


def test_what_may_not_be_seen_is_no_link(paid: Paid) -> None:
    person = User.objects.create_user("vic", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=["view_deposit", "view_depositmove"]))
    page = text(browser_of(person).get(page_of(paid.deposit)))
    key = paid.deposit.moves.get(sequence=1).cause_id
    assert entries(page)[0] == "API call POST: the product sent the deposit"
    assert f"by key tests of {paid.deposit.product}" in plain(page)
    assert key not in page
    assert "/admin/products/" not in page.partition("<main")[2]


def test_a_batch_has_a_story_too_and_leads_to_its_rows(eve: Client, api: Api) -> None:
    rows = [{**IMPS, "reference": "a"}, {**IMPS, "reference": "b", "amount": "7"}]
    made = api.post("withdrawal-batches", {"reference": "batch", "rows": rows})
    assert made.status_code == 201, made.content
    batch = WithdrawalBatch.objects.get()
    page = text(eve.get(page_of(batch)))
    assert entries(page)[:2] == ["API call POST: the product sent the batch", "Status It began: accepted"]
    assert f"Asked for by key tests of {batch.product}" in plain(page)
    where = f"{reverse('admin:withdrawals_batchrow_changelist')}?q={batch.public_id}"
    assert f'href="{where}"' in page
    assert eve.get(where).status_code == 200


def test_unknown_money_of_a_letter_without_order_is_told(eve: Client, paid: Paid, account: ProviderAccount) -> None:
    found_by_transaction(account, money(transaction_id="T5"), label=paid.label)
    letters(account, "", 1)
    LetterItem.objects.update(transaction_id="T5", is_stray=True)
    receipt = page_of(Deposit.objects.get().account.receipt_set.get())
    assert "Order none Transaction id T5" in plain(of_kind(text(eve.get(receipt)), "letter"))


def entry(title: str, at: Any, rank: int, sequence: int = 0, track: str = "") -> Entry:
    return Entry(kind=Kind.MOVE, at=at, title=title, rank=rank, tie=(sequence, ""), track=track)


def test_causes_come_before_what_they_caused_and_moves_keep_their_sequence() -> None:
    now = timezone.now()
    told = [
        entry("by the clock again", now, Rank.MOVED, 3, "x"),
        entry("by its answer", now, Rank.ANSWERED, 2, "x"),
        entry("a call", now, Rank.CALLED),
        entry("sending", now, Rank.MOVED, 1, "x"),
        entry("asked", now, Rank.ASKED),
    ]
    assert [one.title for one in in_order(told)] == [
        "asked",
        "sending",
        "a call",
        "by its answer",
        "by the clock again",
    ]
    assert in_order(told) == in_order(told[::-1])


def test_savings_have_a_story_of_their_changes(eve: Client, paid: Paid) -> None:
    deposit = paid.deposit
    savings = Savings.objects.create(
        account=deposit.account, customer=deposit.customer, payment_system=deposit.payment_system, currency="INR",
        saved="30", lacking="70", minimum="100", observed_at=timezone.now(), sequence=1,
    )  # fmt: skip
    owe(
        product=deposit.product,
        mode=deposit.mode,
        type="savings.increased",
        subject=savings.public_id,
        sequence=1,
        data={},
    )
    page = text(eve.get(page_of(savings)))
    assert entries(page) == ["Webhook savings.increased no endpoint wants it"]
    assert "30.00 INR reported" in plain(page)
    assert "Waits for 70.00 INR more, until it is released." in plain(page)
