"""Pictures from outside: decoded within limits and made anew, and so freed of metadata and of anything hidden."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import IO, Final

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from gateway import picture_parts

#: A phone's screen has up to 5 million pixels, a long page scrolled through several times as many; a bomb has
#: billions. Decoding takes up to twelve bytes a pixel.
MAX_PIXELS: Final = 24_000_000
#: Pictures that one process decodes at once, some 300 MB each at worst: its threads must not need more than that.
_AT_ONCE: Final = BoundedSemaphore(2)
#: Those, and the threads that wait for a place among them: an eighth of all, for the others have to go on answering,
#: and some of them wait for bodies already (`gateway.api.slow_bodies`).
_IN_LINE: Final = BoundedSemaphore(max(4, settings.BLOCKING_THREADS // 8))
#: Several times as long as the most that a line of them takes; who waits longer is told to come again.
_PATIENCE_SECONDS: Final = 15.0
#: What people upload.
FORMATS: Final = ("JPEG", "PNG", "WEBP")
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
#: By how much a picture shrinks that is too many bytes: half of its pixels at each step.
_SHRINK: Final = 0.7


class BadPicture(ValueError):  # noqa: N818 - reads as what it is
    """A file that is no picture we take. The message is a sentence for whoever sent it."""


class Busy(Exception):  # noqa: N818 - as above
    """Too many pictures at once: nothing was looked at, and the same one may be sent again in a moment."""


@contextmanager
def _place() -> Iterator[None]:
    if not _IN_LINE.acquire(blocking=False):
        raise Busy
    try:
        if not _AT_ONCE.acquire(timeout=_PATIENCE_SECONDS):
            raise Busy
        try:
            yield
        finally:
            _AT_ONCE.release()
    finally:
        _IN_LINE.release()


@contextmanager
def decoded(
    file: IO[bytes], size: int, *, max_bytes: int, max_pixels: int = MAX_PIXELS, formats: Sequence[str] = FORMATS
) -> Iterator[Image.Image]:
    """The pixels of a file, upright, in eight bits a colour: of the mode RGB, or RGBA where it is transparent.

    Name and content type are not asked: the bytes decide. Of an animation it is the first frame. While the block runs,
    few others in this process do.

    Args:
        file: with the bytes.
        size: how many there are.
        max_bytes: how many may be.
        max_pixels: likewise of pixels; the header tells them, and nothing is decoded before.
        formats: that are taken, as Pillow names them.

    Raises:
        BadPicture: too large, of another format, or not decodable.
        Busy: too many others are being decoded.
    """
    if size > max_bytes:
        raise BadPicture(f"Send at most {max_bytes} bytes.")
    with _place():
        try:
            picture = _decoded(file, max_pixels, formats)
        except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadPicture("Send a JPEG, PNG or WebP picture.") from error
        except BadPicture:
            raise
        except _BROKEN as error:
            raise BadPicture("The picture cannot be decoded; it may be cut off.") from error
        yield picture


def size_of(file: IO[bytes], *, formats: Sequence[str]) -> tuple[int, int]:
    """Width and height as the header of a file tells them; nothing is decoded.

    Raises:
        BadPicture: of another format, or broken.
    """
    try:
        return _opened(file, formats).size
    except BadPicture:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning, *_BROKEN) as error:
        raise BadPicture("The picture cannot be read.") from error


def _decoded(file: IO[bytes], max_pixels: int, formats: Sequence[str]) -> Image.Image:
    picture = _opened(file, formats)
    if picture.width * picture.height > max_pixels:
        raise BadPicture(f"The picture has more than {max_pixels} pixels.")
    picture.load()  # the first frame of an animation
    return _in_eight_bits(_upright(picture))


def _opened(file: IO[bytes], formats: Sequence[str]) -> Image.Image:
    # Opening it reads its notes already.
    if picture_parts.are_too_many(file.read()):
        raise BadPicture("The picture is made of more parts than a picture needs; save it again, or take another one.")
    file.seek(0)
    return Image.open(file, formats=list(formats))


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _BROKEN:
        return picture  # the pixels are good; only the note that says how the phone was held is not


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        # Scaled: a conversion at once would cut everything above 255 off.
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    is_transparent = "A" in picture.mode or "transparency" in picture.info
    return picture.convert("RGBA" if is_transparent else "RGB")


def on_white(picture: Image.Image) -> Image.Image:
    """A picture of `decoded`, opaque: what a person would see on a white page."""
    if picture.mode == "RGB":
        return picture
    seen = Image.new("RGBA", picture.size, "white")
    seen.alpha_composite(picture)
    return seen.convert("RGB")


def as_png(picture: Image.Image, *, within: tuple[int, int], max_bytes: int) -> bytes:
    """A picture of `decoded` as a small PNG, transparency kept.

    Args:
        picture: which is made smaller in place.
        within: most width and height, in pixels; a smaller one is not made larger.
        max_bytes: of the file, 2048 or more: a list of colours alone takes half of that. It has 256 colours where all
            of them take more, and fewer pixels where that does.
    """
    picture.thumbnail(within)
    # Comments and profiles travel in `info`, and some would be written into the PNG.
    picture.info = {}
    png = _png(picture)
    while len(png) > max_bytes:
        # Of the methods the one that knows transparency.
        png = _png(picture.quantize(256, method=Image.Quantize.FASTOCTREE))
        width, height = (max(int(side * _SHRINK), 1) for side in picture.size)
        picture = picture.resize((width, height))
    return png


def _png(picture: Image.Image) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "PNG", optimize=True)
    return kept.getvalue()
