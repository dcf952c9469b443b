"""What is pushed for a task is what Celery itself would have pushed."""

import base64
import json
import secrets
from typing import Any

import pytest
from celery import Celery
from kombu import Connection

from gateway import task_messages
from gateway.celery import app

TASK = "payments.tasks.open_deposit"
IDS = ["0190a1b2", 'quo"te', "пример"]
ODD = [*IDS, "back\\slash", "<<id>>", "<<body>>"]


@pytest.fixture
def broker(settings: Any) -> Any:
    """The broker's own client; what was pushed before is not there."""
    with app.producer_pool.acquire(block=True) as producer:
        channel: Any = producer.channel
        client = channel.client
    client.delete("money-in", "webhooks")
    return client


def pushed(client: Any, queue: str = "money-in") -> list[dict[str, Any]]:
    """Everything in the queue, oldest first."""
    return [json.loads(text) for text in reversed(client.lrange(queue, 0, -1))]


def comparable(message: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from message to message, and without the address of a result that nobody keeps.

    Nor the time limit: a process that has loaded its tasks writes down the one that the worker has by itself.
    """
    headers, properties = message["headers"], message["properties"]
    task_id = headers["id"]
    assert headers["root_id"] == properties["correlation_id"] == task_id
    assert len({task_id, properties["delivery_tag"]}) == 2
    return {
        **message,
        "body": json.loads(base64.b64decode(message["body"])),
        "headers": {
            **headers,
            "id": "",
            "root_id": "",
            "expires": headers["expires"][:13],
            "ignore_result": None,
            "timelimit": None,
        },
        "properties": {**properties, "correlation_id": "", "delivery_tag": "", "reply_to": ""},
    }


def test_a_message_is_the_one_that_celery_writes(broker: Any) -> None:
    app.send_task(TASK, args=tuple(IDS), retry=False, expires=60, ignore_result=True)
    task_messages.push(app, [(TASK, IDS)], expires_seconds=60)
    by_celery, by_us = pushed(broker)
    assert comparable(by_us) == comparable(by_celery)


def test_every_message_is_one_of_its_own(broker: Any) -> None:
    task_messages.push(
        app, [(TASK, ["a"]), ("gateway.webhooks.tasks.deliver", ["b"]), (TASK, ["c"])], expires_seconds=9
    )
    first, second = pushed(broker)
    (other,) = pushed(broker, "webhooks")
    bodies = [json.loads(base64.b64decode(one["body"]))[0] for one in (first, second, other)]
    assert bodies == [["a"], ["c"], ["b"]]
    assert len({one["headers"]["id"] for one in (first, second, other)}) == 3
    assert other["headers"]["task"] == "gateway.webhooks.tasks.deliver"
    assert first["properties"]["expiration"] == "9000"


def test_arguments_that_look_like_the_form_s_marks_stay_as_they_are(broker: Any) -> None:
    task_messages.push(app, [(TASK, ODD)], expires_seconds=60)
    (message,) = pushed(broker)
    assert json.loads(base64.b64decode(message["body"]))[0] == ODD


def test_a_consumer_of_celery_s_reads_it(broker: Any) -> None:
    argument = secrets.token_hex(8)
    task_messages.push(app, [(TASK, [argument])], expires_seconds=60)
    celery: Celery = app
    with Connection(celery.conf.broker_url) as connection, connection.SimpleQueue("money-in") as queue:
        message = queue.get(timeout=10)
        message.ack()
    assert message.headers["task"] == TASK
    assert message.payload[0] == [argument]
