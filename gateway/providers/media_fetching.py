"""One file over the wire: no database, no transaction, nothing raised, no secret sent."""

import time
from http import HTTPStatus
from typing import Final

import httpx

from gateway.http import Exchanged, Failure, build_client, exchange
from gateway.http_transport import DeadlineTransport
from gateway.providers import media_bytes
from gateway.providers.models import MediaFailure, MediaKind, MediaType
from gateway.public_addresses import PinnedBackend, Resolver, Unusable, addresses_of

#: From the first look-up of the name to the last byte: 5 MiB in it are 1.7 Mbit/s, which every server has.
FETCH_MAX_SECONDS: Final = 25.0
#: For the name, for the connection and for TLS, each.
_CONNECT_SECONDS: Final = 5.0
_PORT_MAX: Final = 65_535
_ACCEPT: Final = "image/*, video/mp4, video/webm"
_USER_AGENT: Final = "payment-gateway-media/1"
_FAILURES: Final = {
    Failure.NOT_CONNECTED: MediaFailure.UNREACHABLE,
    Failure.TIMED_OUT: MediaFailure.TIMED_OUT,
    Failure.BROKEN: MediaFailure.BROKEN,
    Failure.TOO_LARGE: MediaFailure.TOO_LARGE,
    Failure.ENCODED: MediaFailure.ENCODED,
}


def fetched(url: str, kind: MediaKind, resolver: Resolver) -> tuple[bytes, MediaType] | MediaFailure:
    """The file as it is to be kept, and what it is; or why not.

    Args:
        url: as the provider named it. It is called as it stands: without the account's secret, without redirects.
        kind: which says how large it may be, and what is made of it.
        resolver: of host names.
    """
    target = _target(url)
    if target is None:
        return MediaFailure.NO_ADDRESS
    exchanged = _exchanged(target, media_bytes.MAX_BYTES[kind], resolver)
    if isinstance(exchanged, MediaFailure):
        return exchanged
    # Of another answer than 200 the body does not matter, nor whether it ended.
    if exchanged.http_status not in {None, HTTPStatus.OK}:
        return MediaFailure.REFUSED
    if exchanged.failure is not None:
        return _FAILURES[exchanged.failure]
    return media_bytes.kept_of(exchanged.body, kind)


def _target(url: str) -> httpx.URL | None:
    try:
        target = httpx.URL(url)
        # Raises for a name that only looks like an international one, and would do so in the middle of the call.
        host = target.host
    except (httpx.InvalidURL, UnicodeError):
        return None
    is_named = target.scheme in {"https", "http"} and host and not target.userinfo
    return target if is_named and (target.port is None or 0 < target.port <= _PORT_MAX) else None


def _exchanged(target: httpx.URL, max_bytes: int, resolver: Resolver) -> Exchanged | MediaFailure:
    started = time.monotonic()
    addresses = addresses_of(target, resolver=resolver, within_seconds=_CONNECT_SECONDS)
    if isinstance(addresses, Unusable):
        return MediaFailure.FORBIDDEN if addresses is Unusable.FORBIDDEN else MediaFailure.UNREACHABLE
    transport = DeadlineTransport(PinnedBackend(addresses=addresses))
    with build_client(connect_seconds=_CONNECT_SECONDS, read_seconds=FETCH_MAX_SECONDS, transport=transport) as client:
        request = client.build_request("GET", target, headers={"accept": _ACCEPT, "user-agent": _USER_AGENT})
        left = FETCH_MAX_SECONDS - (time.monotonic() - started)
        return exchange(client, request, max_bytes=max_bytes, deadline_seconds=left)
