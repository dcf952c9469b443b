"""Talking to the outside: bounded bodies, a total deadline, and the truth about what may have left.

Failures are values, because what to do next depends on one fact that an exception hides: whether a byte of
the request may have reached the other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from gateway.http_transport import DeadlineTransport, HiddenQueryTransport, deadline_in, remaining_seconds


class Failure(StrEnum):
    """Why there is no complete answer."""

    NOT_CONNECTED = "not_connected"
    """No connection: nothing was sent."""
    TIMED_OUT = "timed_out"
    """One of the time limits passed after the request may have left."""
    BROKEN = "broken"
    """The connection or the answer's form broke after the request may have left."""
    TOO_LARGE = "too_large"
    """The body is longer than allowed; its beginning is kept."""
    ENCODED = "encoded"
    """The body is compressed although we asked for it plain; it may unpack to any size, so it stays shut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What came of one request.

    Attributes:
        http_status: None when no status line arrived.
        headers: of the answer, names in lower case. Hidden: a redirect repeats our query in `location`.
        body: what was read of the answer, at most `max_bytes`.
        sent: False only where it is certain that no byte of the request left.
        failure: None for a complete answer, whatever its status.
    """

    http_status: int | None
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    sent: bool
    failure: Failure | None


def build_client(
    *, connect_seconds: float, read_seconds: float, transport: httpx.BaseTransport | None = None
) -> httpx.Client:
    """Build a client that trusts no environment, follows no redirect and keeps no connection.

    Args:
        connect_seconds: limit for the connection and for TLS, each.
        read_seconds: limit for each wait for data; `exchange` adds the total.
        transport: what carries the requests, for tests; the default obeys the deadline of
            `exchange` in every wait.

    Returns:
        A client to be shared by threads and closed by its owner.
    """
    return httpx.Client(
        transport=HiddenQueryTransport(transport or DeadlineTransport()),
        timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"},
        follow_redirects=False,
        trust_env=False,
    )


def exchange(client: httpx.Client, request: httpx.Request, *, max_bytes: int, deadline_seconds: float) -> Exchanged:
    """Send one request once and read the answer.

    Args:
        client: from `build_client`.
        request: built by the same client.
        max_bytes: of the answer's body to keep at most.
        deadline_seconds: from now to the last byte, so that a server that sends a byte now and then holds
            nobody longer. Only the resolver of host names keeps its own time.

    Returns:
        The answer or the failure; no network trouble is raised.
    """
    http_status: int | None = None
    headers: dict[str, str] = {}
    body = bytearray()
    failure: Failure | None = None
    sent = True
    with deadline_in(deadline_seconds):
        try:
            response = client.send(request, stream=True)
            http_status, headers = response.status_code, dict(response.headers)
            try:
                failure = _read_body(response, body, max_bytes)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            failure, sent = Failure.NOT_CONNECTED, False
        except httpx.TimeoutException:
            failure = Failure.TIMED_OUT
        except (httpx.TransportError, httpx.InvalidURL, httpx.StreamError):
            failure = Failure.BROKEN
    return Exchanged(http_status=http_status, headers=headers, body=bytes(body), sent=sent, failure=failure)


def _read_body(response: httpx.Response, body: bytearray, max_bytes: int) -> Failure | None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return Failure.ENCODED
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > max_bytes:
            del body[max_bytes:]
            return Failure.TOO_LARGE
        if remaining_seconds() <= 0:
            return Failure.TIMED_OUT
    return None
