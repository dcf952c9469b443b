"""A provider that is unwell for hours: not hammered, nothing lost or done twice, and the backlog keeps its order."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.utils import timezone

from gateway import ids
from gateway.celery import app as celery_app
from gateway.providers import calls_together, health, pace
from gateway.providers.models import ProviderAccount
from gateway.providers.tasks import observe_systems, sweep_paused_accounts
from payments.models import Confirmation, Deposit
from payments.tasks import end_overdue, sweep_deposits
from postbacks.models import LetterItem
from postbacks.tasks import sweep_letters
from tests.conftest import Api
from tests.gateway.providers.pausing import let_payouts_go_on
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    DOWN,
    NOT_FOUND,
    PULL,
    WRONG_SECRET,
    confirm,
    create_path,
    details,
    listening,
    load,
    offered,
    place,
)
from tests.postbacks.letters import POSTBACK, item, kept, known, letter, pulled, unknown
from tests.scripted_provider import DROP, Received, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import order
from withdrawals.models import Withdrawal
from withdrawals.tasks import sweep_withdrawals

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
UPI = create_path("upi_l")
SWEEPS = (sweep_paused_accounts, observe_systems, sweep_deposits, sweep_withdrawals, sweep_letters)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    celery_app.loader.import_default_modules()
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


def work() -> None:
    """One round of every sweep, and of whatever it rings for, in that order."""
    for sweep in SWEEPS:
        with listening() as heard:
            sweep()
        for name, arguments in heard:
            with listening():
                current_app.tasks[name](*arguments)


class Paykassma:
    """A provider with a memory, which has bad hours: `bad` is what it then answers to everything.

    Where it dies on the way back (no answer, 503), it has taken the order all the same.
    """

    def __init__(self, provider: ScriptedProvider) -> None:
        self.bad: Any = None
        self.payouts: list[Withdrawal] = []
        self.activations: list[dict[str, Any]] = []
        provider.script(AVAILABLE, lambda _: self.bad or offered(("upi_l", "INR", False)))
        provider.script(UPI, lambda _: self.bad or details())
        provider.script(ACTIVATE, self.activate)
        provider.script(words.CREATE, self.create)
        provider.script(PULL, self.pull)

    def activate(self, request: Received) -> Any:
        if self.bad in {None, DROP, DOWN}:
            self.activations.append(request.json())
        return self.bad or words.OK

    def create(self, request: Received) -> Any:
        if self.bad in {None, DROP, DOWN}:
            own_id = ids.decode(ids.WITHDRAWAL, request.json()["withdrawal_id"])
            self.payouts.append(Withdrawal(id=own_id, body=request.body))
        return self.bad or words.OK

    def pull(self, request: Received) -> Any:
        if self.bad:
            return self.bad
        if request.query["type"] == ["withdrawal"]:
            taken = {one.public_id: words.found(one, 1) for one in self.payouts}
            return words.pulled(
                *(
                    taken.get(asked, {"withdrawal_id": asked, "message": "Withdrawal with this ID not found"})
                    for asked in request.query["withdrawal_id[]"]
                )
            )
        entered = {one["custom_transaction_id"]: self._credited(one) for one in self.activations}
        return pulled(*(entered.get(asked, unknown(asked)) for asked in request.query["plugin_custom_order_id[]"]))

    @staticmethod
    def _credited(activation: dict[str, Any]) -> dict[str, Any]:
        own_id = activation["custom_transaction_id"]
        return known(
            own_id,
            item(plugin_custom_order_id=own_id, transaction_id=activation["key1"]),
            label=activation["label"],
            amount=1000,
        )


@pytest.mark.parametrize(
    ("bad", "kind"),
    [(DOWN, "outage"), (DROP, "outage"), (NOT_FOUND, "credentials"), (WRONG_SECRET, "credentials")],
    ids=["503", "hangs up", "404 on everything", "wrong secret"],
)
def test_after_four_hours_everything_ends_as_it_should(
    api: Api,
    account: ProviderAccount,
    provider: ScriptedProvider,
    clock: time_machine.Traveller,
    bad: Any,
    kind: str,
) -> None:
    there = Paykassma(provider)
    early = [place(api, customer=f"early-{number}") for number in range(4)]
    work()
    assert {load(one.public_id).status for one in early} == {"awaiting_payment"}

    there.bad = bad
    provider.requests.clear()
    deposits, payouts = [], []
    for quarter in range(16):  # of an hour; every order is answered 201
        deposits.append(place(api, customer=str(quarter)))
        payouts.append(order(api))
        if quarter < len(early):
            assert confirm(api, early[quarter], f"{quarter:012}").status_code == 201
        for _ in range(3):
            clock.shift(timedelta(minutes=5))
            work()
            end_overdue()
        assert api.get("payment-systems", currency="INR").status_code == 200
    account.refresh_from_db()
    assert account.pause_kind == kind
    # Ten calls find out about an outage, five that we are not known; then one read in five minutes, and no more.
    probes = [one for one in provider.requests if one.path == AVAILABLE]
    others = [one for one in provider.requests if one.path != AVAILABLE]
    assert len(others) <= health.UNKNOWN_STREAK + 2
    assert len(probes) <= 4 * 12 + len(health.PROBE_DELAYS_SECONDS) + health.UNKNOWN_STREAK
    # None was failed by it.
    assert {load(one.public_id).status for one in deposits} == {"created"}

    there.bad = None
    let_payouts_go_on(account)
    for _ in range(16):
        clock.shift(timedelta(minutes=20))
        work()
    assert {load(one.public_id).status for one in deposits} == {"awaiting_payment"}
    assert {load(one.public_id).status for one in early} == {"credited"}
    assert {Withdrawal.objects.get(pk=one.pk).status for one in payouts} == {"paid"}
    # Nothing was done twice there, whatever was lost on the way.
    assert sorted(one.public_id for one in there.payouts) == sorted(one.public_id for one in payouts)
    activated = [one["custom_transaction_id"] for one in there.activations]
    assert sorted(activated) == sorted(one.public_id for one in Confirmation.objects.all())
    assert len(activated) == len(early)
    account.refresh_from_db()
    assert (account.pause_kind, account.unknown_streak, account.not_found_streak, account.failed_probes) == (
        "none",
        0,
        0,
        0,
    )


class Backlog:
    """Five of each kind of work, made in one order and due in another."""

    def __init__(self, api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
        self.provider, self.account = provider, account
        self.there = Paykassma(provider)
        provider.script(POSTBACK, (200, {"status": "fail", "message": "Postback not found"}))
        confirmed = [place(api, customer=f"confirmed-{number}") for number in range(5)]
        work()
        provider.requests.clear()
        health.pause_by_hand(account, "maintenance")
        opened = [place(api, customer=f"new-{number}") for number in range(5)]
        self.labels = self.due_in_another_order(Deposit, opened, lambda row: row.customer.label)
        for number, deposit in enumerate(confirmed):
            assert confirm(api, deposit, f"{number:012}").status_code == 201
        tries = list(Confirmation.objects.order_by("pk"))
        self.references = self.due_in_another_order(Confirmation, tries, lambda row: row.public_id)
        payouts = [order(api) for _ in range(5)]
        self.payouts = self.due_in_another_order(Withdrawal, payouts, lambda row: row.public_id)
        for number in range(5):
            kept(account, letter(account, [item(transaction_id=f"STRAY-{number}")]))
        strays = list(LetterItem.objects.order_by("pk"))
        self.strays = self.due_in_another_order(LetterItem, strays, lambda row: row.transaction_id)

    @staticmethod
    def due_in_another_order(model: Any, rows: list[Any], name: Any) -> list[str]:
        """Give them due times in the past; their names in the order of those."""
        shuffled = random.Random(model.__name__).sample(rows, len(rows))  # noqa: S311 - the same in every run
        for place_in_line, row in enumerate(shuffled):
            model.objects.filter(pk=row.pk).update(next_at=timezone.now() - timedelta(seconds=60 - place_in_line))
        assert shuffled != rows
        return [name(row) for row in shuffled]

    def received(self) -> list[list[str]]:
        """What came to the provider so far, kind by kind, in order."""
        return [
            [one.json()["label"] for one in self.provider.to(UPI)],
            [one.json()["custom_transaction_id"] for one in self.provider.to(ACTIVATE)],
            [one.json()["withdrawal_id"] for one in self.provider.to(words.CREATE)],
            [one.query["transaction_id"][0] for one in self.provider.to(POSTBACK)],
        ]

    def expected(self) -> list[list[str]]:
        return [self.labels, self.references, self.payouts, self.strays]


@pytest.fixture
def one_call_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payouts that leave together begin in their order; which of them arrives first, nobody can say."""
    monkeypatch.setattr(calls_together, "AT_ONCE", 1)


@pytest.mark.usefixtures("one_call_after_the_other")
def test_after_a_resume_the_backlog_goes_out_in_order_of_due_time_and_each_once(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    backlog = Backlog(api, account, provider)
    clock.shift(timedelta(days=3))
    for _ in range(3):
        work()
    assert provider.requests == []
    health.resume_by_hand(account)
    for _ in range(3):
        work()
    assert backlog.received() == backlog.expected()


@pytest.mark.usefixtures("one_call_after_the_other")
def test_a_slow_pace_keeps_the_order_and_takes_no_try_from_anybody(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    backlog = Backlog(api, account, provider)
    waiting = dict(Withdrawal.objects.values_list("pk", "next_at"))
    ProviderAccount.objects.update(calls_per_minute=1, calls_at_once=3)
    health.resume_by_hand(account)
    rounds = 0
    while backlog.received() != backlog.expected():
        rounds += 1
        before = len(provider.requests)
        pace.forget(account)  # as if three minutes had passed
        work()
        assert 0 < len(provider.requests) - before <= 3
        for so_far, all_of_them in zip(backlog.received(), backlog.expected(), strict=True):
            assert so_far == all_of_them[: len(so_far)]
        unsent = Withdrawal.objects.filter(status="queued")
        assert {(one.pk, one.next_at, one.attempts, one.token) for one in unsent} == {
            (one.pk, waiting[one.pk], 0, None) for one in unsent
        }
        assert rounds < 60
