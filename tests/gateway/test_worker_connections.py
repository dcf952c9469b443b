"""Between two tasks a worker keeps what it knows of the database, and throws away what broke."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]  # its stubs lack it
from celery.signals import task_postrun, task_prerun
from django.db import connection

from gateway.celery import app
from tests import roles
from withdrawals.tasks import send_withdrawal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker() -> Iterator[DjangoWorkerFixup]:
    """What Celery does in a worker of processes, before and after each task."""

    class Prefork:
        pool_cls = "celery.concurrency.prefork:TaskPool"

    fixup = DjangoWorkerFixup(app)
    fixup.worker = Prefork()
    task_prerun.connect(fixup.on_task_prerun)
    task_postrun.connect(fixup.on_task_postrun)
    # Neither what the tests before left in the pool is of interest here, nor what is broken here to those after.
    connection.close_pool()  # type: ignore[attr-defined]
    yield fixup
    connection.close_pool()  # type: ignore[attr-defined]
    task_prerun.disconnect(fixup.on_task_prerun)
    task_postrun.disconnect(fixup.on_task_postrun)


def run_task() -> int:
    """A task that looks at the database: which process of PostgreSQL served it."""
    task: Any = send_withdrawal
    task_prerun.send(sender=task, task_id="", task=task, args=[], kwargs={})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    task_postrun.send(sender=task, task_id="", task=task, args=[], kwargs={}, retval=None, state="SUCCESS")
    return int(pid)


def test_the_same_connections_serve_task_after_task(worker: DjangoWorkerFixup) -> None:
    run_task()
    pool: Any = connection.pool  # type: ignore[attr-defined]
    made = pool.get_stats()["connections_num"]
    for _ in range(5):
        run_task()
    assert connection.pool is pool  # type: ignore[attr-defined]
    assert pool.get_stats()["connections_num"] == made


def test_a_task_after_one_whose_connection_broke_gets_another(worker: DjangoWorkerFixup) -> None:
    before = run_task()
    with roles.superuser(autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (before,))
    for _ in range(2):
        # The one that finds it out fails, as it would anywhere; its row is due again by itself.
        try:
            after = run_task()
        except Exception:  # noqa: BLE001 - whichever way the driver says it
            task_postrun.send(sender=send_withdrawal, task_id="", args=[], kwargs={})
    assert after != before
