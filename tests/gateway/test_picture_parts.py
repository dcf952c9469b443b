"""Files of some megabytes that would take a processor for minutes are refused before anybody decodes them."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from gateway import picture_parts, pictures
from gateway.pictures import BadPicture, Busy

TOO_MANY = "made of more parts"


def of_jpeg(kind: int, body: bytes) -> bytes:
    return b"\xff" + bytes([kind]) + struct.pack(">H", len(body) + 2) + body


def of_png(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def saved(form: str, size: tuple[int, int] = (64, 64), **options: Any) -> bytes:
    kept = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(kept, form, **options)
    return kept.getvalue()


JPEG, PNG = saved("JPEG"), saved("PNG")


def scan_bomb(scans: int) -> bytes:
    """Progressive, and each scan refines what is nothing: 33 bytes for all blocks of 16 million pixels."""
    blocks = 512 * 512
    runs = "".join(f"0{32767 - 16384:014b}" for _ in range(blocks // 32767 + 1))
    bits = runs + "1" * (-len(runs) % 8)
    coded = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\x00")
    head = of_jpeg(0xDB, b"\0" + bytes([1] * 64)) + of_jpeg(
        0xC2, struct.pack(">BHHB", 8, 4096, 4096, 1) + b"\x01\x11\0"
    )
    tables = of_jpeg(0xC4, b"\x00\x01" + bytes(15) + b"\x00") + of_jpeg(0xC4, b"\x10\x01" + bytes(15) + b"\xe0")
    first = of_jpeg(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(blocks // 8)
    begun = of_jpeg(0xDA, b"\x01\x01\x00\x01\x3f\x01") + coded
    refined = of_jpeg(0xDA, b"\x01\x01\x00\x01\x3f\x10") + coded
    return b"\xff\xd8" + head + tables + first + begun + refined * scans + b"\xff\xd9"


def in_jpeg(part: bytes, times: int) -> bytes:
    return JPEG[:2] + part * times + JPEG[2:]


def in_png(part: bytes, times: int) -> bytes:
    return PNG[:33] + part * times + PNG[33:]


BOMBS: dict[str, Callable[[], bytes]] = {
    "scans": lambda: scan_bomb(100_000),
    "notes": lambda: in_jpeg(of_jpeg(0xE1, b"Exif\0\0MM\0*\0\0"), 500_000),
    "notes of nothing": lambda: in_jpeg(b"\xff\xe1\x00\x02", 2_000_000),
    "notes that end like a beginning": lambda: in_jpeg(of_jpeg(0xE1, b"\xff\xff"), 1_000_000),
    "notes of less than nothing": lambda: in_jpeg(b"\xff\xe1\x00\x00", 2_000_000),
    "fill": lambda: in_jpeg(b"\xff", 8_000_000),
    "colours": lambda: in_png(of_png(b"iCCP", b"k\0\0" + zlib.compress(bytes(900_000))), 8_000),
    "words": lambda: in_png(of_png(b"tEXt", b"k\0v"), 500_000),
    "pieces": lambda: in_png(of_png(b"IDAT", b""), 600_000),
    "unknown": lambda: in_png(of_png(b"abCd", b""), 600_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name: str) -> None:
    bomb = BOMBS[name]()
    assert len(bomb) < 9_000_000
    assert picture_parts.are_too_many(bomb)
    for read in (decode, measure):
        with pytest.raises(BadPicture, match=TOO_MANY):
            read(bomb)


def decode(content: bytes) -> tuple[int, int]:
    with pictures.decoded(io.BytesIO(content), len(content), max_bytes=9_000_000) as picture:
        return picture.size


def measure(content: bytes) -> tuple[int, int]:
    return pictures.size_of(io.BytesIO(content), formats=pictures.FORMATS)


def note(size: int) -> PngImagePlugin.PngInfo:
    found = PngImagePlugin.PngInfo()
    for number in range(size):
        found.add_text(f"k{number}", "v")
    return found


@pytest.mark.parametrize(
    "content",
    [
        JPEG,
        PNG,
        saved("WEBP"),
        saved("JPEG", (1080, 2400), quality=98),
        saved("JPEG", (900, 900), progressive=True, quality=95),
        saved("JPEG", progressive=True, restart_marker_blocks=1),
        saved("JPEG", comment=b"\xff\xda" * 1000, icc_profile=b"\xff\xda" * 100_000),
        saved("PNG", pnginfo=note(900)),
        scan_bomb(10),
        # Behind the end of the picture, a film of the same moment for one, nothing is looked at.
        JPEG + b"\xff\xda" * 100_000,
        PNG + b"\xff\xda" * 100_000,
    ],
)
def test_pictures_of_cameras_and_tools_are_taken(content: bytes) -> None:
    assert not picture_parts.are_too_many(content)
    assert min(decode(content)) > 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe1",
        b"\xff\xd8\xff\xe1\x00",
        PNG[:8],
        PNG[:13],
        b"GIF89a",
        PNG[:40],
    ],
)
def test_what_is_cut_off_has_few_parts(content: bytes) -> None:
    assert not picture_parts.are_too_many(content)


@pytest.mark.parametrize("filled", [b"\xff\x00", b"\xff", b"\xff\xd0", b"\x00"])
def test_each_byte_is_looked_at_once(filled: bytes) -> None:
    """Eight million of the worst ones, which a search that goes back would not see the end of."""
    assert not picture_parts.are_too_many(b"\xff\xd8" + filled * (8_000_000 // len(filled)) + b"\x00")


def test_who_finds_no_place_in_the_line_is_told_so_at_once() -> None:
    for _ in range(pictures._IN_LINE._initial_value):  # type: ignore[attr-defined]
        assert pictures._IN_LINE.acquire(blocking=False)
    try:
        with pytest.raises(Busy):
            decode(JPEG)
    finally:
        for _ in range(pictures._IN_LINE._initial_value):  # type: ignore[attr-defined]
            pictures._IN_LINE.release()
    assert decode(JPEG) == (64, 64)


def test_who_waits_too_long_for_a_place_is_told_so_and_leaves_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_PATIENCE_SECONDS", 0.01)
    with pictures._AT_ONCE, pictures._AT_ONCE:
        for _ in range(100):  # more often than there are places
            with pytest.raises(Busy):
                decode(JPEG)
    assert decode(JPEG) == (64, 64)
