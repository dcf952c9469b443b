"""Pictures and films of the provider as customers get them: from us, by an address that names their bytes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.urls import reverse

from gateway.providers.models import MediaFile, MediaKind, MediaType

_FILMS: Final = frozenset({MediaType.MP4, MediaType.WEBM})


class MediaShape(StrEnum):
    """What a template makes of a file."""

    PICTURE = "picture"
    FILM = "film"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A file that can be shown.

    Attributes:
        address: path on our own host; it changes with the bytes.
        kind: whether it is shown by ``<img>`` or by ``<video>``.
    """

    address: str
    kind: MediaShape


def addresses_of(urls: Iterable[str], kind: MediaKind) -> dict[str, Shown]:
    """What there is of these URLs of the provider's, with one query; those that are not fetched yet are left out."""
    digests = [digest_of(url) for url in urls]
    found = MediaFile.objects.filter(url_digest__in=digests, kind=kind).exclude(content_digest="")
    return {
        url: Shown(
            address=reverse("media-file", args=[digest]),
            kind=MediaShape.FILM if media_type in _FILMS else MediaShape.PICTURE,
        )
        for url, digest, media_type in found.values_list("url", "content_digest", "content_type")
    }


def address_of(url: str, kind: MediaKind) -> str | None:
    """The same of one URL; None where it is not fetched yet."""
    shown = addresses_of([url], kind).get(url)
    return None if shown is None else shown.address


def digest_of(url: str) -> str:
    """By which a URL is found: some are too long for an index."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
