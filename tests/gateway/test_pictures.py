"""Pictures that are made anew and small: within the bytes and pixels that they may have, with their transparency.

What hostile files come to is told with the screenshots (`tests/payments/test_hostile_pictures.py`).
"""

import io
import random
from typing import Any

import pytest
from PIL import Image, ImageDraw

from gateway import pictures


def file_of(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, form, **options)
    return made.getvalue()


def noise(width: int, height: int, mode: str = "RGBA") -> Image.Image:
    """What compresses worst."""
    chance = random.Random(width)  # noqa: S311 - the same picture in every run
    return Image.frombytes(mode, (width, height), chance.randbytes(width * height * len(mode)))


def small(content: bytes, within: tuple[int, int] = (320, 96), max_bytes: int = 12 * 1024) -> bytes:
    with pictures.decoded(io.BytesIO(content), len(content), max_bytes=2**22) as picture:
        return pictures.as_png(picture, within=within, max_bytes=max_bytes)


def opened(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    picture.load()
    return picture


def test_a_large_picture_becomes_small_and_keeps_its_shape() -> None:
    assert opened(small(file_of(Image.new("RGB", (1600, 800), "navy"), "JPEG"))).size == (192, 96)
    assert opened(small(file_of(Image.new("RGB", (1600, 100), "navy"), "WEBP"))).size == (320, 20)


def test_a_small_picture_is_not_made_larger() -> None:
    assert opened(small(file_of(Image.new("RGB", (10, 7), "navy")))).size == (10, 7)


def test_transparency_is_kept() -> None:
    image = Image.new("RGBA", (100, 40), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 49, 39), fill=(200, 10, 10, 255))
    kept = opened(small(file_of(image))).convert("RGBA")
    assert kept.getpixel((10, 10)) == (200, 10, 10, 255)
    transparent = kept.getpixel((90, 10))
    assert isinstance(transparent, tuple)
    assert transparent[3] == 0


@pytest.mark.parametrize("max_bytes", [12 * 1024, 10 * 1024, 2 * 1024])
def test_the_worst_picture_fits_too(max_bytes: int) -> None:
    png = small(file_of(noise(640, 200)), max_bytes=max_bytes)
    assert 0 < len(png) <= max_bytes
    picture = opened(png)
    assert picture.width <= 320
    assert picture.height <= 96
    assert picture.width / picture.height == pytest.approx(3.2, rel=0.2)


def test_what_was_written_beside_the_picture_is_gone() -> None:
    image = Image.new("RGB", (50, 50), "navy")
    exif = Image.Exif()
    exif[0x010E] = "canary"
    content = file_of(image, exif=exif, icc_profile=b"canary" * 20) + b"canary"
    png = small(content)
    assert b"canary" not in png
    assert dict(opened(png).getexif()) == {}


def test_too_many_bytes_pixels_and_other_formats_are_refused_in_words() -> None:
    content = file_of(Image.new("RGB", (50, 50), "navy"))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"max_bytes": len(content) - 1}, f"Send at most {len(content) - 1} bytes."),
        ({"max_bytes": len(content), "max_pixels": 2499}, "The picture has more than 2499 pixels."),
        ({"max_bytes": len(content), "formats": ["GIF"]}, "Send a JPEG, PNG or WebP picture."),
    ]
    for options, sentence in cases:
        file = io.BytesIO(content)
        with pytest.raises(pictures.BadPicture) as refusal, pictures.decoded(file, len(content), **options):
            pytest.fail("it was taken")
        assert str(refusal.value) == sentence


def test_a_header_tells_the_size_and_rubbish_tells_none() -> None:
    small_one = file_of(Image.new("RGB", (5, 3)))
    assert pictures.size_of(io.BytesIO(small_one), formats=["PNG"]) == (5, 3)
    for content, formats in ((b"", ["PNG"]), (b"\x89PNG\r\n\x1a\n", ["PNG"]), (small_one, ["GIF"])):
        with pytest.raises(pictures.BadPicture):
            pictures.size_of(io.BytesIO(content), formats=formats)
