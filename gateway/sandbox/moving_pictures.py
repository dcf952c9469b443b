"""Moving pictures in place of the provider's hints: a phone on whose screen one step after the other is marked."""

from __future__ import annotations

import colorsys
import functools
import hashlib
import struct
from typing import Final

from werkzeug.wrappers import Response

WIDTH: Final = 120
HEIGHT: Final = 160
STEPS: Final = 3
# How long each step is shown, in hundredths of a second.
_STEP_HUNDREDTHS: Final = 120

# Indices of the four colours: paper, the phone, a step, the step that is marked.
_PAPER, _PHONE, _STEP, _MARKED = range(4)
# Bits of an index, and the most codes that GIF knows.
_BITS: Final = 2
_CODES_MAX: Final = 4096

_Box = tuple[int, int, int, int]


def hint(wallet_type: str) -> Response:
    """The picture of a system, in the colour of its logo."""
    return Response(_gif(wallet_type), content_type="image/gif")


@functools.lru_cache(maxsize=64)
def _gif(wallet_type: str) -> bytes:
    hue = int(hashlib.sha256(wallet_type.encode()).hexdigest(), 16) % 360
    marked = bytes(round(part * 255) for part in colorsys.hls_to_rgb(hue / 360, 0.35, 0.55))
    palette = b"\xff\xff\xff" + b"\x33\x38\x42" + b"\xd5\xd8\xde" + marked
    # A table of four colours, no background, square pixels; then: repeat for ever.
    head = b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0b1111_0001, 0, 0) + palette
    head += b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return head + b"".join(_frame(step) for step in range(STEPS)) + b"\x3b"


def _frame(step: int) -> bytes:
    control = b"\x21\xf9\x04\x00" + struct.pack("<H", _STEP_HUNDREDTHS) + b"\x00\x00"
    place = b"\x2c" + struct.pack("<HHHHB", 0, 0, WIDTH, HEIGHT, 0)
    packed = _packed(_pixels(step))
    blocks = [packed[at : at + 255] for at in range(0, len(packed), 255)]
    return control + place + bytes([_BITS]) + b"".join(bytes([len(one)]) + one for one in blocks) + b"\x00"


def _pixels(step: int) -> bytes:
    rows = [bytearray([_PAPER]) * WIDTH for _ in range(HEIGHT)]
    _fill(rows, (24, 8, 96, 152), _PHONE)
    _fill(rows, (28, 16, 92, 140), _PAPER)
    for number in range(STEPS):
        top = 28 + number * 36
        _fill(rows, (34, top, 86, top + 26), _MARKED if number == step else _STEP)
    return b"".join(rows)


def _fill(rows: list[bytearray], box: _Box, colour: int) -> None:
    left, top, right, bottom = box
    for row in rows[top:bottom]:
        row[left:right] = bytes([colour]) * (right - left)


def _packed(pixels: bytes) -> bytes:
    """GIF's compression (LZW, appendix F of GIF89a): codes for runs that came before, from the lowest bit on."""
    clear, end = 1 << _BITS, (1 << _BITS) + 1
    codes: dict[bytes, int] = {}
    width, collected, used = _BITS + 1, 0, 0
    out = bytearray()

    def put(code: int) -> None:
        nonlocal collected, used
        collected |= code << used
        used += width
        while used >= 8:  # noqa: PLR2004 - bits of a byte
            out.append(collected & 0xFF)
            collected >>= 8
            used -= 8

    put(clear)
    codes = {bytes([index]): index for index in range(clear)}
    run, following = b"", end + 1
    for value in pixels:
        longer = run + bytes([value])
        if longer in codes:
            run = longer
            continue
        put(codes[run])
        codes[longer] = following
        if following == 1 << width:
            width += 1
        following += 1
        if following == _CODES_MAX:
            put(clear)
            codes = {bytes([index]): index for index in range(clear)}
            width, following = _BITS + 1, end + 1
        run = bytes([value])
    put(codes[run])
    put(end)
    if used:
        out.append(collected & 0xFF)
    return bytes(out)
