"""Which payouts need a person, since when, and why; on a page, in a terminal, and for programs."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from balances import instructions, proposing
from balances.waiting import LISTED_MAX
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.scripted_provider import DROP, ScriptedProvider
from tests.two_persons import by_two_persons, persons
from tests.withdrawals import provider_words as words
from tests.withdrawals import queue
from tests.withdrawals.doubts import in_review, unknown
from tests.withdrawals.orders import order, sent
from withdrawals import asking, waiting
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

FROM = "it is being asked about, and people may decide from 2026-03-01 13:00 UTC on"


def reasons() -> list[str]:
    return [row.why for row in queue.waiting()]


def test_what_is_on_its_way_waits_for_nobody(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    order(api)
    accepted, failed = sent(api, provider, words.OK), sent(api, provider, words.REFUSED_FIELD)
    assert (accepted.status, failed.status) == ("accepted", "failed")
    assert queue.waiting() == []
    clock.shift(86399)
    assert queue.waiting() == []
    clock.shift(1)
    [row] = queue.waiting()
    assert (row.public_id, row.why) == (
        accepted.public_id,
        "The provider has had it for more than a day, and neither paid nor rejected it.",
    )


def test_an_unknown_one_waits_with_what_happens_next(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = sent(api, provider, DROP)
    [row] = queue.waiting()
    assert (row.pk, row.public_id, row.order) == (withdrawal.pk, withdrawal.public_id, withdrawal.public_id)
    assert (row.sum, row.since, row.asked_for) == ("1,218.00 INR", timezone.now(), "")
    assert (row.payment_system, row.account, row.mode) == ("imps_ib", "scripted", "test")
    assert row.why == (
        f"Nobody knows whether it arrived; {FROM}. The provider has not answered a question about it yet."
    )
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    asking.ask(account, [withdrawal.public_id])
    asked = 'Asked last, the provider said "not_found".'
    assert reasons() == [f"Nobody knows whether it arrived; {FROM}. {asked}"]
    clock.shift(3600)
    assert reasons() == [
        f"Nobody knows whether it arrived; it is being asked about, and two persons may decide. {asked}"
    ]
    requester, approver = persons()
    made = proposing.propose("payout_resent", {"withdrawal": withdrawal.public_id}, "support", "", requester)
    assert [row.asked_for for row in queue.waiting()] == [made.public_id]
    instructions.approve(made.pk, approver, made.digest)
    assert [(row.asked_for, row.why) for row in queue.waiting()] == [
        (
            "",
            f"Nobody knows whether it arrived; two persons decided that it is sent again, and a worker will. {asked}",
        )
    ]


def test_one_that_goes_out_again_by_itself_says_so(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    ProviderAccount.objects.update(ids_proven_unique=True)
    unknown(api, provider)
    clock.shift(20)
    asking.ask_withdrawals(account.pk)
    [why] = reasons()
    assert why == (
        "Nobody knows whether it arrived; it is sent again, for the provider pays an id only once."
        ' Asked last, the provider said "not_found".'
    )


def test_one_in_review_one_without_funds_and_one_that_is_contradicted_wait(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    in_review(api, account, provider)
    clock.shift(1)
    sent(api, provider, words.NO_FUNDS)
    clock.shift(1)
    ended = sent(api, provider, words.OK)
    for number in (1, 5):
        provider.script(words.PULL, words.pulled(words.found(ended, number)))
        asking.ask(account, [ended.public_id])
    asked = 'Asked last, the provider said "found, status 1".'
    assert reasons() == [
        f"Nobody knows whether it was paid: the provider's answer differs in account_name. {asked}",
        "The provider has too little money for it; it is tried again once its account is topped up.",
        "It is paid, and something contradicts that: it is paid, and the provider now says rejected.",
    ]
    by_two_persons("payout_returned", {"withdrawal": ended.public_id})
    assert len(reasons()) == 2


def test_two_queries_and_an_index_however_many_there_are(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    for _ in range(3):
        sent(api, provider, words.NO_FUNDS)
    with CaptureQueriesContext(connection) as captured:
        assert len(queue.waiting()) == 3
    assert len(captured) == 2
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        sql, parameters = waiting.withdrawals()[:LISTED_MAX].query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "using withdrawals_for_a_person on withdrawals_withdrawal" in plan, plan


def test_the_command_lists_money_and_payouts_together(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    clock.shift(timedelta(hours=2))
    out = io.StringIO()
    call_command("waiting", stdout=out)
    assert out.getvalue() == (
        f"{withdrawal.public_id}  funds  2 hours  1,218.00 INR  imps_ib  scripted (test)  {withdrawal.public_id}\n"
        "    The provider has too little money for it; it is tried again once its account is topped up.\n"
    )
    out = io.StringIO()
    call_command("waiting", "--json", stdout=out)
    [row] = json.loads(out.getvalue())
    assert row == {
        "id": withdrawal.public_id,
        "queue": "funds",
        "since": "2026-03-01T12:00:00+00:00",
        "age_seconds": 7200,
        "amount": "1218.00",
        "currency": "INR",
        "payment_system": "imps_ib",
        "account": "scripted",
        "mode": "test",
        "order": withdrawal.public_id,
        "why": "The provider has too little money for it; it is tried again once its account is topped up.",
        "instruction": None,
    }
    assert Withdrawal.objects.count() == 1
