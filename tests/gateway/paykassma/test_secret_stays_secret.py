"""A canary in place of every credential: whatever goes wrong, it is nowhere but on the wire."""

import socket
import threading
import traceback
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from gateway.http import build_client
from gateway.paykassma.answers import Answer
from gateway.paykassma.client import Client, Credentials
from gateway.paykassma.messages import Screenshot
from tests.gateway.loopback import serve
from tests.gateway.loud_logs import log_everything
from tests.ports import closed_port

API_SECRET = "canary-api/secret+1"
WITHDRAWAL_KEY = "canary-withdrawal-key"
CREDENTIALS = {"api_secret": API_SECRET, "withdrawal_key": WITHDRAWAL_KEY}

CALLS: list[Callable[[Client], Answer]] = [
    lambda client: client.available(currencies=["INR"], label="u1"),
    lambda client: client.media_hints(),
    lambda client: client.create_transaction(wallet_type="upi_s", currency="INR", label="u1"),
    lambda client: client.activate(
        wallet_type="x", currency="INR", label="u1", key1="1", amount=Decimal(1), custom_transaction_id="c"
    ),
    lambda client: client.activate_manually(
        wallet_type="x",
        currency="INR",
        label="u1",
        key1="1",
        amount=Decimal(1),
        screenshot=Screenshot(filename="a.png", content_type="image/png", content=b"x"),
        custom_transaction_id="c",
    ),
    lambda client: client.create_payment(
        wallet_type="x", currency="INR", amount=Decimal(1), label="u1", custom_transaction_id="d", fields={}
    ),
    lambda client: client.savings(wallet_type="x", currency="INR", label="u1"),
    lambda client: client.hash_redirects(success=["https://a.example"], fail=[]),
    lambda client: client.postback(kind="deposit", custom_id="c"),
    lambda client: client.balances(),
    lambda client: client.pull(kind="deposit", ids=["c"]),
]


def shown(answer: Answer) -> str:
    """Everything that a caller could print or store."""
    return repr(answer) + repr([getattr(answer, name) for name in answer.__slots__])


def assert_unseen(caplog: pytest.LogCaptureFixture, *texts: str) -> None:
    everything = caplog.text + "".join(texts)
    everything += "".join(repr(vars(record)) for record in caplog.records)
    assert "canary" not in everything


def echo(status_line: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """An error page that repeats the address that was asked for, in every way it can."""

    def behave(connection: socket.socket, stopping: threading.Event) -> None:
        quoted = API_SECRET.replace("/", "%2F").replace("+", "%2B").encode()
        body = b"|".join([API_SECRET.encode(), quoted, API_SECRET.replace("/", "\\/").encode()])
        body = b'{"status":"fail","message":"' + body + b'"}'
        head = b"Location: https://a.example/?secret=" + quoted + b"\r\nX-Echo: " + API_SECRET.encode()
        connection.sendall(status_line + quoted + b"\r\n" + head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return behave


@pytest.mark.parametrize("code", [b"200", b"302", b"400", b"404", b"429", b"500"])
def test_when_the_answer_repeats_it(code: bytes, caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    with (
        serve(echo(b"HTTP/1.1 " + code + b" ")) as server,
        build_client(connect_seconds=5, read_seconds=5) as http,
    ):
        client = Client(credentials=Credentials(base_url=server.address, **CREDENTIALS), http=http)
        answers = [call(client) for call in CALLS]
    assert [answer.http_status for answer in answers] == [int(code)] * len(CALLS)
    assert len(server.received) == len(CALLS)
    for request in server.received:
        assert request.split(b" ")[1].endswith(b"secret=canary-api%2Fsecret%2B1")
    assert {record.name for record in caplog.records} >= {"httpx", "httpcore.http11"}
    assert_unseen(caplog, repr(client), *map(shown, answers))


def garbage(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(b"canary garbage \x00 canary\r\n\r\n")


def hang_up(connection: socket.socket, stopping: threading.Event) -> None:
    return


def stay_silent(connection: socket.socket, stopping: threading.Event) -> None:
    stopping.wait(10)


def broken_chunks(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n\r\n")


@pytest.mark.parametrize("behave", [garbage, hang_up, stay_silent, broken_chunks])
def test_when_there_is_no_answer(
    behave: Callable[[socket.socket, threading.Event], None], caplog: pytest.LogCaptureFixture
) -> None:
    log_everything(caplog)
    with serve(behave) as server, build_client(connect_seconds=5, read_seconds=0.2) as http:
        client = Client(credentials=Credentials(base_url=server.address, **CREDENTIALS), http=http)
        answer = client.balances()
    assert answer.sent
    assert_unseen(caplog, shown(answer))


def test_when_there_is_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    with closed_port() as port, build_client(connect_seconds=5, read_seconds=5) as http:
        credentials = Credentials(base_url=f"http://127.0.0.1:{port}", **CREDENTIALS)
        answer = Client(credentials=credentials, http=http).balances()
    assert (answer.sent, answer.note) == (False, "not_connected")
    assert_unseen(caplog, shown(answer))


@pytest.mark.parametrize("raised", [httpx.ConnectError, httpx.ReadTimeout, RuntimeError])
def test_when_something_is_raised_below(raised: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)

    def refuse(request: httpx.Request) -> httpx.Response:
        raise raised("words")

    with build_client(connect_seconds=5, read_seconds=5, transport=httpx.MockTransport(refuse)) as http:
        client = Client(credentials=Credentials(base_url="https://a.example", **CREDENTIALS), http=http)
        try:
            text = shown(client.balances())
        except RuntimeError as surprise:
            text = "".join(traceback.format_exception(surprise)) + repr(surprise)
    assert_unseen(caplog, text)


def test_a_withdrawal_carries_no_secret_at_all(caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    with (
        serve(echo(b"HTTP/1.1 200 ")) as server,
        build_client(connect_seconds=5, read_seconds=5) as http,
    ):
        client = Client(credentials=Credentials(base_url=server.address, **CREDENTIALS), http=http)
        answer = client.send_withdrawal(b'{"amount":1}')
    (request,) = server.received
    assert b"canary" not in request
    assert b"secret" not in request
    assert_unseen(caplog, shown(answer))
