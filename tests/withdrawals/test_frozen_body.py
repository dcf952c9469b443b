"""The request that pays money out: signed once, frozen, and the same bytes ever after."""

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount, ProviderCall
from tests.conftest import Api
from tests.scripted_provider import Received, ScriptedProvider
from tests.two_persons import agreed_payouts
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, IMPS, order, send
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db


def php_signature(key: str, joined: str) -> str:
    """C§3, written out a second time."""
    return hashlib.sha1((key + hashlib.md5(joined.encode()).hexdigest()).encode()).hexdigest()


def test_the_frozen_request_of_an_imps_withdrawal_is_exactly_this(api: Api, account: ProviderAccount) -> None:
    withdrawal = order(api)

    label, own_id = withdrawal.customer.label, withdrawal.public_id
    joined = f"Test Name:123456789012:1218:MAHB0001821:payout:INR:1:{label}:imps_ib:{own_id}"
    expected = {
        "account_name": "Test Name",
        "account_number": "123456789012",
        "amount": 1218,
        "bank_details": {"bank_code": "MAHB0001821"},
        "comment": "payout",
        "currency_code": "INR",
        "is_test": True,
        "label": label,
        "payment_system": "imps_ib",
        "withdrawal_id": own_id,
        "signature": php_signature(account.withdrawal_key, joined),
    }
    assert bytes(withdrawal.body) == json.dumps(expected, separators=(",", ":")).encode()
    assert withdrawal.body_digest == hashlib.sha256(bytes(withdrawal.body)).hexdigest()
    assert len(own_id) <= 36
    assert len(label) <= 36


@pytest.mark.usefixtures("funded_elsewhere")
def test_without_comment_and_bank_nothing_stands_in_their_place(api: Api, account: ProviderAccount) -> None:
    withdrawal = order(api, BKASH)

    label, own_id = withdrawal.customer.label, withdrawal.public_id
    joined = f"name@example.com:11111111:500:BDT:1:{label}:bkash:{own_id}"
    assert json.loads(bytes(withdrawal.body)) == {
        "account_email": "name@example.com",
        "account_number": "11111111",
        "amount": 500,
        "currency_code": "BDT",
        "is_test": True,
        "label": label,
        "payment_system": "bkash",
        "withdrawal_id": own_id,
        "signature": php_signature(account.withdrawal_key, joined),
    }


@pytest.mark.usefixtures("funded_elsewhere")
def test_a_live_order_says_so_in_the_signed_part_with_the_live_key(
    api: Api, product: Product, live_account: ProviderAccount, new_api: Callable[..., Api]
) -> None:
    withdrawal = order(new_api(product, Mode.LIVE))

    request = json.loads(bytes(withdrawal.body))
    assert request["is_test"] is False
    assert withdrawal.account == live_account
    joined = f"Test Name:123456789012:1218:MAHB0001821:payout:INR::{request['label']}:imps_ib:{withdrawal.public_id}"
    assert request["signature"] == php_signature(live_account.withdrawal_key, joined)
    # The same external customer is another one in live mode: play money and real money never share a label.
    assert order(api).customer.label != request["label"]


def test_the_frozen_bytes_are_sent_once_as_they_are_and_without_the_secret(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)

    withdrawal = send(order(api))

    [request] = provider.requests
    assert (request.method, request.path, request.query) == ("POST", words.CREATE, {})
    assert request.body == bytes(withdrawal.body)
    assert request.headers["Content-Type"] == "application/json"
    everything = repr(request.headers).encode() + request.body
    for secret in (account.api_secret, account.withdrawal_key, account.postback_private_key):
        assert secret.encode() not in everything


def test_what_changes_after_the_order_was_made_does_not_change_its_bytes(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)
    frozen = bytes(withdrawal.body)

    agreed_payouts("imps_ib", recipient_fields=[])
    send(withdrawal)

    assert [request.body for request in provider.requests] == [frozen]


def test_an_order_that_waited_while_the_key_was_changed_is_signed_with_the_new_one_and_else_the_same(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    frozen = json.loads(bytes(withdrawal.body))
    ProviderAccount.objects.update(withdrawal_key="another-key-0123456789")
    kept: list[bytes] = []

    def take(request: Received) -> tuple[int, Any]:
        kept.append(request.body)
        return words.OK

    provider.script(words.CREATE, take)
    send(withdrawal)

    [sent] = kept
    joined = f"Test Name:123456789012:1218:MAHB0001821:payout:INR:1:{frozen['label']}:imps_ib:{withdrawal.public_id}"
    assert json.loads(sent) == frozen | {"signature": php_signature("another-key-0123456789", joined)}
    assert list(json.loads(sent)) == list(frozen)
    # What was sent is what is kept, and the evidence says so.
    assert bytes(withdrawal.body) == sent
    assert withdrawal.body_digest == hashlib.sha256(sent).hexdigest()
    assert ProviderCall.objects.get().request == {"body_digest": withdrawal.body_digest}


@pytest.mark.parametrize(
    "recipient",
    [
        {"bank_code": "MAHB1001821"},
        {"bank_code": "mahb0001821"},
        {"bank_code": "MAHB000182"},
        {"bank_code": "MAHB00018211"},
        {"bank_code": "MAHB0001821\n"},
        {"bank_code": "MAHB٠٠٠١٨٢١"},
        {"account_name": "Test:Name"},
        {"account_number": "12345:67"},
        {"iban": "XX00"},
    ],
)
def test_a_recipient_that_does_not_fit_is_refused_and_nothing_is_kept(
    api: Api, provider: ScriptedProvider, recipient: dict[str, str]
) -> None:
    wish: dict[str, Any] = {**IMPS, "reference": "payout-1", "recipient": IMPS["recipient"] | recipient}

    answer = api.post("withdrawals", wish)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/recipient/{next(iter(recipient))}"]
    assert not Withdrawal.objects.exists()
    assert provider.requests == []


def test_account_data_and_keys_stand_in_no_column_and_in_no_log_in_clear(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.script(words.CREATE, (200, {"status": "fail", "message": "number 123456789012 of Test Name is no good"}))
    with caplog.at_level(logging.DEBUG):
        withdrawal = send(order(api))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w::text FROM withdrawals_withdrawal w UNION ALL SELECT m::text FROM withdrawals_withdrawalmove m "
            "UNION ALL SELECT c::text FROM providers_providercall c UNION ALL SELECT e::text FROM webhooks_event e "
            "UNION ALL SELECT a::text FROM providers_provideraccount a"
        )
        written = "\n".join(row[0] for row in cursor.fetchall())
    assert withdrawal.public_id in written  # the right tables were read
    for canary in (
        "123456789012",
        "Test Name",
        "MAHB0001821",
        account.api_secret,
        account.withdrawal_key,
        account.postback_private_key,
    ):
        assert canary not in written
        assert canary not in caplog.text
        assert canary not in repr(withdrawal)
    [call] = ProviderCall.objects.all()
    assert (call.operation, call.subject, call.sent, call.outcome) == (
        "withdrawal/create",
        withdrawal.public_id,
        True,
        "refused",
    )
    assert call.request == {"body_digest": withdrawal.body_digest}
    assert bytes(call.response) == b'{"status": "fail", "message": "number 123456789012 of Test Name is no good"}'
