"""Confirmations as JSON and as multipart: text, pictures, and what pretends to be one."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from PIL import Image

from gateway.providers.models import PaymentSystem, ScreenshotWish
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused, nothing_changes

BOUNDARY = "b0undary"
TEXT = [("provider_reference", "123456789012"), ("amount", "1000.00")]


def picture(form: str = "PNG", side: int = 8) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(kept, form)
    return kept.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing of it: what a decoder believes before it decodes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def multipart(*parts: tuple[str, str | bytes], filename: str = "screen.png") -> bytes:
    """Parts in their order; bytes are files."""
    lines = []
    for name, value in parts:
        is_file = isinstance(value, bytes)
        named = f'; filename="{filename}"\r\nContent-Type: image/png' if is_file else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
        lines.append(head.encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n")
    return b"".join([*lines, f"--{BOUNDARY}--\r\n".encode()])


@pytest.fixture
def path(new_deposit: Callable[..., Any]) -> str:
    """Where a deposit that takes a screenshot is confirmed."""
    PaymentSystem.objects.filter(code="upi_l").update(screenshot=ScreenshotWish.OPTIONAL)
    return f"deposits/{new_deposit()['id']}/confirmations"


def refuse(
    answer: Callable[[], Any], *pointers: str, code: str = "invalid_request", status: int = 400
) -> dict[str, Any]:
    with nothing_changes():
        return assert_refused(answer(), status, code, *pointers)


def send(api: Api, path: str, *parts: tuple[str, str | bytes], **extra: Any) -> Any:
    return api.post(
        path, multipart(*parts, **extra), content_type=f"multipart/form-data; boundary={BOUNDARY}", key="one-key"
    )


def test_a_reference_is_text(api: Api, path: str, subtests: pytest.Subtests) -> None:
    odd: tuple[Any, ...] = (
        None,
        123456789012,
        True,
        [],
        {},
        "",
        " ",
        "12345",
        "a\0",
        "\u202e123456789012",
        "1" * 191,
        "\u0661" * 12,
    )
    for value in odd:
        with subtests.test(value=ascii(value)):
            body = {"provider_reference": value, "amount": "1.00"}
            refuse(lambda body=body: api.post(path, body), "/provider_reference")  # type: ignore[misc]


def test_an_amount_is_a_decimal_string(api: Api, path: str, subtests: pytest.Subtests) -> None:
    for value in (..., None, 1000, 1.5, "", "0", "-1", "1e3", "1_000", "1.000", "\u0661", "NaN"):
        with subtests.test(value=ascii(value)):
            body = {"provider_reference": "123456789012", "amount": value}
            if value is ...:
                del body["amount"]
            refuse(lambda body=body: api.post(path, body), "/amount")  # type: ignore[misc]


def test_unknown_fields_are_refused_in_both_forms(api: Api, path: str) -> None:
    refuse(lambda: api.post(path, {**dict(TEXT), "status": "credited"}), "/status")
    refuse(lambda: send(api, path, *TEXT, ("status", "credited")), "/status")
    refuse(lambda: send(api, path, *TEXT, ("other", picture())), "/other")


def test_a_screenshot_is_a_file(api: Api, path: str, subtests: pytest.Subtests) -> None:
    for value in ("text", 1, ["a"], {"a": 1}, None):
        with subtests.test(value=value):
            body = {**dict(TEXT), "screenshot": value}
            refuse(lambda body=body: api.post(path, body), "/screenshot")  # type: ignore[misc]
    refuse(lambda: send(api, path, *TEXT, ("screenshot", "text where a file belongs")), "/screenshot")


def test_a_file_is_no_text(api: Api, path: str) -> None:
    refuse(lambda: send(api, path, ("provider_reference", b"123456789012"), TEXT[1]), "/provider_reference")
    refuse(lambda: send(api, path, TEXT[0], ("amount", b"1000.00")), "/amount")


@pytest.mark.parametrize(
    "parts",
    [
        [*TEXT, TEXT[0]],
        [*TEXT, ("amount", "2.00")],
        [*TEXT, ("screenshot", picture()), ("screenshot", picture("JPEG"))],
        [*TEXT, ("screenshot", "text"), ("screenshot", picture())],
        [*TEXT, ("amount", b"2.00")],
    ],
    ids=["same value", "other value", "two files", "text and file", "file and text"],
)
def test_a_field_stands_once(api: Api, path: str, parts: list[tuple[str, str | bytes]]) -> None:
    refuse(lambda: send(api, path, *parts), code="malformed_json")


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\0",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 20,
        b"%PDF-1.4",
        picture()[:20],
        picture("JPEG")[:200],
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0" + b"\0" * 40,
        b"RIFF\x10\0\0\0WEBPVP8 ",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        png_of(60_000, 60_000),
        png_of(8_000, 8_000),
        png_of(2**31 - 1, 2**31 - 1),
        png_of(0, 0),
        png_of(100, 100),
    ],
    ids=lambda file: ascii(file[:12]) if len(file) != len(png_of(1, 1)) else "bomb",
)
def test_what_is_no_picture_of_ours_is_refused(api: Api, path: str, file: bytes) -> None:
    refuse(lambda: send(api, path, *TEXT, ("screenshot", file)), "/screenshot")


def test_a_picture_that_is_too_large_is_refused_by_its_field(api: Api, path: str) -> None:
    padded = picture() + b"\0" * settings.SCREENSHOT_MAX_BYTES
    refuse(lambda: send(api, path, *TEXT, ("screenshot", padded)), "/screenshot")


def test_a_body_that_is_too_large_is_413(api: Api, path: str) -> None:
    huge = picture() + b"\0" * (settings.SCREENSHOT_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    refuse(lambda: send(api, path, *TEXT, ("screenshot", huge)), code="body_too_large", status=413)
    text = ("provider_reference", "1" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
    refuse(lambda: send(api, path, text), code="body_too_large", status=413)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "multipart/form-data"),
        (b"{}", "multipart/form-data; boundary="),
        (b"{}", "multipart/form-data; boundary=\u00fc"),
    ],
)
def test_a_broken_multipart_body_is_refused(api: Api, path: str, body: bytes, content_type: str) -> None:
    refuse(lambda: api.post(path, body, content_type=content_type), code="malformed_json")


def test_a_boundary_without_end_is_no_content_type(api: Api, path: str) -> None:
    answer = api.post(path, b"{}", content_type=f"multipart/form-data; boundary={'x' * 300}")
    refuse(lambda: answer, code="unsupported_media_type", status=415)


@pytest.mark.parametrize("body", [b"{}", b"--b0undary", b"--b0undary\r\n\r\n\r\n--b0undary--", b"\xff" * 50])
def test_a_multipart_body_without_fields_misses_them(api: Api, path: str, body: bytes) -> None:
    answer = api.post(path, body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
    refuse(lambda: answer, "/provider_reference")


def test_too_many_parts_are_refused(api: Api, path: str) -> None:
    refuse(lambda: send(api, path, *((f"f{number}", "1") for number in range(1_100))))
    refuse(lambda: send(api, path, *((f"f{number}", b"1") for number in range(120))))


@pytest.mark.parametrize("filename", ["../../etc/passwd", "a" * 300 + ".png", "\u202egnp.exe", ".", "screen.php"])
def test_a_file_s_name_means_nothing(api: Api, path: str, filename: str) -> None:
    answer = send(api, path, *TEXT, ("screenshot", picture()), filename=filename)
    # The body is right: what is refused is only that this deposit was not opened yet.
    assert_refused(answer, 409, "conflict", extra={"current_status"})


def test_a_refused_body_leaves_the_key_free_for_the_right_one(api: Api, path: str) -> None:
    assert send(api, path, TEXT[0]).status_code == 400
    assert_refused(send(api, path, *TEXT), 409, "conflict", extra={"current_status"})


def test_json_and_multipart_are_judged_by_the_same_rules(api: Api, path: str) -> None:
    as_json = api.post(path, json.dumps({"provider_reference": "12"}).encode()).json()
    as_form = send(api, path, ("provider_reference", "12")).json()
    assert as_json["errors"] == as_form["errors"]
