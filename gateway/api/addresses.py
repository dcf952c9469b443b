"""Where a request comes from: the peer of the connection, or what a proxy of ours says of it.

``X-Forwarded-For`` is a list that every caller may begin as it likes; only what our own proxies added to its end is
true. So the rightmost hop that is none of them is the client, and without ``TRUSTED_PROXIES`` the header is nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gateway import logs

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Proxies in a row that are followed back; nobody has that many, and a header of 100 KB is not read to its beginning.
_HOPS_MAX: Final = 20
#: What one subscriber has of IPv6 (RFC 6177): who is limited by address is limited by this much of it.
SUBSCRIBER_BITS_IPV6: Final = 64
#: ``[v6]:port``, ``v4:port``, or an address alone. One with a zone (``%eth0``) means something on one link only.
_WRITTEN: Final = re.compile(
    r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}|([0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)", re.ASCII
)


class ClientAddressMiddleware:
    """Gives each request its ``client_address``, each log line its ``client``, and the scheme that a proxy saw."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the connection once, for everybody who asks."""
        peer = parse(request.META.get("REMOTE_ADDR", ""))
        address = peer
        if peer is not None and settings.TRUSTED_PROXIES and is_within(peer, settings.TRUSTED_PROXIES):
            address = _behind(peer, request.META.get("HTTP_X_FORWARDED_FOR", ""))
            # The last word is the nearest proxy's own.
            scheme = request.META.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                request.META["wsgi.url_scheme"] = scheme  # Django's `is_secure` reads it
        request.client_address = address  # type: ignore[attr-defined]
        token = logs.client.set("" if address is None else str(address))
        try:
            return self.get_response(request)
        finally:
            logs.client.reset(token)


def client_address(request: HttpRequest) -> Address | None:
    """Who is calling; None where the connection has no address (a Unix socket)."""
    found: Address | None = getattr(request, "client_address", None)
    return found


def subscriber(address: Address | None) -> str:
    """What is counted for an address: an IPv6 subscriber has 2^64 of them and is one caller all the same."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, SUBSCRIBER_BITS_IPV6), strict=False))
    return str(address)


def is_within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks; an unknown one lies nowhere."""
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=256)  # the lists of a few keys, read at each of their calls
def networks_of(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Networks in CIDR notation; a text that is none matches nobody, so a list is never wider than it was meant."""
    return tuple(network for text in texts if (network := parse_network(text)) is not None)


def parse_network(text: str) -> Network | None:
    """A network in CIDR notation without host bits; None where it is none."""
    try:
        return ip_network(text)
    except ValueError:
        return None


@lru_cache(maxsize=1024)  # the proxies and products that call again and again
def parse(text: str) -> Address | None:
    """An address as servers and proxies write it, with or without its port; None where it is none.

    ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1``, ``[2001:db8::1]``, ``[2001:db8::1]:80``; an IPv4 address in
    IPv6's clothes (``::ffff:192.0.2.1``) is the IPv4 address.
    """
    matched = _WRITTEN.fullmatch(text.strip())
    if matched is None:
        return None
    try:
        found = ip_address(next(filter(None, matched.groups())))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _behind(proxy: Address, header: str) -> Address:
    """The rightmost hop that is no proxy of ours; up to an unreadable one, which says nothing about what is before."""
    trusted: Sequence[Network] = settings.TRUSTED_PROXIES
    nearest = proxy
    for text in reversed(header.rsplit(",", _HOPS_MAX)[-_HOPS_MAX:]):
        hop = parse(text)
        if hop is None:
            return nearest
        nearest = hop
        if not is_within(hop, trusted):
            return hop
    return nearest
