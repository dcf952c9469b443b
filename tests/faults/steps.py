"""One step of a worker that kills itself, in a process of its own (`tests.forked`).

It does so at the borders, before or after the n-th query that begins like this, or on its way to a port: the code under
test is untouched.
"""

import os
import signal
import sys
from typing import Any

from django.db import connection

from gateway.celery import app


def take_step(task: str, argument: str, query: str = "", *, count: int = 1, after: bool = False, port: int = 0) -> None:
    """Run a task by its name, and die where it is said."""
    left = count

    def die_on_the_way(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and arguments[1][1:2] == (port,):
            _die()

    def execute_or_die(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        if not query or not sql.startswith(query):
            return execute(sql, params, many, context)
        left -= 1
        if left == 0 and not after:
            _die()
        result = execute(sql, params, many, context)
        if left == 0:
            _die()
        return result

    sys.addaudithook(die_on_the_way)
    with connection.execute_wrapper(execute_or_die):
        app.tasks[task](argument)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
