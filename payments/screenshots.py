"""A customer's picture: decoded within limits, re-encoded, and so freed of metadata and of anything hidden in it."""

import io
import warnings
from typing import IO, Final

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

#: A phone's largest screen is 12 million pixels with room to spare; a bomb has billions.
_MAX_PIXELS: Final = 40_000_000
#: Long side of what is kept: text on a phone's screenshot stays readable.
_MAX_SIDE: Final = 2400
_QUALITY: Final = 85
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
#: What broken files make Pillow raise.
_BROKEN: Final = (OSError, ValueError, SyntaxError, EOFError, MemoryError)


class BadScreenshot(ValueError):  # noqa: N818 - reads as what it is
    """A file that is no picture we take. The message is a sentence for the caller."""


def cleaned(file: IO[bytes], size: int) -> bytes:
    """The picture as a fresh JPEG.

    Raises:
        BadScreenshot: too large, of another format, or not decodable.
    """
    if size > settings.SCREENSHOT_MAX_BYTES:
        raise BadScreenshot(f"Send at most {settings.SCREENSHOT_MAX_BYTES} bytes.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=_FORMATS)
            # The header tells the size: nothing is decoded before it was looked at.
            fits = picture.width * picture.height <= _MAX_PIXELS
            upright = ImageOps.exif_transpose(picture).convert("RGB") if fits else None
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadScreenshot("Send a JPEG, PNG or WebP picture.") from error
    except _BROKEN as error:
        raise BadScreenshot("The picture cannot be decoded; it may be cut off.") from error
    if upright is None:
        raise BadScreenshot(f"The picture has more than {_MAX_PIXELS} pixels.")
    upright.thumbnail((_MAX_SIDE, _MAX_SIDE))
    kept = io.BytesIO()
    upright.save(kept, "JPEG", quality=_QUALITY)
    return kept.getvalue()
