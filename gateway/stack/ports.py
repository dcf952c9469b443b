"""TCP ports: whether one is free, and a free one."""

import contextlib
import errno
import socket


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now.

    Raises:
        OSError: If the address itself cannot be used (no such interface, a port below 1024 as ordinary user).
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # Servers set it too: connections of the last run that linger are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def any_free(host: str) -> int:
    """A port that nobody listens on at this moment; whoever wants it must still be ready to lose the race."""
    with contextlib.closing(socket.create_server((host, 0))) as probe:
        port: int = probe.getsockname()[1]
        return port
