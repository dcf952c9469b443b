"""Two requests with one key at the same time, on two real connections."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction

from payments.models import Deposit
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.api.lock_waits import DEADLINE_SECONDS, until_waiting
from tests.gateway.api.refusals import assert_refused

#: The server of the request that waits for our row ends, and nobody hears how. Who waits is known (it is sorted) before
#: the first one ends: whoever waited for that one waits for us from then on.
OUR_WAITER_ENDS = (
    "WITH ours AS MATERIALIZED (SELECT DISTINCT pid FROM pg_locks"
    " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)) ORDER BY pid)"
    " SELECT pg_terminate_backend(pid) FROM ours"
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def aside() -> Iterator[Callable[..., Future[Any]]]:
    """Runs a call in a thread of its own, which gives its connection back."""
    with ThreadPoolExecutor(8) as pool:

        def run(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
            try:
                return call(*args, **named)
            finally:
                connections.close_all()

        yield lambda *args, **named: pool.submit(run, *args, **named)


@contextmanager
def commits_held() -> Iterator[None]:
    """No order can be committed meanwhile: foreign keys are checked at COMMIT, and the row they name is locked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM providers_paymentsystem FOR UPDATE")
        yield


def test_the_second_is_told_to_come_back(api: Api, aside: Callable[..., Future[Any]]) -> None:
    body = deposit_body()
    with commits_held():
        first = aside(api.post, "deposits", body, key="one")
        until_waiting(1)
        began = time.monotonic()
        second = aside(api.post, "deposits", body, key="one").result(DEADLINE_SECONDS)
        assert_refused(second, 409, "idempotency_key_in_use")
        assert 1.9 < time.monotonic() - began < 3.9  # one wait of 2 s, although the key was remembered
        assert second.headers["Retry-After"] == "1"
    made = first.result(DEADLINE_SECONDS)
    assert made.status_code == 201
    again = api.post("deposits", body, key="one")
    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])
    assert again.headers["Idempotent-Replayed"] == "true"


def test_the_second_gets_the_first_s_answer_when_it_comes_in_time(api: Api, aside: Callable[..., Future[Any]]) -> None:
    body = deposit_body()
    with commits_held():
        first = aside(api.post, "deposits", body, key="one")
        until_waiting(1)
        second = aside(api.post, "deposits", body, key="one")
        until_waiting(2)
    answers = [first.result(DEADLINE_SECONDS), second.result(DEADLINE_SECONDS)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
    assert Deposit.objects.count() == 1


def test_the_second_with_another_body_is_422(api: Api, aside: Callable[..., Future[Any]]) -> None:
    with commits_held():
        first = aside(api.post, "deposits", deposit_body(), key="one")
        until_waiting(1)
        second = aside(api.post, "deposits", deposit_body(), key="one")
        until_waiting(2)
    assert first.result(DEADLINE_SECONDS).status_code == 201
    assert_refused(second.result(DEADLINE_SECONDS), 422, "idempotency_key_reused")
    assert Deposit.objects.count() == 1


@pytest.mark.parametrize("keys", [["one"] * 6, list("abcdef")], ids=["one key", "six keys"])
def test_of_six_at_once_one_order_is_made(api: Api, aside: Callable[..., Future[Any]], keys: list[str]) -> None:
    body, barrier = deposit_body(), threading.Barrier(6)

    def post(key: str) -> Any:
        barrier.wait(DEADLINE_SECONDS)
        return api.post("deposits", body, key=key)

    answers = [one.result(DEADLINE_SECONDS) for one in [aside(post, key) for key in keys]]
    assert Deposit.objects.count() == 1
    made = Deposit.objects.get().public_id
    codes = sorted(answer.status_code for answer in answers)
    if len(set(keys)) == 1:
        assert codes == [201] * 6
        assert {answer.json()["id"] for answer in answers} == {made}
    else:
        assert codes == [201] + [409] * 5
        assert {answer.json().get("existing", made) for answer in answers} == {made}


def test_what_failed_at_the_first_try_is_not_tried_again_by_us(api: Api, aside: Callable[..., Future[Any]]) -> None:
    """With rows that are remembered from the order before: nobody knows what a statement did whose connection broke."""
    assert api.post("deposits", deposit_body()).status_code == 201
    with commits_held():
        order = aside(api.post, "deposits", deposit_body())
        until_waiting(1)
        with connection.cursor() as cursor:
            cursor.execute(OUR_WAITER_ENDS)
    assert_refused(order.result(DEADLINE_SECONDS), 503, "unavailable")
    assert Deposit.objects.count() == 1


def test_a_first_that_fails_leaves_the_second_to_do_the_work(api: Api, aside: Callable[..., Future[Any]]) -> None:
    body = deposit_body()
    with commits_held():
        first = aside(api.post, "deposits", body, key="one")
        until_waiting(1)
        second = aside(api.post, "deposits", body, key="one")
        until_waiting(2)
        with connection.cursor() as cursor:
            cursor.execute(OUR_WAITER_ENDS)  # the first one's
    failed = first.result(DEADLINE_SECONDS)
    assert_refused(failed, 503, "unavailable")
    assert b"terminat" not in failed.content
    answer = second.result(DEADLINE_SECONDS)
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers
    assert Deposit.objects.get().public_id == answer.json()["id"]
