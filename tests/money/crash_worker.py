"""A process that does one thing to money and dies at a chosen border of it; run with ``-m``, told by lines of JSON.

It forks a child for each line, so that Python and Django are started once, and says how the child ended. A border is
before each statement, before each COMMIT and after it. There the child kills itself (``kill``), or its session of the
database is ended under it (``terminate``).
"""

import contextlib
import json
import os
import signal
import sys
import time
from typing import Any

import django

django.setup()

import psycopg  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

import gateway.urls  # noqa: E402
from gateway.lifecycles import Cause, CauseKind  # noqa: E402
from gateway.paykassma import php_json  # noqa: E402
from gateway.paykassma.messages import Postback, parse_postback, parse_pull  # noqa: E402
from gateway.providers.models import ProviderAccount  # noqa: E402
from payments.asking import record_postback  # noqa: E402
from payments.resolutions import Unresolvable, reverse_receipt  # noqa: E402
from tests import loaded  # noqa: E402
from tests.conftest import Api  # noqa: E402
from tests.money.world import decide  # noqa: E402
from withdrawals.outcomes import record_word  # noqa: E402

# What takes long to load is there before the first child: the addresses with all that they lead to. None asks for the
# static files, which every new client would look for.
setup_test_environment()
settings.WHITENOISE_USE_FINDERS = False
assert gateway.urls.urlpatterns
assert loaded

_BY_PULL = Cause(kind=CauseKind.PULL, id="crash")
#: What a child says when its session was ended and it could not go on.
BROKEN = 3


def credit(account: str, order: str, postback: Any) -> None:
    """The provider, asked about an order, names money."""
    said = parse_postback(php_json.parse(json.dumps(postback).encode()))
    assert isinstance(said, Postback)
    record_postback(ProviderAccount.objects.get(pk=account), said, asked_for=order, cause=_BY_PULL)


def hold(key: str, body: Any, idempotency_key: str) -> None:
    """A product asks for a withdrawal, with the same key each time."""
    answer = Api(key).post("withdrawals", body, key=idempotency_key)
    # A request that finds no database is answered, too.
    if answer.status_code != 201:
        raise DatabaseError(answer.content)


def end(account: str, withdrawal: str, entry: Any) -> None:
    """The provider, asked about a withdrawal, says what became of it."""
    raw = php_json.parse(json.dumps({"data": {"withdrawals": [entry]}}).encode())
    word = parse_pull("withdrawal", raw)[withdrawal]
    record_word(ProviderAccount.objects.get(pk=account), withdrawal, word, _BY_PULL)


def reverse(receipt: str) -> None:
    """The provider took credited money back; a person says so, once more where he does not know whether he did."""
    with contextlib.suppress(Unresolvable):
        decide(reverse_receipt, receipt)


_THINGS = {one.__name__: one for one in (credit, hold, end, reverse)}


class _Borders:
    """Counts them, and dies at one."""

    def __init__(self, dies_at: int, how: str) -> None:
        self.left, self.how = dies_at, how

    def __call__(self) -> None:
        self.left -= 1
        if self.left != 0:
            return
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        session = connection.connection.info.backend_pid
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [session])
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [session]).fetchone():
                time.sleep(0.001)


def _child(thing: str, arguments: list[Any], dies_at: int, how: str) -> int:
    border = _Borders(dies_at, how)

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        border()
        return run(sql, params, many, context)

    connection.ensure_connection()
    database: Any = connection
    commit = database._commit

    def commit_between_borders() -> None:
        border()
        commit()
        border()

    database._commit = commit_between_borders
    try:
        with connection.execute_wrapper(execute):
            _THINGS[thing](*arguments)
    except DatabaseError:
        return BROKEN
    # Nothing is told of a border that was never reached, so the one who asks knows that all have been tried.
    return 0 if border.left <= 0 else 1


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 2
            try:
                code = _child(*json.loads(line))
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
