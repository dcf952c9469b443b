"""What a body says of itself, and bodies made to cost much: refused by what they are, and nothing changes."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.payments.stage import place

BOUNDARY = b"--b\r\n"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json; version=1; charset=UTF-7",
        "application/vnd+json",
        "application/vnd.api+json",
        "application/problem+json",
        "application/json-seq",
        "text/json",
        "multipart/mixed; boundary=b",
    ],
)
def test_a_body_labelled_otherwise_is_415(api: Api, content_type: str) -> None:
    with nothing_changes():
        answer = api.post("deposits", json.dumps(deposit_body()).encode(), content_type=content_type)
        assert_refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, identity", "x"])
@pytest.mark.parametrize("packed", [True, False])
def test_a_body_in_a_coding_is_415(api: Api, coding: str, packed: bool) -> None:
    raw = json.dumps(deposit_body()).encode()
    with nothing_changes():
        answer = api.post("deposits", gzip.compress(raw) if packed else raw, HTTP_CONTENT_ENCODING=coding)
        assert_refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "label",
    [
        {"content_type": "application/json; charset=UTF-8"},
        {"content_type": 'application/json; charset="utf-8"'},
        {"content_type": "application/json;"},
        {"HTTP_CONTENT_ENCODING": "identity"},
    ],
    ids=str,
)
def test_a_body_labelled_as_what_it_is_is_read(api: Api, label: dict[str, str]) -> None:
    assert api.post("deposits", json.dumps(deposit_body()).encode(), **label).status_code == 201


def part(name: str, value: bytes = b"x", more: bytes = b"") -> bytes:
    return BOUNDARY + f'Content-Disposition: form-data; name="{name}"'.encode() + more + b"\r\n\r\n" + value + b"\r\n"


def file(name: str, value: bytes = b"x") -> bytes:
    return part(name, value, b'; filename="a.png"\r\nContent-Type: image/png')


END = b"--b--\r\n"
BOMBS: dict[str, Callable[[], bytes]] = {
    "5,000 fields": lambda: b"".join(part(f"f{number}") for number in range(5000)) + END,
    "5,000 files": lambda: b"".join(file(f"f{number}") for number in range(5000)) + END,
    "one field 2,000 times": lambda: part("provider_reference") * 2000 + END,
    "2,000 headers of a part": lambda: part("a", more=b"".join(b"\r\nX-%d: a" % n for n in range(2000))) + END,
    "a header of 200 KB": lambda: part("a", more=b"\r\nX-A: " + b"a" * 200_000) + END,
    "a name of 200 KB": lambda: part("a" * 200_000) + END,
    "a text of 1 MB": lambda: part("provider_reference", b"1" * 1_000_000) + END,
    "no end": lambda: part("a"),
    "no boundary in it": lambda: b"x" * 100_000,
    "boundaries only": lambda: BOUNDARY * 50_000,
    "base64 that is none": lambda: part("a", b"!" * 1000, b"\r\nContent-Transfer-Encoding: base64") + END,
    "a name that is no text": lambda: BOUNDARY + b'Content-Disposition: form-data; name="\xff\x00"\r\n\r\nx\r\n' + END,
    "a file name with dots": lambda: part("screenshot", b"x", b'; filename="../../etc/passwd"') + END,
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS.keys())
def test_a_multipart_body_made_to_cost_much_is_refused(api: Api, make: Callable[[], bytes]) -> None:
    deposit = place(api)
    with nothing_changes():
        answer = api.post(
            f"deposits/{deposit.public_id}/confirmations", make(), content_type="multipart/form-data; boundary=b"
        )
    assert answer.status_code in {400, 409, 413}, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 5000,
        "multipart/form-data; boundary=\u00fc",
        "multipart/form-data; boundary=b; charset=utf-16",
    ],
    ids=lambda text: ascii(text)[:50],
)
def test_multipart_without_a_usable_boundary_is_refused(api: Api, content_type: str) -> None:
    deposit = place(api)
    with nothing_changes():
        answer = api.post(f"deposits/{deposit.public_id}/confirmations", part("a") + END, content_type=content_type)
    assert answer.status_code in {400, 415}, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("length", ["-1", "x", "", "0", "99999999999", "1e3", "\u0661"])
def test_a_length_that_cannot_be_is_refused_or_believed_to_be_nothing(api: Api, length: str) -> None:
    deposit = place(api)
    for path, content_type in (
        ("deposits", "application/json"),
        (f"deposits/{deposit.public_id}/confirmations", "multipart/form-data; boundary=b"),
    ):
        with nothing_changes():
            answer: Any = api.post(path, b"{", content_type=content_type, CONTENT_LENGTH=length)
        assert answer.status_code in {400, 413}, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"
