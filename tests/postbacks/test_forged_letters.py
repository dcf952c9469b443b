"""What was not signed moves nothing and costs next to nothing; what was re-wrapped is evidence and no more."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from gateway.paykassma.php_json import parse
from gateway.providers.models import ProviderAccount
from payments import asking as deposits_asking
from payments.models import Deposit
from postbacks.models import Letter, LetterItem, RejectedLetter
from tests.conftest import Api
from tests.postbacks.deposits import news, receipts, state, verifying
from tests.postbacks.letters import (
    PULL,
    deliver,
    encoded,
    envelope,
    item,
    kept,
    known,
    letter,
    pulled,
    settle,
    unknown,
    verdicts,
)
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import agreed_change
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import moves, sent
from withdrawals import asking as withdrawals_asking

pytestmark = pytest.mark.django_db

NOW = "2026-03-01T12:00:00Z"


def forged(items: list[Any], **changes: Any) -> bytes:
    return encoded({"signature": "0" * 40, **envelope(items, **changes)}).encode()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [json.loads(record.message)["event"] for record in caplog.records if record.levelno >= logging.ERROR]


def work(account: ProviderAccount) -> None:
    """Whatever is due, by the clock as it is."""
    deposits_asking.ask_deposits(account.pk)
    withdrawals_asking.ask_withdrawals(account.pk)


def test_500_forged_letters_move_nothing_and_stay_small(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    confirmation = verifying(api)
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, lambda request: (
        pulled(unknown(confirmation.public_id))
        if request.query["type"] == ["deposit"]
        else words.pulled(words.no_postback(withdrawal))
    ))  # fmt: skip
    work(account)  # what is due anyway
    provider.requests.clear()
    before = (state(confirmation), moves(withdrawal), news(confirmation.deposit))

    items = [
        item(plugin_custom_order_id=confirmation.public_id),
        item(plugin_custom_order_id=confirmation.deposit.public_id),
        words.item(withdrawal, 1),
    ]
    with time_machine.travel(timezone.now(), tick=False) as clock, caplog.at_level(logging.ERROR):
        for number in range(500):
            comment = "x" * (9_000 if number % 50 == 0 else 0)
            raw = forged([*items, item(transaction_id=f"T{number}", comment=comment)])
            assert deliver(account, raw).status_code == 403
            if number % 50 == 0:
                clock.shift(0.01)
                work(account)

    assert (state(confirmation), moves(withdrawal), news(confirmation.deposit)) == before
    assert receipts() == []
    assert (Letter.objects.count(), LetterItem.objects.count()) == (0, 0)
    assert 0 < RejectedLetter.objects.count() <= 50
    assert all(len(bytes(row.body)) <= 8 * 1024 for row in RejectedLetter.objects.all())
    # One question about each of the two orders, however many letters name them.
    assert [request.query["type"] for request in provider.requests] == [["deposit"], ["withdrawal"]]
    account.refresh_from_db()
    assert account.rejected_letters == 500
    assert errors(caplog) == ["letters_refused_in_a_row"]


def test_a_forged_letter_makes_the_order_that_it_names_due_once_in_ten_minutes(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        confirmation, other = verifying(api), verifying(api, "123456789013", customer="56")
        Deposit.objects.update(next_at=timezone.now() + timedelta(days=1))
        raw = forged([item(plugin_custom_order_id=confirmation.public_id)])
        due = []
        for minutes in (0, 1, 9, 10, 11, 20):
            clock.move_to(f"2026-03-01T12:{minutes:02}:00Z")
            deliver(account, raw)
            due.append(Deposit.objects.get(pk=confirmation.deposit_id).next_at == timezone.now())
            Deposit.objects.update(next_at=timezone.now() + timedelta(days=1))
        assert due == [True, False, False, True, False, True]
        assert Deposit.objects.get(pk=other.deposit_id).hinted_at is None


def test_a_forged_letter_names_no_order_of_another_account(
    api: Api, account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation, withdrawal = verifying(api), sent(api, provider, words.OK)
    later = timezone.now() + timedelta(days=1)
    Deposit.objects.update(next_at=later)

    deliver(live_account, forged([item(plugin_custom_order_id=confirmation.public_id), words.item(withdrawal, 1)]))

    assert Deposit.objects.get().next_at == later
    due_at = withdrawal.next_at
    withdrawal.refresh_from_db()
    assert (withdrawal.next_at, withdrawal.hinted_at) == (due_at, None)


@pytest.mark.parametrize("name", ["plugin_custom_order_id", "withdrawal_id"])
@pytest.mark.parametrize(
    "value", ["", "x", "dep_", "cnf_\x00", "wd_" + "z" * 26, "cnf_" + "0" * 26, "ü", "\ud800", 1, None, [], {"a": 1}]
)
def test_odd_ids_in_forged_letters_are_nobodys(account: ProviderAccount, name: str, value: Any) -> None:
    raw = json.dumps({"signature": "0" * 40, "additional_data": [{name: value}]}).encode()
    assert deliver(account, raw).status_code == 403


def test_five_refused_letters_in_a_row_are_an_alert_and_a_good_one_ends_the_row(
    account: ProviderAccount, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            deliver(account, forged([item()]))
        kept(account, letter(account, [item()]))
        account.refresh_from_db()
        assert account.rejected_letters == 0
        for _ in range(4):
            deliver(account, forged([item()]))
        assert errors(caplog) == []
        deliver(account, b"{}")
    assert errors(caplog) == ["letters_refused_in_a_row"]


def altered(raw: bytes, **changes: Any) -> bytes:
    """The letter with its first item changed and the signature kept."""
    body = json.loads(raw)
    body["additional_data"][0] |= changes
    return encoded(body).encode()


ALTERATIONS: dict[str, dict[str, Any]] = {
    "amount": {"amount": "9000.00"},
    "amount, written otherwise": {"amount": "1000.0"},
    "amount as a number": {"amount": 1000.0},
    "currency": {"currency_code": "USD"},
    "order": {"plugin_custom_order_id": "cnf_other"},
    "transaction": {"transaction_id": "T2"},
    "system": {"wallet_type": "paytm"},
    "status": {"withdrawal_status": 1},
    "a new key": {"new": 1},
    "null for empty": {"comment": None},
}


@pytest.mark.parametrize("changes", ALTERATIONS.values(), ids=ALTERATIONS.keys())
def test_an_altered_letter_is_refused(account: ProviderAccount, changes: dict[str, Any]) -> None:
    raw = letter(account, [item(transaction_id="T1", plugin_custom_order_id="cnf_x")])

    assert deliver(account, altered(raw, **changes)).status_code == 403

    assert not Letter.objects.exists()
    kept(account, raw)


def test_items_left_out_added_or_turned_round_are_refused(account: ProviderAccount) -> None:
    items = [item(transaction_id="T1"), item(transaction_id="T2")]
    body = json.loads(letter(account, items))
    for wrong in ([items[0]], [*items, items[0]], items[::-1], {"0": items[0], "1": items[1]}, []):
        assert deliver(account, encoded(body | {"additional_data": wrong}).encode()).status_code == 403
    reordered = [dict(reversed(one.items())) for one in items]
    assert deliver(account, encoded(body | {"additional_data": reordered}).encode()).status_code == 403
    assert not Letter.objects.exists()


REWRAPPINGS: dict[str, tuple[dict[str, Any], str]] = {
    "amount": ({"amount": 9000}, "amount"),
    "currency": ({"currency_code": "USD"}, "currency_code"),
    "system": ({"wallet_type": "paytm"}, "wallet_type"),
    "direction": ({"direction": "outgoing"}, "direction"),
    "unreadable": ({"amount": "much"}, "amount"),
    "everything": (
        {"amount": 1, "currency_code": "USD", "wallet_type": "x", "direction": "x"},
        "wallet_type, currency_code, direction",  # an amount of another currency is not compared
    ),
}


@pytest.mark.parametrize(("changes", "named"), REWRAPPINGS.values(), ids=REWRAPPINGS.keys())
@pytest.mark.parametrize("genuine_first", [True, False])
def test_a_rewrapped_letter_moves_nothing_and_does_not_shut_out_the_genuine_one(
    api: Api,
    account: ProviderAccount,
    provider: ScriptedProvider,
    changes: dict[str, Any],
    named: str,
    genuine_first: bool,
) -> None:
    confirmation = verifying(api)
    one = item(plugin_custom_order_id=confirmation.public_id, transaction_id="123456789012")
    genuine, rewrapped = letter(account, [one], amount=1000), letter(account, [one], **{"amount": 1000, **changes})
    provider.script(PULL, pulled(unknown(confirmation.public_id)))
    provider.requests.clear()

    for raw in (genuine, rewrapped) if genuine_first else (rewrapped, rewrapped, genuine):
        kept(account, raw)

    bad = Letter.objects.get(envelope_agrees=False)
    assert (bad.disagreements, bad.items.count()) == (named, 0)
    assert bad.copies == (1 if genuine_first else 2)
    good = Letter.objects.get(envelope_agrees=True)
    assert (good.copies, good.items.count()) == (1, 1)
    settle(account)
    assert state(confirmation) == ("verifying", "verifying")
    assert receipts() == []
    assert verdicts() == [("unconfirmed", "the provider, asked, does not have it")]


def test_a_rewrapped_label_changes_nobodys_credit(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    """The label is unsigned: a letter's word on it is not even kept."""
    confirmation, other = verifying(api), verifying(api, "123456789013", customer="56")
    one = item(plugin_custom_order_id=confirmation.public_id, transaction_id="123456789012")
    provider.script(PULL, pulled(known(confirmation.public_id, one, label=confirmation.deposit.customer.label)))

    kept(account, letter(account, [one], label=other.deposit.customer.label))
    settle(account)

    assert state(confirmation) == ("credited", "credited")
    assert state(other) == ("verifying", "verifying")


@pytest.mark.parametrize("times", [2, 5])
def test_the_same_letter_again_is_one_row(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, times: int
) -> None:
    confirmation = verifying(api)
    one = item(plugin_custom_order_id=confirmation.public_id, transaction_id="123456789012")
    raw = letter(account, [one])
    provider.script(PULL, pulled(known(confirmation.public_id, one)))
    provider.requests.clear()

    for _ in range(times):
        kept(account, raw)
        settle(account)
    # Written otherwise, the same thing was signed.
    kept(account, json.dumps(json.loads(raw), indent=2).encode())

    row = Letter.objects.get()
    assert (row.copies, row.items.count()) == (times + 1, 1)
    assert bytes(row.body) == raw
    assert row.last_received_at > row.received_at
    assert state(confirmation) == ("credited", "credited")
    assert receipts() == [("1000.0000", "INR", "credited", True)]
    assert news(confirmation.deposit).count("credited") == 1
    assert len(provider.to(PULL)) == 1


def test_the_same_signed_part_at_two_accounts_is_two_letters(
    account: ProviderAccount, live_account: ProviderAccount
) -> None:
    agreed_change(live_account, postback_access_key="the-same", postback_private_key="keys")
    ProviderAccount.objects.update(postback_access_key="the-same", postback_private_key="keys")
    account.refresh_from_db()
    raw = letter(account, [item()])
    kept(account, raw)
    kept(live_account, raw)
    assert [(row.account_id, row.copies) for row in Letter.objects.order_by("received_at")] == [
        (account.pk, 1),
        (live_account.pk, 1),
    ]


def test_what_is_kept_of_a_letter_is_encrypted(account: ProviderAccount, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        kept(account, letter(account, [item(account_number="99887766554433", account_name="Test Name")]))
        deliver(account, forged([item(account_number="99887766554433", account_name="Test Name")]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l::text FROM postbacks_letter l UNION ALL SELECT i::text FROM postbacks_letteritem i "
            "UNION ALL SELECT r::text FROM postbacks_rejectedletter r"
        )
        written = "\n".join(row[0] for row in cursor.fetchall())
    for canary in ("99887766554433", "Test Name", account.postback_private_key, account.postback_access_key):
        assert canary not in written
        assert canary not in caplog.text
    assert parse(bytes(Letter.objects.get().body))["additional_data"][0]["account_number"] == "99887766554433"
