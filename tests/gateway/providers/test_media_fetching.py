"""Files over real connections: only from public addresses, never for ever, never too much, and without a secret."""

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from gateway.providers import media_fetching
from gateway.providers.media_fetching import fetched
from gateway.providers.models import HINT_MAX_BYTES, LOGO_MAX_BYTES, MediaFailure, MediaKind, MediaType
from gateway.public_addresses import system_resolver
from tests.gateway.loopback import serve
from tests.gateway.providers.media_samples import MP4, SVG, moving, picture

LOGO, HINT = MediaKind.LOGO, MediaKind.HINT
Behaviour = Callable[[socket.socket, threading.Event], None]


def answering(body: bytes, *, status: str = "200 OK", length: int | None = None, **headers: str) -> Behaviour:
    told = {"content_length": str(len(body) if length is None else length), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())

    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body)

    return behave


def got(behave: Behaviour, kind: MediaKind = HINT) -> tuple[Any, list[bytes]]:
    with serve(behave) as server:
        return fetched(f"{server.address}/a/b.gif?x=1", kind, system_resolver), server.received


@pytest.fixture
def _local(settings: Settings) -> None:
    settings.LOCAL_STACK = True


local = pytest.mark.usefixtures("_local")


@local
def test_a_file_is_fetched_whatever_its_server_calls_it() -> None:
    film = moving()
    file, (request,) = got(answering(film, content_type="text/html"))
    assert file == (film, MediaType.GIF)
    first, *lines = request.decode().split("\r\n")
    assert first == "GET /a/b.gif?x=1 HTTP/1.1"
    sent = dict(line.lower().split(": ", 1) for line in lines if line)
    # Nothing of the account, no cookie, no referrer.
    assert set(sent) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert sent["accept-encoding"] == "identity"


@local
def test_a_logo_is_made_small_on_the_way() -> None:
    (content, media_type), _ = got(answering(picture("JPEG")), LOGO)
    assert (media_type, content[:4]) == (MediaType.PNG, b"\x89PNG")
    assert got(answering(SVG), LOGO)[0] == (SVG, MediaType.SVG)


@local
@pytest.mark.parametrize(
    ("behave", "failure"),
    [
        (answering(moving(), status="404 Not Found"), MediaFailure.REFUSED),
        (answering(moving(), status="500 Oops"), MediaFailure.REFUSED),
        (answering(moving(), status="203 Changed"), MediaFailure.REFUSED),
        (answering(moving(), status="206 Partial Content"), MediaFailure.REFUSED),
        (answering(b"", status="302 Found", location="http://127.0.0.1:1/"), MediaFailure.REFUSED),
        (answering(b"<html>", content_type="image/gif"), MediaFailure.WRONG_TYPE),
        (answering(b""), MediaFailure.WRONG_TYPE),
        (answering(gzip.compress(bytes(10**7)), content_encoding="gzip"), MediaFailure.ENCODED),
        (answering(moving(), content_encoding="br"), MediaFailure.ENCODED),
        (answering(gzip.compress(moving())), MediaFailure.WRONG_TYPE),
        (answering(moving(), length=10**6), MediaFailure.BROKEN),
        (answering(MP4 + bytes(HINT_MAX_BYTES)), MediaFailure.TOO_LARGE),
        (answering(SVG), MediaFailure.WRONG_TYPE),
    ],
)
def test_what_is_not_the_file_is_told_in_a_word(behave: Behaviour, failure: MediaFailure) -> None:
    assert got(behave)[0] is failure


@local
def test_each_kind_has_its_limit_to_the_byte() -> None:
    film = MP4 + bytes(HINT_MAX_BYTES - len(MP4))
    assert got(answering(film))[0] == (film, MediaType.MP4)
    assert got(answering(film + b"\0"))[0] is MediaFailure.TOO_LARGE
    logo = picture("PNG")
    assert isinstance(got(answering(logo + bytes(LOGO_MAX_BYTES - len(logo))), LOGO)[0], tuple)
    assert got(answering(logo + bytes(LOGO_MAX_BYTES - len(logo) + 1)), LOGO)[0] is MediaFailure.TOO_LARGE


@local
def test_a_server_that_sends_a_byte_now_and_then_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_fetching, "FETCH_MAX_SECONDS", 0.5)

    def drip(connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nGIF89a")
        with contextlib.suppress(OSError):
            while not stopping.wait(0.05):
                connection.sendall(b"x")

    started = time.monotonic()
    assert got(drip)[0] is MediaFailure.TIMED_OUT
    assert time.monotonic() - started < 5


@local
def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fetched(f"http://127.0.0.1:{port}/", HINT, system_resolver) is MediaFailure.UNREACHABLE


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.gif",
        "ftp://a.example/x",
        "javascript:alert(1)",
        "https://u:p@a.example/x",
        "https:///x",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://xn--/",
        "https://xn--a/",
        "https://xn--zzzzzzzz99999/",
    ],
)
def test_what_is_no_web_address_is_not_called(url: str) -> None:
    assert fetched(url, HINT, lambda *_: pytest.fail("it was looked up")) is MediaFailure.NO_ADDRESS


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "172.16.0.1", "::1", "fd00::1", "0.0.0.0"],  # noqa: S104 - to be refused
)
def test_inner_addresses_are_never_called_whatever_name_they_have(address: str) -> None:
    for scheme in ("https", "http"):
        file = fetched(f"{scheme}://media.example/a.gif", HINT, lambda *_: ["93.184.215.14", address])
        assert file is MediaFailure.FORBIDDEN
    host = f"[{address}]" if ":" in address else address
    assert fetched(f"https://{host}/a.gif", HINT, system_resolver) is MediaFailure.FORBIDDEN


def test_plain_http_is_for_the_local_stack_alone() -> None:
    assert fetched("http://media.example/a.gif", HINT, lambda *_: ["93.184.215.14"]) is MediaFailure.FORBIDDEN
    with serve(answering(moving())) as server:
        assert fetched(f"{server.address}/", HINT, system_resolver) is MediaFailure.FORBIDDEN
        assert server.received == []


@local
def test_a_name_is_called_at_the_address_that_was_judged() -> None:
    asked: list[str] = []

    def rebinding(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with serve(answering(moving())) as server:
        file = fetched(f"http://media.example:{server.port}/a.gif", HINT, rebinding)
    assert file == (moving(), MediaType.GIF)
    assert asked == ["media.example"]


@local
@pytest.mark.parametrize("host", ["a..b", "%00", "a_b", "-a"])
def test_a_name_that_is_none_is_only_looked_up(host: str) -> None:
    with serve(answering(moving())) as server:
        assert fetched(f"http://{host}:{server.port}/", HINT, lambda *_: ["127.0.0.1"]) == (moving(), MediaType.GIF)
    assert isinstance(fetched(f"http://{host}/", HINT, system_resolver), MediaFailure)


def test_a_name_without_an_address_is_unreachable() -> None:
    def nobody(*_: Any) -> list[str]:
        raise OSError

    assert fetched("https://media.example/a.gif", HINT, nobody) is MediaFailure.UNREACHABLE
    assert fetched("https://media.example/a.gif", HINT, lambda *_: []) is MediaFailure.UNREACHABLE
