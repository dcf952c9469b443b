"""A pause and the workers that send, at once: once the pause is there, nothing more begins to be sent."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from gateway.products.models import Product
from gateway.providers import pauses
from gateway.providers.models import PayoutPause
from gateway.providers.pauses import pause_payouts
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.interleaving import DEADLINE_SECONDS, together, until_someone_waits
from tests.withdrawals.orders import order
from withdrawals import sending
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db(transaction=True)


def look_then_mark(withdrawal: Withdrawal, looked: threading.Event, go_on: threading.Event) -> None:
    """A worker that is held up at the worst moment: after its look at the pauses, before its mark."""
    looks = 0

    def hold_up(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal looks
        result = execute(sql, params, many, context)
        if 'FROM "providers_payoutpause"' in sql:
            looks += 1
            if looks == 2:  # the first is the claim's, the second the gate's
                looked.set()
                assert go_on.wait(DEADLINE_SECONDS)
        return result

    with connection.execute_wrapper(hold_up):
        sending.send_withdrawal(withdrawal.pk)


def race(withdrawal: Withdrawal, product: Product, *, is_locked: bool) -> str:
    """What the withdrawal is when `pause_payouts` returns to a person who paused while a worker looked."""
    looked, go_on = threading.Event(), threading.Event()

    def pause() -> str:
        assert looked.wait(DEADLINE_SECONDS)
        if not is_locked:
            pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
            status = Withdrawal.objects.get(pk=withdrawal.pk).status
            go_on.set()
            return status
        pausing = threading.Thread(target=let_go_when_waiting, args=(go_on,))
        pausing.start()
        pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
        status = Withdrawal.objects.get(pk=withdrawal.pk).status
        pausing.join(DEADLINE_SECONDS)
        return status

    [sent, status] = together(lambda: look_then_mark(withdrawal, looked, go_on), pause)
    assert sent is None
    return str(status)


def let_go_when_waiting(go_on: threading.Event) -> None:
    until_someone_waits()
    go_on.set()


def test_without_the_lock_it_is_sent_after_the_pause(
    api: Api, product: Product, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.script(words.CREATE, words.OK)
    withdrawal = order(api)
    monkeypatch.setattr(sending, "pass_gate", lambda: None)
    assert race(withdrawal, product, is_locked=False) == "queued"
    # Somebody was told that nothing is sent any more, and then it was.
    withdrawal.refresh_from_db()
    assert withdrawal.status == "accepted"
    assert withdrawal.sent_at is not None
    assert PayoutPause.objects.get().since < withdrawal.sent_at


def test_with_it_the_pause_waits_for_the_mark_that_came_before(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    provider.script(words.CREATE, words.OK)
    first, second = order(api), order(api)
    assert race(first, product, is_locked=True) in {"sending", "accepted"}
    sending.send_withdrawal(second.pk)
    second.refresh_from_db()
    assert second.status == "queued"
    assert len(provider.to(words.CREATE)) == 1


def test_many_workers_and_one_pause(api: Api, product: Product, provider: ScriptedProvider) -> None:
    provider.script(words.CREATE, words.OK)
    line = [order(api) for _ in range(12)]
    begun: list[set[Any]] = []

    def pause() -> None:
        pause_payouts("product", product.pk, "outflow_cap", "x", mode="test")
        begun.append(_begun())

    def work(mine: list[Withdrawal]) -> None:
        for one in mine:
            sending.send_withdrawal(one.pk)

    results = together(*[lambda part=part: work(line[part::4]) for part in range(4)], pause)
    assert results == [None] * 5
    # What had begun when the pause was there, and nothing else.
    assert [_begun()] == begun
    assert {one.json()["withdrawal_id"] for one in provider.to(words.CREATE)} == {
        one.public_id for one in line if one.pk in begun[0]
    }


def test_pauses_of_many_people_are_one(api: Api, product: Product) -> None:
    works = [lambda: pause_payouts("product", product.pk, "outflow_cap", "x", mode="test").pk] * 6
    assert set(together(*works)) == {PayoutPause.objects.get().pk}


def test_the_gate_holds_up_no_other_worker(api: Api) -> None:
    both = threading.Barrier(2)

    def pass_together() -> bool:
        with transaction.atomic():
            pauses.pass_gate()
            both.wait(DEADLINE_SECONDS)
        return True

    assert together(pass_together, pass_together) == [True, True]


def _begun() -> set[Any]:
    return set(Withdrawal.objects.exclude(status="queued").values_list("pk", flat=True))
