"""The door to our copies of the provider's pictures and films, which are everybody's: no key, no session, no token."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from django.db.models.functions import Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from gateway.providers.models import MediaFile, MediaType

#: A year, the most that caches heed. Other bytes have another address.
_FOR_EVER: Final = "public, max-age=31536000, immutable"
#: A drawing draws: opened by itself it runs nothing and loads nothing, whatever our own check let through.
_DRAWING: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
#: One range of bytes (RFC 9110 §14.1.2). More digits than any file has bytes mean nothing.
_RANGE: Final = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Part:
    first: int
    last: int


@require_safe
def media_file(request: HttpRequest, digest: str) -> HttpResponse:
    """The file with these bytes, or a part of it: players of films ask for one, and some for no film without."""
    copies = MediaFile.objects.filter(content_digest=digest)
    found = copies.values_list("content_type", "size").first()
    if found is None:
        raise Http404
    media_type, size = found
    etag = f'"{digest}"'
    headers = {
        "Cache-Control": _FOR_EVER,
        "ETag": etag,
        "Accept-Ranges": "bytes",
        # As everywhere; here it is what keeps a browser from seeing something else in a stranger's bytes.
        "X-Content-Type-Options": "nosniff",
    }
    if media_type == MediaType.SVG:
        headers["Content-Security-Policy"] = _DRAWING
    if _is_known(request, etag):
        return HttpResponse(status=HTTPStatus.NOT_MODIFIED, content_type=media_type, headers=headers)
    part, status = _Part(0, size - 1), HTTPStatus.OK
    if (asked := _asked_part(request, etag, size)) is not None:
        if asked.first > asked.last:
            headers["Content-Range"], headers["Cache-Control"] = f"bytes */{size}", "no-store"
            status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            return HttpResponse(status=status, content_type=media_type, headers=headers)
        part, status = asked, HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    length = part.last - part.first + 1
    headers["Content-Length"] = str(length)
    content = b"" if request.method == "HEAD" else _bytes_of(digest, part.first, length)
    return HttpResponse(content, status=status, content_type=media_type, headers=headers)


def _bytes_of(digest: str, first: int, length: int) -> bytes:
    part = MediaFile.objects.filter(content_digest=digest).values_list(Substr("content", first + 1, length), flat=True)
    content = part.first()
    if content is None:
        raise Http404  # it went between the two questions
    return bytes(content)


def _is_known(request: HttpRequest, etag: str) -> bool:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or any(one.removeprefix("W/") == etag for one in known)


def _asked_part(request: HttpRequest, etag: str, size: int) -> _Part | None:
    """The part that is asked for, one past the end where there is nothing; None where all of it is.

    What is no single range is not heeded, as RFC 9110 §14.2 allows.
    """
    if request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return None
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None:
        return None
    first, last = asked.groups()
    if not first:
        return _Part(max(size - int(last), 0), size - 1) if last else None
    if last and int(last) < int(first):
        return None
    return _Part(int(first), min(int(last or size), size - 1))
