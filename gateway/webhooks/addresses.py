"""Where webhooks may go, as an integrator is told early; `gateway.public_addresses` judges each attempt."""

import ipaddress
import re
from typing import Final

import httpx
from django.conf import settings

from gateway.public_addresses import IPAddress, ascii_host, is_allowed

_PORT_MAX: Final = 65_535

_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_AFTER_AUTHORITY: Final = re.compile(r"[/?#]")
#: The last label of a name that browsers and resolvers read as an IPv4 address: 2130706433, 0x7f.1, 127.1.
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
_HOST_LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)
#: Names that exist only inside of a network.
_INNER_SUFFIXES: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa")


def objection_to(text: str) -> str | None:
    """A sentence about what is wrong with an endpoint's address, or None.

    The address is judged again at every attempt, as resolved; this here tells an integrator early.
    """
    if not _VISIBLE_ASCII.fullmatch(text) or "\\" in text:
        return "Send an https URL in visible ASCII; write an international name in its xn-- form."
    try:
        url = httpx.URL(text)
        # Raises for a name that only looks like an international one, and would do so in the middle of the call.
        url.host  # noqa: B018 - as said
    except (httpx.InvalidURL, UnicodeError):
        return "This is no URL."
    local = settings.LOCAL_STACK and _is_local_name(ascii_host(url))
    if url.scheme != "https" and not (local and url.scheme == "http"):
        return "Send an https URL."
    if "@" in _AFTER_AUTHORITY.split(text.partition("//")[2], maxsplit=1)[0]:
        return "Leave user name and password out of the URL; the signature tells you who is calling."
    if "#" in text:
        return "Leave the fragment (#…) out of the URL."
    if url.port is not None and not 1 <= url.port <= _PORT_MAX:
        return f"A port is a number from 1 to {_PORT_MAX}."
    return None if local else _objection_to_host(ascii_host(url))


def _is_local_name(host: str) -> bool:
    literal = _literal(host)
    return literal.is_loopback if literal is not None else host == "localhost"


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _objection_to_host(host: str) -> str | None:
    literal = _literal(host)
    if literal is not None:
        return None if is_allowed(literal, scheme="https") else "The address is not public."
    name = host.removesuffix(".").lower()
    labels = name.split(".")
    if not all(_HOST_LABEL.fullmatch(label) for label in labels):
        return "The host is no name."
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return "Write an IPv4 address as four decimal numbers."
    if len(labels) == 1 or any(f".{name}".endswith(f".{suffix}") for suffix in _INNER_SUFFIXES):
        return "The host has to be a public name."
    return None
