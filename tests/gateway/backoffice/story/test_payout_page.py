"""A payout of unknown outcome, from the queue to the end: found, looked into, asked for by one, decided by another."""

import hashlib
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from balances.models import Hold, Journal
from gateway.providers.models import ProviderAccount, ProviderCall
from postbacks.models import Letter, LetterItem
from tests.conftest import Api
from tests.gateway.backoffice.story.stories import chunks, of_kind
from tests.gateway.backoffice.story.test_receipt_page import ada, asked_for, ben, doors, page_of, press, text
from tests.scripted_provider import DROP, ScriptedProvider
from tests.staff import logged_in
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import make_due, sent
from withdrawals import asking, sending
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

assert ada  # fixtures
assert ben

QUEUE = reverse("work:queue", args=["review"]) + "?mode=test"
#: Of the story of a payout: each kind of entries, what one has to be allowed to view to see it, and its rows' name.
PARTS = {
    "call": ("view_providercall", "provider calls"),
    "letter": ("view_letteritem", "letter items"),
    "hold": ("view_hold", "holds"),
    "journal": ("view_journal", "journals"),
    "move": ("view_withdrawalmove", "withdrawal moves"),
    "webhook": ("view_event", "events"),
}


@pytest.fixture
def clock() -> Any:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def lost(api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller) -> Withdrawal:
    """Lost on its way an hour ago, and not known to the provider since: asked about together with another one."""
    other, withdrawal = sent(api, provider, DROP), sent(api, provider, DROP)
    provider.script(words.PULL, words.pulled(words.not_found(other), words.not_found(withdrawal)))
    make_due(other)
    clock.shift(3600)
    asking.ask_withdrawals(account.pk)
    Withdrawal.objects.filter(pk=other.pk).update(next_at=None)
    withdrawal.refresh_from_db()
    return withdrawal


def test_the_queue_leads_to_the_page_and_its_doors(ada: Client, lost: Withdrawal) -> None:
    queue = text(ada.get(QUEUE))
    assert re.search(r"<h1[^>]*>Manual review</h1>", queue)
    assert len(re.findall(r">(wd_\w+)</a>", queue)) == 2
    assert f'href="{page_of(lost)}"' in queue
    assert re.search(r">1,218\.00 INR <span[^>]*>waits for 1 h", queue)
    assert "Nobody knows whether it arrived; it is being asked about, and two persons may decide." in queue
    old = reverse("admin:withdrawals_withdrawal_waiting")
    assert old in text(ada.get(reverse("admin:withdrawals_withdrawal_changelist")))
    assert ada.get(old)["Location"] == reverse("work:queue", args=["review"])
    page = text(ada.get(page_of(lost)))
    assert "and two persons may decide. Asked last, the provider said &quot;not_found&quot;." in page
    own = f"withdrawal={lost.public_id}"
    assert doors(page) == [
        f"/admin/balances/instruction/propose/payout_resent/?{own}",
        f"/admin/balances/instruction/propose/payout_declared_failed/?{own}",
    ]


def test_the_evidence_stands_on_one_page(ada: Client, lost: Withdrawal, account: ProviderAccount) -> None:
    letter = Letter.objects.create(
        account=account, body=b"{}", signed_digest="0" * 64, envelope_agrees=True, variant="plain", key_index=0
    )
    LetterItem.objects.create(
        letter=letter, account=account, position=0, order_id=lost.public_id, is_withdrawal=True, note="not asked yet"
    )
    page = text(ada.get(page_of(lost)))
    calls, letters, hold, journals = (of_kind(page, kind) for kind in ("call", "letter", "hold", "journal"))
    creation = ProviderCall.objects.get(subject=lost.public_id, operation="withdrawal/create")
    [pull] = ProviderCall.objects.filter(operation="pullpostbacks")
    # It was asked about among others: the call names another order first.
    assert pull.subject != lost.public_id
    for one in (creation, pull):
        assert f'href="{page_of(one)}"' in calls
        assert one.response_digest in calls
    assert hashlib.sha256(bytes(lost.body)).hexdigest() == lost.body_digest
    assert lost.body_digest in calls
    assert [kind for kind, _ in chunks(page)].count("call") == 2
    assert f"&quot;withdrawal_id&quot;: &quot;{lost.public_id}&quot;" in calls
    assert pull.subject not in calls
    assert f'href="{page_of(letter)}"' in letters
    assert "not asked yet" in letters
    assert f'href="{page_of(Hold.objects.get(pk=lost.pk))}"' in hold
    assert "1,218.00 INR" in hold
    assert f'href="{page_of(Journal.objects.get(reference=lost.public_id))}"' in journals
    for account_data in ("123456789012", "Test Name", "MAHB0001821"):
        assert account_data not in text(ada.get(page_of(lost)))


def test_a_call_during_which_a_worker_died_says_so(ada: Client, lost: Withdrawal, account: ProviderAccount) -> None:
    ProviderCall.objects.create(account=account, operation="withdrawal/create", subject=lost.public_id)
    assert "none: we died meanwhile" in of_kind(text(ada.get(page_of(lost))), "call")


def test_each_part_takes_the_permission_to_view_what_it_shows(lost: Withdrawal, account: ProviderAccount) -> None:
    letter = Letter.objects.create(
        account=account, body=b"{}", signed_digest="0" * 64, envelope_agrees=True, variant="plain", key_index=0
    )
    LetterItem.objects.create(letter=letter, account=account, position=0, order_id=lost.public_id)
    for granted, _ in PARTS.values():
        page = text(logged_in(f"with {granted}", "view_withdrawal", granted).get(page_of(lost)))
        for part, (permission, rows) in PARTS.items():
            sentence = f"You may not see this: it takes the permission to view {rows}."
            is_seen = permission == granted
            assert ((of_kind(page, part) != ""), (sentence in page)) == (is_seen, not is_seen), part
    assert logged_in("nobody").get(QUEUE).status_code == 403
    assert logged_in("looks", "view_withdrawal").get(QUEUE).status_code == 200


def test_the_queries_of_a_page_do_not_grow(
    ada: Client, lost: Withdrawal, account: ProviderAccount, api: Api, provider: ScriptedProvider
) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            text(ada.get(address))
        return len(captured)

    cost(page_of(lost))  # content types and the like, once
    cost(QUEUE)  # the session remembers the mode
    before = cost(page_of(lost)), cost(QUEUE)
    for _ in range(3):
        make_due(lost)
        asking.ask_withdrawals(account.pk)
        sent(api, provider, words.NO_FUNDS)
    assert (cost(page_of(lost)), cost(QUEUE)) == before


def test_two_persons_have_it_sent_again_from_its_page(
    ada: Client, ben: Client, lost: Withdrawal, provider: ScriptedProvider
) -> None:
    [door] = [one for one in doors(text(ada.get(page_of(lost)))) if "/payout_resent/" in one]
    made, _ = asked_for(ada, door)
    assert "THIS PAYOUT MAY BE PAID TWICE." in text(ben.get(page_of(made)))
    assert f"{made.public_id} waits for a second person." in text(ben.get(QUEUE))
    assert "another person has to decide" in press(ada, made)
    assert len(provider.to(words.CREATE)) == 2  # the two that were lost
    assert f"{made.public_id} is done." in press(ben, made), "nothing is posted to the ledger by it"
    provider.script(words.CREATE, words.OK)
    sending.send_again(lost.pk)
    lost.refresh_from_db()
    assert (lost.status, len(provider.to(words.CREATE))) == ("accepted", 3)
    page = text(ben.get(page_of(lost)))
    assert f"{made.public_id}</a>: Payout resent, done." in page
    assert "two persons had it sent again" in page
    assert lost.public_id not in text(ben.get(QUEUE))


def test_two_persons_declare_it_failed_from_its_page(ada: Client, ben: Client, lost: Withdrawal) -> None:
    [door] = [one for one in doors(text(ada.get(page_of(lost)))) if "/payout_declared_failed/" in one]
    made, _ = asked_for(ada, door, "letter of their support")
    assert f"{made.public_id} is posted." in press(ben, made)
    lost.refresh_from_db()
    assert (lost.status, lost.failure_code) == ("failed", "declared_failed")
    assert page_of(Journal.objects.get(kind="withdrawal_released")) in text(ben.get(page_of(lost)))
