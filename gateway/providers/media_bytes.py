"""What a fetched file is, by its bytes alone, and what of it is kept."""

import io
import re
from typing import Final

from gateway import pictures
from gateway.providers import drawings
from gateway.providers.models import HINT_MAX_BYTES, LOGO_MAX_BYTES, MediaFailure, MediaKind, MediaType

#: Side and bytes of a logo: sharp on a phone at 48 points, and twenty of them in a list are no weight.
_LOGO_SIDE: Final = 96
LOGO_KEPT_MAX_BYTES: Final = 10 * 1024
#: Of a hint: a full page of a phone, scrolled. What a phone would need gigabytes to draw is a mistake or an attack.
_HINT_MAX_PIXELS: Final = 12_000_000

#: Bytes by which each kind begins (its own specification); the others are told by more than that.
_GIF: Final = (b"GIF87a", b"GIF89a")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_MP4: Final = re.compile(rb".{4}ftyp(isom|iso[2-9]|mp4[12]|avc1|M4V |dash|mmp4)", re.DOTALL)
_EBML: Final = b"\x1aE\xdf\xa3"
#: The element DocType (0x4282) with its length and value; it stands among the first few elements of the head.
_WEBM: Final = b"\x42\x82\x84webm"
_EBML_HEAD_BYTES: Final = 64
#: As Pillow names them.
_PICTURES: Final = {
    MediaType.GIF: "GIF",
    MediaType.PNG: "PNG",
    MediaType.JPEG: "JPEG",
    MediaType.WEBP: "WEBP",
}

MAX_BYTES: Final = {MediaKind.LOGO: LOGO_MAX_BYTES, MediaKind.HINT: HINT_MAX_BYTES}


def type_of(content: bytes) -> MediaType | None:
    """What the bytes are; None where they are nothing that is taken."""
    if content.startswith(_GIF):
        return MediaType.GIF
    if content.startswith(_PNG):
        return MediaType.PNG
    if content.startswith(_JPEG):
        return MediaType.JPEG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return MediaType.WEBP
    if _MP4.match(content):
        return MediaType.MP4
    if content.startswith(_EBML) and _WEBM in content[:_EBML_HEAD_BYTES]:
        return MediaType.WEBM
    return MediaType.SVG if drawings.is_drawing(content) else None


def kept_of(content: bytes, kind: MediaKind) -> tuple[bytes, MediaType] | MediaFailure:
    """What is kept of a file, and as what: a logo is made small, a hint stays as it is, moving or not."""
    media_type = type_of(content)
    if media_type is None:
        return MediaFailure.WRONG_TYPE
    if kind == MediaKind.HINT:
        return _hint(content, media_type)
    if media_type == MediaType.SVG:
        return (content, media_type) if drawings.is_harmless(content) else MediaFailure.UNSAFE
    if media_type not in _PICTURES:
        return MediaFailure.WRONG_TYPE
    return _small_logo(content, media_type)


def _hint(content: bytes, media_type: MediaType) -> tuple[bytes, MediaType] | MediaFailure:
    if media_type == MediaType.SVG:
        return MediaFailure.WRONG_TYPE
    if media_type in _PICTURES:
        try:
            width, height = pictures.size_of(io.BytesIO(content), formats=[_PICTURES[media_type]])
        except pictures.BadPicture:
            return MediaFailure.WRONG_TYPE
        if not 0 < width * height <= _HINT_MAX_PIXELS:
            return MediaFailure.TOO_LARGE
    return content, media_type


def _small_logo(content: bytes, media_type: MediaType) -> tuple[bytes, MediaType] | MediaFailure:
    file = io.BytesIO(content)
    try:
        with pictures.decoded(file, len(content), max_bytes=LOGO_MAX_BYTES, formats=[_PICTURES[media_type]]) as picture:
            within = (_LOGO_SIDE, _LOGO_SIDE)
            return pictures.as_png(picture, within=within, max_bytes=LOGO_KEPT_MAX_BYTES), MediaType.PNG
    except pictures.BadPicture:
        return MediaFailure.WRONG_TYPE
