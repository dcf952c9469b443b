"""What a browser gets of our copies: whole, in parts, or the word that it has them already."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from gateway.providers.media_files import address_of, digest_of
from gateway.providers.models import MediaFile, MediaKind, MediaType
from tests.gateway.providers.media_samples import SVG

pytestmark = pytest.mark.django_db

FILM = bytes(range(256)) * 4
URL = "https://media.example/upi.mp4"
ETAG = f'"{hashlib.sha256(FILM).hexdigest()}"'


def kept(content: bytes = FILM, media_type: MediaType = MediaType.MP4, url: str = URL) -> str:
    """The address of a copy."""
    MediaFile.objects.create(
        kind=MediaKind.HINT,
        url=url,
        url_digest=digest_of(url),
        named_at=datetime(2026, 3, 1, tzinfo=UTC),
        content=content,
        content_digest=hashlib.sha256(content).hexdigest(),
        content_type=media_type,
        size=len(content),
    )
    address = address_of(url, MediaKind.HINT)
    assert address is not None
    return address


def test_a_file_is_served_whole_for_ever(client: Client) -> None:
    answer = client.get(kept())
    assert (answer.status_code, answer.content) == (200, FILM)
    expected = {
        "Content-Type": "video/mp4",
        "Content-Length": "1024",
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": ETAG,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not {"Content-Range", "Set-Cookie", "Vary"} & set(answer.headers)


def test_the_same_bytes_behind_two_addresses_are_one_file(client: Client) -> None:
    assert kept() == kept(url="https://other.example/")
    assert client.get(kept(url="https://third.example/")).content == FILM


def test_a_drawing_has_a_policy_of_its_own(client: Client) -> None:
    answer = client.get(kept(SVG, MediaType.SVG))
    assert (answer.content, answer.headers["Content-Type"]) == (SVG, "image/svg+xml")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        *(("bytes=0-", 0, 1023), ("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=1000-", 1000, 1023)),
        *(("bytes=1023-1023", 1023, 1023), ("bytes=1000-99999999", 1000, 1023), ("bytes=-10", 1014, 1023)),
        *(("bytes=-99999", 0, 1023), ("bytes=0-1023", 0, 1023)),
    ],
)
def test_a_part_is_served(client: Client, asked: str, first: int, last: int) -> None:
    answer = client.get(kept(), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, FILM[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/1024"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers["ETag"] == ETAG


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=1024-2000", "bytes=99999999-", "bytes=-0"])
def test_a_part_behind_the_end_is_refused(client: Client, asked: str) -> None:
    answer = client.get(kept(), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Range"] == "bytes */1024"


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0-1,5-6",
        "lines=0-1",
        "bytes=0-1 ",
        "bytes=\u0663-",
    ],
)
def test_what_is_no_single_range_is_not_heeded(client: Client, asked: str) -> None:
    answer = client.get(kept(), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, FILM)


@pytest.mark.parametrize(
    ("condition", "status"), [(ETAG, 206), ('"other"', 200), ("Sun, 01 Mar 2026 00:00:00 GMT", 200)]
)
def test_a_part_of_another_file_is_not_mixed_in(client: Client, condition: str, status: int) -> None:
    assert client.get(kept(), headers={"Range": "bytes=0-0", "If-Range": condition}).status_code == status


@pytest.mark.parametrize(
    ("condition", "status"),
    [(ETAG, 304), (f"W/{ETAG}", 304), (f'"other", {ETAG}', 304), ("*", 304), ('"other"', 200), ("nonsense", 200)],
)
def test_what_a_browser_has_is_not_sent_again(client: Client, condition: str, status: int) -> None:
    answer = client.get(kept(), headers={"If-None-Match": condition})
    assert (answer.status_code, answer.content) == (status, b"" if status == 304 else FILM)
    assert answer.headers["ETag"] == ETAG
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_question_for_the_head_gets_no_body(client: Client) -> None:
    address = kept()
    answer: Any = client.head(address, headers={"Range": "bytes=0-1"})
    # A range is of a GET alone (RFC 9110 §14.2).
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["Content-Length"], answer.headers["Content-Type"]) == ("1024", "video/mp4")


def test_only_what_is_there_is_found(client: Client) -> None:
    address = kept()
    MediaFile.objects.create(
        kind=MediaKind.LOGO, url=URL, url_digest=digest_of(URL), named_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    for wrong in ("/pay/media/", "/pay/media/0", f"{address[:-1]}x", address.upper(), f"{address}/", f"{address}.mp4"):
        assert client.get(wrong).status_code == 404, wrong
    assert client.post(address).status_code == 405
    assert client.delete(address).status_code == 405
