"""A customer's picture: decoded within limits, re-encoded, and so freed of metadata and of anything hidden in it."""

import hashlib
import io
from dataclasses import dataclass, field
from typing import IO, Final

from django.conf import settings
from PIL import Image, ImageChops

from gateway import pictures

#: Long side of what is kept: text on a phone's screenshot stays readable.
_MAX_SIDE: Final = 2400
_QUALITY: Final = 85

#: How pictures are made small for a comparison: by an average that hardly depends on their former size.
_SMOOTH: Final = Image.Resampling.HAMMING
#: Side of the grid on which two pictures are compared: on a phone's screenshot a cell is about half a digit.
_GRID_SIDE: Final = 64
#: Most difference in brightness (of 255) of a cell between two encodings of one picture. Tried on a banking app's page:
#: JPEG and WebP down to quality 25 and sizes down to a half differ by 3, one other digit of the reference by 30.
_SAME_BRIGHTNESS: Final = 8
#: Columns and rows of the coarse grid behind `look`; each step between two neighbours is a bit.
_LOOK_COLUMNS, _LOOK_ROWS = 8, 8
#: A step that counts. Smaller ones come and go with each encoding.
_LOOK_STEP: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanPicture:
    """A picture made anew.

    Attributes:
        jpeg: without metadata.
        pixel_digest: SHA-256 of size and pixels, the same for every lossless encoding of the picture.
        look: 64 bits in hexadecimal, nearly the same for every encoding of a picture (see `looks_near`); pictures of
            one app share them, too. Empty for a picture of one colour, which says nothing.
    """

    jpeg: bytes = field(repr=False)
    pixel_digest: str
    look: str


def cleaned(file: IO[bytes], size: int) -> CleanPicture:
    """The picture as a fresh JPEG. Name and content type of the upload are not asked: its bytes decide.

    Raises:
        pictures.BadPicture: too large, of another format, or not decodable.
    """
    with pictures.decoded(file, size, max_bytes=settings.SCREENSHOT_MAX_BYTES) as decoded:
        # What a person would see on a white page.
        picture = pictures.on_white(decoded)
        picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
        # Comments and profiles travel in `info`, and some would be written into the JPEG.
        picture.info = {}
        kept = io.BytesIO()
        picture.save(kept, "JPEG", quality=_QUALITY)
        pixels = hashlib.sha256(b"%d x %d\0" % picture.size)
        pixels.update(picture.tobytes())
        return CleanPicture(jpeg=kept.getvalue(), pixel_digest=pixels.hexdigest(), look=_look(picture))


def _look(picture: Image.Image) -> str:
    """A difference hash: where the brightness falls from a cell to its right neighbour."""
    cells = picture.convert("L").resize((_LOOK_COLUMNS + 1, _LOOK_ROWS), _SMOOTH).tobytes()
    bits = 0
    for row in range(_LOOK_ROWS):
        for column in range(_LOOK_COLUMNS):
            left = row * (_LOOK_COLUMNS + 1) + column
            bits = bits << 1 | (cells[left] - cells[left + 1] >= _LOOK_STEP)
    return f"{bits:016x}" if bits else ""


def looks_near(look: str) -> list[str]:
    """The look itself, and each that differs in at most two steps: those near the limit may go either way."""
    bits, steps = int(look, 16), _LOOK_COLUMNS * _LOOK_ROWS
    masks = {1 << one | 1 << other for one in range(steps) for other in range(steps)}
    return [look, *(f"{bits ^ mask:016x}" for mask in sorted(masks))]


def show_the_same(one: bytes, other: bytes) -> bool:
    """True where two of our JPEGs are the same picture but for their encoding and size."""
    differences = ImageChops.difference(_grid(one), _grid(other)).tobytes()
    return max(differences) <= _SAME_BRIGHTNESS


def _grid(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    # Decoded at a fraction of its size, still several pixels a cell: a fraction of the time, too.
    picture.draft("L", (_GRID_SIDE * 4, _GRID_SIDE * 4))
    return picture.convert("L").resize((_GRID_SIDE, _GRID_SIDE), _SMOOTH)
