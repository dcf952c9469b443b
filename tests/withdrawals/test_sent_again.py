"""The same bytes go out again by themselves only where the provider pays an id once, and not for ever."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.utils import timezone

from gateway.providers import calls
from gateway.providers.models import PauseScope, PayoutPauseKind, ProviderAccount, ProviderCall
from gateway.providers.pauses import pause_payouts, resume_payouts
from tests.at_commit import committed
from tests.conftest import Api
from tests.payments.stage import listening
from tests.scripted_provider import DROP, Received, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.doubts import unknown
from tests.withdrawals.orders import creates, make_due, moves, news, sent
from withdrawals import asking, probing, sending
from withdrawals.models import Withdrawal
from withdrawals.states import SEND_AGAIN_DELAYS_SECONDS
from withdrawals.tasks import sweep_withdrawals

pytestmark = pytest.mark.django_db


def due_step(withdrawal: Withdrawal, account: ProviderAccount) -> Withdrawal:
    """What the sweep would ring for, now."""
    if Withdrawal.objects.get(pk=withdrawal.pk).send_again:
        sending.send_again(withdrawal.pk)
    else:
        asking.ask_withdrawals(account.pk)
    withdrawal.refresh_from_db()
    return withdrawal


def until_due(withdrawal: Withdrawal, clock: time_machine.Traveller) -> None:
    withdrawal.refresh_from_db()
    assert withdrawal.next_at is not None
    clock.move_to(max(withdrawal.next_at, timezone.now()) + timedelta(milliseconds=1))


@pytest.fixture
def lost(api: Api, provider: ScriptedProvider, clock: time_machine.Traveller) -> Withdrawal:
    """Lost on its way just now, and not known to the provider."""
    return unknown(api, provider)


@pytest.fixture
def doubted(lost: Withdrawal, unique: ProviderAccount, clock: time_machine.Traveller) -> Withdrawal:
    """Lost 20 s ago: it is to be sent again."""
    clock.shift(20)
    assert due_step(lost, unique).send_again
    return lost


def test_a_lost_request_is_sent_again_with_the_same_bytes_and_paid(
    unique: ProviderAccount, provider: ScriptedProvider, lost: Withdrawal, clock: time_machine.Traveller
) -> None:
    provider.script(words.CREATE, words.OK)
    # After 5 s: too early for the provider's book. After 20 s it is late enough.
    until_due(lost, clock)
    assert (due_step(lost, unique).status, lost.send_again) == ("unknown", False)
    until_due(lost, clock)
    assert (due_step(lost, unique).status, lost.send_again) == ("unknown", True)
    assert lost.next_at == timezone.now()
    assert len(creates(provider)) == 1

    until_due(lost, clock)
    assert due_step(lost, unique).status == "accepted"

    assert (lost.resends, lost.send_again, lost.failure_code) == (1, False, "")
    assert creates(provider) == [bytes(lost.body)] * 2
    # Asked once more before it went out.
    assert [request.path for request in provider.requests][-2:] == [words.PULL, words.CREATE]
    assert moves(lost) == [
        ("queued", "api_key"),
        ("sending", "clock"),
        ("unknown", "provider_answer"),
        ("sending", "pull"),
        ("accepted", "provider_answer"),
    ]
    assert lost.moves.get(sequence=4).detail == "not found: the same bytes once more"
    assert news(lost) == [("queued", 1), ("unknown", 3), ("accepted", 5)]


def test_without_the_proof_nothing_goes_out_again_by_itself(
    account: ProviderAccount, provider: ScriptedProvider, lost: Withdrawal, clock: time_machine.Traveller
) -> None:
    while lost.status == "unknown":
        until_due(lost, clock)
        due_step(lost, account)
        assert not lost.send_again
    assert lost.status == "manual_review"
    assert len(creates(provider)) == 1


def test_it_is_sent_seven_times_by_its_ladder_and_then_given_to_a_person(
    unique: ProviderAccount, provider: ScriptedProvider, lost: Withdrawal, clock: time_machine.Traveller
) -> None:
    sendings = [timezone.now()]
    while lost.status == "unknown":
        until_due(lost, clock)
        before = len(creates(provider))
        due_step(lost, unique)
        ProviderAccount.objects.update(unknown_streak=0)  # as if other calls had been answered in between
        if len(creates(provider)) > before:
            sendings.append(timezone.now())
    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(sendings)]
    assert len(waits) == len(SEND_AGAIN_DELAYS_SECONDS) == 6
    assert all(wait >= least for wait, least in zip(waits, SEND_AGAIN_DELAYS_SECONDS, strict=True))
    # Each with the first question of the ladder that is late enough: after 5, 20, 50, 110, 200, 320, … seconds.
    for wait, question in zip(waits, (20, 50, 110, 320, 3020, 10_220), strict=True):
        assert question <= wait <= question * 1.1, waits

    assert (lost.status, lost.failure_code) == ("manual_review", "outcome_unknown")
    assert lost.contradiction == "it was sent 7 times, and the provider knows nothing of it"
    assert creates(provider) == [bytes(lost.body)] * 7
    # From then on it is asked about once a day, and never sent again by itself.
    for _ in range(3):
        until_due(lost, clock)
        assert (due_step(lost, unique).status, lost.send_again) == ("manual_review", False)
    assert len(creates(provider)) == 7


SECOND_WORDS: dict[str, Any] = {
    "known without a result": (lambda wd: words.pulled(words.no_postback(wd)), "accepted"),
    "paid": (lambda wd: words.pulled(words.found(wd, 1)), "paid"),
    "rejected": (lambda wd: words.pulled(words.found(wd, 5)), "rejected"),
    "paid to somebody else": (lambda wd: words.pulled(words.found(wd, 1, account_name="X")), "manual_review"),
    "down": (lambda _: (503, b"down"), "unknown"),
    "about another id": (lambda wd: words.pulled(words.not_found(wd) | {"withdrawal_id": "wd_x"}), "unknown"),
    "nothing": (lambda _: words.pulled(), "unknown"),
    "in other words": (lambda wd: words.pulled({"withdrawal_id": wd.public_id, "message": "Try again"}), "unknown"),
    "twice": (lambda wd: words.pulled(words.not_found(wd), words.no_postback(wd)), "unknown"),
}


@pytest.mark.parametrize(("says", "status"), SECOND_WORDS.values(), ids=SECOND_WORDS.keys())
def test_only_a_second_not_found_lets_it_out(
    unique: ProviderAccount,
    provider: ScriptedProvider,
    doubted: Withdrawal,
    clock: time_machine.Traveller,
    says: Any,
    status: str,
) -> None:
    provider.script(words.PULL, says(doubted))
    until_due(doubted, clock)

    due_step(doubted, unique)

    assert (doubted.status, doubted.send_again, doubted.resends) == (status, False, 0)
    assert doubted.token is None
    assert (doubted.next_at is None) == (status in {"paid", "rejected"})
    assert doubted.next_at is None or doubted.next_at > timezone.now()
    assert len(creates(provider)) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        # Refused where an id is paid once, and later not found: two words.
        (words.REFUSED_FIELD, "failed"),
        (words.REFUSED_TEXT, "failed"),
        ((200, {"status": "fail", "message": {"withdrawal_id": ["has already been taken"]}}), "unknown"),
        (words.NO_FUNDS, "waiting_funds"),
        ((404, b"Not found"), "unknown"),
        (DROP, "unknown"),
    ],
)
def test_an_answer_to_the_second_sending_alone_ends_nothing(
    api: Api,
    unique: ProviderAccount,
    provider: ScriptedProvider,
    doubted: Withdrawal,
    clock: time_machine.Traveller,
    answer: Any,
    status: str,
) -> None:
    provider.script(words.CREATE, answer)
    due_step(doubted, unique)
    assert len(creates(provider)) == 2
    assert doubted.status == ("waiting_funds" if status == "waiting_funds" else "unknown")
    clock.shift(300 if status == "failed" else 29)
    make_due(doubted)
    if doubted.status == "unknown":
        asking.ask_withdrawals(unique.pk)
        doubted.refresh_from_db()
    assert (doubted.status, doubted.send_again) == (status, False)
    assert len(creates(provider)) == 2
    assert api.post(f"withdrawals/{doubted.public_id}/cancel").status_code == 409


@pytest.mark.parametrize(("is_unique", "status"), [(True, "rejected"), (False, "manual_review")])
def test_a_rejection_of_what_was_sent_twice_ends_it_only_where_an_id_is_paid_once(
    unique: ProviderAccount, provider: ScriptedProvider, doubted: Withdrawal, is_unique: bool, status: str
) -> None:
    provider.script(words.CREATE, words.OK)
    due_step(doubted, unique)
    committed()
    ProviderAccount.objects.update(ids_proven_unique=is_unique)
    provider.script(words.PULL, words.pulled(words.found(doubted, 5)))
    for _ in range(2):
        asking.ask(unique, [doubted.public_id])
    doubted.refresh_from_db()
    said = "it was sent 2 times, and the provider says that one was rejected"
    assert (doubted.status, doubted.contradiction) == (status, "" if is_unique else said)
    assert len(creates(provider)) == 2


def test_where_no_byte_of_the_second_sending_left_the_first_stays_in_doubt(
    api: Api, unique: ProviderAccount, provider: ScriptedProvider, doubted: Withdrawal
) -> None:
    def answer_and_go_down(_: Received) -> Any:
        provider.__exit__()
        return words.pulled(words.not_found(doubted))

    provider.script(words.PULL, answer_and_go_down)
    due_step(doubted, unique)
    assert ProviderCall.objects.get(sent=False).operation == "withdrawal/create"
    assert (doubted.status, doubted.resends, doubted.sent_at) == ("unknown", 1, timezone.now())
    assert moves(doubted)[2:] == [
        ("unknown", "provider_answer"),
        ("sending", "pull"),
        ("unknown", "provider_answer"),
    ]
    assert api.post(f"withdrawals/{doubted.public_id}/cancel").status_code == 409


def test_what_loses_the_proof_before_it_goes_out_is_asked_about_again(
    unique: ProviderAccount, provider: ScriptedProvider, doubted: Withdrawal
) -> None:
    ProviderAccount.objects.update(ids_proven_unique=False)

    due_step(doubted, unique)

    assert (doubted.status, doubted.send_again, doubted.resends) == ("unknown", False, 0)
    make_due(doubted)
    assert (due_step(doubted, unique).status, doubted.send_again) == ("unknown", False)
    assert len(creates(provider)) == 1
    assert len(provider.to(words.PULL)) == 3


def test_what_waits_for_money_after_a_doubt_is_in_doubt_again_without_the_proof(
    unique: ProviderAccount, provider: ScriptedProvider, doubted: Withdrawal
) -> None:
    provider.script(words.CREATE, words.NO_FUNDS)
    assert due_step(doubted, unique).status == "waiting_funds"
    committed()
    ProviderAccount.objects.update(ids_proven_unique=False)
    make_due(doubted)
    probing.probe_waiting(doubted.pk)
    doubted.refresh_from_db()
    assert (doubted.status, len(creates(provider))) == ("unknown", 2)
    assert doubted.moves.latest("sequence").detail == "the provider no longer pays an id once"


def test_while_payouts_are_paused_it_is_asked_about_and_not_sent(
    unique: ProviderAccount, provider: ScriptedProvider, doubted: Withdrawal, clock: time_machine.Traveller
) -> None:
    pause = pause_payouts(PauseScope.PROVIDER_ACCOUNT, unique.pk, PayoutPauseKind.REFUSALS, "refused")

    sending.send_again(doubted.pk)
    asking.ask_withdrawals(unique.pk)

    doubted.refresh_from_db()
    assert (doubted.send_again, len(creates(provider)), len(provider.to(words.PULL))) == (True, 1, 2)
    # By the ladder: who is paused is not asked without a pause.
    assert doubted.next_at is not None
    assert doubted.next_at > timezone.now() + timedelta(seconds=10)
    resume_payouts(pause.pk, "well again")
    provider.script(words.CREATE, words.OK)
    until_due(doubted, clock)
    sending.send_again(doubted.pk)
    doubted.refresh_from_db()
    assert (doubted.status, len(creates(provider))) == ("accepted", 2)


def test_the_sweep_rings_for_it(unique: ProviderAccount, lost: Withdrawal, clock: time_machine.Traveller) -> None:
    clock.shift(20)
    with listening() as heard:
        asking.ask_withdrawals(unique.pk)
    assert heard == [("withdrawals.tasks.send_again", (str(lost.pk),))]
    clock.shift(1)
    with listening() as heard:
        sweep_withdrawals()
    assert heard == [("withdrawals.tasks.send_again", (str(lost.pk),))]


def test_the_mark_gives_the_call_a_whole_lease(
    api: Api, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    """The question before it may have used up most of the one that the claim took."""
    withdrawal = sent(api, provider, words.NO_FUNDS)

    def slow(_: Received) -> Any:
        clock.shift(65)
        return words.pulled(words.not_found(withdrawal))

    leases = []

    def look(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('UPDATE "providers_providercall"') and provider.to(words.CREATE)[1:]:
            leases.append(Withdrawal.objects.get().next_at)
        return run(sql, params, many, context)

    provider.script(words.PULL, slow)
    provider.script(words.CREATE, words.OK)
    make_due(withdrawal)
    with connection.execute_wrapper(look):
        probing.probe_waiting(withdrawal.pk)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "accepted"
    assert leases == [withdrawal.sent_at + timedelta(seconds=calls.LEASE_SECONDS)]  # type: ignore[operator]
    assert calls.CONNECT_SECONDS + calls.READ_SECONDS < calls.LEASE_SECONDS
    assert calls.LEASE_SECONDS < settings.CELERY_TASK_TIME_LIMIT
