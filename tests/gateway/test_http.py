import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import httpcore
import httpx
import pytest

from gateway import http_transport
from gateway.http import Exchanged, Failure, build_client, exchange
from gateway.http_transport import DeadlineTransport
from tests.gateway.loopback import serve
from tests.gateway.loud_logs import log_everything
from tests.ports import closed_port

Behaviour = Callable[[socket.socket, threading.Event], None]


def answer_with(text: bytes) -> Behaviour:
    def behave(connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(text)

    return behave


def drip(start: bytes, drop: bytes) -> Behaviour:
    def behave(connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(start)
        while not stopping.wait(0.02):
            connection.sendall(drop)

    return behave


def stay_silent(connection: socket.socket, stopping: threading.Event) -> None:
    stopping.wait(10)


def get(
    url: str,
    *,
    transport: httpx.BaseTransport | None = None,
    connect_seconds: float = 5,
    read_seconds: float = 5,
    deadline_seconds: float = 5,
    max_bytes: int = 1000,
) -> Exchanged:
    with build_client(connect_seconds=connect_seconds, read_seconds=read_seconds, transport=transport) as client:
        return exchange(
            client, client.build_request("GET", url), max_bytes=max_bytes, deadline_seconds=deadline_seconds
        )


def test_a_whole_answer() -> None:
    with serve(answer_with(b"HTTP/1.1 418 Any Words\r\nX-Y: z\r\nContent-Length: 4\r\n\r\nbody")) as server:
        assert get(server.address + "/path?a=b") == Exchanged(
            http_status=418,
            headers={"x-y": "z", "content-length": "4"},
            body=b"body",
            sent=True,
            failure=None,
        )
    (request,) = server.received
    assert request.startswith(b"GET /path?a=b HTTP/1.1\r\n")
    assert b"\r\nConnection: close\r\n" in request


def test_nobody_listens() -> None:
    with closed_port() as port:
        assert get(f"http://127.0.0.1:{port}") == Exchanged(
            http_status=None, headers={}, body=b"", sent=False, failure=Failure.NOT_CONNECTED
        )


def test_a_handshake_that_never_ends_has_sent_nothing() -> None:
    with serve(stay_silent, reads=False) as server:
        exchanged = get(f"https://127.0.0.1:{server.port}", connect_seconds=0.1)
        assert (exchanged.failure, exchanged.sent) == (Failure.NOT_CONNECTED, False)
        exchanged = get(f"https://127.0.0.1:{server.port}", deadline_seconds=0.1)
        assert (exchanged.failure, exchanged.sent) == (Failure.NOT_CONNECTED, False)


@pytest.mark.parametrize(
    ("behaviour", "http_status", "failure", "body"),
    [
        (answer_with(b""), None, Failure.BROKEN, b""),
        (answer_with(b"garbage\r\n\r\n"), None, Failure.BROKEN, b""),
        (answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbody"), 200, Failure.BROKEN, b"body"),
        (
            answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000),
            200,
            Failure.TOO_LARGE,
            b"x" * 1000,
        ),
        (
            answer_with(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(100_000_000))),
            200,
            Failure.ENCODED,
            b"",
        ),
        (stay_silent, None, Failure.TIMED_OUT, b""),
    ],
    ids=["no answer", "garbage", "half a body", "too large", "a bomb", "silence"],
)
def test_once_connected_everything_may_have_been_sent(
    behaviour: Behaviour, http_status: int | None, failure: Failure, body: bytes
) -> None:
    with serve(behaviour) as server:
        exchanged = get(server.address, read_seconds=0.5)
    assert (exchanged.http_status, exchanged.failure, exchanged.body, exchanged.sent) == (
        http_status,
        failure,
        body,
        True,
    )
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("behaviour", "http_status"),
    [
        (drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), None),
        (drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), 200),
        (drip(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"), None),
    ],
    ids=["headers", "body", "interim answers"],
)
def test_a_dripping_server_holds_nobody_beyond_the_deadline(behaviour: Behaviour, http_status: int | None) -> None:
    with serve(behaviour) as server:
        started = time.monotonic()
        exchanged = get(server.address, read_seconds=5, deadline_seconds=0.3)
        assert 0.3 <= time.monotonic() - started < 2
    assert (exchanged.http_status, exchanged.failure, exchanged.sent) == (
        http_status,
        Failure.TIMED_OUT,
        True,
    )


class DrippingTls(httpcore.NetworkBackend, httpcore.NetworkStream):
    """A network below TLS that remembers how long each step was allowed to take."""

    def __init__(self) -> None:
        self.allowed_seconds: list[tuple[str, float | None]] = []
        self.start = b"HTTP/1.1 200 OK\r\n"

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any) -> httpcore.NetworkStream:
        self.allowed_seconds.append(("connect", timeout))
        return self

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self.allowed_seconds.append(("tls", timeout))
        return self

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.allowed_seconds.append(("write", timeout))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.allowed_seconds.append(("read", timeout))
        drop, self.start = self.start, b"X: y\r\n"
        return b"" if threading.Event().wait(0.02) else drop

    def close(self) -> None:
        self.allowed_seconds.append(("close", 0))


def test_every_step_below_tls_is_allowed_what_is_left_of_the_deadline() -> None:
    network = DrippingTls()
    exchanged = get("https://a.example", transport=DeadlineTransport(network_backend=network), deadline_seconds=0.3)
    assert (exchanged.http_status, exchanged.failure, exchanged.sent) == (None, Failure.TIMED_OUT, True)
    steps = list(dict.fromkeys(name for name, _ in network.allowed_seconds))
    assert steps == ["connect", "tls", "write", "read", "close"]
    allowed = [seconds for _, seconds in network.allowed_seconds]
    assert all(seconds is not None and 0 <= seconds <= 0.3 for seconds in allowed)
    assert allowed == sorted(allowed, key=lambda seconds: -(seconds or 0))


def test_a_body_that_nobody_reads_holds_nobody_beyond_the_deadline() -> None:
    with serve(stay_silent, reads=False) as server, build_client(connect_seconds=5, read_seconds=5) as client:
        request = client.build_request("POST", server.address, content=bytes(50_000_000))
        started = time.monotonic()
        exchanged = exchange(client, request, max_bytes=10, deadline_seconds=0.3)
        assert 0.3 <= time.monotonic() - started < 2
    assert (exchanged.failure, exchanged.sent) == (Failure.TIMED_OUT, True)


def test_the_deadline_of_one_thread_is_not_that_of_another() -> None:
    with serve(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", b"x")) as server:
        found: dict[float, Exchanged] = {}
        with build_client(connect_seconds=5, read_seconds=5) as client:

            def run(deadline_seconds: float) -> None:
                request = client.build_request("GET", server.address)
                found[deadline_seconds] = exchange(client, request, max_bytes=100, deadline_seconds=deadline_seconds)

            threads = [threading.Thread(target=run, args=(seconds,)) for seconds in (0.1, 20.0)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert found[0.1].failure is Failure.TIMED_OUT
    assert (found[20.0].failure, found[20.0].body) == (None, b"x" * 20)
    assert http_transport.remaining_seconds() == float("inf")


@pytest.mark.parametrize(
    ("raised", "failure", "sent"),
    [
        (httpx.ConnectError, Failure.NOT_CONNECTED, False),
        (httpx.ConnectTimeout, Failure.NOT_CONNECTED, False),
        (httpx.PoolTimeout, Failure.NOT_CONNECTED, False),
        (httpx.ReadTimeout, Failure.TIMED_OUT, True),
        (httpx.WriteTimeout, Failure.TIMED_OUT, True),
        (httpx.ReadError, Failure.BROKEN, True),
        (httpx.WriteError, Failure.BROKEN, True),
        (httpx.CloseError, Failure.BROKEN, True),
        (httpx.RemoteProtocolError, Failure.BROKEN, True),
        (httpx.LocalProtocolError, Failure.BROKEN, True),
        (httpx.ProxyError, Failure.BROKEN, True),
        (httpx.UnsupportedProtocol, Failure.BROKEN, True),
    ],
)
def test_only_three_errors_prove_that_nothing_was_sent(
    raised: type[httpx.TransportError], failure: Failure, sent: bool
) -> None:
    calls = 0

    def refuse(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        raise raised("words", request=request)

    exchanged = get("https://a.example", transport=httpx.MockTransport(refuse))
    assert exchanged == Exchanged(http_status=None, headers={}, body=b"", sent=sent, failure=failure)
    assert calls == 1


def test_every_error_of_the_connection_is_translated() -> None:
    def subclasses(of: type[Exception]) -> set[type[Exception]]:
        return {of}.union(*map(subclasses, of.__subclasses__()))

    families = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
    proving = set()
    for error in set().union(*map(subclasses, families)):
        with pytest.raises(httpx.TransportError) as translated, http_transport._httpx_errors():
            raise error("https://a.example?secret=canary")
        assert "canary" not in str(translated.value)
        assert translated.value.__cause__ is None
        if isinstance(translated.value, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            proving.add(error)
    assert proving == {httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout}


def test_no_environment_no_redirect_no_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with serve(answer_with(redirect)) as server:
        assert get(server.address).http_status == 302
    (request,) = server.received
    assert b"cookie" not in request.lower()


def answer_and_stay(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    stopping.wait(10)


def test_no_connection_is_used_twice() -> None:
    with serve(answer_and_stay) as server:
        with build_client(connect_seconds=5, read_seconds=1) as client:
            for _ in range(3):
                request = client.build_request("GET", server.address, headers={"Connection": "keep-alive"})
                assert exchange(client, request, max_bytes=1, deadline_seconds=5).http_status == 200
        assert len(server.received) == 3


def test_a_hidden_query_is_sent_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    hidden = http_transport.HiddenQuery(name="s", value="canary&/ü")
    with (
        serve(answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as server,
        build_client(connect_seconds=5, read_seconds=5) as client,
    ):
        for url in (server.address, server.address + "/a%2Fb?c=%20d"):
            request = client.build_request("GET", url, extensions={http_transport.HIDDEN_QUERY: hidden})
            assert exchange(client, request, max_bytes=1, deadline_seconds=5).http_status == 200
            assert "canary" not in repr(request) + repr(request.extensions)
    first, second = server.received
    assert first.startswith(b"GET /?s=canary%26%2F%C3%BC HTTP/1.1\r\n")
    assert second.startswith(b"GET /a%2Fb?c=%20d&s=canary%26%2F%C3%BC HTTP/1.1\r\n")
    assert {record.name for record in caplog.records} >= {"httpx", "httpcore.connection", "httpcore.http11"}
    assert "canary" not in caplog.text
