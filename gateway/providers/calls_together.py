"""Many calls of one kind that leave at the same time: `calls.call` for a batch, with the evidence written together.

The caller writes that the calls begin (`begin`) in the transaction in which it writes what they are about, makes them
with no transaction open and no connection of the database in use (`make`), and then has their ends written (`end`).
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from gateway import http, ids, logs, prepared_sql
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.client import Client
from gateway.providers import calls, health
from gateway.providers.models import ProviderAccount, ProviderCall

#: Calls of one batch that are under way at once. A provider that hangs holds so many of a worker's withdrawals, which
#: become unknown; one that answers in a second still gets a thousand a minute from each worker.
AT_ONCE: Final = 16
#: A call that has not begun so long after its batch does not begin at all. With the longest call on top a batch is
#: over long before its lease (`calls.LEASE_SECONDS`) and before the time at which its task is killed.
BEGIN_SECONDS: Final = 5.0
#: What stands for the answer of a call that never began.
NOT_BEGUN: Final = Answer(outcome=Outcome.UNKNOWN, http_status=None, sent=False, note="not begun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of one call.

    Attributes:
        answer: the provider's; `NOT_BEGUN` where nothing was tried.
        seconds: how long it took.
        ended_at: by a clock that only says which of two came first.
    """

    answer: Answer
    seconds: float
    ended_at: float


_COLUMNS: Final = {"id": "uuid", "subject": "text", "request": "text"}
_CALLS: Final = prepared_sql.Insertion(
    ProviderCall,
    {
        "id": "begun.id",
        "account_id": "%(account)s::uuid",
        "operation": "%(operation)s::text",
        "subject": "begun.subject",
        "also_about": "'{}'",
        "request": "convert_to(begun.request, 'UTF8')",
        "request_id": "%(request_id)s::text",
        "started_at": "%(now)s::timestamptz",
    },
    source=f"""jsonb_to_recordset(%(calls)s::jsonb)
        AS begun({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})""",
)
_BEGIN: Final = prepared_sql.one_line(f"{_CALLS.sql} RETURNING id")
_ENDS: Final = {
    "id": "uuid",
    "sent": "boolean",
    "http_status": "smallint",
    "outcome": "text",
    "note": "text",
    "response": "text",
    "response_digest": "text",
    "duration_ms": "integer",
}
_END: Final = prepared_sql.one_line(f"""
    UPDATE providers_providercall AS one SET
        {", ".join(f"{name} = ended.{name}" for name in _ENDS if name not in {"id", "response"})},
        response = convert_to(ended.response, 'UTF8')
    FROM jsonb_to_recordset(%(ends)s::jsonb) AS ended({", ".join(f"{name} {kind}" for name, kind in _ENDS.items())})
    WHERE one.id = ended.id
    RETURNING one.id
""")  # noqa: S608 - names of our own columns
_REQUEST: Final = prepared_sql.field_of(ProviderCall, "request")
_RESPONSE: Final = prepared_sql.field_of(ProviderCall, "response")


def begin(account: ProviderAccount, operation: str, about: Sequence[tuple[str, Mapping[str, Any]]]) -> list[uuid.UUID]:
    """Write down that calls begin, in the caller's transaction; the ids of the evidence, in order.

    Args:
        account: whose credentials are used.
        operation: its name in the evidence.
        about: of each call its subject and what is asked, never credentials.
    """
    begun = [ids.new_id() for _ in about]
    rows = [
        {"id": one, "subject": subject, "request": _REQUEST.get_prep_value(dict(request)).decode()}
        for one, (subject, request) in zip(begun, about, strict=True)
    ]
    prepared_sql.run(
        _BEGIN,
        {
            "account": account.pk,
            "operation": operation,
            "request_id": logs.request_id.get(),
            "now": timezone.now(),
            "calls": json.dumps(rows, default=str),
        },
    )
    return begun


def make(
    account: ProviderAccount, works: Sequence[Callable[[Client], Answer]], *, begun_at: float
) -> list[Made | Exception]:
    """Make calls, each over a connection of its own, and wait for all of them; in the order in which they were given.

    After the first answer that says something of the account (none, a refusal of our credentials, or one that nobody
    can read) no further call begins. Each has the account's place already, and its own time limits.

    Args:
        account: whose credentials are used.
        works: the calls, on a client that makes a fresh connection for each.
        begun_at: since when `BEGIN_SECONDS` count, by `time.monotonic`: before it was written that they begin, so that
            none begins after its lease, however long this process stood still.

    Returns:
        Of each call what came of it, or the fault of ours that it ran into: whether that one left nobody knows.
    """
    calls.assert_no_transaction()
    begin_until = begun_at + BEGIN_SECONDS
    stopped = threading.Event()
    with http.build_client(connect_seconds=calls.CONNECT_SECONDS, read_seconds=calls.READ_SECONDS) as connections:
        # Made here: the threads decrypt nothing and ask the database for nothing.
        client = calls.client_of(account, connections)

        def made(work: Callable[[Client], Answer]) -> Made:
            started = time.monotonic()
            if stopped.is_set() or started > begin_until:
                return Made(answer=NOT_BEGUN, seconds=0, ended_at=started)
            answer = work(client)
            if answer.outcome in {Outcome.UNKNOWN, Outcome.CREDENTIAL_ERROR}:
                stopped.set()
            ended = time.monotonic()
            return Made(answer=answer, seconds=ended - started, ended_at=ended)

        with ThreadPoolExecutor(min(len(works), AT_ONCE), thread_name_prefix="calls") as threads:
            futures = [threads.submit(made, work) for work in works]
        return [_result(future) for future in futures]


def _result(future: Any) -> Made | Exception:
    error = future.exception()
    if error is None:
        made: Made = future.result()
        return made
    if not isinstance(error, Exception):
        raise error
    return error


def end(account: ProviderAccount, operation: str, ends: Sequence[tuple[uuid.UUID, Made]]) -> None:
    """Keep what came of calls, and take down what it says of the account, in the order in which they ended."""
    if not ends:
        return
    _write(ends)
    last: Outcome | None = None
    for _, made in sorted(ends, key=lambda one: one[1].ended_at):
        # A row of good answers says the same as its last one.
        is_news = made.answer.outcome is not last or made.answer.outcome in {Outcome.UNKNOWN, Outcome.CREDENTIAL_ERROR}
        if made.answer is not NOT_BEGUN and is_news:
            health.note(account, operation, made.answer, patient=True)
            last = made.answer.outcome


@transaction.atomic(durable=True)
def _write(ends: Sequence[tuple[uuid.UUID, Made]]) -> None:
    rows = []
    for one, made in ends:
        columns = calls.ended(made.answer, made.seconds)
        rows.append({"id": one, **columns, "response": _RESPONSE.get_prep_value(columns["response"]).decode()})
    prepared_sql.run(_END, {"ends": json.dumps(rows, default=str)})
