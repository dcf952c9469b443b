"""A worker that falls over at a chosen point, and the sweep that takes up what it left."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from celery import current_app
from django.db import connection

from gateway.providers.tasks import sweep_paused_accounts
from payments.tasks import sweep_deposits
from postbacks.tasks import sweep_letters
from tests.payments.stage import ROUNDS_MAX, listening
from withdrawals.tasks import sweep_withdrawals

#: Dies with the provider's answer in its hands, before it is written down.
WITH_THE_ANSWER: Final = "with the answer"
_EVIDENCE: Final = 'UPDATE "providers_providercall"'

_SWEEPS: Final = (sweep_paused_accounts, sweep_deposits, sweep_withdrawals, sweep_letters)


class Crash(BaseException):
    """Not an Exception: nothing in the product may live on after it."""


@contextlib.contextmanager
def crash_at(point: int | str | None) -> Iterator[None]:
    """Fall over before the n-th statement, or with an answer of the provider in hand; None: not at all."""
    left = point

    def execute_or_fall(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        if isinstance(left, int):
            left -= 1
        if left == 0 or (left == WITH_THE_ANSWER and sql.startswith(_EVIDENCE)):
            left = None  # what unwinds it, rolls back
            raise Crash
        return execute(sql, params, many, context)

    with connection.execute_wrapper(execute_or_fall):
        yield


def sweep() -> None:
    """Do everything that is due now, as beat and the workers would."""
    for _ in range(ROUNDS_MAX):
        with listening() as heard:
            for one in _SWEEPS:
                one()
        if not heard:
            return
        for name, arguments in heard:
            with listening():  # what rings meanwhile is due, and the next sweep finds it
                current_app.tasks[name](*arguments)
    raise AssertionError("something is due for ever")
