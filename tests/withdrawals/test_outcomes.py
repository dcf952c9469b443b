"""A final counts only where it agrees with the frozen request; everything else is a person's."""

import time
from typing import Any

import pytest

from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, begin_sending, make_due, moves, news, order, sent
from withdrawals import asking, sending
from withdrawals.models import Withdrawal
from withdrawals.same_order import fits_mask

pytestmark = pytest.mark.django_db


def hear(account: ProviderAccount, withdrawal: Withdrawal, provider: ScriptedProvider, *entries: Any) -> Withdrawal:
    """The provider is asked and says this."""
    provider.script(words.PULL, words.pulled(*entries))
    asking.ask(account, [withdrawal.public_id])
    withdrawal.refresh_from_db()
    return withdrawal


@pytest.mark.parametrize(
    ("number", "status", "failure"), [(1, "paid", ""), (5, "rejected", "provider_rejected")], ids=["paid", "rejected"]
)
@pytest.mark.parametrize(("answer", "before"), [(words.OK, "accepted"), (DROP, "unknown")], ids=["accepted", "unknown"])
def test_a_final_that_agrees_ends_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any, before: str, number: int, status: str,
    failure: str,
) -> None:  # fmt: skip
    withdrawal = sent(api, provider, answer)
    assert withdrawal.status == before

    for _ in range(3):  # said again, it is no news
        hear(account, withdrawal, provider, words.found(withdrawal, number))

    assert (withdrawal.status, withdrawal.failure_code, withdrawal.contradiction) == (status, failure, "")
    assert (withdrawal.next_at, withdrawal.token) == (None, None)
    assert moves(withdrawal)[2:] == [(before, "provider_answer"), (status, "pull")]
    assert news(withdrawal) == [("queued", 1), (before, 3), (status, 4)]
    shown = api.get(f"withdrawals/{withdrawal.public_id}").json()
    assert shown["status"] == status
    assert (shown["failure"] or {}).get("safe_to_retry") == (True if failure else None)


@pytest.mark.parametrize("number", [0, 2, 3, 4, 6, -1, 10**12, None])
def test_any_other_number_is_not_final(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, number: int | None
) -> None:
    withdrawal = sent(api, provider, words.OK)
    due_at = withdrawal.next_at

    hear(account, withdrawal, provider, words.found(withdrawal, number))  # type: ignore[arg-type]

    assert (withdrawal.status, withdrawal.sequence, withdrawal.next_at) == ("accepted", 3, due_at)
    assert news(withdrawal) == [("queued", 1), ("accepted", 3)]


def test_a_number_that_is_not_final_proves_an_unknown_one_known(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, DROP)
    assert hear(account, withdrawal, provider, words.found(withdrawal, 2)).status == "accepted"
    assert withdrawal.failure_code == ""


@pytest.mark.parametrize("number", [1, 5])
def test_two_answers_about_one_even_the_same_are_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, number: int
) -> None:
    for second in (number, 6 - number, None):
        withdrawal = sent(api, provider, words.OK)
        other = words.not_found(withdrawal) if second is None else words.found(withdrawal, second)
        hear(account, withdrawal, provider, words.found(withdrawal, number), other)
        assert (withdrawal.status, withdrawal.contradiction) == (
            "manual_review",
            "the provider answered twice in one breath",
        )


@pytest.mark.parametrize("number", [1, 2, 5])
def test_an_answer_with_the_id_of_another_withdrawal_inside_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, number: int
) -> None:
    withdrawal, other = sent(api, provider, words.OK), order(api)
    entry = words.found(withdrawal, number, withdrawal_id=other.public_id)
    hear(account, withdrawal, provider, entry)
    assert (withdrawal.status, withdrawal.contradiction) == (
        "manual_review",
        f"the provider's answer speaks of {other.public_id}",
    )
    other.refresh_from_db()
    assert other.status == "queued"


def test_an_id_inside_that_is_none_of_ours_changes_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.OK)
    hear(account, withdrawal, provider, words.found(withdrawal, 1, withdrawal_id="297"))
    assert withdrawal.status == "paid"


DIFFERENCES: dict[str, tuple[dict[str, Any], str]] = {
    "amount": ({"amount": "1217", "envelope": {"amount": 1217}}, "amount"),
    "a part of the amount": ({"amount": "1218.01"}, "amount"),
    "a float that is less": ({"amount": 1217.5, "envelope": {"amount": 1217.5}}, "amount"),
    "currency": ({"currency_code": "BDT", "envelope": {"currency_code": "BDT"}}, "currency"),
    "payment system": ({"wallet_type": "paytm", "envelope": {"wallet_type": "paytm"}}, "payment_system"),
    "account number": ({"account_number": "123456789013"}, "account_number"),
    "masked number of somebody else": ({"account_number": "99****9012"}, "account_number"),
    "masked number, one digit too many": ({"account_number": "1234567****3456789012"}, "account_number"),
    "name": ({"account_name": "Another Name"}, "account_name"),
    "bank": ({"bank_details": {"bank_code": "SBIN0001821"}}, "bank_code"),
    "label": ({"envelope": {"label": "cus_of_another"}}, "label"),
    "two at once": ({"amount": "1", "envelope": {"amount": 1}, "account_name": "X"}, "account_name, amount"),
    "amount of the envelope": ({"envelope": {"amount": 2000}}, "amount"),
    "currency of the envelope": ({"envelope": {"currency_code": "USD"}}, "currency_code"),
    "system of the envelope": ({"envelope": {"wallet_type": "paytm"}}, "wallet_type"),
    "direction of the envelope": ({"envelope": {"direction": "ingoing"}}, "direction"),
    "a direction that nobody knows": ({"envelope": {"direction": "sideways"}}, "direction"),
}


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize(("changes", "named"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_a_final_that_differs_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, Any], named: str, number: int
) -> None:
    withdrawal = sent(api, provider, words.OK)

    for _ in range(2):
        hear(account, withdrawal, provider, words.found(withdrawal, number, **changes))

    assert (withdrawal.status, withdrawal.failure_code) == ("manual_review", "outcome_unknown")
    assert withdrawal.contradiction == f"the provider's answer differs in {named}"
    assert moves(withdrawal)[2:] == [("accepted", "provider_answer"), ("manual_review", "pull")]
    assert news(withdrawal) == [("queued", 1), ("accepted", 3), ("manual_review", 4)]
    for account_data in ("123456789013", "9012", "SBIN", "Another"):
        assert account_data not in withdrawal.contradiction
    # When the provider corrects itself, the end counts.
    final = hear(account, withdrawal, provider, words.found(withdrawal, number))
    assert final.status == {1: "paid", 5: "rejected"}[number]
    assert final.contradiction == ""


UNREADABLE: dict[str, dict[str, Any]] = {
    "two items": {"items": "two"},
    "an item without an amount": {"amount": None, "envelope": {"amount": None}},
    "an amount that is none": {"amount": "NaN", "envelope": {"amount": None}},
    "an amount in words": {"amount": "1,218", "envelope": {"amount": None}},
    "a status in words": {"withdrawal_status": "paid"},
    "no object": {"items": ["paid"]},
}


@pytest.mark.parametrize("changes", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_final_that_cannot_be_read_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, Any]
) -> None:
    withdrawal = sent(api, provider, words.OK)
    if changes.get("items") == "two":
        changes = {"items": [words.item(withdrawal, 1)] * 2, "envelope": {"amount": 2436}}

    hear(account, withdrawal, provider, words.found(withdrawal, 1, **changes))

    assert withdrawal.status == "manual_review"
    assert withdrawal.contradiction == "the provider's answer cannot be read as one withdrawal"


@pytest.mark.parametrize("items", [[], {}, None, "x"])
def test_a_postback_without_items_says_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, items: Any
) -> None:
    withdrawal = sent(api, provider, words.OK)
    entry = words.found(withdrawal, 1)
    entry["postback"]["additional_data"] = items

    hear(account, withdrawal, provider, entry)

    assert (withdrawal.status, withdrawal.sequence, withdrawal.contradiction) == ("accepted", 3, "")


AGREEMENTS: dict[str, dict[str, Any]] = {
    "masked number": {"account_number": "12********12"},
    "masked number of another length": {"account_number": "1234***9012"},
    "all stars": {"account_number": "************"},
    "several masks": {"account_number": "1*34*67**9*12"},
    "name in capitals with blanks": {"account_name": " TEST  NAME "},
    "masked name": {"account_name": "T*** N***"},
    "nothing about the recipient": {"account_number": "", "account_name": "", "bank_details": []},
    "an amount with decimals": {"amount": "1218.00"},
    "a rounded envelope": {"envelope": {"amount": 1219}},
    "no envelope": {
        "envelope": {"amount": None, "currency_code": None, "wallet_type": None, "direction": None, "label": None}
    },
    "more keys": {"envelope": {"something": "new"}, "and": "more"},
    "a status as text": {"withdrawal_status": "1"},
    "another id inside": {"withdrawal_id": "wd_masked"},
}


@pytest.mark.parametrize("changes", AGREEMENTS.values(), ids=AGREEMENTS.keys())
def test_what_is_masked_or_left_out_does_not_differ(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, Any]
) -> None:
    withdrawal = sent(api, provider, words.OK)

    hear(account, withdrawal, provider, words.found(withdrawal, 1, **changes))

    assert (withdrawal.status, withdrawal.contradiction) == ("paid", "")


@pytest.mark.usefixtures("funded_elsewhere")
def test_an_email_is_compared_too(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    first, second = sent(api, provider, words.OK, BKASH), sent(api, provider, words.OK, BKASH)
    hear(account, first, provider, words.found(first, 1, account_email="n***@example.com"))
    hear(account, second, provider, words.found(second, 1, account_email="other@example.com"))
    assert (first.status, second.status) == ("paid", "manual_review")
    assert second.contradiction == "the provider's answer differs in account_email"


@pytest.mark.parametrize(
    ("ours", "theirs", "fits"),
    [
        ("123456789", "12*****89", True),
        ("123456789", "12*89", True),
        ("123456789", "*", True),
        ("123456789", "123456789*", True),
        ("123456789", "*123456789*", True),
        ("123456789", "12*98", False),
        ("123456789", "13*89", False),
        ("1234", "123*234", False),  # head and tail may not share a digit
        ("1231234", "123*234", True),
        ("abcabc", "a*bc*bc", True),
        ("abc", "a*bc*bc", False),
        ("aXbXc", "a*b*b*c", False),
        ("123", "1.3", False),
        ("1\n3", "1*3", True),
    ],
)
def test_masks(ours: str, theirs: str, fits: bool) -> None:
    assert fits_mask(ours, theirs) is fits


def test_a_mask_of_many_stars_is_compared_at_once() -> None:
    began = time.monotonic()
    assert fits_mask("1" * 34, "*1" * 20 + "*2") is False
    assert time.monotonic() - began < 1  # by trying every way it would be hours


@pytest.mark.parametrize(
    ("first", "then", "status"), [(1, 5, "paid"), (5, 1, "rejected")], ids=["paid, then rejected", "the other way"]
)
def test_a_final_that_contradicts_a_final_freezes_and_calls_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, first: int, then: int, status: str
) -> None:
    withdrawal = sent(api, provider, words.OK)
    hear(account, withdrawal, provider, words.found(withdrawal, first))
    before = (moves(withdrawal), news(withdrawal), withdrawal.updated_at)

    hear(account, withdrawal, provider, words.found(withdrawal, then))

    other = {1: "paid", 5: "rejected"}[then]
    assert withdrawal.status == status
    assert withdrawal.contradiction == f"it is {status}, and the provider now says {other}"
    assert (moves(withdrawal), news(withdrawal), withdrawal.updated_at) == before
    assert withdrawal.next_at is None
    # Going back to the first word does not wipe out what a person has to look at.
    hear(account, withdrawal, provider, words.found(withdrawal, first))
    assert (withdrawal.status, withdrawal.contradiction) == (
        status,
        f"it is {status}, and the provider now says {other}",
    )


def test_a_final_that_later_differs_stays_and_calls_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.OK)
    hear(account, withdrawal, provider, words.found(withdrawal, 1))
    hear(account, withdrawal, provider, words.found(withdrawal, 1, amount="1", envelope={"amount": 1}))
    assert withdrawal.status == "paid"
    assert withdrawal.contradiction == "the provider's answer differs in amount"


@pytest.mark.parametrize("number", [1, 5])
def test_news_of_a_failed_or_cancelled_one_moves_nothing_and_calls_a_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, number: int
) -> None:
    refused, cancelled = sent(api, provider, words.REFUSED_FIELD), order(api)
    assert api.post(f"withdrawals/{cancelled.public_id}/cancel").status_code == 200
    for withdrawal, status in ((refused, "failed"), (cancelled, "cancelled")):
        before = moves(withdrawal)

        hear(account, withdrawal, provider, words.found(withdrawal, number))

        ending = {1: "paid", 5: "rejected"}[number]
        assert withdrawal.status == status
        assert withdrawal.contradiction == f"it is {status}, and the provider now says {ending}"
        assert moves(withdrawal) == before


def test_an_answer_about_another_order_or_another_account_moves_nothing(
    api: Api, account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    asked, other = sent(api, provider, words.OK), sent(api, provider, words.OK)

    hear(account, asked, provider, words.found(other, 1))  # nobody asked about the other
    hear(live_account, asked, provider, words.found(asked, 1))  # nor does it belong to this account

    for withdrawal in (asked, other):
        withdrawal.refresh_from_db()
        assert (withdrawal.status, withdrawal.sequence, withdrawal.contradiction) == ("accepted", 3, "")


def test_the_final_before_our_own_answer_counts(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    withdrawal = order(api)
    entry = words.found(withdrawal, 1)
    begin_sending(withdrawal)
    provider.script(words.PULL, words.pulled(entry))

    assert hear(account, withdrawal, provider, entry).status == "paid"
    assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), ("paid", "pull")]


def test_recording_a_word_twice_writes_one_move(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    for _ in range(2):
        asking.ask(account, [withdrawal.public_id], because="letter")
    withdrawal.refresh_from_db()
    assert withdrawal.sequence == 4
    last = withdrawal.moves.get(sequence=4)
    assert (last.cause, last.cause_id, last.detail) == ("pull", "letter", "found")


@pytest.mark.parametrize(("status", "ending"), [(1, "paid"), (5, "rejected"), (2, "accepted"), (None, "accepted")])
def test_one_that_the_provider_knows_before_we_sent_it_is_not_sent(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, status: int | None, ending: str
) -> None:
    """As after a restored backup: our book is older than the provider's."""
    withdrawal = order(api)
    known = words.no_postback(withdrawal) if status is None else words.found(withdrawal, status)

    hear(account, withdrawal, provider, known)
    make_due(withdrawal)
    sending.send_withdrawal(withdrawal.pk)

    withdrawal.refresh_from_db()
    assert withdrawal.status == ending
    assert provider.to(words.CREATE) == []
    assert moves(withdrawal) == [("queued", "api_key"), ("sending", "pull"), ("unknown", "pull"), (ending, "pull")]


def test_a_queued_one_that_the_provider_does_not_know_is_sent(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    provider.script(words.CREATE, words.OK)

    assert hear(account, withdrawal, provider, words.not_found(withdrawal)).status == "queued"

    sending.send_withdrawal(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "accepted"
