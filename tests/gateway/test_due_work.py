"""Rows are the queue: claimed once, leased, fenced."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections, transaction

from gateway import due_work
from gateway.products.models import Mode
from gateway.providers.models import ProviderAccount

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = 120


def row(name: str, due: datetime | None, **changes: Any) -> ProviderAccount:
    secrets = dict.fromkeys(("api_secret", "withdrawal_key", "postback_access_key", "postback_private_key"), "x")
    return ProviderAccount.objects.create(
        name=name, mode=Mode.TEST, is_active=False, postback_token=name, next_at=due, **secrets, **changes
    )


def claim(limit: int = 10) -> list[str]:
    return [one.name for one in due_work.claim(ProviderAccount.objects.all(), limit=limit, lease_seconds=LEASE)]


@pytest.mark.django_db
class TestClaim:
    def test_takes_what_is_due_oldest_first_and_nothing_else(self) -> None:
        row("later", NOW + timedelta(seconds=1))
        row("never", None)
        row("second", NOW)
        row("first", NOW - timedelta(days=1))
        with time_machine.travel(NOW, tick=False):
            assert claim() == ["first", "second"]

    def test_leases_and_counts_and_gives_a_fresh_token(self) -> None:
        made = row("one", NOW, attempts=3, token=uuid.uuid4())
        with time_machine.travel(NOW, tick=False):
            (claimed,) = due_work.claim(ProviderAccount.objects.all(), limit=1, lease_seconds=LEASE)
        kept = ProviderAccount.objects.get()
        assert (kept.attempts, kept.next_at) == (4, NOW + timedelta(seconds=LEASE))
        assert kept.token == claimed.token not in {None, made.token}
        assert claimed.attempts == 4

    def test_what_is_put_back_is_as_it_was_found_and_first_in_line_again(self) -> None:
        row("second", NOW, attempts=3)
        row("first", NOW - timedelta(days=1), attempts=2)
        with time_machine.travel(NOW, tick=False):
            claimed = due_work.claim(ProviderAccount.objects.all(), limit=2, lease_seconds=LEASE)
            for one in reversed(claimed):
                due_work.put_back(one)
            kept = ProviderAccount.objects.order_by("next_at").values_list("name", "next_at", "attempts", "token")
            assert list(kept) == [("first", NOW - timedelta(days=1), 2, None), ("second", NOW, 3, None)]
            assert claim() == ["first", "second"]

    def test_nothing_is_put_back_that_somebody_else_has_claimed_since(self) -> None:
        row("one", NOW)
        with time_machine.travel(NOW, tick=False) as clock:
            (late,) = due_work.claim(ProviderAccount.objects.all(), limit=1, lease_seconds=LEASE)
            clock.shift(LEASE)
            (mine,) = due_work.claim(ProviderAccount.objects.all(), limit=1, lease_seconds=LEASE)
            due_work.put_back(late)
        kept = ProviderAccount.objects.get()
        assert (kept.token, kept.attempts, kept.next_at) == (mine.token, 2, NOW + timedelta(seconds=2 * LEASE))

    def test_what_is_claimed_is_not_due_until_its_lease_ends(self) -> None:
        row("one", NOW)
        with time_machine.travel(NOW, tick=False) as clock:
            assert claim() == ["one"]
            assert claim() == []
            clock.shift(LEASE - 1)
            assert claim() == []
            clock.shift(1)
            assert claim() == ["one"]

    def test_takes_no_more_than_it_was_asked_for(self) -> None:
        for number in range(3):
            row(str(number), NOW)
        with time_machine.travel(NOW, tick=False):
            assert [len(claim(limit=2)), len(claim(limit=2)), len(claim(limit=2))] == [2, 1, 0]


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_holds_nothing() -> None:
    row("one", NOW)
    with time_machine.travel(NOW, tick=False) as clock:
        (slow,) = due_work.claim(ProviderAccount.objects.all(), limit=1, lease_seconds=LEASE)
        clock.shift(LEASE)
        (quick,) = due_work.claim(ProviderAccount.objects.all(), limit=1, lease_seconds=LEASE)
    with transaction.atomic():
        kept = due_work.lock(ProviderAccount.objects.all(), slow.pk)
    assert kept.holds(quick.token)
    assert not kept.holds(slow.token)
    assert not kept.holds(None)
    kept.token = None
    assert not kept.holds(None)


@pytest.mark.django_db
def test_claiming_commits_before_it_returns_so_it_refuses_an_open_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        claim()


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_each_row_has_one() -> None:
    for number in range(30):
        row(str(number), NOW)
    barrier = threading.Barrier(6)

    def work() -> list[str]:
        try:
            barrier.wait(20)
            return [name for _ in range(10) for name in claim(limit=1)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        taken = [name for found in pool.map(lambda _: work(), range(6)) for name in found]
    assert sorted(taken) == sorted(str(number) for number in range(30))
    assert set(ProviderAccount.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_works_on_is_passed_by() -> None:
    locked, free = row("locked", NOW), row("free", NOW)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        due_work.lock(ProviderAccount.objects.all(), locked.pk)

        def other() -> list[str]:
            try:
                return claim()
            finally:
                connections.close_all()

        assert pool.submit(other).result(20) == [free.name]
    assert connection.in_atomic_block is False


def test_delays_follow_their_list_with_a_tenth_of_jitter() -> None:
    delays = (5, 60, 3600)
    with time_machine.travel(NOW, tick=False):
        for attempt, seconds in [(-1, 5), (0, 5), (1, 5), (2, 60), (3, 3600), (4, 3600), (1000, 3600)]:
            for _ in range(50):
                due = due_work.after(delays, attempt)
                assert due is not None
                assert timedelta(seconds=seconds) <= due - NOW <= timedelta(seconds=seconds * 1.1)
        assert len({due_work.after(delays, 3) for _ in range(20)}) > 10
        assert due_work.after(delays, 3, repeat_last=False) is not None
        assert due_work.after(delays, 4, repeat_last=False) is None
        assert due_work.after((), 1, repeat_last=False) is None
