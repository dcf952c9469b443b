"""The provider's border, faked: a real HTTP server on loopback that answers what a test scripted."""

import contextlib
import json
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

#: What a script may give back: (status, JSON value or raw bytes), or a function of the request that gives it,
#: or DROP: the connection ends without an answer.
DROP = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    headers: dict[str, str] = field(repr=False)

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class ScriptedProvider:
    """Answers by path; a path without a script answers 404 like the provider. Keeps every request."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self._scripts: dict[str, list[Any]] = {}
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                outer._answer(self)

            do_GET = do_POST = _answer  # noqa: N815 - the names of the base class

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def script(self, path: str, *answers: Any) -> None:
        """What the path answers, one after the other; the last one again and again."""
        with self._lock:
            self._scripts[path] = list(answers)

    def to(self, path: str) -> list[Received]:
        """The requests that came to a path."""
        with self._lock:
            return [one for one in self.requests if one.path == path]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        request = Received(
            method=handler.command,
            path=parts.path,
            query=parse_qs(parts.query, keep_blank_values=True),
            body=handler.rfile.read(length),
            headers=dict(handler.headers.items()),
        )
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get(parts.path) or self._scripts.get("*") or [(404, b"Not found")]
            answer = script.pop(0) if len(script) > 1 else script[0]
        if callable(answer):
            made: Callable[[Received], Any] = answer
            answer = made(request)
        if answer is DROP:
            with contextlib.suppress(OSError):
                handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
            return
        status, value = answer
        raw = value if isinstance(value, bytes) else _written(value)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)


def _written(value: Any) -> bytes:
    """JSON, in which a `Decimal` is the number that it is: as a float it would be another one."""
    numbers: dict[str, str] = {}

    def mark(number: Any) -> str:
        assert isinstance(number, Decimal), f"{type(number).__name__} is no JSON value"
        place = f"number {len(numbers)} {secrets.token_hex(8)}"
        numbers[f'"{place}"'] = f"{number:f}"
        return place

    text = json.dumps(value, default=mark)
    for place, number in numbers.items():
        text = text.replace(place, number)
    return text.encode()
