"""A customer's picture: decoded within limits, re-encoded, and so freed of metadata and of anything hidden in it."""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import IO, Final

from django.conf import settings
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

#: A phone's screen has up to 5 million pixels, a long page scrolled through several times as many; a bomb has
#: billions. Decoding takes up to twelve bytes a pixel.
_MAX_PIXELS: Final = 24_000_000
#: Pictures that one process decodes at once, some 300 MB each at worst: its threads must not need more than that.
_AT_ONCE: Final = BoundedSemaphore(2)
#: Long side of what is kept: text on a phone's screenshot stays readable.
_MAX_SIDE: Final = 2400
_QUALITY: Final = 85
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
#: What broken files make Pillow raise.
_BROKEN: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    MemoryError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    struct.error,
    zlib.error,
)

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


class BadScreenshot(ValueError):  # noqa: N818 - reads as what it is
    """A file that is no picture we take. The message is a sentence for the caller."""


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
        BadScreenshot: too large, of another format, or not decodable.
    """
    if size > settings.SCREENSHOT_MAX_BYTES:
        raise BadScreenshot(f"Send at most {settings.SCREENSHOT_MAX_BYTES} bytes.")
    with _AT_ONCE:
        try:
            picture = _decoded(file)
        except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadScreenshot("Send a JPEG, PNG or WebP picture.") from error
        except BadScreenshot:
            raise
        except _BROKEN as error:
            raise BadScreenshot("The picture cannot be decoded; it may be cut off.") from error
        picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
        # Comments and profiles travel in `info`, and some would be written into the JPEG.
        picture.info = {}
        kept = io.BytesIO()
        picture.save(kept, "JPEG", quality=_QUALITY)
        pixels = hashlib.sha256(b"%d x %d\0" % picture.size)
        pixels.update(picture.tobytes())
        return CleanPicture(jpeg=kept.getvalue(), pixel_digest=pixels.hexdigest(), look=_look(picture))


def _decoded(file: IO[bytes]) -> Image.Image:
    picture = Image.open(file, formats=_FORMATS)
    # The header tells the size: nothing is decoded before it was looked at.
    if picture.width * picture.height > _MAX_PIXELS:
        raise BadScreenshot(f"The picture has more than {_MAX_PIXELS} pixels.")
    picture.load()  # the first frame of an animation
    return _on_white(_upright(picture))


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _BROKEN:
        return picture  # the pixels are good; only the note that says how the phone was held is not


def _on_white(picture: Image.Image) -> Image.Image:
    """Opaque, in eight bits a colour: what a person would see on a white page."""
    if picture.mode.startswith("I;16"):
        # Scaled: a conversion at once would cut everything above 255 off.
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if "A" not in picture.mode and "transparency" not in picture.info:
        return picture.convert("RGB")
    seen = Image.new("RGBA", picture.size, "white")
    seen.alpha_composite(picture.convert("RGBA"))
    return seen.convert("RGB")


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
