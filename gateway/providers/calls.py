"""The one door to the provider: every call leaves through here, with empty hands and with evidence.

No transaction may be open (a lock held for a minute of network is an outage), every call and its answer is a row,
and an answer that speaks of our credentials stops the account, not the order (`health.py`). How fast calls leave, and
that none leaves a paused account, is the business of `pace.py`.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.db import connection

from gateway import http, logs
from gateway.encryption import UnreadableColumn
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.client import Client, Credentials
from gateway.providers import health, pace
from gateway.providers.models import NOTE_MAX_LENGTH, PaymentSystem, ProviderAccount, ProviderCall
from gateway.providers.paths import paths_of

log = structlog.get_logger(__name__)

#: A TCP handshake across the world takes well under a second; five leaves room for two lost packets.
CONNECT_SECONDS: Final = 5.0
#: Nobody waits in a worker, and every timeout makes an unknown: a slow answer is worth a minute.
READ_SECONDS: Final = 60.0
#: A claim outlives the longest call: connect, read, and a margin for our own commits.
LEASE_SECONDS: Final = 120
#: What is kept of an answer as evidence.
KEPT_BYTES: Final = 64 * 1024

#: What a caller gets where no call was made: the account is paused, or its line is longer than the caller would wait.
HELD_BACK: Final = Answer(outcome=Outcome.UNKNOWN, http_status=None, sent=False, note="held back")


def call(
    account: ProviderAccount,
    operation: str,
    do: Callable[[Client], Answer],
    *,
    subject: str = "",
    also_about: Sequence[str] = (),
    request: Mapping[str, Any] | None = None,
    system: PaymentSystem | None = None,
    read_seconds: float = READ_SECONDS,
    optional: bool = False,
    has_place: bool = False,
    patience_seconds: float = pace.WAIT_SECONDS,
) -> Answer:
    """Make one provider call and keep its evidence; `HELD_BACK` where the account is not to be called now.

    Args:
        account: whose credentials to use.
        operation: its name in the evidence, for example ``activate``.
        do: the call itself, on a client with a fresh connection.
        subject: our id of what it is about.
        also_about: our ids of what else it is about.
        request: what was asked, for the evidence (encrypted at rest); never credentials.
        system: the payment system whose paths apply.
        read_seconds: how long to wait for the answer.
        optional: the provider may not have this address (any more), or answer it to anybody: whatever it says is no
            word about the account, neither for it nor against it.
        has_place: the caller has taken the account's place already (`pace.take_place`), before it wrote that it would
            send.
        patience_seconds: the longest wait for a place.
    """
    assert_no_transaction()
    if not has_place and not pace.take_place(account, patience_seconds=patience_seconds):
        return HELD_BACK
    row = ProviderCall.objects.create(
        account=account,
        operation=operation,
        subject=subject,
        also_about=list(also_about),
        request=None if request is None else {key: _plain(value) for key, value in request.items()},
        request_id=logs.request_id.get(),
    )
    started = time.monotonic()
    connect_seconds = min(CONNECT_SECONDS, read_seconds)
    with http.build_client(connect_seconds=connect_seconds, read_seconds=read_seconds) as connection_pool:
        try:
            client = client_of(account, connection_pool, system)
        except UnreadableColumn as unreadable:
            log.error("column_unreadable", place=unreadable.place)  # noqa: TRY400 - it has no trace worth reading
            answer = Answer(outcome=Outcome.UNKNOWN, http_status=None, sent=False, note="our keys cannot be decrypted")
        else:
            answer = do(client)
    columns = ended(answer, time.monotonic() - started)
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=[*columns])
    if not optional:
        # A caller in a hurry learns nothing about the account from silence.
        health.note(account, operation, answer, patient=read_seconds >= READ_SECONDS)
    return answer


def ended(answer: Answer, seconds: float) -> dict[str, Any]:
    """What the evidence keeps of a call that is over: columns of `ProviderCall`, by their names.

    Args:
        answer: what came of it.
        seconds: how long it took.
    """
    return {
        "sent": answer.sent,
        "http_status": answer.http_status,
        "outcome": answer.outcome,
        "note": answer.note[:NOTE_MAX_LENGTH],
        "response": answer.raw[:KEPT_BYTES],
        "response_digest": hashlib.sha256(answer.raw).hexdigest(),
        "duration_ms": round(seconds * 1000),
    }


def was_not_read(answer: Answer) -> bool:
    """True where the provider surely did nothing: no byte left us, or it refused our credentials before reading on.

    It says so in words ("Wrong secret", C§1.11) or by 404 (C§0); a 401 or 403 without words may be anybody's.
    """
    if not answer.sent:
        return True
    if answer.outcome is not Outcome.CREDENTIAL_ERROR:
        return False
    # A 404 with a status of its own was written by somebody who had read on.
    has_status = isinstance(answer.payload, dict) and "status" in answer.payload
    return answer.credential is not None or (answer.http_status == HTTPStatus.NOT_FOUND and not has_status)


def client_of(account: ProviderAccount, connection_pool: Any, system: PaymentSystem | None = None) -> Client:
    """A client with the account's credentials and the paths of account and system; the system's own count most."""
    own = {"manual_activation": system.manual_path} if system is not None and system.manual_path else {}
    return Client(
        credentials=Credentials(
            base_url=account.base_url,
            api_secret=account.api_secret,
            withdrawal_key=account.withdrawal_key,
        ),
        http=connection_pool,
        paths=paths_of({**account.paths, **own}),
        json_body_on_get=account.json_body_on_get,
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str | list) else str(value)


def assert_no_transaction() -> None:
    """Refuse to call while a transaction is open.

    Raises:
        RuntimeError: one is.
    """
    # The same test that Django makes for a durable block: the transaction around a test case does not count.
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("A provider call was tried inside a transaction.")
