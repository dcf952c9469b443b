"""How many parts the file of a picture is made of: a few bytes more for each, and up to seconds of work for some.

Limits of bytes and pixels do not bound the work. A progressive JPEG is decoded once for each of its scans, of which
eight megabytes hold 190,000; notes are read one by one, and unpacked. What cameras, screens and tools write has some
dozens of parts.
"""

import re
from typing import Final

#: Progressive pictures have 10 scans by libjpeg, a few more by encoders that look for the smallest file.
_SCANS_MAX: Final = 30
#: Notes of all kinds: 64 KB each in a JPEG, so eight megabytes of them are 128; a PNG has a handful.
_PARTS_MAX: Final = 1_000
#: Pieces of a PNG's pixels, which have eight kilobytes or more by every usual encoder, and cost little.
_PIECES_MAX: Final = 100_000
#: Bytes that may stand between two parts of a JPEG and mean nothing.
_FILL_MAX: Final = 1_000

_JPEG: Final = b"\xff\xd8"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
#: The next marker that is none of those which stand among the pixels (ITU T.81, B.1.1). Possessive throughout: each
#: byte is looked at once, whatever the file holds.
_MARKER: Final = re.compile(
    rb"[^\xff]*+(?:\xff++[\x00\x01\xd0-\xd7][^\xff]*+)*+(\xff++)([^\x00\x01\xd0-\xd7\xff])", re.DOTALL
)
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def are_too_many(content: bytes) -> bool:
    """True where a JPEG or PNG has more parts than any picture needs; of what is neither nothing is said."""
    if content.startswith(_JPEG):
        return _are_too_many_of_jpeg(content)
    return content.startswith(_PNG) and _are_too_many_of_png(content)


def _are_too_many_of_jpeg(content: bytes) -> bool:
    scans = parts = fill = 0
    at = len(_JPEG)
    while found := _MARKER.match(content, at):
        marker, at = found[2][0], found.end()
        if marker == _END_OF_IMAGE:
            return False
        parts += 1
        fill += len(found[1]) - 1
        scans += marker == _START_OF_SCAN
        if parts > _PARTS_MAX or fill > _FILL_MAX or scans > _SCANS_MAX:
            return True
        # Its length counts itself in. A decoder refuses a shorter one.
        at += max(int.from_bytes(content[at : at + 2], "big"), 2)
    return False


def _are_too_many_of_png(content: bytes) -> bool:
    parts = pieces = 0
    at = len(_PNG)
    while (kind := content[at + 4 : at + 8]) not in {b"", b"IEND"}:
        if kind == b"IDAT":
            pieces += 1
        else:
            parts += 1
        if parts > _PARTS_MAX or pieces > _PIECES_MAX:
            return True
        at += 12 + int.from_bytes(content[at : at + 4], "big")  # length, kind, and the checksum behind
    return False
