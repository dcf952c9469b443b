"""The doorbell: after the commit, by name, and never in anybody's way."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from celery.signals import before_task_publish
from django.db import IntegrityError, connection, transaction

from gateway import after_commit
from gateway.celery import app
from gateway.products.models import Product
from tests.ports import closed_port

TASK = "payments.tasks.open_deposit"


@pytest.fixture
def rung() -> Iterator[list[tuple[str, list[str], str]]]:
    """What was published: task, arguments, queue."""
    heard: list[tuple[str, list[str], str]] = []

    def hear(sender: str, body: Any, routing_key: str, **_: Any) -> None:
        heard.append((sender, json.loads(json.dumps(body[0])), routing_key))

    before_task_publish.connect(hear, weak=False)
    yield heard
    before_task_publish.disconnect(hear)


@pytest.fixture(autouse=True)
def not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing failed lately."""
    monkeypatch.setattr(after_commit, "_silent_until", 0.0)


@pytest.fixture
def dead_broker() -> Iterator[int]:
    """The broker's address is a port where nobody listens."""
    celery: Any = app
    former = celery.conf.broker_url, celery.conf.broker_write_url
    with closed_port() as port:
        celery.conf.broker_url = celery.conf.broker_write_url = f"redis://127.0.0.1:{port}/0"
        # Looked up anew by its address; pools are kept by address.
        celery._pool = celery.amqp._producer_pool = None
        yield port
    celery.conf.broker_url, celery.conf.broker_write_url = former
    celery._pool = celery.amqp._producer_pool = None


@pytest.mark.django_db(transaction=True)
def test_it_rings_after_the_commit_and_not_before(rung: list[Any]) -> None:
    with transaction.atomic():
        after_commit.ring(TASK, "one")
        assert rung == []
        with transaction.atomic():
            after_commit.ring(TASK, "two")
        assert rung == []
    assert rung == [(TASK, ["one"], "money-in"), (TASK, ["two"], "money-in")]


@pytest.mark.django_db(transaction=True)
def test_it_rings_for_each_of_many_after_the_commit(rung: list[Any]) -> None:
    with transaction.atomic():
        after_commit.ring_each(TASK, ["one", "two"])
        after_commit.ring_each(TASK, [])
        assert rung == []
    assert rung == [(TASK, ["one"], "money-in"), (TASK, ["two"], "money-in")]


@transaction.atomic
def ring_and_fail(text: str) -> None:
    after_commit.ring(TASK, text)
    Product.objects.create(name="taken")


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_rung_for(rung: list[Any]) -> None:
    Product.objects.create(name="taken")
    with pytest.raises(IntegrityError):
        ring_and_fail("one")
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            ring_and_fail("two")
        after_commit.ring(TASK, "three")
    assert [ids for _, ids, _ in rung] == [["three"]]


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_it_rings_at_once(rung: list[Any]) -> None:
    after_commit.ring("withdrawals.tasks.send_withdrawal", "one")
    after_commit.ring("gateway.webhooks.tasks.deliver", "two")
    assert [queue for _, _, queue in rung] == ["money-out", "webhooks"]


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_harms_nothing_and_is_left_alone_for_a_while(
    dead_broker: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    with transaction.atomic():
        Product.objects.create(name="kept")
        after_commit.ring(TASK, "one")
    assert Product.objects.filter(name="kept").exists()
    assert connection.in_atomic_block is False
    assert caplog.text.count("doorbell_failed") == 1
    assert after_commit._silent_until > time.monotonic()
    for number in range(1_000):
        after_commit.ring(TASK, str(number))
    assert caplog.text.count("doorbell_failed") == 1
    assert time.monotonic() - began < 5
    monkeypatch.setattr(after_commit, "_silent_until", 0.0)
    after_commit.ring(TASK, "again")
    assert caplog.text.count("doorbell_failed") == 2


def test_the_current_application_is_ours() -> None:
    assert current_app.main == app.main == "gateway"
    assert set(app.tasks) == set(current_app.tasks)
    assert app.conf.broker_url.startswith("redis")
    assert (app.conf.task_acks_late, app.conf.task_reject_on_worker_lost, app.conf.task_ignore_result) == (
        True,
        True,
        True,
    )
    assert app.conf.worker_prefetch_multiplier == 1
