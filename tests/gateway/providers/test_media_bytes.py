"""What a file is, is told by its bytes; a logo is made small, a hint stays as it is."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from gateway.providers import media_bytes
from gateway.providers.media_bytes import kept_of, type_of
from gateway.providers.models import MediaFailure, MediaKind, MediaType
from tests.gateway.providers.media_samples import MATROSKA, MP4, SVG, WEBM, moving, picture

LOGO, HINT = MediaKind.LOGO, MediaKind.HINT
FILES = {
    MediaType.GIF: moving(),
    MediaType.PNG: picture("PNG"),
    MediaType.JPEG: picture("JPEG"),
    MediaType.WEBP: picture("WEBP"),
    MediaType.SVG: SVG,
    MediaType.MP4: MP4,
    MediaType.WEBM: WEBM,
}


def test_every_kind_is_told_by_its_bytes() -> None:
    assert set(FILES) == set(MediaType)
    assert {type_of(content): content for content in FILES.values()} == FILES


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"G", b"<!doctype html><script>1</script>", b"%PDF-1.7", b"PK\x03\x04", b"\x1f\x8b\x08", MATROSKA),
        *(b"\x00\x00\x00\x18ftypheic" + bytes(20), b"\x00\x00\x00\x1cftypavif" + bytes(20), b"RIFF\0\0\0\0WAVE"),
        *(b"BM" + bytes(60), b" GIF89a", b"\x00\x00\x00\x18moov", b"\x1a\x45\xdf\xa3" + bytes(200) + b"B\x82\x84webm"),
    ],
)
@pytest.mark.parametrize("kind", MediaKind)
def test_everything_else_is_refused(content: bytes, kind: MediaKind) -> None:
    assert type_of(content) is None
    assert kept_of(content, kind) is MediaFailure.WRONG_TYPE


@pytest.mark.parametrize("media_type", [one for one in MediaType if one is not MediaType.SVG])
def test_a_hint_is_kept_as_it_is(media_type: MediaType) -> None:
    assert kept_of(FILES[media_type], HINT) == (FILES[media_type], media_type)


def test_a_hint_is_no_drawing_and_no_half_picture_and_not_enormous() -> None:
    assert kept_of(SVG, HINT) is MediaFailure.WRONG_TYPE
    assert kept_of(b"GIF89a", HINT) is MediaFailure.WRONG_TYPE
    assert kept_of(b"\x89PNG\r\n\x1a\n" + MP4, HINT) is MediaFailure.WRONG_TYPE
    header = struct.pack(">IIBBBBB", 4001, 3000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")))
    )
    assert kept_of(b"\x89PNG\r\n\x1a\n" + chunks, HINT) is MediaFailure.TOO_LARGE


@pytest.mark.parametrize("media_type", [MediaType.GIF, MediaType.PNG, MediaType.JPEG, MediaType.WEBP])
def test_a_logo_becomes_a_small_picture(media_type: MediaType) -> None:
    kept = kept_of(FILES[media_type], LOGO)
    assert isinstance(kept, tuple)
    content, kept_type = kept
    assert kept_type is MediaType.PNG
    assert type_of(content) is MediaType.PNG
    made = Image.open(io.BytesIO(content))
    assert made.size == ((40, 30) if media_type is MediaType.GIF else (96, 48))


def test_the_worst_logo_is_within_its_bytes() -> None:
    chance = random.Random(1)  # noqa: S311 - the same picture in every run
    made = io.BytesIO()
    Image.frombytes("RGBA", (200, 200), chance.randbytes(160_000)).save(made, "PNG")
    kept = kept_of(made.getvalue(), LOGO)
    assert isinstance(kept, tuple)
    assert len(kept[0]) <= media_bytes.LOGO_KEPT_MAX_BYTES == 10 * 1024


def test_a_drawing_stays_as_it_is_or_is_refused() -> None:
    assert kept_of(SVG, LOGO) == (SVG, MediaType.SVG)
    assert kept_of(SVG.replace(b"<rect", b"<script/><rect"), LOGO) is MediaFailure.UNSAFE


@pytest.mark.parametrize("content", [MP4, WEBM, b"\xff\xd8\xff" + bytes(50), picture("PNG")[:60]])
def test_a_logo_is_no_film_and_no_half_picture(content: bytes) -> None:
    assert kept_of(content, LOGO) is MediaFailure.WRONG_TYPE
