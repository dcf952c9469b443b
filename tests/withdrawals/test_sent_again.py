"""The same bytes go out again by themselves only where the provider pays an id once, and not for ever."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gateway.providers import calls
from gateway.providers.models import PauseScope, PayoutPauseKind, ProviderAccount, ProviderCall
from gateway.providers.pauses import pause_payouts, resume_payouts
from tests.conftest import Api
from tests.payments.stage import listening
from tests.scripted_provider import DROP, Received, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import make_due, moves, news, sent
from withdrawals import asking, probing, sending
from withdrawals.models import Withdrawal
from withdrawals.states import SEND_AGAIN_DELAYS_SECONDS
from withdrawals.tasks import sweep_withdrawals

pytestmark = pytest.mark.django_db

NOW = "2026-03-01T12:00:00Z"


@pytest.fixture
def unique(account: ProviderAccount) -> ProviderAccount:
    """The provider has shown that it pays an id once."""
    ProviderAccount.objects.update(ids_proven_unique=True)
    account.refresh_from_db()
    return account


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


def creates(provider: ScriptedProvider) -> list[bytes]:
    return [request.body for request in provider.to(words.CREATE)]


@pytest.fixture
def clock(api: Api) -> Iterator[time_machine.Traveller]:
    """It stands still unless it is moved."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def doubted(api: Api, unique: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller) -> Withdrawal:
    """Lost on its way 20 s ago, and not known to the provider: it is to be sent again."""
    withdrawal = sent(api, provider, DROP)
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    clock.shift(20)
    due_step(withdrawal, unique)
    assert withdrawal.send_again
    return withdrawal


def test_a_lost_request_is_sent_again_with_the_same_bytes_and_paid(
    api: Api, unique: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, DROP)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        provider.script(words.CREATE, words.OK)
        # After 5 s: too early for the provider's book. After 20 s it is late enough.
        until_due(withdrawal, clock)
        assert (due_step(withdrawal, unique).status, withdrawal.send_again) == ("unknown", False)
        until_due(withdrawal, clock)
        assert (due_step(withdrawal, unique).status, withdrawal.send_again) == ("unknown", True)
        assert withdrawal.next_at == timezone.now()
        assert len(creates(provider)) == 1

        until_due(withdrawal, clock)
        assert due_step(withdrawal, unique).status == "accepted"

    assert (withdrawal.resends, withdrawal.send_again, withdrawal.failure_code) == (1, False, "")
    assert creates(provider) == [bytes(withdrawal.body)] * 2
    # Asked once more before it went out.
    assert [request.path for request in provider.requests][-2:] == [words.PULL, words.CREATE]
    assert moves(withdrawal) == [
        ("queued", "api_key"),
        ("sending", "clock"),
        ("unknown", "provider_answer"),
        ("sending", "pull"),
        ("accepted", "provider_answer"),
    ]
    assert withdrawal.moves.get(sequence=4).detail == "not found: the same bytes once more"
    assert news(withdrawal) == [("queued", 1), ("unknown", 3), ("accepted", 5)]


def test_without_the_proof_nothing_goes_out_again_by_itself(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, DROP)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        while withdrawal.status == "unknown":
            until_due(withdrawal, clock)
            due_step(withdrawal, account)
            assert not withdrawal.send_again
    assert withdrawal.status == "manual_review"
    assert len(creates(provider)) == 1


def test_it_is_sent_seven_times_by_its_ladder_and_then_given_to_a_person(
    api: Api, unique: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, DROP)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        sendings = [timezone.now()]
        while withdrawal.status == "unknown":
            until_due(withdrawal, clock)
            before = len(creates(provider))
            due_step(withdrawal, unique)
            ProviderAccount.objects.update(unknown_streak=0)  # as if other calls had been answered in between
            if len(creates(provider)) > before:
                sendings.append(timezone.now())
        waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(sendings)]
        assert len(waits) == len(SEND_AGAIN_DELAYS_SECONDS) == 6
        assert all(wait >= least for wait, least in zip(waits, SEND_AGAIN_DELAYS_SECONDS, strict=True))
        # Each with the first question of the ladder that is late enough: after 5, 20, 50, 110, 200, 320, … seconds.
        for wait, question in zip(waits, (20, 50, 110, 320, 3020, 10_220), strict=True):
            assert question <= wait <= question * 1.1, waits

        assert (withdrawal.status, withdrawal.failure_code) == ("manual_review", "outcome_unknown")
        assert withdrawal.contradiction == "it was sent 7 times, and the provider knows nothing of it"
        assert creates(provider) == [bytes(withdrawal.body)] * 7
        # From then on it is asked about once a day, and never sent again by itself.
        for _ in range(3):
            until_due(withdrawal, clock)
            assert (due_step(withdrawal, unique).status, withdrawal.send_again) == ("manual_review", False)
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
    assert (doubted.status, doubted.resends, doubted.sent_at) == ("unknown", 1, timezone_of(NOW, 20))
    assert moves(doubted)[2:] == [
        ("unknown", "provider_answer"),
        ("sending", "pull"),
        ("unknown", "provider_answer"),
    ]
    assert api.post(f"withdrawals/{doubted.public_id}/cancel").status_code == 409


def timezone_of(text: str, seconds: int) -> datetime:
    return datetime.fromisoformat(text) + timedelta(seconds=seconds)


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


def test_the_sweep_rings_for_it(api: Api, unique: ProviderAccount, provider: ScriptedProvider) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, DROP)
        provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
        clock.shift(20)
        with listening() as heard:
            asking.ask_withdrawals(unique.pk)
        assert heard == [("withdrawals.tasks.send_again", (str(withdrawal.pk),))]
        clock.shift(1)
        with listening() as heard:
            sweep_withdrawals()
        assert heard == [("withdrawals.tasks.send_again", (str(withdrawal.pk),))]


def test_the_mark_gives_the_call_a_whole_lease(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    """The question before it may have used up most of the one that the claim took."""
    with time_machine.travel(NOW, tick=False) as clock:
        withdrawal = sent(api, provider, words.NO_FUNDS)

        def slow(_: Received) -> Any:
            clock.shift(65)
            return words.pulled(words.not_found(withdrawal))

        leases = []

        def look(sql: str) -> None:
            if sql.startswith('UPDATE "providers_providercall"') and provider.to(words.CREATE)[1:]:
                leases.append(Withdrawal.objects.get().next_at)

        provider.script(words.PULL, slow)
        provider.script(words.CREATE, words.OK)
        make_due(withdrawal)
        with looking(look):
            probing.probe_waiting(withdrawal.pk)
        withdrawal.refresh_from_db()
        assert withdrawal.status == "accepted"
        assert leases == [withdrawal.sent_at + timedelta(seconds=calls.LEASE_SECONDS)]  # type: ignore[operator]
    assert calls.CONNECT_SECONDS + calls.READ_SECONDS < calls.LEASE_SECONDS
    assert calls.LEASE_SECONDS < settings.CELERY_TASK_TIME_LIMIT


@contextlib.contextmanager
def looking(look: Callable[[str], None]) -> Iterator[None]:
    """Before each statement of this thread."""

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        look(sql)
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


# The database asks for the proof itself.


def stepped(withdrawal: Withdrawal, to_status: str, *, cause: str = "clock", **columns: Any) -> None:
    """A step past all verbs, with its history row, up to what COMMIT asks."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{withdrawals_withdrawal}', true)")
        settings_ = "".join(f", {name} = %s" for name in columns)
        cursor.execute(
            f"UPDATE withdrawals_withdrawal SET status = %s, sequence = sequence + 1{settings_} WHERE id = %s",  # noqa: S608
            [to_status, *columns.values(), withdrawal.pk],
        )
        cursor.execute(
            "INSERT INTO withdrawals_withdrawalmove (subject_id, sequence, from_status, to_status, cause, cause_id,"
            " detail, request_id, created_at)"
            " SELECT id, sequence, '', status, %s, '', '', '', now() FROM withdrawals_withdrawal WHERE id = %s",
            [cause, withdrawal.pk],
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sent again without proof": ("unknown", "sending", {"cause": "pull", "resends": 1}),
    "failed by time": ("unknown", "failed", {}),
    "failed by a pull": ("unknown", "failed", {"cause": "pull"}),
    "queued again": ("unknown", "queued", {"cause": "pull"}),
    "review sent again": ("manual_review", "sending", {"cause": "pull", "resends": 1}),
    "review sent again by a person": ("manual_review", "sending", {"cause": "person", "resends": 1}),
    "review failed": ("manual_review", "failed", {"cause": "person"}),
    "review paid by a person": ("manual_review", "paid", {"cause": "person"}),
}


@pytest.mark.parametrize(("before", "to_status", "step"), STEPS.values(), ids=STEPS.keys())
def test_the_database_takes_no_step_out_of_doubt_without_proof(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, before: str, to_status: str, step: dict[str, Any]
) -> None:
    withdrawal = in_doubt(api, account, provider, before)
    with pytest.raises(IntegrityError, match="without proof or two persons"):
        stepped(withdrawal, to_status, **step)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.sequence) == (before, {"unknown": 3, "manual_review": 4}[before])


UNIQUE_STEPS: dict[str, dict[str, Any]] = {
    "not by a pull": {"cause": "clock", "resends": 1},
    "not counted": {"cause": "pull"},
    "counted twice": {"cause": "pull", "resends": 2},
}


@pytest.mark.parametrize("step", UNIQUE_STEPS.values(), ids=UNIQUE_STEPS.keys())
def test_even_where_an_id_is_paid_once_the_database_wants_the_pull_and_the_count(
    api: Api, unique: ProviderAccount, provider: ScriptedProvider, step: dict[str, Any]
) -> None:
    withdrawal = in_doubt(api, unique, provider, "unknown")
    with pytest.raises(IntegrityError, match="without proof or two persons"):
        stepped(withdrawal, "sending", **step)
    stepped(withdrawal, "sending", cause="pull", resends=1)
    with pytest.raises(IntegrityError, match="without proof or two persons"):
        stepped(withdrawal, "queued")  # the first may have arrived: nobody may cancel it


@pytest.mark.parametrize("change", ["refused_unproven = true", "refused_unread = true", "resends = 0"])
def test_what_proves_something_is_not_made_up(
    api: Api, unique: ProviderAccount, provider: ScriptedProvider, change: str
) -> None:
    withdrawal = in_doubt(api, unique, provider, "unknown")
    stepped(withdrawal, "sending", cause="pull", resends=1)
    for status in ("sending", "unknown"):
        if status == "unknown":
            committed()
            stepped(withdrawal, status)
        with pytest.raises(IntegrityError, match=r"and nowhere else|is never less"), transaction.atomic():
            run(f"UPDATE withdrawals_withdrawal SET {change}")  # noqa: S608 - our own words


def test_nobody_allows_a_sending_alone(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    withdrawal = in_doubt(api, account, provider, "manual_review")
    nobody = "00000000-0000-0000-0000-000000000001"
    with pytest.raises(IntegrityError, match="may be sent again by two persons alone"), transaction.atomic():
        run("UPDATE withdrawals_withdrawal SET resend_allowed_by = %s", nobody)
    withdrawal.refresh_from_db()
    assert withdrawal.resend_allowed_by is None


def run(sql: str, *parameters: Any) -> None:
    """A statement, and what COMMIT asks about it."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def committed() -> None:
    """What COMMIT asks, now: a test is one transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def in_doubt(api: Api, account: ProviderAccount, provider: ScriptedProvider, status: str) -> Withdrawal:
    withdrawal = sent(api, provider, DROP)
    if status == "manual_review":
        provider.script(words.PULL, words.pulled(words.found(withdrawal, 1, account_name="X")))
        asking.ask(account, [withdrawal.public_id])
    committed()
    withdrawal.refresh_from_db()
    assert withdrawal.status == status
    return withdrawal
