"""Where calls to addresses that others named may go: https to public addresses, judged as they are really connected to.

A name is resolved once, every address it has is judged, and the connection is made to one of exactly these: a name
that answers differently a moment later (DNS rebinding) finds nobody asking.
"""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

import httpcore
import httpx
from django.conf import settings

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Gives the addresses of a host name as texts, or raises OSError.
Resolver: TypeAlias = Callable[[str, int], list[str]]

#: Public by the registries and still nobody's server: what the standard library's ``is_global`` lets pass in
#: one of the Python versions that we run on.
_NEVER: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments: a few are anycast, none is anybody's server
        "192.88.99.0/24",  # 6to4 relays: the packet ends at an IPv4 address that is not in sight
        "168.63.129.16/32",  # Azure's host agent answers here from inside every virtual machine
        "2001::/32",  # Teredo, and
        "2002::/16",  # 6to4: an IPv4 address inside, carried past our judgement
        "3fff::/20",  # documentation
        "64:ff9b:1::/48",  # NAT64 for local use
        "fec0::/10",  # the old site-local addresses
    )
)
#: DNS64 answers with these where a network has no IPv4; the last four bytes are the address that counts.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

#: A host name that resolves to more is no ordinary server; each address may cost a connect timeout.
_ADDRESSES_MAX: Final = 4


class Unusable(StrEnum):
    """Why nothing can be sent to a host."""

    NO_ADDRESS = "no_address"
    """The name has no address, or the resolver did not answer in time."""
    FORBIDDEN = "forbidden"
    """One of its addresses is not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that were judged, whatever host it is asked for. TLS still checks the host's name."""

    addresses: tuple[IPAddress, ...]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one."""
        share = None if timeout is None else timeout / len(self.addresses)
        for address in self.addresses[:-1]:
            try:
                return httpcore.SyncBackend().connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return httpcore.SyncBackend().connect_tcp(str(self.addresses[-1]), port, share, local_address, socket_options)


def ascii_host(url: httpx.URL) -> str:
    """The host as it goes over the wire. In its readable form a resolver might encode it otherwise than TLS."""
    return url.raw_host.decode("ascii")


def system_resolver(host: str, port: int) -> list[str]:
    """What this machine's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_allowed(address: IPAddress, *, scheme: str) -> bool:
    """True where a call may go to the address.

    https goes to public addresses; the local stack (``LOCAL_STACK``) adds loopback, by http too.
    """
    if settings.LOCAL_STACK and address.is_loopback:
        return True
    return scheme == "https" and _is_public(address)


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return _is_public(ipaddress.IPv4Address(address.packed[-4:]))
    # IPv4-mapped and IPv4-compatible addresses lie in the reserved ::/8.
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address.version == network.version and address in network for network in _NEVER)
    )


def addresses_of(url: httpx.URL, *, resolver: Resolver, within_seconds: float) -> tuple[IPAddress, ...] | Unusable:
    """The addresses to connect to, each judged; one that is forbidden forbids them all.

    Args:
        url: to be called.
        resolver: `system_resolver`, or a test's own.
        within_seconds: how long the resolver may take. The system's has no limit of its own worth the name.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        texts = _resolve(resolver, ascii_host(url), port, within_seconds)
        addresses = tuple(dict.fromkeys(ipaddress.ip_address(text) for text in texts))
    except (OSError, ValueError):
        return Unusable.NO_ADDRESS
    if not addresses:
        return Unusable.NO_ADDRESS
    if not all(is_allowed(address, scheme=url.scheme) for address in addresses):
        return Unusable.FORBIDDEN
    return addresses[:_ADDRESSES_MAX]


def _resolve(resolver: Resolver, host: str, port: int, within_seconds: float) -> list[str]:
    # In a thread of its own, because getaddrinfo cannot be interrupted; a late one ends unheard.
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError("the name cannot be encoded"))

    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        answer = answers.get(timeout=within_seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer
