"""The storm hits every process that works for us."""

from gateway.celery import app
from tests.storm import blows


def test_every_worker_is_hit() -> None:
    workers = {"payouts", "money", "news", "exports"}
    assert {name for name, _ in blows._TARGETS} == workers | {"web", "beat"}
    # Were there a queue that none of these works on, it would have a worker that is not hit.
    queues = {route["queue"] for route in app.conf.task_routes.values()}
    assert queues == {"money-out", "money-in", "pulls", "webhooks", "reports", "exports"}
