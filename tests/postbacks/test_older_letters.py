"""Older formats at the door (C§2.3): refused as ever while the switch is off, treated as today's while it is on."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from payments.models import Deposit
from postbacks.models import Letter, LetterItem, RejectedLetter
from tests.conftest import Api
from tests.postbacks.deposits import receipts, state, verifying
from tests.postbacks.letters import (
    PULL,
    deliver,
    encoded,
    item,
    kept,
    known,
    pulled,
    settle,
    signature,
    unknown,
    verdicts,
)
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import moves, sent

pytestmark = pytest.mark.django_db

REFERENCE = "123456789012"


@pytest.fixture
def older_account(account: ProviderAccount) -> ProviderAccount:
    """The account, with its switch on."""
    account.accepts_older_postbacks = True
    account.save()
    return account


def transaction(custom_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "amount": "1000.00",
        "currency_code": "INR",
        "wallet_type": "upi_l",
        "transaction_id": REFERENCE,
        "transaction_type": 0,
        "from": "a/b",
        "created_datetime": "2026-01-02 03:04:05",
        "activated_datetime": "2026-01-02 03:04:05",
        "custom_id": custom_id,
        **changes,
    }


def older_deposit(account: ProviderAccount, transactions: list[Any], **changes: Any) -> bytes:
    """Signed without flags, written with slashes and Unicode escaped, as PHP does by itself."""
    text = json.dumps(transactions, separators=(",", ":")).replace("/", "\\/")
    body = {
        "access_key": account.postback_access_key,
        "signature": signature(text, account.postback_access_key, account.postback_private_key),
        "label": "",
        "stockpiling": {"INR": 1000, "USD": 12},
        "stockpiling_id": None,
        "transactions": transactions,
        **changes,
    }
    return json.dumps(body).replace("/", "\\/").encode()


def older_withdrawal(account: ProviderAccount, withdrawal: Any, status: Any, **changes: Any) -> bytes:
    """The values joined in the order of their sorted keys, spelled out by hand."""
    said = words.item(withdrawal, status)
    body = {
        "withdrawal_id": said["withdrawal_id"],
        "status": status,
        "comment": "by file 1/1",
        "payment_system": said["wallet_type"],
        "amount": said["amount"],
        "currency_code": said["currency_code"],
        "label": "",
        "account_number": said["account_number"],
        "account_name": said["account_name"],
        "account_email": "",
        "payments_details": {"payments_method": "x"},
        "bank_details": {},
        **changes,
    }
    flat = {**body, "payments_details": "x", "bank_details": ""}
    joined = ":".join(str(flat[name]) for name in sorted(flat))
    digest = hashlib.md5(joined.encode()).hexdigest()
    signed = hashlib.sha1((account.postback_private_key + digest).encode()).hexdigest()
    return encoded({**body, "signature": signed}).encode()


def test_an_older_deposit_letter_is_a_hint_and_the_pull_credits(
    api: Api, older_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = verifying(api)
    one = item(plugin_custom_order_id=confirmation.public_id, transaction_id=REFERENCE)
    provider.script(PULL, pulled(known(confirmation.public_id, one)))
    raw = older_deposit(older_account, [transaction(confirmation.public_id)])

    kept(older_account, raw)

    letter = Letter.objects.get()
    assert (bytes(letter.body), letter.variant, letter.envelope_agrees) == (raw, "older_escaped", True)
    row = LetterItem.objects.get()
    assert (row.order_id, row.transaction_id, str(row.amount), row.currency, row.wallet_type, row.is_withdrawal) == (
        confirmation.public_id,
        REFERENCE,
        "1000.0000",
        "INR",
        "upi_l",
        False,
    )
    assert state(confirmation) == ("verifying", "verifying")
    settle(older_account)
    assert state(confirmation) == ("credited", "credited")
    assert verdicts() == [("confirmed", "")]
    assert receipts() == [("1000.0000", "INR", "credited", True)]


def test_an_older_deposit_letter_alone_credits_nothing(
    api: Api, older_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = verifying(api)
    provider.script(PULL, pulled(unknown(confirmation.public_id)))
    kept(older_account, older_deposit(older_account, [transaction(confirmation.public_id)]))
    settle(older_account)
    assert state(confirmation) == ("verifying", "verifying")
    assert receipts() == []
    assert verdicts() == [("unconfirmed", "the provider, asked, does not have it")]


def test_an_older_withdrawal_letter_is_a_hint_and_the_pull_ends_it(
    api: Api, older_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, words.pulled(words.found(withdrawal, 1)))

    kept(older_account, older_withdrawal(older_account, withdrawal, 1))

    assert Letter.objects.get().variant == "older_joined"
    settle(older_account)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"
    assert verdicts() == [("confirmed", "")]


def test_a_rekeyed_withdrawal_letter_is_one_row_with_the_genuine_one_and_moves_nothing(
    api: Api, older_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, words.pulled(words.no_postback(withdrawal)))
    before = moves(withdrawal)
    raw = older_withdrawal(older_account, withdrawal, 1)
    # Keys that sort alike: the signature cannot tell.
    rekeyed = json.loads(raw)
    rekeyed["account_numbed"] = rekeyed.pop("account_number")

    kept(older_account, json.dumps(rekeyed).encode())
    kept(older_account, raw)
    settle(older_account)

    assert (Letter.objects.get().copies, LetterItem.objects.count()) == (2, 1)
    assert moves(withdrawal) == before


@pytest.mark.parametrize("kind", ["deposit", "withdrawal"])
def test_while_the_switch_is_off_older_letters_are_refused_counted_and_sampled(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, kind: str
) -> None:
    confirmation, withdrawal = verifying(api), sent(api, provider, words.OK)
    due = (Deposit.objects.get(pk=confirmation.deposit_id).next_at, withdrawal.next_at)
    raw = (
        older_deposit(account, [transaction(confirmation.public_id)])
        if kind == "deposit"
        else older_withdrawal(account, withdrawal, 1)
    )

    answer = deliver(account, raw)

    assert (answer.status_code, json.loads(answer.content)["status"]) == (400, "fail")
    assert not Letter.objects.exists()
    assert RejectedLetter.objects.get().reason == "no_signed_part"
    account.refresh_from_db()
    assert account.rejected_letters == 1
    withdrawal.refresh_from_db()
    assert (Deposit.objects.get(pk=confirmation.deposit_id).next_at, withdrawal.next_at) == due


@pytest.mark.parametrize("kind", ["deposit", "withdrawal"])
def test_a_forged_older_letter_makes_the_order_that_it_names_due_and_nothing_else(
    api: Api, older_account: ProviderAccount, provider: ScriptedProvider, kind: str
) -> None:
    confirmation, withdrawal = verifying(api), sent(api, provider, words.OK)
    Deposit.objects.update(next_at=timezone.now() + timedelta(days=1))
    before = state(confirmation), moves(withdrawal)
    raw = (
        older_deposit(older_account, [transaction(confirmation.public_id)], signature="0" * 40)
        if kind == "deposit"
        else older_withdrawal(older_account, withdrawal, 1).replace(b'"status":1', b'"status":5')
    )

    assert deliver(older_account, raw).status_code == 403

    assert not Letter.objects.exists()
    assert RejectedLetter.objects.get().reason == "mismatch"
    assert (state(confirmation), moves(withdrawal)) == before
    withdrawal.refresh_from_db()
    hinted = Deposit.objects.get(pk=confirmation.deposit_id).hinted_at is not None, withdrawal.hinted_at is not None
    assert hinted == (kind == "deposit", kind == "withdrawal")


def test_todays_letters_are_taken_as_ever_while_the_switch_is_on(older_account: ProviderAccount) -> None:
    items = [item()]
    signed = signature(encoded(items), older_account.postback_access_key, older_account.postback_private_key)
    kept(older_account, encoded({"signature": signed, "additional_data": items}).encode())
    assert Letter.objects.get().variant == "unescaped"


def test_a_letter_with_both_signed_parts_is_todays(older_account: ProviderAccount) -> None:
    older = json.loads(older_deposit(older_account, [transaction("cnf_x")]))
    assert deliver(older_account, json.dumps({**older, "additional_data": []}).encode()).status_code == 403
    assert deliver(older_account, json.dumps({**older, "additional_data": None}).encode()).status_code == 400
    assert not Letter.objects.exists()
