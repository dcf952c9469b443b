"""What the provider leaves as it is for ever comes to an end all the same: two persons end it, with a document."""

from decimal import Decimal
from typing import Any

import pytest
import time_machine

from balances import proposing
from balances.models import Hold
from balances.verb_fields import Refused
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.payments.paid import postings
from tests.scripted_provider import DROP, ScriptedProvider
from tests.two_persons import by_two_persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.doubts import FAILED, PAID, RESENT, names, told
from tests.withdrawals.interleaving import paused_after
from tests.withdrawals.money_stage import figures, funded_with
from tests.withdrawals.orders import begin_sending, make_due, moves, news, order, sent
from withdrawals import asking, probing, sending
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

NOW = "2026-03-01T12:00:00Z"
DAY = 86400


@pytest.fixture
def funded(product: Product) -> Product:
    """In place of the fixture of all tests: just enough for one."""
    return funded_with(product, "1218")


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def lost_after_its_yes(api: Api, provider: ScriptedProvider) -> Withdrawal:
    """The provider took it, and does not know it any more."""
    withdrawal = sent(api, provider, words.OK)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    assert withdrawal.status == "accepted"
    return withdrawal


def test_what_was_accepted_and_lost_is_the_provider_s_for_a_day_and_then_failed_by_two_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    withdrawal = lost_after_its_yes(api, provider)
    clock.shift(DAY - 1)
    assert names(withdrawal) == []
    for verb in (FAILED, PAID):
        with pytest.raises(Refused, match="The withdrawal is accepted; "):
            proposing.look(verb, told(withdrawal))
    clock.shift(1)
    assert names(withdrawal) == [FAILED, PAID]
    with pytest.raises(Refused, match="The withdrawal is accepted; its outcome is not in doubt"):
        proposing.look(RESENT, told(withdrawal))

    by_two_persons(FAILED, told(withdrawal))

    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code, withdrawal.next_at) == ("failed", "declared_failed", None)
    assert moves(withdrawal)[2:] == [
        ("accepted", "provider_answer"),
        ("manual_review", "person"),
        ("failed", "person"),
    ]
    assert news(withdrawal)[-2:] == [("manual_review", 4), ("failed", 5)]
    assert figures(product) == [Decimal(1218), 0, 0]
    assert Hold.objects.get(pk=withdrawal.pk).status == "released"
    assert len(provider.to(words.CREATE)) == 1


@pytest.mark.parametrize("gone", [DROP, (503, b"down"), words.pulled()])
def test_a_provider_that_is_gone_keeps_nobody_from_ending_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller, gone: Any
) -> None:
    withdrawal = lost_after_its_yes(api, provider)
    provider.script(words.PULL, gone)
    clock.shift(DAY)
    by_two_persons(PAID, told(withdrawal))
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code, withdrawal.next_at) == ("paid", "", None)
    assert moves(withdrawal)[3:] == [("manual_review", "person"), ("paid", "person")]
    assert postings()[-1] == "withdrawal_paid: held 1218.00 INR, provider_balance -1218.00 INR"


@pytest.mark.parametrize("says", [words.no_postback, lambda one: words.found(one, 2)])
def test_what_the_provider_says_that_it_has_is_not_failed(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller, says: Any
) -> None:
    withdrawal = lost_after_its_yes(api, provider)
    provider.script(words.PULL, words.pulled(says(withdrawal)))
    clock.shift(DAY)
    with pytest.raises(Refused, match="The provider has it"):
        proposing.look(FAILED, told(withdrawal))
    # By its document it may be paid: the provider forgets to say so.
    by_two_persons(PAID, told(withdrawal))
    withdrawal.refresh_from_db()
    assert withdrawal.status == "paid"


def test_what_the_provider_never_has_the_money_for_is_failed_by_two_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product, clock: time_machine.Traveller
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    assert names(withdrawal) == [FAILED]
    for verb in (RESENT, PAID):
        with pytest.raises(Refused, match="The withdrawal is waiting funds; "):
            proposing.look(verb, told(withdrawal))

    by_two_persons(FAILED, told(withdrawal))

    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.failure_code) == ("failed", "declared_failed")
    assert moves(withdrawal)[2:] == [
        ("waiting_funds", "provider_answer"),
        ("manual_review", "person"),
        ("failed", "person"),
    ]
    assert figures(product) == [Decimal(1218), 0, 0]
    provider.script(words.CREATE, words.OK)
    clock.shift(DAY)
    for step in (probing.probe_waiting, sending.send_withdrawal, sending.send_again):
        step(withdrawal.pk)
    assert len(provider.to(words.CREATE)) == 1


def test_a_worker_that_has_just_asked_sends_nothing_that_people_ended_meanwhile(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = sent(api, provider, words.NO_FUNDS)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    asking.ask(account, [withdrawal.public_id])  # so nobody has to ask while they decide
    make_due(withdrawal)
    # Between the worker's question and its mark.
    with paused_after('UPDATE "providers_providercall"', lambda: by_two_persons(FAILED, told(withdrawal))):
        probing.probe_waiting(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, len(provider.to(words.PULL)), len(provider.to(words.CREATE))) == ("failed", 2, 1)


def test_what_is_being_sent_is_nobodys_to_end(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    withdrawal = order(api)
    begin_sending(withdrawal)
    clock.shift(DAY)
    with pytest.raises(Refused, match="The withdrawal is sending; its outcome is not in doubt"):
        proposing.look(FAILED, told(withdrawal))
