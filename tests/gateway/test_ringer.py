"""The web's doorbell: a thread rings for all requests, and no request waits for the broker."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.db import transaction

from gateway import after_commit

TASK = "payments.tasks.open_deposit"
#: The ringer gathers for some milliseconds; a loaded machine takes longer to let it run.
DEADLINE_SECONDS = 30


@pytest.fixture
def rung() -> Iterator[list[tuple[str, str]]]:
    """What was published: the arguments, and the thread that did it."""
    heard: list[tuple[str, str]] = []

    def hear(body: Any, **_: Any) -> None:
        heard.append((*body[0], threading.current_thread().name))

    before_task_publish.connect(hear, weak=False)
    yield heard
    before_task_publish.disconnect(hear)


@pytest.fixture(autouse=True)
def ringer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `ring_in_background` begins it in a web process, for this test."""
    monkeypatch.setattr(after_commit, "_silent_until", 0.0)
    monkeypatch.setattr(after_commit, "_ringer", after_commit._Ringer())
    after_commit.ring_in_background()


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never rang"
        time.sleep(0.005)  # between looks at another thread


@pytest.mark.django_db(transaction=True)
def test_it_rings_after_the_commit_in_a_thread_of_its_own(rung: list[Any]) -> None:
    with transaction.atomic():
        after_commit.ring(TASK, "one")
        assert after_commit._ringer._waiting.empty()
    until(lambda: rung)
    assert rung == [("one", "ringer")]


@pytest.mark.django_db(transaction=True)
def test_the_same_ring_twice_in_a_moment_is_one(rung: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    gathering = threading.Event()
    monkeypatch.setattr("time.sleep", lambda seconds: gathering.wait(DEADLINE_SECONDS))
    for text in ("one", "two", "one", "three", "two"):
        after_commit.ring(TASK, text)
    gathering.set()
    monkeypatch.undo()
    until(lambda: len(rung) == 3)
    assert [text for text, _ in rung] == ["one", "two", "three"]


@pytest.mark.django_db(transaction=True)
def test_what_nobody_sends_is_kept_up_to_a_bound(rung: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()
    begun: list[Any] = []
    sent: list[Any] = []

    def send(rings: Any) -> None:
        begun.append(rings)
        hangs.wait(DEADLINE_SECONDS)
        sent.extend(rings)

    monkeypatch.setattr(after_commit, "_send", send)
    after_commit.ring(TASK, "first")
    until(lambda: begun)
    for number in range(after_commit._WAITING_MAX + 500):
        after_commit.ring(TASK, str(number))
    kept = after_commit._ringer._waiting.qsize()
    assert kept == after_commit._WAITING_MAX
    hangs.set()
    # Not before all of them are gone: later they would ring in the middle of another test.
    until(lambda: len(sent) == 1 + kept)


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_costs_a_request_nothing_and_the_ringer_lives_on(
    rung: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def dead(*_: Any, **__: Any) -> None:
        raise OSError("no broker")

    with monkeypatch.context() as broken:
        broken.setattr("gateway.task_messages.push", dead)
        after_commit.ring(TASK, "one")
        until(lambda: "doorbell_failed" in caplog.text)
    assert rung == []
    monkeypatch.setattr(after_commit, "_silent_until", 0.0)
    after_commit.ring(TASK, "two")
    until(lambda: rung)
    assert [text for text, _ in rung] == ["two"]
