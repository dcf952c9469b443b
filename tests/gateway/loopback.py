"""A TCP server on the loopback that does to each connection what a test tells it to."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

REQUEST_BYTES_MAX = 65536


@dataclass
class Loopback:
    port: int
    stopping: threading.Event
    received: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serve(behave: Callable[[socket.socket, threading.Event], None], *, reads: bool = True) -> Iterator[Loopback]:
    """Accept connections, read one request each, then let `behave` answer; all threads end with the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Loopback(port=listener.getsockname()[1], stopping=threading.Event())
        threads: list[threading.Thread] = []

        def handle(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                if reads:
                    server.received.append(connection.recv(REQUEST_BYTES_MAX))
                behave(connection, server.stopping)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while not server.stopping.is_set():
                    connection, _ = listener.accept()
                    threads.append(threading.Thread(target=handle, args=(connection,), daemon=True))
                    threads[-1].start()

        threads.append(threading.Thread(target=accept, daemon=True))
        threads[0].start()
        try:
            yield server
        finally:
            server.stopping.set()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(timeout=5)
