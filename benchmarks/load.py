"""The caller: a process of its own that keeps some connections busy and times every answer.

Reads a job as JSON from standard input and writes what it saw to standard output. Plain sockets and one loop, for
whatever the caller costs is taken from the server on a machine of two cores.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: An answer is one or two kilobytes.
_READ_BYTES: Final = 65_536
#: A server that says nothing for so long is broken, not slow.
_PATIENCE_SECONDS: Final = 30.0


@dataclass(slots=True)
class _Line:
    """A connection and the request that is under way on it."""

    socket: socket.socket
    began: float = 0.0
    answer: bytes = b""

    def send(self, request: bytes) -> None:
        self.began, self.answer = time.perf_counter(), b""
        self.socket.sendall(request)

    def hear(self) -> bool:
        """Read what came; true where the answer is complete."""
        came = self.socket.recv(_READ_BYTES)
        if not came:
            raise SystemExit(f"the server closed the connection after {self.answer[:200]!r}")
        self.answer += came
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end:
            return False
        _, _, length = head.lower().partition(b"content-length:")
        return len(body) >= int(length.split(b"\r\n", 1)[0])


def drive(port: int, connections: int, requests: Sequence[bytes], expected: str) -> tuple[float, list[float]]:
    """Send every request once, on so many connections at a time.

    Args:
        port: of a server on this machine that keeps connections open.
        connections: never more requests than this are under way.
        requests: whole HTTP/1.1 requests.
        expected: the status that every answer must have, ``"201"``; another one ends the process.

    Returns:
        Seconds from the first byte to the last, and the seconds of each request.
    """
    waiting = iter(requests)
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        lines = [_Line(socket.create_connection(("127.0.0.1", port))) for _ in range(connections)]
        for line in lines:
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(line.socket, selectors.EVENT_READ, line)
        began = time.perf_counter()
        for line, request in zip(lines, waiting, strict=False):
            line.send(request)
        while len(times) < len(requests):
            ready = selector.select(_PATIENCE_SECONDS)
            if not ready:
                raise SystemExit("the server does not answer")
            for key, _ in ready:
                line = key.data
                if not line.hear():
                    continue
                times.append(time.perf_counter() - line.began)
                if line.answer.split(b" ", 2)[1] != expected.encode():
                    raise SystemExit(line.answer.decode(errors="replace"))
                if (following := next(waiting, None)) is not None:
                    line.send(following)
        seconds = time.perf_counter() - began
        for line in lines:
            line.socket.close()
    return seconds, times


if __name__ == "__main__":
    job = json.load(sys.stdin)
    seconds_taken, each = drive(
        job["port"], job["connections"], [text.encode() for text in job["requests"]], job["expected"]
    )
    json.dump({"seconds": seconds_taken, "times": each}, sys.stdout)
