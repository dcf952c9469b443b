"""``Prefer: wait``: an answer is held until there is something to tell, and nothing else is held with it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from gateway.api import waiting
from gateway.products.actions import Caller
from payments import actions
from payments.models import Deposit
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body

DEADLINE_SECONDS = 20


@pytest.fixture
def ended(api: Api) -> dict[str, Any]:
    """The body of a deposit that has something to tell: it was cancelled. Its key is ``one``."""
    body = deposit_body()
    made = api.post("deposits", body, key="one").json()
    assert api.post(f"deposits/{made['id']}/cancel").status_code == 200
    return body


@pytest.mark.parametrize(
    "prefer",
    [
        "wait=1",
        "wait=10",
        "wait=99999",
        "wait=0",
        "Wait=5",
        "WAIT=5",
        "wait=05",
        "respond-async,wait=5",
        "respond-async;wait=5",
        "respond-async, wait=5",
        "wait=5, handling=lenient",
        'wait="5"',
        "wait = 5",
        "handling=strict,\twait=5",
    ],
)
def test_a_preference_is_heard(api: Api, ended: dict[str, Any], prefer: str) -> None:
    answer = api.post("deposits", ended, key="one", HTTP_PREFER=prefer)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (201, "wait")


@pytest.mark.parametrize(
    "prefer",
    [
        "",
        "wait",
        "wait=",
        "wait=x",
        "wait=-5",
        "wait=1.5",
        "wait=5s",
        "await=5",
        "nowait=5",
        "wait=٥",
        'wait="5',
        "wait:5",
        "wait=" + "9" * 4000,
        "x" * 5000,
        "respond-async",
        "=5",
    ],
    ids=lambda prefer: ascii(prefer)[:30],
)
def test_what_is_no_preference_is_ignored(api: Api, ended: dict[str, Any], prefer: str) -> None:
    answer = api.post("deposits", ended, key="one", HTTP_PREFER=prefer)
    assert answer.status_code == 201
    assert "Preference-Applied" not in answer.headers


def seconds_of(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    answer = call()
    return time.monotonic() - began, answer


@pytest.mark.django_db(transaction=True)
def test_a_wait_that_brings_nothing_ends_with_what_there_is(api: Api) -> None:
    took, answer = seconds_of(lambda: api.post("deposits", deposit_body(), HTTP_PREFER="wait=1"))
    assert 1 <= took < 5
    assert (answer.status_code, answer.json()["status"]) == (201, "created")
    assert answer.headers["Preference-Applied"] == "wait"
    took, answer = seconds_of(lambda: api.client.get(f"/api/v1/deposits/{answer.json()['id']}", HTTP_PREFER="wait=1"))
    assert 1 <= took < 5
    assert (answer.status_code, answer.json()["status"]) == (200, "created")


@pytest.mark.django_db(transaction=True)
def test_waiters_hold_no_connection_and_are_told_at_once(api: Api, caller: Caller) -> None:
    ids = [api.post("deposits", deposit_body()).json()["id"] for _ in range(4)]

    def wait(deposit_id: str) -> Any:
        try:
            return api.client.get(f"/api/v1/deposits/{deposit_id}", HTTP_PREFER="wait=10")
        finally:
            connections.close_all()

    assert Deposit.objects.count() == 4  # this thread has a connection of its own from here on
    with ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        answers = [pool.submit(wait, deposit_id) for deposit_id in ids]
        _until(lambda: waiting._waiters._value == _places() - 4)
        _until(lambda: _connections_taken() == 1)
        for deposit in Deposit.objects.all():
            actions.cancel_deposit(caller, deposit.pk)
        shown = [answer.result(DEADLINE_SECONDS).json()["status"] for answer in answers]
        took = time.monotonic() - began
    assert shown == ["cancelled"] * 4
    assert took < 8
    assert waiting._waiters._value == _places()


@pytest.mark.django_db(transaction=True)
def test_at_most_half_of_the_threads_wait_and_the_rest_answer_at_once(api: Api) -> None:
    taken = 0
    try:
        while waiting._waiters.acquire(blocking=False):
            taken += 1
        took, answer = seconds_of(lambda: api.post("deposits", deposit_body(), HTTP_PREFER="wait=10"))
    finally:
        for _ in range(taken):
            waiting._waiters.release()
    assert taken == _places() == settings.BLOCKING_THREADS // 2
    assert took < 5
    assert (answer.status_code, answer.json()["status"]) == (201, "created")
    assert "Preference-Applied" not in answer.headers


@pytest.mark.django_db(transaction=True)
def test_a_failing_look_up_gives_its_place_back(api: Api) -> None:
    made = api.post("deposits", deposit_body()).json()

    def load() -> Any:
        raise LookupError

    class Request:
        META = {"HTTP_PREFER": "wait=5"}

    with pytest.raises(LookupError):
        waiting.wait_until(Request(), made, load=load, done=lambda row: False)  # type: ignore[arg-type]
    assert waiting._waiters._value == _places()


def _places() -> int:
    return waiting._waiters._initial_value  # type: ignore[attr-defined,no-any-return]


def _connections_taken() -> int:
    stats = connection.pool.get_stats()  # type: ignore[attr-defined]
    return int(stats["pool_size"] - stats["pool_available"])


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
