"""How fast an account is called: calls at once, calls a minute, none while it is paused. In real time."""

import threading
import time
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from gateway.providers import calls, health, pace
from gateway.providers.models import CallPace, ProviderAccount, ProviderCall
from tests.gateway.providers.answers import AVAILABLE, offered
from tests.scripted_provider import ScriptedProvider


def at_a_pace(account: ProviderAccount, calls_per_minute: int, calls_at_once: int) -> ProviderAccount:
    account.calls_per_minute, account.calls_at_once = calls_per_minute, calls_at_once
    account.save(update_fields=["calls_per_minute", "calls_at_once"])
    return account


def taken(account: ProviderAccount, tries: int, **how: Any) -> list[bool]:
    return [pace.take_place(account, **how) for _ in range(tries)]


def test_so_many_leave_at_once_and_who_would_wait_too_long_is_held_back(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 3)  # the fourth would wait for a minute
    began = time.monotonic()
    assert taken(account, 5) == [True, True, True, False, False]
    assert time.monotonic() - began < pace.WAIT_SECONDS


def test_who_is_held_back_takes_nothing_from_those_who_come_later(account: ProviderAccount) -> None:
    at_a_pace(account, 60_000 // 50, 1)  # one in 50 ms
    assert taken(account, 1) == [True]
    used = CallPace.objects.get().used_until
    assert taken(account, 10, patience_seconds=0) == [False] * 10
    assert CallPace.objects.get().used_until == used
    assert taken(account, 1) == [True]


def test_a_short_wait_is_waited_for_and_the_pace_is_kept(account: ProviderAccount) -> None:
    at_a_pace(account, 60_000 // 20, 1)  # one in 20 ms
    began = time.monotonic()
    assert taken(account, 11) == [True] * 11
    assert time.monotonic() - began >= 0.2


def free(account: ProviderAccount, *wanted: int) -> list[int]:
    return [pace.take_free_places(account, one) for one in wanted]


def test_free_places_are_those_that_one_by_one_would_get_without_a_wait(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 5)
    assert free(account, 3) == [0]  # its line begins with the first call
    assert taken(account, 1) == [True]
    assert free(account, 3, 3, 3) == [3, 1, 0]
    assert taken(account, 1) == [False]


def test_free_places_leave_the_line_as_single_ones_do(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 5)
    assert taken(account, 4) == [True] * 4
    one_by_one = CallPace.objects.get().used_until
    pace.forget(account)
    assert taken(account, 1) == [True]
    assert free(account, 3) == [3]
    together = CallPace.objects.get().used_until
    # Each step is a minute; what lies between the two is how long this took.
    assert abs((together - one_by_one).total_seconds()) < 30


def test_a_quiet_time_saves_up_no_more_free_places_than_may_leave_at_once(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 2)
    assert taken(account, 1) == [True]
    CallPace.objects.update(used_until="2020-01-01T00:00:00Z")
    assert free(account, 9, 9) == [2, 0]


def test_places_that_are_given_back_are_free_again(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 5)
    assert taken(account, 1) == [True]
    assert free(account, 4) == [4]
    pace.give_back_places(account, 3)
    assert free(account, 9) == [3]


def test_a_paused_account_has_no_free_places(account: ProviderAccount) -> None:
    assert taken(account, 1) == [True]
    health.pause_by_hand(account, "maintenance")
    used = CallPace.objects.get().used_until
    assert free(account, 3) == [0]
    assert CallPace.objects.get().used_until == used


@pytest.mark.django_db(transaction=True)
def test_free_places_are_never_given_twice(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 20)
    assert taken(account, 1) == [True]
    found: list[int] = []

    def work() -> None:
        found.extend(free(account, 3, 3, 3))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert sum(found) == 19


def test_a_quiet_time_saves_up_no_more_than_may_leave_at_once(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 2)
    assert taken(account, 3) == [True, True, False]
    CallPace.objects.update(used_until="2020-01-01T00:00:00Z")
    assert taken(account, 3) == [True, True, False]


def test_each_account_has_a_pace_of_its_own(account: ProviderAccount, live_account: ProviderAccount) -> None:
    at_a_pace(account, 1, 1)
    at_a_pace(live_account, 1, 1)
    assert (taken(account, 2), taken(live_account, 2)) == ([True, False], [True, False])


def test_a_pause_is_seen_by_whoever_loaded_the_account_before_it(account: ProviderAccount) -> None:
    assert taken(account, 1) == [True]
    health.pause_by_hand(account, "maintenance")
    assert not account.is_paused()
    assert taken(account, 2) == [False, False]
    health.resume_by_hand(account)
    assert taken(account, 1) == [True]


def test_redis_has_no_part_in_it(account: ProviderAccount, settings: Settings) -> None:
    former = settings.CACHES
    settings.CACHES = {"default": {**former["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    at_a_pace(account, 1, 2)
    assert taken(account, 3) == [True, True, False]
    settings.CACHES = former


def test_one_statement_a_call(account: ProviderAccount, django_assert_num_queries: Any) -> None:
    taken(account, 1)
    with django_assert_num_queries(1):
        taken(account, 1)


def test_the_door_takes_a_place_for_each_call(account: ProviderAccount, provider: ScriptedProvider) -> None:
    at_a_pace(account, 1, 1)
    provider.script(AVAILABLE, offered("upi_l"))

    def ask() -> Any:
        return calls.call(account, "available", lambda client: client.available(currencies=["INR"], label="x"))

    assert ask().outcome == "accepted"
    assert ask() is calls.HELD_BACK
    assert (len(provider.requests), ProviderCall.objects.count()) == (1, 1)


def test_a_changed_pace_begins_anew(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 60)
    assert taken(account, 61) == [True] * 60 + [False]
    at_a_pace(account, 30_000, 100)
    assert taken(account, 1) == [False]  # the line has run ahead by an hour
    pace.forget(account)
    assert taken(account, 1) == [True]


@pytest.mark.django_db(transaction=True)
def test_many_workers_together_take_no_more_than_there_is(account: ProviderAccount) -> None:
    at_a_pace(account, 1, 20)
    barrier = threading.Barrier(8)
    results: list[bool] = []

    def run() -> None:
        barrier.wait()
        try:
            results.extend(taken(account, 5))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results.count(True), results.count(False)) == (20, 20)


@pytest.mark.django_db(transaction=True)
def test_no_commit_of_ours_loses_its_flush_by_it(account: ProviderAccount) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = 'on'")
        taken(account, 1)
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
        cursor.execute("RESET synchronous_commit")
