"""A letter about money out is a hint, too: only the provider's answer to our own question ends a withdrawal."""

from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from postbacks.models import LetterItem
from tests.conftest import Api
from tests.postbacks.letters import PULL, kept, letter, settle, verdicts
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import begin_sending, moves, news, order, sent
from withdrawals import sending
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db


def status_of(withdrawal: Withdrawal) -> str:
    withdrawal.refresh_from_db()
    return withdrawal.status


@pytest.mark.parametrize(("number", "ending"), [(1, "paid"), (5, "rejected")])
@pytest.mark.parametrize(("answer", "before"), [(words.OK, "accepted"), (DROP, "unknown")], ids=["accepted", "unknown"])
def test_a_letter_that_the_provider_confirms_ends_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any, before: str, number: int, ending: str
) -> None:
    withdrawal = sent(api, provider, answer)
    provider.script(PULL, words.pulled(words.found(withdrawal, number)))
    kept(account, letter(account, [words.item(withdrawal, number)]))
    assert status_of(withdrawal) == before

    settle(account)

    assert status_of(withdrawal) == ending
    assert verdicts() == [("confirmed", "")]
    assert news(withdrawal) == [("queued", 1), (before, 3), (ending, 4)]
    last = withdrawal.moves.get(sequence=4)
    assert (last.cause, last.cause_id) == ("pull", str(LetterItem.objects.get().letter_id))
    assert [request.path for request in provider.requests] == [words.CREATE, PULL]


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("says", ["no_postback", "not_found", "nothing", "500", "dropped"])
def test_a_letter_that_the_provider_does_not_confirm_ends_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, number: int, says: str
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(
        PULL,
        {
            "no_postback": words.pulled(words.no_postback(withdrawal)),
            "not_found": words.pulled(words.not_found(withdrawal)),
            "nothing": words.pulled(),
            "500": (500, {}),
            "dropped": DROP,
        }[says],
    )
    kept(account, letter(account, [words.item(withdrawal, number)]))

    for _ in range(3):
        settle(account)

    assert (status_of(withdrawal), withdrawal.sequence, withdrawal.contradiction) == ("accepted", 3, "")
    assert verdicts() == [("unconfirmed", "the provider, asked, left it accepted")]
    assert LetterItem.objects.get().next_at > timezone.now()  # type: ignore[operator]
    # Once its book agrees, both are settled.
    provider.script(PULL, words.pulled(words.found(withdrawal, number)))
    settle(account)
    assert status_of(withdrawal) == {1: "paid", 5: "rejected"}[number]
    assert verdicts() == [("confirmed", "")]


@pytest.mark.parametrize(("says", "asked", "ending"), [(1, 5, "rejected"), (5, 1, "paid")])
def test_a_letter_that_contradicts_the_pull_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, says: int, asked: int, ending: str
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, words.pulled(words.found(withdrawal, asked)))

    kept(account, letter(account, [words.item(withdrawal, says)]))
    settle(account)

    assert status_of(withdrawal) == ending
    assert verdicts() == [("contradicted", f"the withdrawal is {ending}")]


def test_a_letter_is_not_contradicted_by_an_answer_from_before_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        withdrawal = sent(api, provider, words.OK)
        provider.script(PULL, words.pulled(words.found(withdrawal, 1)))
        kept(account, letter(account, [words.item(withdrawal, 1)]))
        settle(account)
        assert status_of(withdrawal) == "paid"

        clock.shift(2)  # the payout comes back at once, and the letter that says so within the quiet seconds
        provider.script(PULL, words.pulled(words.found(withdrawal, 5)))
        kept(account, letter(account, [words.item(withdrawal, 5)]))
        settle(account)
        assert verdicts() == [("confirmed", ""), ("unconfirmed", "the withdrawal is paid")]
        assert len(provider.to(PULL)) == 1

        clock.shift(5)
        settle(account)
        assert len(provider.to(PULL)) == 2
        assert verdicts() == [("confirmed", ""), ("contradicted", "the withdrawal is paid")]
        assert status_of(withdrawal) == "paid"
        assert withdrawal.contradiction == "it is paid, and the provider now says rejected"


@pytest.mark.parametrize("changes", [{"amount": "1.00"}, {"currency_code": "BDT"}])
def test_a_letter_of_another_amount_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, str]
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, words.pulled(words.found(withdrawal, 1)))

    kept(account, letter(account, [words.item(withdrawal, 1) | changes]))
    settle(account)

    assert status_of(withdrawal) == "paid"  # the provider, asked, agrees with our order
    assert verdicts() == [("contradicted", "the withdrawal is of 1,218.00 INR")]


def test_a_pull_that_differs_from_the_order_leaves_the_letter_to_the_same_person(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, words.pulled(words.found(withdrawal, 1, account_number="99")))
    kept(account, letter(account, [words.item(withdrawal, 1)]))
    settle(account)
    assert status_of(withdrawal) == "manual_review"
    assert verdicts() == [("contradicted", "the withdrawal is manual review")]


@pytest.mark.parametrize("number", [0, 2, 3, None])
def test_a_letter_that_is_not_final_ends_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, number: Any
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, words.pulled(words.found(withdrawal, number)))
    kept(account, letter(account, [words.item(withdrawal, number)]))
    settle(account)
    assert status_of(withdrawal) == "accepted"
    assert verdicts() == [("confirmed", "not final")]


def test_a_letter_for_another_accounts_withdrawal_moves_nothing_and_asks_nobody(
    api: Api, account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = sent(api, provider, words.OK)
    provider.script(PULL, words.pulled(words.found(withdrawal, 1)))
    provider.requests.clear()

    kept(live_account, letter(live_account, [words.item(withdrawal, 1)]))
    settle(live_account)

    assert status_of(withdrawal) == "accepted"
    assert verdicts() == [("contradicted", "the withdrawal belongs to another account")]
    assert provider.requests == []


@pytest.mark.parametrize("withdrawal_id", ["297", "wd_01h455vb4pex5vsknk084sn02q", "dep_01h455vb4pex5vsknk084sn02q"])
def test_a_letter_for_a_withdrawal_that_we_do_not_know_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, withdrawal_id: str
) -> None:
    withdrawal = order(api)
    kept(account, letter(account, [words.item(withdrawal, 1) | {"withdrawal_id": withdrawal_id}]))
    settle(account)
    assert verdicts() == [("contradicted", "there is no such withdrawal")]
    assert provider.requests == []
    assert status_of(withdrawal) == "queued"


def test_a_letter_before_our_own_answer_ends_it_and_the_answer_changes_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    withdrawal = order(api)
    provider.script(PULL, words.pulled(words.found(withdrawal, 1)))
    claimed = begin_sending(withdrawal)
    kept(account, letter(account, [words.item(withdrawal, 1)]))
    settle(account)
    assert status_of(withdrawal) == "paid"

    provider.script(words.CREATE, words.REFUSED_FIELD)
    sending._send(claimed)

    assert status_of(withdrawal) == "paid"
    assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), ("paid", "pull")]
    assert verdicts() == [("confirmed", "")]


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_letter_for_a_withdrawal_that_was_cancelled(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, confirmed: bool
) -> None:
    withdrawal = order(api)
    assert api.post(f"withdrawals/{withdrawal.public_id}/cancel").status_code == 200
    entry = words.found(withdrawal, 1) if confirmed else words.not_found(withdrawal)
    provider.script(PULL, words.pulled(entry))

    kept(account, letter(account, [words.item(withdrawal, 1)]))
    settle(account)

    assert status_of(withdrawal) == "cancelled"
    assert withdrawal.contradiction == ("it is cancelled, and the provider now says paid" if confirmed else "")
    assert verdicts() == [("contradicted", "the withdrawal is cancelled")]


def test_several_withdrawals_in_one_letter_are_asked_about_together_and_settled_one_by_one(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    first, second, third = (sent(api, provider, words.OK) for _ in range(3))
    provider.script(PULL, words.pulled(words.found(first, 1), words.no_postback(second), words.found(third, 5)))
    items = [words.item(first, 1), words.item(second, 1), words.item(third, 5)]

    kept(account, letter(account, items))
    settle(account)

    assert [status_of(one) for one in (first, second, third)] == ["paid", "accepted", "rejected"]
    assert verdicts() == [
        ("confirmed", ""),
        ("unconfirmed", "the provider, asked, left it accepted"),
        ("confirmed", ""),
    ]
    [question] = provider.to(PULL)
    assert sorted(question.query["withdrawal_id[]"]) == sorted(one.public_id for one in (first, second, third))
