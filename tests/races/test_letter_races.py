"""Letters that come together, early, or while somebody else asks. Each race is first shown wrong without its lock."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from payments import activation, asking
from payments.models import Confirmation, Deposit
from postbacks.actions import receive
from postbacks.models import Letter, LetterItem
from postbacks.settling import settle_letters
from tests import roles
from tests.conftest import Api
from tests.payments.rivals import CommitGate, in_thread
from tests.postbacks.deposits import awaiting, named, news, ready, receipts, state, verifying
from tests.postbacks.letters import PULL, deliver, item, kept, known, letter, pulled, settle, verdicts
from tests.scripted_provider import Received, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.interleaving import DEADLINE_SECONDS, together, unlocked
from tests.withdrawals.orders import moves, order
from withdrawals import sending

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5
REFERENCE = "123456789012"
CREDITED = [("1000.0000", "INR", "credited", True)]


@pytest.fixture
def provider(provider: ScriptedProvider) -> ScriptedProvider:
    ready(provider)
    return provider


@pytest.fixture
def without_uniqueness(transactional_db: None) -> Iterator[None]:
    """The constraint that makes copies of a letter meet, taken off."""
    [constraint] = [one for one in Letter._meta.constraints if one.name == "one_letter_per_signed_part"]
    with roles.as_owner(), connection.schema_editor() as editor:
        editor.remove_constraint(Letter, constraint)
    yield
    roles.past_the_guards("TRUNCATE postbacks_letter CASCADE")
    with roles.as_owner(), connection.schema_editor() as editor:
        editor.add_constraint(Letter, constraint)


def about(confirmation: Confirmation) -> dict[str, Any]:
    return item(plugin_custom_order_id=confirmation.public_id, transaction_id=REFERENCE)


# The same letter twice at once.


def test_without_its_uniqueness_the_same_letter_is_two(account: ProviderAccount, without_uniqueness: None) -> None:
    raw = letter(account, [item()])
    with CommitGate("providers_provideraccount") as gate:
        both = [in_thread(lambda: receive(account, raw)) for _ in range(2)]
        gate.await_waiting(2)  # both are written, neither is committed
        gate.open()
        assert [one() for one in both] == ["kept", "kept"]
    assert Letter.objects.count() == LetterItem.objects.count() == 2


def test_the_second_copy_waits_for_the_first_and_is_counted(account: ProviderAccount) -> None:
    raw = letter(account, [item()])
    with CommitGate("providers_provideraccount") as gate:
        first = in_thread(lambda: receive(account, raw))
        gate.await_waiting(1)  # it is written, and not committed
        second = in_thread(lambda: receive(account, raw))
        gate.await_waiting(2)
        assert not Letter.objects.exists()
        gate.open()
        assert [first(), second()] == ["kept", "kept"]

    row = Letter.objects.get()
    assert (row.copies, row.items.count()) == (2, 1)


def test_many_copies_at_once_are_one_letter(account: ProviderAccount) -> None:
    for _ in range(ROUNDS):
        raw = letter(account, [item(), item()])

        answers = together(*[lambda: deliver(account, raw)] * 6)  # noqa: B023 - done within the round

        assert [(answer.status_code, answer.content) for answer in answers] == [(200, b'{"status":"ok"}')] * 6
        row = Letter.objects.latest("received_at")
        assert (row.copies, row.items.count()) == (6, 2)
    assert Letter.objects.count() == ROUNDS


def test_a_letter_and_its_rewrapped_copy_at_once_are_both_kept(account: ProviderAccount) -> None:
    for _ in range(ROUNDS):
        items = [item()]
        genuine, rewrapped = letter(account, items, amount=1000), letter(account, items, amount=9000)
        answers = together(lambda: deliver(account, genuine), lambda: deliver(account, rewrapped))  # noqa: B023
        assert [answer.status_code for answer in answers] == [200, 200]
    agreeing = [(row.envelope_agrees, row.copies, row.items.count()) for row in Letter.objects.all()]
    assert sorted(agreeing) == [(False, 1, 0)] * ROUNDS + [(True, 1, 1)] * ROUNDS


def test_forged_letters_at_once_stay_small_and_answer_403(account: ProviderAccount) -> None:
    raw = json.dumps({**json.loads(letter(account, [item()])), "signature": "0" * 40}).encode()

    answers = together(*[lambda: [deliver(account, raw).status_code for _ in range(20)]] * 4)

    assert answers == [[403] * 20] * 4
    account.refresh_from_db()
    assert account.rejected_letters == 80
    assert not Letter.objects.exists()


# Two workers, one letter.


def settle_twice(account: ProviderAccount, *, locks: bool) -> list[Any]:
    LetterItem.objects.update(next_at=timezone.now())
    both_read = threading.Barrier(2)

    def work() -> None:
        if locks:
            settle_letters(account.pk)
        else:
            with unlocked(lambda: both_read.wait(DEADLINE_SECONDS)):
                settle_letters(account.pk)

    return together(work, work)


def test_without_the_lock_two_workers_ask_about_the_same_letter(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = verifying(api)
    provider.script(PULL, pulled(known(confirmation.public_id, about(confirmation))))
    kept(account, letter(account, [about(confirmation)]))

    settle_twice(account, locks=False)

    assert len(provider.to(PULL)) == 2
    assert receipts() == CREDITED  # even then: the receipt's own key


def test_two_workers_ask_once_and_credit_once(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    confirmation = verifying(api)
    provider.script(PULL, pulled(known(confirmation.public_id, about(confirmation))))
    kept(account, letter(account, [about(confirmation)]))

    assert settle_twice(account, locks=True) == [None, None]

    assert len(provider.to(PULL)) == 1
    assert verdicts() == [("confirmed", "")]
    assert receipts() == CREDITED
    assert news(confirmation.deposit).count("credited") == 1


def test_a_letter_and_the_ladder_at_once_credit_once(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    both_asked = threading.Barrier(2)

    for number in range(ROUNDS):
        confirmation = verifying(api, f"12345678901{number}", customer=f"customer {number}")
        one = item(plugin_custom_order_id=confirmation.public_id, transaction_id=confirmation.provider_reference)

        def answer_both_together(_: Received, one: Any = one, asked: Confirmation = confirmation) -> Any:
            both_asked.wait(DEADLINE_SECONDS)
            return pulled(known(asked.public_id, one))

        provider.script(PULL, answer_both_together)
        kept(account, letter(account, [one]))
        Deposit.objects.filter(pk=confirmation.deposit_id).update(next_at=timezone.now())

        results = together(lambda: settle_letters(account.pk), lambda: asking.ask_deposits(account.pk))

        assert results == [None, None]
        assert state(confirmation) == ("credited", "credited")
        assert news(confirmation.deposit) == ["created", "awaiting_payment", "verifying", "credited"]
    assert receipts() == CREDITED * ROUNDS


# A letter before our own call has returned.


def in_another_session(work: Any) -> None:
    """The provider's own thread does it, with a connection that it gives back."""
    try:
        work()
    finally:
        connections.close_all()


def test_a_deposit_letter_before_the_answer_to_activate(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = named(api, awaiting(api), REFERENCE)
    one = about(confirmation)
    provider.script(PULL, pulled(known(confirmation.public_id, one)))
    seen = []

    def letter_first(_: Received) -> Any:
        def deliver_and_settle() -> None:
            kept(account, letter(account, [one]))
            settle(account)
            seen.append(state(confirmation))

        in_another_session(deliver_and_settle)
        return 200, {"status": "fail", "message": {"key1": ["Transaction field has wrong length"]}}

    provider.script("/api/v1/transaction/activate", letter_first)

    activation.send_confirmation(confirmation.pk)

    assert seen == [("credited", "credited")]
    assert state(confirmation) == ("credited", "credited")  # the refusal came too late to matter
    assert receipts() == CREDITED
    assert verdicts() == [("confirmed", "")]
    assert news(confirmation.deposit) == ["created", "awaiting_payment", "verifying", "credited"]


@pytest.mark.parametrize("answer", [words.OK, words.REFUSED_FIELD, words.NO_FUNDS, (500, {})])
def test_a_withdrawal_letter_before_the_answer_to_create(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, answer: Any
) -> None:
    withdrawal = order(api)
    provider.script(PULL, words.pulled(words.found(withdrawal, 1)))

    def letter_first(_: Received) -> Any:
        def deliver_and_settle() -> None:
            kept(account, letter(account, [words.item(withdrawal, 1)]))
            settle(account)

        in_another_session(deliver_and_settle)
        return answer

    provider.script(words.CREATE, letter_first)

    sending.send_withdrawal(withdrawal.pk)

    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"
    assert moves(withdrawal) == [("queued", "api_key"), ("sending", "clock"), ("paid", "pull")]
    assert verdicts() == [("confirmed", "")]
    assert len(provider.to(words.CREATE)) == 1
