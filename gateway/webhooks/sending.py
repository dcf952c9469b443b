"""One attempt over the wire: no database, no transaction, nothing raised."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import httpx

from gateway.http import Exchanged, Failure, build_client, exchange
from gateway.http_transport import DeadlineTransport
from gateway.public_addresses import PinnedBackend, Resolver, Unusable, addresses_of
from gateway.webhooks.states import AttemptOutcome

#: From the first look-up of the name to the last byte of the answer. A receiver should store and answer; whoever
#: needs longer holds one of our workers meanwhile.
ATTEMPT_MAX_SECONDS: Final = 15.0
#: For the name, for the connection and for TLS, each: a reachable server needs far less than a second.
_CONNECT_SECONDS: Final = 5.0
#: As much of the answer as is kept for whoever looks for the fault.
ANSWER_MAX_BYTES: Final = 64 * 1024

#: By the first digit of the status code (RFC 9110 §15); the others are refusals.
_OUTCOMES_BY_CLASS: Final = {2: AttemptOutcome.DELIVERED, 3: AttemptOutcome.REDIRECTED}

_USER_AGENT: Final = "payment-gateway-webhooks/1"
#: Seconds of a Retry-After; more digits are more than a century.
_SECONDS: Final = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one attempt ended.

    Attributes:
        http_status: None where no status line arrived.
        retry_after_seconds: what the endpoint asked for, unclamped; None where it asked for nothing.
        answer: the first `ANSWER_MAX_BYTES` of the body; hidden, it is anything the product writes.
    """

    outcome: AttemptOutcome
    http_status: int | None
    started_at: datetime
    duration_ms: int
    retry_after_seconds: int | None
    answer: bytes = field(repr=False)


def body_of(*, event_id: str, type_: str, created_at: datetime, sequence: int, mode: str, data: Any) -> bytes:
    """The body of every attempt of one event: the same bytes each time.

    Args:
        event_id: ``evt_…``.
        type_: for example ``deposit.credited``.
        created_at: when it happened.
        sequence: counts the moves of one object; a receiver drops what is older than what it has seen.
        mode: ``live`` or ``test``.
        data: the object as the API showed it.
    """
    body = {
        "id": event_id,
        "type": type_,
        "timestamp": created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "sequence": sequence,
        "mode": mode,
        "data": data,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def post(*, url: str, body: bytes, headers: dict[str, str], resolver: Resolver) -> Attempt:
    """Send one webhook and say how it went.

    Args:
        url: of the endpoint.
        body: exactly what was signed.
        headers: the signature's.
        resolver: of host names.
    """
    started_at, started = datetime.now(UTC), time.monotonic()
    target = _target(url)
    if target is None:
        return unsent()
    addresses = addresses_of(target, resolver=resolver, within_seconds=_CONNECT_SECONDS)
    if isinstance(addresses, Unusable):
        exchanged = None
        outcome = AttemptOutcome.FORBIDDEN_ADDRESS if addresses is Unusable.FORBIDDEN else AttemptOutcome.UNREACHABLE
    else:
        transport = DeadlineTransport(PinnedBackend(addresses=addresses))
        with build_client(
            connect_seconds=_CONNECT_SECONDS, read_seconds=ATTEMPT_MAX_SECONDS, transport=transport
        ) as client:
            exchanged = exchange(
                client,
                client.build_request(
                    "POST",
                    target,
                    content=body,
                    headers={**headers, "content-type": "application/json", "user-agent": _USER_AGENT},
                ),
                max_bytes=ANSWER_MAX_BYTES,
                deadline_seconds=ATTEMPT_MAX_SECONDS - (time.monotonic() - started),
            )
        outcome = _outcome_of(exchanged)
    return Attempt(
        outcome=outcome,
        http_status=exchanged.http_status if exchanged else None,
        started_at=started_at,
        duration_ms=round((time.monotonic() - started) * 1000),
        retry_after_seconds=retry_after_seconds(exchanged.headers.get("retry-after", "")) if exchanged else None,
        answer=exchanged.body if exchanged else b"",
    )


def _target(url: str) -> httpx.URL | None:
    """The address; None where it has a name of which no request can be made, kept from before such names were refused.

    One that only looks like an international name raises where it is read, which would be in the middle of the call.
    """
    try:
        target = httpx.URL(url)
        target.host  # noqa: B018 - as said
    except (httpx.InvalidURL, UnicodeError):
        return None
    return target


def unsent() -> Attempt:
    """An attempt that failed before anything could be sent."""
    return Attempt(
        outcome=AttemptOutcome.UNREACHABLE,
        http_status=None,
        started_at=datetime.now(UTC),
        duration_ms=0,
        retry_after_seconds=None,
        answer=b"",
    )


def _outcome_of(exchanged: Exchanged) -> AttemptOutcome:
    # The status line is the receiver's word, even where the body after it never ended.
    if exchanged.http_status is not None:
        if exchanged.http_status == HTTPStatus.GONE:
            return AttemptOutcome.GONE
        return _OUTCOMES_BY_CLASS.get(exchanged.http_status // 100, AttemptOutcome.REFUSED)
    match exchanged.failure:
        case Failure.NOT_CONNECTED:
            return AttemptOutcome.UNREACHABLE
        case Failure.TIMED_OUT:
            return AttemptOutcome.TIMED_OUT
    return AttemptOutcome.BROKEN


def retry_after_seconds(text: str) -> int | None:
    """The wait that a ``Retry-After`` asks for (RFC 9110 §10.2.3: seconds or a date), or None."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return int(text)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0, round((at - datetime.now(UTC)).total_seconds()))
