"""Ports of the loopback interface for tests; test processes run side by side, each with servers of its own.

A port that was free a moment ago may be another test's by now.
"""

import contextlib
import secrets
import socket
from collections.abc import Iterator
from typing import Final

#: Below the ports that Linux deals out by itself (from 32768 on, unless it is told otherwise), to servers and clients
#: that ask for any: between our look and a server's start nobody gets one of these by chance.
_CHOSEN_FROM: Final = range(16_384, 32_768)


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port where nobody listens, nor will: it is bound, and whoever connects is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


def port_to_serve_on() -> int:
    """A port for a server that is about to start in a process of its own."""
    while True:
        # Not of `random`: every test process seeds that alike.
        port = secrets.choice(_CHOSEN_FROM)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
