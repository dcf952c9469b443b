"""What carries `gateway.http`: connections that obey a total deadline, and a place below the logs."""

from __future__ import annotations

import contextvars
import functools
import logging
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpcore
import httpx

# Key of a request's extensions under which `HiddenQuery` travels to the transport.
HIDDEN_QUERY: Final = "gateway.hidden_query"

# No connection is kept: a request on one that the other side has just closed fails in a way that cannot tell
# whether it arrived.
KEPT_CONNECTIONS_MAX: Final = 0

# Threads of one worker may share a client; more at once than this is a leak, not load.
CONNECTIONS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenQuery:
    """A query parameter that is added below all logging and shows in no text."""

    name: str
    value: str = field(repr=False)


# Monotonic time at which the exchange of this thread must be over. A context variable, because the streams
# that obey it are made deep inside the connection pool, in the same thread.
_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("exchange_deadline", default=None)


@contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """End every wait of this thread's connections within so many seconds from now."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining_seconds() -> float:
    """Give what is left until the deadline of `deadline_in`; infinite outside of one."""
    deadline = _deadline.get()
    return float("inf") if deadline is None else deadline - time.monotonic()


def _at_most_remaining(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    remaining = remaining_seconds()
    if remaining <= 0:
        raise error("the deadline of the exchange has passed")
    if remaining == float("inf"):
        return timeout
    return remaining if timeout is None else min(timeout, remaining)


class HiddenQueryTransport(httpx.BaseTransport):
    """Adds a request's `HiddenQuery` to its address below the place where httpx logs it and raises."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry the request; only the inner one knows the whole address."""
        hidden = request.extensions.get(HIDDEN_QUERY)
        if hidden is None:
            return self._inner.handle_request(request)
        pair = f"{quote(hidden.name, safe='')}={quote(hidden.value, safe='')}".encode()
        query = request.url.query
        inner_request = httpx.Request(
            request.method,
            request.url.copy_with(query=query + b"&" + pair if query else pair),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(inner_request)

    def close(self) -> None:
        """Close what carries the requests."""
        self._inner.close()


class DeadlineTransport(httpx.BaseTransport):
    """Carries requests over fresh connections of which every single wait ends with the exchange's deadline.

    httpx's own limits are for one wait each: a server that sends a header byte every few seconds could hold a
    thread for days.

    Args:
        network_backend: how connections are made; a place to refuse addresses.
    """

    def __init__(self, network_backend: httpcore.NetworkBackend | None = None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=KEPT_CONNECTIONS_MAX,
            network_backend=_DeadlineBackend(network_backend or httpcore.SyncBackend()),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request.

        Raises:
            httpx.TransportError: never with an address in its text.
        """
        assert isinstance(request.stream, httpx.SyncByteStream)
        with _httpx_errors():
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        assert isinstance(answer.stream, Iterable)
        # Without the extensions: httpx would log the reason phrase, which is any text of the server's.
        return httpx.Response(status_code=answer.status, headers=answer.headers, stream=_AnswerStream(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _AnswerStream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _DeadlineBackend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _at_most_remaining(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options))


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _at_most_remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _at_most_remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = _at_most_remaining(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


# The first that fits decides. What is not among the first three may have sent something.
_HTTPX_ERRORS: Final[tuple[tuple[type[Exception], type[httpx.TransportError]], ...]] = (
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.TimeoutException, httpx.ReadTimeout),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.ProtocolError, httpx.RemoteProtocolError),
    (httpcore.NetworkError, httpx.ReadError),
)


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except tuple(ours for ours, _ in _HTTPX_ERRORS) as error:
        translated = next(theirs for ours, theirs in _HTTPX_ERRORS if isinstance(error, ours))
        # Without the cause: a protocol error may quote what was on the wire.
        raise translated(type(error).__name__) from None


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    # Loading the root certificates takes tens of milliseconds; clients are built for single calls.
    return httpx.create_ssl_context(trust_env=False)


class _AnswerHeadersFilter(logging.Filter):
    """Drops httpcore's DEBUG records of what a server sent: a redirect's `location` repeats our query."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        return not message.startswith("receive_response_headers.complete") and ".failed " not in message


for _name in ("httpcore.http11", "httpcore.http2"):
    logging.getLogger(_name).addFilter(_AnswerHeadersFilter())
