"""What Celery puts into Redis for a task, with most of it written once.

`Celery.send_task` takes half a millisecond to write the same kilobyte each time: for an order with one webhook that
was as much as all the rest. Here Celery and kombu write it once for each task, with marks where one message differs
from the next; a message is that form with the marks filled in. So the format stays theirs, whatever their version is,
and a test holds the two against each other.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from celery import Celery
from celery.signals import before_task_publish
from kombu import Connection

from gateway import ids

#: Where messages differ. JSON leaves them as they are, and nothing else in a form looks like them.
_ID, _TAG, _EXPIRES, _ARGUMENTS, _BODY = "<<id>>", "<<tag>>", "<<expires>>", "<<arguments>>", "<<body>>"
_MARKS: Final = re.compile(f"({_ID}|{_TAG}|{_EXPIRES}|{_ARGUMENTS}|{_BODY})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A message of one task, but for the marks.

    Attributes:
        queue: where the task's messages go: a list in Redis.
        parts: the message, cut before and after each mark.
        rest: what stands in its body behind the arguments.
        rest_text: the same as JSON, without the bracket that begins it.
    """

    queue: str
    parts: tuple[str, ...]
    rest: list[Any]
    rest_text: str


def push(app: Celery, calls: Iterable[tuple[str, Sequence[str]]], *, expires_seconds: int) -> None:
    """Send tasks as `Celery.send_task` does, all of them in one round trip and without trying twice.

    Args:
        app: knows the queues and the broker.
        calls: name of each task and its arguments, which are ids.
        expires_seconds: a worker throws away what is older.

    Raises:
        kombu.exceptions.OperationalError, redis.exceptions.RedisError, OSError: the broker does not take them.
    """
    expires = (datetime.now(UTC) + timedelta(seconds=expires_seconds)).isoformat()
    texts: dict[str, list[str]] = defaultdict(list)
    for task, arguments in calls:
        form = _form(app, task, expires_seconds)
        texts[form.queue].append(_filled(form, task, arguments, expires))
    with app.producer_pool.acquire(block=True) as producer:
        channel: Any = producer.channel
        pipeline = channel.client.pipeline(transaction=False)
        for queue, of_queue in texts.items():
            pipeline.lpush(queue, *of_queue)
        pipeline.execute()


def _filled(form: _Form, task: str, arguments: Sequence[str], expires: str) -> str:
    # Not from `uuid4`: it asks the system for random bytes, and a thread that does so lets all others go first.
    task_id = str(ids.new_id())
    if before_task_publish.receivers:  # whoever listens to Celery hears this, too
        before_task_publish.send(
            sender=task,
            body=(arguments, *form.rest),
            exchange="",
            routing_key=form.queue,
            headers={"task": task, "id": task_id, "expires": expires},
        )
    marked = {
        _ID: task_id,
        _TAG: str(ids.new_id()),
        _EXPIRES: expires,
        _BODY: base64.b64encode(f"[{json.dumps(arguments)}, {form.rest_text}".encode()).decode(),
        _ARGUMENTS: json.dumps(repr(tuple(arguments)))[1:-1],
    }
    return "".join([marked.get(part, part) for part in form.parts])


@lru_cache(maxsize=128)  # there are some dozen tasks
def _form(app: Celery, task: str, expires_seconds: int) -> _Form:
    queue: str = app.amqp.router.route({}, task)["queue"].name
    message = app.amqp.create_task_message(_ID, task, expires=_EXPIRES, argsrepr=_ARGUMENTS)
    with Connection("memory://") as nowhere, nowhere.Producer(serializer=app.conf.task_serializer) as producer:
        producer.publish(
            message.body,
            exchange="",
            routing_key=queue,
            delivery_mode=app.conf.task_default_delivery_mode,
            expiration=expires_seconds,
            headers=message.headers,
            **message.properties,
        )
        memory: Any = producer.channel
        written: dict[str, Any] = memory._get(queue)  # noqa: SLF001 - the other end of memory
    written["body"] = _BODY
    written["properties"]["delivery_tag"] = _TAG
    rest = list(message.body[1:])
    return _Form(
        queue=queue,
        parts=tuple(_MARKS.split(json.dumps(written))),
        rest=rest,
        rest_text=json.dumps(rest).removeprefix("["),
    )
