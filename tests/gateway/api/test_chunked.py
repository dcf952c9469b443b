"""Bodies without a length, through the real server: granian on a real socket, in its own process."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.ports import port_to_serve_on

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 30

#: Answers with what reached it: the length it was told and the bytes it could read of that.
ECHO = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
from gateway.api.chunked import with_length

def echo(environ, start_response):
    told = environ.get("CONTENT_LENGTH", "")
    read = len(environ["wsgi.input"].read(int(told))) if told else 0
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{told or None} {read}".encode()]

application = with_length(echo)
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("echo")
    (folder / "echo_application.py").write_text(ECHO)
    chosen = port_to_serve_on()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(chosen)]
    paths = os.pathsep.join([str(ROOT), str(folder)])
    server = subprocess.Popen(
        [*command, "--no-ws", "echo_application:application"],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            try:
                socket.create_connection(("127.0.0.1", chosen), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield chosen
    finally:
        server.terminate()
        server.wait(DEADLINE_SECONDS)


def echoed(port: int, body: bytes | list[bytes]) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    try:
        # A server that has read enough answers and hangs up while the rest is still being sent; the answer is there.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", "/", iter(body) if isinstance(body, list) else body)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_a_body_with_its_length_is_left_alone(port: int) -> None:
    assert echoed(port, b"a" * 10) == "10 10"
    assert echoed(port, b"") == "0 0"
    assert echoed(port, b"a" * (LIMIT + 5)) == f"{LIMIT + 5} {LIMIT + 5}"


@pytest.mark.parametrize("size", [1, 7, LIMIT])
def test_a_body_in_chunks_gets_its_length(port: int, size: int) -> None:
    assert echoed(port, [b"a" * (size // 2), b"a" * (size - size // 2)]) == f"{size} {size}"


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT + 1_000])
def test_one_above_the_limit_is_told_as_far_too_long_and_read_no_further(port: int, size: int) -> None:
    assert echoed(port, [b"a" * 1000] * (size // 1000) + [b"a" * (size % 1000)]) == f"{2**31 - 1} {LIMIT + 1}"
