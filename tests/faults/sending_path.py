"""The whole way of a withdrawal, walked in a process that kills itself at a chosen point of it (`tests.forked`).

The points are found, not listed: before each COMMIT, before each statement that commits itself, before each call of the
provider, and at the end. Nothing lasting happens between two of them, so the point after a commit, or after a call, is
the one before the next. A commit that is added to the way is a point by itself.

One process loads the product and forks a child for each walk; only children die.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from typing import Any, Final

import time_machine
from celery.signals import before_task_publish
from django.conf import settings
from django.db import connection
from django.test.utils import setup_test_environment

import gateway.urls
from gateway.celery import app
from tests.conftest import Api
from withdrawals.models import Withdrawal
from withdrawals.states import FINAL
from withdrawals.tasks import sweep_withdrawals

#: Between two rounds of a walk: longer than a lease, and than every wait of the first minutes.
_ROUND: Final = timedelta(seconds=130)
#: A walk of three sendings takes eight.
_ROUNDS_MAX: Final = 25
_READS: Final = ("SELECT", "SET ", "SHOW")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the product asks for: at the beginning of each walk once more, with the same key."""

    wish: dict[str, Any]
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One walk, of one order or of several side by side.

    Attributes:
        api_key: the product's.
        orders: its orders.
        sandbox_url: the provider.
        control_key: of the sandbox.
        help_after: the round after which the provider is well, and has money, again.
        dies_at: the number of the point, from 1; 0 lives.
    """

    api_key: str
    orders: tuple[Order, ...]
    sandbox_url: str
    control_key: str
    help_after: int = 0
    dies_at: int = 0


class _Points:
    """Counts the points, and dies at one."""

    def __init__(self, dies_at: int, port: int) -> None:
        self.dies_at, self.port = dies_at, port
        self.passed: list[str] = []
        self.is_off = False

    def pass_(self, name: str) -> None:
        if self.is_off:
            return
        self.passed.append(name)
        if len(self.passed) == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        connection.ensure_connection()
        database: Any = connection
        commit, last = database._commit, ["nothing"]

        def commit_between_points() -> None:
            self.pass_(f"before the commit after {last[0]}")
            commit()

        def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            words = " ".join(sql.split())[:40]
            is_write = not words.startswith(_READS)
            if is_write:
                last[0] = words
                if not connection.in_atomic_block:
                    self.pass_(f"before {words}")
            return run(sql, params, many, context)

        def look(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "socket.connect" and arguments[1][1:2] == (self.port,):
                self.pass_("before a call of the provider")

        database._commit = commit_between_points
        connection.execute_wrappers.append(execute)
        sys.addaudithook(look)


def mother(told: Connection) -> None:
    """Walk as told, each time in a child: answers its exit code and the points that it passed, if it lived to say."""
    setup_test_environment()
    settings.WHITENOISE_USE_FINDERS = False
    settings.FAILED_AUTHENTICATIONS_PER_MINUTE = 1_000_000
    assert gateway.urls.urlpatterns  # loaded before the first child
    while (walk := told.recv()) is not None:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.write(writing, json.dumps(_walked(walk)).encode())
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading, "rb") as lines:
            said = lines.read()
        _, status = os.waitpid(child, 0)
        told.send((os.waitstatus_to_exitcode(status), json.loads(said) if said else []))


def _walked(walk: Walk) -> list[str]:
    points = _Points(walk.dies_at, int(walk.sandbox_url.rsplit(":", 1)[1]))
    points.install()
    rung: list[tuple[str, str]] = []

    def hear(sender: str, body: Any, **_: Any) -> None:
        rung.append((sender, body[0][0]))

    before_task_publish.connect(hear, weak=False)
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for order in walk.orders:
            made = Api(walk.api_key).post("withdrawals", order.wish, key=order.idempotency_key)
            assert made.status_code == 201, made.content
        for number in range(1, _ROUNDS_MAX):
            rung.clear()
            sweep_withdrawals()
            while rung:
                task, argument = rung.pop(0)
                app.tasks[task](argument)
            points.is_off = True
            under_way = [one for one in _orders(walk) if not _is_over(one)]
            _help(walk, under_way, number)
            points.is_off = False
            if not under_way:
                points.pass_("at the end")
                return points.passed
            clock.shift(_ROUND)
    raise AssertionError(f"they never came to an end: {under_way}")


def _orders(walk: Walk) -> list[Withdrawal]:
    references = [order.wish["reference"] for order in walk.orders]
    return list(Withdrawal.objects.filter(reference__in=references).select_related("account"))


def _help(walk: Walk, under_way: list[Withdrawal], number: int) -> None:
    """What the world does by itself: the provider settles what it has, is well again, is topped up."""
    told: list[tuple[str, dict[str, Any]]] = [("settle", {"order_id": one.public_id}) for one in under_way]
    if number == walk.help_after:
        amount = str(sum(one.amount for one in under_way))
        told = [("outage", {"outage": "none"}), ("top-up", {"wallet_type": "imps_ib", "amount": amount}), *told]
    headers = {"X-Control-Key": walk.control_key, "Content-Type": "application/json"}
    for action, fields in told:
        control = HTTPConnection(walk.sandbox_url.removeprefix("http://"))
        control.request("POST", f"/control/{action}", json.dumps(fields), headers)
        # What it never heard of, it cannot settle.
        assert control.getresponse().status in {200, 400}
        control.close()


def _is_over(withdrawal: Withdrawal) -> bool:
    """It ended; or nobody knows whether it arrived, and nothing more happens by itself: the provider has none."""
    is_stuck = withdrawal.status == "unknown" and withdrawal.last_answer == "not_found"
    return withdrawal.status in FINAL or (is_stuck and not withdrawal.account.ids_proven_unique)
