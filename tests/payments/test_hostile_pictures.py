"""Files that want something else than to be looked at. What is kept is a plain JPEG, or nothing."""

import contextlib
import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin
from pytest_django.fixtures import Settings

from gateway.pictures import BadPicture
from payments.screenshots import CleanPicture, cleaned, looks_near, show_the_same

CANARY = b"canary-in-the-file"
NO_PICTURE = "Send a JPEG, PNG or WebP picture."
CUT_OFF = "The picture cannot be decoded; it may be cut off."


def clean(content: bytes) -> CleanPicture:
    return cleaned(io.BytesIO(content), len(content))


def seen(content: bytes) -> Image.Image:
    """The kept picture, after everything that must be true of each."""
    kept = clean(content)
    image = Image.open(io.BytesIO(kept.jpeg))
    assert (image.format, image.mode, getattr(image, "n_frames", 1)) == ("JPEG", "RGB", 1)
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert dict(image.getexif()) == {}
    assert b"canary" not in kept.jpeg
    assert (len(kept.pixel_digest), len(kept.look)) in {(64, 16), (64, 0)}
    image.load()
    return image


def refused(content: bytes) -> str:
    with pytest.raises(BadPicture) as refusal:
        clean(content)
    return str(refusal.value)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    made = io.BytesIO()
    if form == "PNG":
        options.setdefault("compress_level", 1)  # size does not matter here, time does
    image.save(made, form, **options)
    return made.getvalue()


def phone_screen(reference: str = "123456789012", *, size: tuple[int, int] = (1080, 2400)) -> Image.Image:
    """What a banking app shows after a payment."""
    image = Image.new("RGB", size, (250, 250, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0], size[1] // 8), fill=(20, 90, 60))
    draw.ellipse((400, 400, 680, 680), fill=(30, 160, 80))
    for number, line in enumerate(["Payment successful", "INR 1,000.00", "Reference", reference, "Test Name"]):
        draw.text((120, 900 + number * 160), line, fill=(20, 20, 30), font_size=72)
    return image


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, data: bytes, depth: int = 8, color: int = 2) -> bytes:
    """A PNG by hand, whatever its header claims."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


RED = Image.new("RGB", (64, 32), (200, 10, 10))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        CANARY,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><!DOCTYPE svg><svg/>",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200),
        b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1" + bytes(200),
        b"%PDF-1.7\n" + bytes(100),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
        b"PK\x03\x04" + bytes(100),
        saved(RED, "GIF"),
        saved(RED, "BMP"),
        saved(RED, "TIFF"),
        saved(RED, "ICO"),
        saved(RED, "JPEG2000"),
        # One file in two formats: it begins as a GIF, whatever follows.
        saved(RED, "GIF") + saved(RED, "JPEG"),
        b"GIF89a/*" + saved(RED, "JPEG"),
        b"\x0a" + saved(RED, "PNG"),
    ],
)
def test_other_formats_are_refused(content: bytes) -> None:
    assert refused(content) == NO_PICTURE


def test_what_follows_a_picture_is_not_kept() -> None:
    for form in ("JPEG", "PNG", "WEBP"):
        image = seen(saved(RED, form) + CANARY + b"<script>" + saved(RED, "GIF"))
        assert image.size == (64, 32)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_file_that_is_cut_off_is_refused_wherever_it_ends(form: str) -> None:
    whole = saved(phone_screen(size=(300, 600)), form)
    for end in (12, 40, len(whole) // 3, len(whole) // 2, len(whole) * 9 // 10):
        assert refused(whole[:end]) in {NO_PICTURE, CUT_OFF}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_files_are_pictures_or_refused_and_nothing_else(form: str) -> None:
    chance = random.Random(form)  # noqa: S311 - the same damage in every run
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "words"
    whole = saved(phone_screen(size=(120, 200)), form, exif=exif)
    for _ in range(100):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with contextlib.suppress(BadPicture):
            seen(bytes(damaged))


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    # 30,000 x 30,000 pixels of one colour: 2.7 GB from some kilobytes.
    assert "pixels" in refused(png(6000, 6000, data=zlib.compress(bytes(18001) * 100)))
    assert refused(png(30_000, 30_000, data=zlib.compress(bytes(10_000)))) == NO_PICTURE
    assert refused(png(2**31 - 1, 2**31 - 1, data=b"")) in {NO_PICTURE, CUT_OFF}
    assert refused(png(0, 0, data=b"")) in {NO_PICTURE, CUT_OFF}


def test_a_bomb_in_the_notes_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    text = b"Comment\0\0" + zlib.compress(bytes(80 * 1024 * 1024))
    rows = zlib.compress(bytes(4))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*one) for one in ((b"IHDR", header), (b"zTXt", text), (b"IDAT", rows), (b"IEND", b""))
    )
    assert refused(content) == CUT_OFF


def test_a_header_that_claims_too_much_is_refused_in_every_format() -> None:
    jpeg = bytearray(saved(RED, "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    assert refused(bytes(jpeg)) in {NO_PICTURE, "The picture has more than 24000000 pixels."}
    webp = bytearray(saved(RED, "WEBP", lossless=True))
    at = webp.index(b"VP8L") + 9
    webp[at : at + 4] = struct.pack("<I", 16383 | 16383 << 14)
    assert refused(bytes(webp)) in {NO_PICTURE, CUT_OFF, "The picture has more than 24000000 pixels."}


def test_large_pictures_are_made_smaller_and_larger_ones_refused(settings: Settings) -> None:
    assert seen(saved(Image.new("L", (4000, 6000)), "PNG")).size == (1600, 2400)
    assert refused(saved(Image.new("L", (4001, 6000)), "PNG")) == "The picture has more than 24000000 pixels."
    assert seen(saved(Image.new("1", (1, 20_000)), "PNG")).size == (1, 2400)
    settings.SCREENSHOT_MAX_BYTES = 100
    assert refused(saved(RED, "PNG") + bytes(200)) == "Send at most 100 bytes."


def test_of_an_animation_the_first_picture_is_kept() -> None:
    frames = [Image.new("RGB", (64, 32), color) for color in ("red", "green", "blue")]
    for form in ("PNG", "WEBP"):
        image = seen(saved(frames[0], form, save_all=True, append_images=frames[1:], duration=100))
        red, green, blue = image.getpixel((30, 15))  # type: ignore[misc]
        assert (red > 200, green < 60, blue < 60) == (True, True, True)


def test_of_several_pictures_in_one_jpeg_the_first_is_kept() -> None:
    content = saved(RED, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 32), "blue")])
    red, _, blue = seen(content).getpixel((30, 15))  # type: ignore[misc]
    assert (red > 150, blue < 60) == (True, True)


def test_metadata_of_every_kind_is_taken_away() -> None:
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    exif.get_ifd(0x8825)[2] = (12.0, 34.0, 56.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY
    texts = PngImagePlugin.PngInfo()
    for name in ("Comment", "comment", "XML:com.adobe.xmp"):
        texts.add_text(name, CANARY.decode())
    seen(saved(RED, "JPEG", exif=exif, icc_profile=profile, comment=CANARY, xmp=CANARY))
    seen(saved(RED, "PNG", exif=exif, icc_profile=profile, pnginfo=texts))
    seen(saved(RED, "WEBP", exif=exif, icc_profile=profile, xmp=CANARY))


def test_a_phone_held_sideways_is_turned_and_a_damaged_note_about_it_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert seen(saved(RED, "JPEG", exif=exif)).size == (32, 64)
    damaged = saved(RED, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40)
    with pytest.warns(UserWarning, match="Corrupt EXIF"):
        assert seen(damaged).size == (64, 32)


@pytest.mark.parametrize(
    ("content", "pixel"),
    [
        (saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), (255, 0, 0)),
        (saved(Image.new("L", (8, 8), 128), "JPEG"), (128, 128, 128)),
        (saved(Image.new("1", (8, 8), 1), "PNG"), (255, 255, 255)),
        (saved(Image.new("I;16", (8, 8), 0x8000), "PNG"), (128, 128, 128)),
        (png(8, 8, depth=16, color=2, data=zlib.compress((b"\0" + b"\x80\x00" * 24) * 8)), (128, 128, 128)),
        # What is transparent is seen as the page behind it, not as the colour hidden there.
        (saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"), (255, 255, 255)),
        (saved(Image.new("LA", (8, 8), (0, 0)), "PNG"), (255, 255, 255)),
        (saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "WEBP", lossless=True, exact=True), (255, 255, 255)),
        (saved(Image.new("RGB", (8, 8), (9, 9, 9)).quantize(2), "PNG", transparency=0), (255, 255, 255)),
        (saved(Image.new("RGB", (8, 8), (9, 9, 9)), "PNG", transparency=(9, 9, 9)), (255, 255, 255)),
    ],
    ids=["cmyk", "grey", "bits", "grey 16", "rgb 16", "rgba", "grey alpha", "webp alpha", "palette", "rgb key"],
)
def test_every_kind_of_pixel_is_shown_as_a_person_would_see_it(content: bytes, pixel: tuple[int, int, int]) -> None:
    found = seen(content).getpixel((4, 4))
    assert isinstance(found, tuple)
    assert all(abs(one - other) <= 3 for one, other in zip(found, pixel, strict=True)), found


def test_the_same_pixels_have_one_digest_in_every_lossless_format() -> None:
    screen = phone_screen()
    digests = {clean(content).pixel_digest for content in (saved(screen, "PNG"), saved(screen, "WEBP", lossless=True))}
    assert len(digests) == 1
    assert clean(saved(phone_screen("123456789013"), "PNG")).pixel_digest not in digests
    # Sixty-four by two is not two by sixty-four, though the pixels are the same.
    wide, tall = (saved(Image.new("RGB", size), "PNG") for size in ((64, 2), (2, 64)))
    assert clean(wide).pixel_digest != clean(tall).pixel_digest


@pytest.mark.parametrize(
    "again",
    [
        lambda screen: saved(screen, "JPEG", quality=50),
        lambda screen: saved(screen, "WEBP", quality=60),
        lambda screen: saved(screen.resize((540, 1200)), "JPEG", quality=80),
        lambda screen: saved(screen.resize((720, 1600)), "JPEG", quality=80),
        lambda screen: saved(screen.convert("L"), "PNG"),
    ],
    ids=["jpeg", "webp", "half", "two thirds", "grey"],
)
def test_another_encoding_of_a_picture_looks_alike(again: Callable[[Image.Image], bytes]) -> None:
    screen = phone_screen()
    first, second = clean(saved(screen, "PNG")), clean(again(screen))
    assert first.pixel_digest != second.pixel_digest
    assert second.look in looks_near(first.look)
    assert show_the_same(first.jpeg, second.jpeg)


def test_another_payment_in_the_same_app_does_not_show_the_same() -> None:
    first = clean(saved(phone_screen(), "PNG"))
    for reference in ("987654321098", "123456789099", "123456789013"):
        other = clean(saved(phone_screen(reference), "PNG"))
        assert not show_the_same(first.jpeg, other.jpeg)


def test_looks_are_near_in_at_most_two_steps() -> None:
    near = looks_near("00000000000000ff")
    assert len(set(near)) == len(near) == 1 + 64 + 64 * 63 // 2
    assert {(int(one, 16) ^ 0xFF).bit_count() for one in near} == {0, 1, 2}


def test_a_picture_of_one_colour_looks_like_nothing() -> None:
    assert clean(saved(RED, "PNG")).look == ""
