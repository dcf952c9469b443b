"""Floods of letters: forged, re-wrapped, or well signed for money that nobody has. What they may cost is bounded."""

import itertools
import json
import logging
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from payments import asking as deposits_asking
from payments.models import Confirmation, ConfirmationMove, Deposit, DepositMove, Receipt
from postbacks.actions import Received, receive
from postbacks.models import Letter, LetterItem, RejectedLetter
from postbacks.settling import settle_letters
from tests.conftest import Api
from tests.postbacks.deposits import verifying
from tests.postbacks.letters import POSTBACK, PULL, deliver, encoded, envelope, item, letter, pulled, unknown
from tests.scripted_provider import Received as Request
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import moves, sent
from withdrawals import asking as withdrawals_asking
from withdrawals.models import Withdrawal

#: A flood takes half a minute; on a machine that does other things as well, several times as long.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]

NOW = "2026-03-01T12:00:00Z"
ORDERS = 8
FLOOD = 10_000
#: Genuine letters that the flood re-wraps.
GENUINE = 20


@pytest.fixture(autouse=True)
def silent() -> Any:
    """A line in the log for every letter of a flood would take a third of the time."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def unpaid(api: Api, provider: ScriptedProvider, clock: Any) -> list[Confirmation]:
    """Deposits whose customers say that they paid; the provider's book has none of them."""
    provider.script(PULL, knows_nothing)
    provider.script(POSTBACK, (200, {"status": "fail", "message": "Postback not found"}))
    return [verifying(api, f"{number:012}", customer=str(number)) for number in range(ORDERS)]


def knows_nothing(request: Request) -> tuple[int, Any]:
    """No word about any order, whichever kind is asked about."""
    if request.query["type"] == ["deposit"]:
        return pulled(*map(unknown, request.query["plugin_custom_order_id[]"]))
    rows = [{"withdrawal_id": one, "message": "Postback not found"} for one in request.query["withdrawal_id[]"]]
    return words.pulled(*rows)


def everything() -> Any:
    """Every order with its history and what it holds."""
    return (
        list(Deposit.objects.order_by("id").values_list("id", "status", "sequence", "received_amount", "amount_check")),
        list(Confirmation.objects.order_by("id").values_list("id", "status", "sequence", "provider_word")),
        list(Withdrawal.objects.order_by("id").values_list("id", "status", "sequence")),
        DepositMove.objects.count(),
        ConfirmationMove.objects.count(),
        Receipt.objects.count(),
    )


def work(account: ProviderAccount) -> None:
    """Whatever is due, by the clock as it is."""
    settle_letters(account.pk)
    deposits_asking.ask_deposits(account.pk)
    withdrawals_asking.ask_withdrawals(account.pk)
    # As their COMMITs would: at the end of a flood it may be too late for what was posted before (POSTING_SECONDS).
    connection.check_constraints()


def unsigned(raw: bytes, dice: random.Random) -> bytes:
    """A genuine letter with one bit of its signed part turned round."""
    start = raw.index(b'"additional_data":') + len(b'"additional_data":')
    position = dice.randrange(start, len(raw) - 1)
    changed = bytearray(raw)
    changed[position] ^= 1 << dice.randrange(8)
    return bytes(changed)


REWRAPPINGS: tuple[dict[str, Any], ...] = (
    {"amount": 9_000},
    {"currency_code": "USD"},
    {"wallet_type": "paytm"},
    {"direction": "outgoing"},
    {"amount": "much"},
)


def flood(account: ProviderAccount, unpaid: list[Confirmation], withdrawal: Withdrawal) -> Any:
    """Letters without end: forged ones, genuine ones with a bit turned round, genuine ones in another envelope."""
    dice = random.Random(7)  # noqa: S311 - the same flood each time
    named = itertools.cycle(
        [
            *(item(plugin_custom_order_id=f"cnf_{number}") for number in range(3 * ORDERS)),
            *(item(plugin_custom_order_id=one.public_id) for one in unpaid),
            *(item(plugin_custom_order_id=one.deposit.public_id) for one in unpaid),
            words.item(withdrawal, 1),
        ]
    )
    genuine = [[item(plugin_custom_order_id=unpaid[n % ORDERS].public_id)] for n in range(GENUINE)]
    genuine_letters = [letter(account, items) for items in genuine]
    while True:
        pick = dice.randrange(GENUINE)
        yield encoded({"signature": f"{dice.getrandbits(160):040x}", **envelope([next(named)])}).encode()
        yield unsigned(genuine_letters[pick], dice)
        yield letter(account, genuine[pick], **dice.choice(REWRAPPINGS), created_datetime=str(dice.random()))


def test_10000_forged_or_rewrapped_letters_move_nothing_and_cost_little(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, unpaid: list[Confirmation], clock: Any
) -> None:
    withdrawal = sent(api, provider, words.OK)
    work(account)  # what is due anyway
    Deposit.objects.update(next_at=timezone.now() + timedelta(days=1))
    Withdrawal.objects.update(next_at=timezone.now() + timedelta(days=1))
    provider.requests.clear()
    before, history = everything(), moves(withdrawal)

    outcomes = Counter()  # type: ignore[var-annotated]
    for number, raw in enumerate(itertools.islice(flood(account, unpaid, withdrawal), FLOOD)):
        outcomes[receive(account, raw)] += 1
        if number % 100 == 0:
            clock.shift(0.1)
            work(account)
    work(account)

    assert (everything(), moves(withdrawal)) == (before, history)
    assert outcomes[Received.REFUSED] + outcomes[Received.UNREADABLE] == FLOOD - FLOOD // 3
    assert outcomes[Received.KEPT] == FLOOD // 3
    # Storage: one row for each genuine signed part in a wrong envelope, and the slots for samples.
    assert (Letter.objects.count(), LetterItem.objects.count()) == (GENUINE, 0)
    assert set(Letter.objects.values_list("envelope_agrees", flat=True)) == {False}
    assert sum(Letter.objects.values_list("copies", flat=True)) == FLOOD // 3
    assert RejectedLetter.objects.count() <= 50
    # Questions: one about each order that was named, in a few pulls; nobody asks about a letter.
    asked = [request.query.get("plugin_custom_order_id[]", []) for request in provider.to(PULL)]
    assert Counter(one for ids in asked for one in ids) == Counter(one.public_id for one in unpaid)
    kinds = Counter(request.query["type"][0] for request in provider.to(PULL))
    assert kinds["withdrawal"] == 1
    assert kinds["deposit"] <= ORDERS
    assert len(provider.requests) == kinds.total()


def test_1000_well_signed_letters_for_unpaid_orders_credit_nothing_and_are_a_few_questions(
    account: ProviderAccount, provider: ScriptedProvider, unpaid: list[Confirmation], clock: Any
) -> None:
    work(account)
    Deposit.objects.update(next_at=timezone.now() + timedelta(days=1))
    provider.requests.clear()
    before = everything()

    for number in range(1_000):
        one = item(plugin_custom_order_id=unpaid[number % ORDERS].public_id, transaction_id=f"T{number}")
        assert receive(account, letter(account, [one])) is Received.KEPT
        if number % 100 == 0:
            settle_letters(account.pk)  # the doorbell, heard at once
    settle_letters(account.pk)

    assert everything() == before
    assert (Letter.objects.count(), LetterItem.objects.count()) == (1_000, 1_000)
    assert Counter(LetterItem.objects.values_list("status", "note")) == {
        ("unconfirmed", "the provider, asked, does not have it"): 1_000
    }
    # The first letters had all of the orders asked about; those that came at the same time had nothing to add.
    assert len(provider.requests) <= 2
    provider.requests.clear()
    due = LetterItem.objects.order_by("-next_at").values_list("next_at", flat=True).first()
    assert due is not None
    clock.move_to(due)
    settle_letters(account.pk)
    # When they are all due once more, each order is asked about once.
    asked = [one for request in provider.to(PULL) for one in request.query["plugin_custom_order_id[]"]]
    assert sorted(asked) == sorted(one.public_id for one in unpaid)
    assert len(provider.requests) <= 3
    assert everything() == before


def test_well_signed_letters_one_by_one_about_one_order_are_a_question_each_five_seconds(
    account: ProviderAccount, provider: ScriptedProvider, unpaid: list[Confirmation], clock: Any
) -> None:
    work(account)
    Deposit.objects.update(next_at=timezone.now() + timedelta(days=1))
    provider.requests.clear()
    for number in range(80):
        one = item(plugin_custom_order_id=unpaid[0].public_id, transaction_id=f"T{number}")
        receive(account, letter(account, [one]))
        settle_letters(account.pk)
        clock.shift(0.25)
    assert 2 <= len(provider.to(PULL)) <= 1 + 80 * 0.25 / 5
    assert len(provider.requests) == len(provider.to(PULL))


def test_well_signed_strays_are_asked_about_within_the_budget_and_none_is_lost(
    account: ProviderAccount, provider: ScriptedProvider, unpaid: list[Confirmation], clock: Any
) -> None:
    work(account)
    Deposit.objects.update(next_at=timezone.now() + timedelta(days=1))
    provider.requests.clear()
    for number in range(200):
        receive(account, letter(account, [item(transaction_id=f"STRAY-{number:04}")]))
        clock.shift(0.001)
    for _ in range(3):
        settle_letters(account.pk)
    assert len(provider.requests) == 60
    # The oldest first.
    asked = [request.query["transaction_id"][0] for request in provider.to(POSTBACK)]
    assert asked == [f"STRAY-{number:04}" for number in range(60)]

    seconds = 0
    while LetterItem.objects.filter(attempts=0).exists():
        clock.shift(30)
        seconds += 30
        settle_letters(account.pk)
        assert len(provider.requests) <= 60 + seconds
    assert {request.query["transaction_id"][0] for request in provider.to(POSTBACK)} == {
        f"STRAY-{number:04}" for number in range(200)
    }
    assert Receipt.objects.count() == 0
    assert set(LetterItem.objects.values_list("status", flat=True)) == {"unconfirmed"}


def test_a_genuine_order_is_credited_while_strays_wait(
    account: ProviderAccount, provider: ScriptedProvider, unpaid: list[Confirmation], clock: Any
) -> None:
    for number in range(65):
        receive(account, letter(account, [item(transaction_id=f"STRAY-{number}")]))
    one = item(plugin_custom_order_id=unpaid[0].public_id, transaction_id="123456789012")
    known = {"plugin_custom_order_id": unpaid[0].public_id, "postback": envelope([one])}
    provider.script(PULL, pulled(known))
    receive(account, letter(account, [one]))

    settle_letters(account.pk)

    assert Confirmation.objects.get(pk=unpaid[0].pk).status == "credited"
    assert LetterItem.objects.filter(is_stray=True, attempts=0).count() == 5


def test_a_letter_of_ten_megabytes_is_refused_unread(account: ProviderAccount, provider: ScriptedProvider) -> None:
    answer = deliver(account, b'{"signature":"' + b"x" * 10_000_000 + b'"}')
    assert (answer.status_code, json.loads(answer.content)["status"]) == (413, "fail")
    assert not RejectedLetter.objects.exists()
