"""Whoever may write to the table, and has no key, can copy one row's tokens into another: nothing of that is sent."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from gateway.providers.models import ProviderAccount
from tests.at_commit import committed, refused
from tests.conftest import Api
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import IMPS, make_due, moves, news, order, send, sent
from withdrawals import asking, probing, sending
from withdrawals.frozen_requests import differences
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

THEIRS = {**IMPS, "recipient": {**IMPS["recipient"], "account_number": "999999999999"}}


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def copied(to: Withdrawal, of: Withdrawal, *columns: str) -> None:
    """As the application's own role can, in raw SQL."""
    pairs = ", ".join(f"{column} = other.{column}" for column in columns)
    run(
        f"UPDATE withdrawals_withdrawal SET {pairs} FROM withdrawals_withdrawal AS other"  # noqa: S608 - our own words
        " WHERE withdrawals_withdrawal.id = %s AND other.id = %s",
        to.pk,
        of.pk,
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (("body",), "withdrawal_id, recipient, body_digest"),
        (("body", "recipient", "recipient_hashes"), "withdrawal_id, body_digest"),
        (("recipient",), "recipient"),
    ],
)
def test_a_row_with_the_tokens_of_another_is_not_sent_and_goes_to_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, columns: tuple[str, ...], said: str
) -> None:
    provider.script(words.CREATE, words.OK)
    approved, theirs = order(api), order(api, THEIRS)
    copied(approved, theirs, *columns)

    assert send(approved).status == "manual_review"

    assert provider.to(words.CREATE) == []
    assert approved.contradiction == f"It was to be sent, and its request differs from its row in {said}."
    assert (approved.failure_code, approved.sent_at, approved.token) == ("outcome_unknown", None, None)
    assert moves(approved) == [("queued", "api_key"), ("manual_review", "clock")]
    assert news(approved) == [("queued", 1), ("manual_review", 2)]
    committed()  # its amount is held still
    # It is asked about, and what is said of an order that we never sent moves nothing.
    provider.script(words.PULL, words.pulled(words.found(theirs, 1) | {"withdrawal_id": approved.public_id}))
    make_due(approved)
    asking.ask_withdrawals(account.pk)
    approved.refresh_from_db()
    assert (approved.status, len(provider.to(words.PULL))) == ("manual_review", 1)
    assert approved.contradiction == "it was never sent, and the provider has it"
    assert send(theirs).status == "accepted"
    assert len(provider.to(words.CREATE)) == 1


def test_what_is_no_request_is_not_sent(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(words.CREATE, words.OK)
    approved = order(api)
    run("UPDATE withdrawals_withdrawal SET body = recipient")
    assert send(approved).contradiction == (
        "It was to be sent, and its request differs from its row in amount, currency_code, payment_system, label,"
        " withdrawal_id, is_test, comment, body_digest."
    )
    assert approved.status == "manual_review"
    approved = order(api)
    Withdrawal.objects.filter(pk=approved.pk).update(body=b"")
    assert send(approved).contradiction == "It was to be sent, and its request differs from its row in body."
    assert provider.requests == []


def test_no_account_of_the_other_mode_sends_it(
    api: Api, account: ProviderAccount, live_account: ProviderAccount
) -> None:
    approved = order(api)
    with pytest.raises(IntegrityError, match="asks for is never changed"), transaction.atomic():
        Withdrawal.objects.filter(pk=approved.pk).update(account=live_account)
    assert differences(approved) == []
    approved.account = live_account
    assert differences(approved) == ["account"]


@pytest.mark.parametrize("answer", [words.NO_FUNDS, DROP])
def test_a_second_sending_is_looked_at_likewise(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any
) -> None:
    ProviderAccount.objects.update(ids_proven_unique=True)
    ours = sent(api, provider, answer)
    theirs = order(api, THEIRS)
    copied(ours, theirs, "body", "recipient")
    Withdrawal.objects.filter(pk=ours.pk).update(send_again=answer is DROP)
    make_due(ours)
    provider.script(words.PULL, words.pulled(words.not_found(ours)))
    (sending.send_again if answer is DROP else probing.probe_waiting)(ours.pk)
    ours.refresh_from_db()
    assert (ours.status, ours.send_again) == ("manual_review", False)
    assert ours.contradiction.startswith("It was to be sent once more, and its request differs from its row in")
    assert len(provider.to(words.CREATE)) == 1


ASKED: dict[str, str] = {
    "id": "gen_random_uuid()",
    "product_id": "gen_random_uuid()",
    "mode": "'live'",
    "customer_id": "gen_random_uuid()",
    "account_id": "gen_random_uuid()",
    "payment_system_id": "'bkash'",
    "reference": "'another'",
    "currency": "'BDT'",
    "amount": "amount - 1",
    "comment": "'another'",
    "metadata": '\'{"a": "b"}\'',
    "refund_of": "gen_random_uuid()",
    "created_at": "created_at - interval '1 day'",
    "body_digest": "repeat('0', 64)",
}


#: By whose sentence they are refused; all others because they were asked for. The last two may be emptied, by whoever
#: redacts the comment or signs the request anew.
SAID = {
    **dict.fromkeys(("product_id", "mode", "currency"), "what withdrawal .* was approved for is never changed"),
    "comment": "the comment of withdrawal .* is never changed",
    "body_digest": "the request of withdrawal .* is signed anew only where it is sent",
}


@pytest.mark.parametrize("column", ASKED)
@pytest.mark.usefixtures("as_superuser")
def test_what_was_asked_for_is_never_changed(api: Api, column: str) -> None:
    order(api)
    for value in (ASKED[column], *(["''"] if column in {"comment", "body_digest"} else [])):
        with refused(SAID.get(column, "what withdrawal .* asks for is never changed")):
            run(f"UPDATE withdrawals_withdrawal SET {column} = {value}")  # noqa: S608 - our own words
