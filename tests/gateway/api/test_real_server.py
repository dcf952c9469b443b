"""The doors through the real server, as `make up` starts it: whatever comes, an answer below 500, and no hang."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.stack.ports import any_free
from gateway.stack.services import WEB_LIMITS
from tests import roles

pytestmark = pytest.mark.django_db  # or the server would find a database without tables

ROOT: Final = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS: Final = 60
#: Of the one worker here.
THREADS: Final = 16
#: What the options say (`WEB_LIMITS`), and how much later a busy machine may notice.
HEAD_SECONDS, LATE_SECONDS = 10, 10

HOST: Final = b"Host: 127.0.0.1\r\n"
JSON: Final = b"Content-Type: application/json\r\n"
DOORS: Final = {
    "api": b"/api/v1/deposits",
    "postback": b"/postbacks/paykassma/token-0123456789/",
    "admin": b"/admin/login/",
    "docs": b"/docs/",
    "document": b"/api/v1/openapi.yaml",
    "health": b"/health/",
    "nothing": b"/nothing",
    "pages": b"/pay/" + b"a" * 43,
}


@pytest.fixture(scope="module")
def port(django_db_setup: None) -> Iterator[int]:
    with started(**roles.environment()) as chosen:
        yield chosen


class started:  # noqa: N801 - used like a function
    """The web server on a free port, until the block ends."""

    def __init__(self, **environment: str) -> None:
        self.environment = environment

    def __enter__(self) -> int:
        port = any_free("127.0.0.1")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "gateway.wsgi:application", *WEB_LIMITS),
                *("--blocking-threads", str(THREADS), "--host", "127.0.0.1", "--port", str(port)),
            ],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "gateway.settings",
                "BLOCKING_THREADS": str(THREADS),
                "FAILED_AUTHENTICATIONS_PER_MINUTE": "1000000",
                "PYTHONWARNINGS": "ignore",
                **self.environment,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            try:
                status(port, b"GET /docs/problems/ HTTP/1.1\r\n" + HOST + b"\r\n")
            except OSError:
                time.sleep(0.05)  # between looks at another process
            else:
                return port

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE_SECONDS)


def answer(port: int, raw: bytes, *, seconds: float = 30, ends: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what comes back to these bytes; 0 where the connection was closed without a word."""
    with socket.create_connection(("127.0.0.1", port), seconds) as client:
        client.sendall(raw)
        if ends:
            client.shutdown(socket.SHUT_WR)
        got = b""
        while not _is_complete(got):
            more = client.recv(65536)
            if not more:
                break
            got += more
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split(" ")[1]) if lines[0] else 0, headers, body


def _is_complete(got: bytes) -> bool:
    head, blank, body = got.partition(b"\r\n\r\n")
    if not blank:
        return False
    if (length := re.search(rb"(?i)content-length: (\d+)", head)) is not None:
        return len(body) >= int(length[1])
    return body.endswith(b"0\r\n\r\n") if b"chunked" in head.lower() else False


def status(port: int, raw: bytes, **how: Any) -> int:
    return answer(port, raw, **how)[0]


def get(path: bytes, headers: bytes = HOST, method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n"


def post(path: bytes, headers: bytes, body: bytes = b"{}") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + headers + b"Connection: close\r\n\r\n" + body


CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"

#: Requests to a door, each with the statuses that it may be answered with (0: closed without a word).
ODD: Final[dict[str, tuple[Any, set[int]]]] = {
    "HTTP/1.0": (lambda path: b"GET " + path + b" HTTP/1.0\r\n" + HOST + b"\r\n", {200, 401, 404, 405}),
    "HTTP/1.0 without a host": (lambda path: b"GET " + path + b" HTTP/1.0\r\n\r\n", {400, 200}),
    "no host": (lambda path: get(path, b""), {400, 200}),
    "another host": (lambda path: get(path, b"Host: other.example\r\n"), {400, 200}),
    "two hosts": (lambda path: get(path, HOST + b"Host: other.example\r\n"), {400, 200}),
    "a host with blanks": (lambda path: get(path, b"Host: a b\r\n"), {400}),
    "an absolute address": (lambda path: get(b"http://other.example" + path), {200, 400, 401, 404, 405}),
    "two slashes": (lambda path: get(b"//other.example" + path), {404}),
    # What is not there below /admin/ is behind its login, too.
    "dots": (lambda path: get(path + b"../../../etc/passwd"), {302, 404}),
    "encoded dots": (lambda path: get(path + b"%2e%2e%2f%2e%2e%2fetc/passwd"), {302, 404}),
    "a backslash": (lambda path: get(path + b"..\\..\\x"), {302, 400, 404}),
    "NUL": (lambda path: get(path + b"\x00"), {400}),
    "encoded NUL": (lambda path: get(path + b"%00?a=%00"), {400, 404}),
    "no UTF-8 in the path": (lambda path: get(path + b"%ff%fe"), {302, 404}),
    "raw bytes in the path": (lambda path: get(path + b"\xff\xfe"), {302, 400, 404}),
    "no UTF-8 in the query": (lambda path: get(path + b"?a=%ff%fe&%c0=%zz&b=%"), {200, 401, 404, 405}),
    "a long query": (lambda path: get(path + b"?a=" + b"a" * 30_000), {200, 401, 404, 405}),
    "an endless query": (lambda path: get(path + b"?a=" + b"a" * 1_000_000), {400, 414, 431, 0}),
    "3,000 parameters": (
        lambda path: get(path + b"?" + b"&".join(b"a%d=1" % number for number in range(3000))),
        {200, 400, 401, 404, 405},
    ),
    "no ASCII in headers": (
        lambda path: get(
            path, HOST + b"Authorization: Bearer \xff\r\nCookie: \xff=\xfe\r\nAccept: \xff\r\nPrefer: \xff\r\n"
        ),
        {200, 400, 401, 404, 405, 406},
    ),
    "NUL in a header": (lambda path: get(path, HOST + b"X-Odd: a\x00b\r\n"), {400}),
    "500 headers": (lambda path: get(path, HOST + b"".join(b"X-%d: a\r\n" % n for n in range(500))), {400, 431}),
    "an endless header": (lambda path: get(path, HOST + b"X-Odd: " + b"a" * 500_000 + b"\r\n"), {400, 431, 0}),
    "two keys": (
        lambda path: get(path, HOST + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"),
        {200, 401, 404, 405},
    ),
    "HEAD": (lambda path: get(path, method=b"HEAD"), {200, 401, 404, 405}),
    "OPTIONS": (lambda path: get(path, method=b"OPTIONS"), {200, 401, 403, 404, 405}),
    "TRACE": (lambda path: get(path, method=b"TRACE"), {200, 401, 403, 404, 405}),
    "a method of nobody": (lambda path: get(path, method=b"FOO-BAR"), {401, 403, 404, 405}),
    "CONNECT": (lambda path: get(b"other.example:443", method=b"CONNECT"), {400, 403, 404, 405}),
    "an upgrade": (
        lambda path: get(path, HOST + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
        {200, 400, 401, 404, 405},
    ),
    "HTTP/2": (lambda path: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404, 405, 505, 0}),
    "TLS": (lambda path: b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", {400, 0}),
    "a charset of no text": (
        lambda path: post(path + b"?a=b", b"Content-Type: text/plain; charset=hex\r\nContent-Length: 2\r\n"),
        {400, 401, 403, 404, 405, 415},
    ),
    "an address in a charset of no text": (
        lambda path: get(path + b"?lang=%ff&a=b", HOST + b"Content-Type: text/plain; charset=idna\r\n"),
        {200, 401, 404, 405, 400},
    ),
    "no length": (lambda path: post(path, JSON), {400, 401, 403, 404, 405}),
    "a negative length": (lambda path: post(path, JSON + b"Content-Length: -1\r\n"), {400}),
    "a length in words": (lambda path: post(path, JSON + b"Content-Length: two\r\n"), {400}),
    "two lengths": (lambda path: post(path, JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n"), {400}),
    "a length beyond all": (lambda path: post(path, JSON + b"Content-Length: " + b"9" * 30 + b"\r\n"), {400}),
    "a length and chunks": (
        lambda path: post(path, JSON + b"Content-Length: 2\r\n" + CHUNKED, b"2\r\n{}\r\n0\r\n\r\n"),
        {400, 401, 403, 404, 405},
    ),
    "chunks": (lambda path: post(path, JSON + CHUNKED, b"2\r\n{}\r\n0\r\n\r\n"), {400, 401, 403, 404, 405}),
    "bad chunks": (lambda path: post(path, JSON + CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n"), {400, 401, 403, 404, 405}),
    "compressed chunks": (
        lambda path: post(path, JSON + b"Transfer-Encoding: gzip, chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
        {400, 401, 403, 404, 405},
    ),
    "a compressed body": (
        lambda path: post(path, JSON + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n"),
        {401, 403, 404, 405},
    ),
    "a form": (
        lambda path: post(path, b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n", b"a=1"),
        {401, 403, 404, 405},
    ),
    "multipart without a boundary": (
        lambda path: post(path, b"Content-Type: multipart/form-data\r\nContent-Length: 3\r\n", b"a=1"),
        {400, 401, 403, 404, 405},
    ),
}

#: Those that lead away from the door that they were made for.
ELSEWHERE: Final = {"two slashes", "CONNECT"}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ODD)
def test_an_odd_request_has_its_answer(port: int, name: str, door: str) -> None:
    make, expected = ODD[name]
    got, headers, body = answer(port, make(DOORS[door]))
    assert got in expected, (got, body[:300])
    assert b"Traceback" not in body
    assert b'File "' not in body
    if door == "api" and got >= 400 and "x-request-id" in headers and name not in ELSEWHERE:
        assert headers["content-type"] == "application/problem+json"


def test_a_body_that_breaks_off_is_no_request(port: int) -> None:
    for door in DOORS.values():
        cut = b"POST " + door + b" HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 20\r\n\r\n{"
        assert status(port, cut, ends=True) in {0, 400, 401, 403, 404, 405}


# Slow clients.


def slow(port: int, count: int, first: bytes) -> list[socket.socket]:
    clients = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(count)]
    for client in clients:
        client.sendall(first)
    return clients


def drip(client: socket.socket, until: float) -> None:
    while time.monotonic() < until:
        client.sendall(b"X-A: a\r\n")
        time.sleep(0.2)  # a client's own slowness


def assert_answers_at_once(port: int) -> None:
    began = time.monotonic()
    assert status(port, get(b"/health/")) == 200
    assert time.monotonic() - began < 5


def test_slow_heads_stop_nobody_and_are_ended(port: int) -> None:
    kinds = {
        "silent": b"",
        "half a line": b"GET /health/ HT",
        "half a head": b"GET /health/ HTTP/1.1\r\n" + HOST + b"X-Odd: ",
        "idle": b"GET /health/ HTTP/1.1\r\n" + HOST + b"\r\n",
    }
    began = time.monotonic()
    clients = [client for first in kinds.values() for client in slow(port, 40, first)]
    try:
        for _ in range(5):
            assert_answers_at_once(port)
        # One byte now and then buys no time: the limit is for the whole head.
        dripping = slow(port, 1, b"GET /health/ HTTP/1.1\r\n")[0]
        clients.append(dripping)
        with pytest.raises(OSError):  # noqa: PT011 - a reset or a broken pipe, as it happens
            drip(dripping, began + HEAD_SECONDS + LATE_SECONDS)
        for client in clients[:-1]:
            client.settimeout(max(0.1, began + HEAD_SECONDS + LATE_SECONDS - time.monotonic()))
            while client.recv(65536):
                pass
    finally:
        for client in clients:
            client.close()
    assert time.monotonic() - began >= HEAD_SECONDS - 1


@pytest.mark.parametrize(
    "first",
    [
        post(b"/api/v1/deposits", JSON + CHUNKED, b"5\r\n{"),
        post(
            b"/admin/login/",
            b"Cookie: csrftoken=" + b"a" * 32 + b"\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 1000\r\n",
            b"a",
        ),
    ],
    ids=["chunks", "form"],
)
def test_slow_bodies_stop_nobody(port: int, first: bytes) -> None:
    """The server has no limit for them, so it is the application that lets only some of its threads wait."""
    clients = slow(port, 100, first)
    try:
        with ThreadPoolExecutor(4) as pool:
            for one in [pool.submit(assert_answers_at_once, port) for _ in range(12)]:
                one.result(DEADLINE_SECONDS)
        # A request with a body is told to come again instead of being kept waiting.
        began = time.monotonic()
        got, _, body = answer(port, post(b"/api/v1/deposits", JSON + CHUNKED, b"2\r\n{}\r\n0\r\n\r\n"))
        assert time.monotonic() - began < 5
        assert got in {401, 503}, body
    finally:
        for client in clients:
            client.close()
    assert_answers_at_once(port)


# A database that is away.


@pytest.fixture(scope="module")
def without_database() -> Iterator[int]:
    nowhere = f"postgres://nobody@127.0.0.1:{any_free('127.0.0.1')}/none"
    with started(DATABASE_URL=nowhere, MIGRATION_DATABASE_URL=nowhere) as chosen:
        yield chosen


def test_without_a_database_every_door_says_so_in_its_own_way(without_database: int) -> None:
    key = b"Authorization: Bearer pk_test_" + secrets.token_hex(20).encode() + b"\r\n"
    requests = {
        "api": get(b"/api/v1/deposits", HOST + key),
        "postback": post(DOORS["postback"], JSON + b"Content-Length: 2\r\n"),
        "admin": get(b"/admin/", HOST + b"Cookie: sessionid=" + b"a" * 32 + b"\r\n"),
        "health": get(b"/health/"),
        "docs": get(b"/docs/"),
        "document": get(b"/api/v1/openapi.yaml"),
        "nothing": get(b"/nothing"),
    }
    with ThreadPoolExecutor(len(requests)) as pool:
        began = time.monotonic()
        told = dict(zip(requests, pool.map(lambda raw: answer(without_database, raw), requests.values()), strict=True))
        took = time.monotonic() - began
    assert took < 20  # three seconds, on a quiet machine
    statuses = {door: one[0] for door, one in told.items()}
    down = dict.fromkeys(("api", "postback", "admin", "health"), 503)
    assert statuses == {**down, "docs": 200, "document": 200, "nothing": 404}
    kinds = {door: told[door][1]["content-type"] for door in down}
    plain = "text/plain; charset=utf-8"
    assert kinds == {
        "api": "application/problem+json",
        "postback": plain,
        "admin": "text/html; charset=utf-8",
        "health": "application/json",
    }
    assert b'"code":"unavailable"' in told["api"][2]
    for door in ("api", "postback", "admin"):
        assert told[door][1]["retry-after"] == "5"
    for _, headers, body in told.values():
        assert b"Traceback" not in body
        assert b"OperationalError" not in body
        assert headers["x-content-type-options"] == "nosniff"
