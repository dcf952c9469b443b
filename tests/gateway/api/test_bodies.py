"""Bodies that can be read in two ways, or not at all, are refused before any field is looked at."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from gateway.api.parsers import parse_object
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.api.refusals import assert_refused, nothing_changes

UNREADABLE = {
    "list": b"[]",
    "null": b"null",
    "number": b"1",
    "string": b'"a"',
    "true": b"true",
    "two values": b"{}{}",
    "trailing comma": b'{"amount":"1",}',
    "single quotes": b"{'amount':'1'}",
    "comment": b'{"amount":"1"/*one*/}',
    "blanks only": b" \n",
    "latin-1": b'{"customer":"\xe9"}',
    "utf-16": '{"amount":"1"}'.encode("utf-16"),
    "encoded surrogate": b'{"customer":"\xed\xa0\x80"}',
    "overlong slash": b'{"customer":"\xc0\xaf"}',
    "byte order mark": b'\xef\xbb\xbf{"amount":"1"}',
    "raw control character": b'{"customer":"a\x01b"}',
    "raw line end": b'{"customer":"a\nb"}',
    "duplicate key": b'{"amount":"1","amount":"2"}',
    "duplicate key by escape": b'{"amount":"1","\\u0061mount":"2"}',
    "nested duplicate key": b'{"metadata":{"a":"1","a":"2"}}',
    "duplicate key in a list": b'{"metadata":[[{"a":"1","a":"2"}]]}',
    "NaN": b'{"amount":NaN}',
    "Infinity": b'{"amount":Infinity}',
    "minus Infinity": b'{"amount":-Infinity}',
    "leading zero": b'{"amount":01}',
    "plus sign": b'{"amount":+1}',
    "hexadecimal": b'{"amount":0x1}',
    "endless integer": b'{"amount":' + b"9" * 5_000 + b"}",
    "endless fraction": b'{"amount":0.' + b"9" * 200_000 + b"}",
    "endless exponent": b'{"amount":1e' + b"9" * 30 + b"}",
    "lone surrogate": b'{"customer":"\\ud800"}',
    "lone low surrogate": b'{"customer":"\\udc00a"}',
    "lone surrogate as a key": b'{"\\ud800":1}',
    "lone surrogate in lists": b'{"metadata":[["\\ud800"]]}',
    "nested lists": b"[" * 100_000,
    "nested objects": b'{"a":' * 50_000,
    "nested and closed": b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "nested behind a bracket in a string": b'{"b":"]]]]\\"","a":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_body_that_is_no_clear_object_is_refused(api: Api, body: bytes) -> None:
    with nothing_changes():
        assert_refused(api.post("deposits", body), 400, "malformed_json")


@pytest.mark.parametrize(
    "body",
    [b'"' + b'\\"' * 130_000, b'"' + b'\\"' * 130_000 + b"\\", b'{"a":"' + b'["' * 80_000, b'{"' * 100_000],
    ids=["quotes without end", "and a last backslash", "brackets in strings", "keys without end"],
)
def test_no_body_of_the_allowed_size_keeps_a_thread_busy(body: bytes) -> None:
    began = time.thread_time()
    with pytest.raises(ParseError):
        parse_object(body[: settings.DATA_UPLOAD_MAX_MEMORY_SIZE])
    assert time.thread_time() - began < 2


@pytest.mark.parametrize("depth", [20, 21])
def test_twenty_levels_are_read_and_no_more(depth: int) -> None:
    body = b'{"a":' + b"[" * (depth - 1) + b'"]]]}{"' + b"]" * (depth - 1) + b"}"
    if depth > 20:
        with pytest.raises(ParseError, match="deeper than 20 levels"):
            parse_object(body)
    else:
        assert parse_object(body)["a"] is not None


def test_numbers_keep_their_lexeme_s_value() -> None:
    assert parse_object(b'{"a":0.10,"b":12}') == {"a": Decimal("0.10"), "b": 12}


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**50), 10**50) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_text, _json, max_size=5), st.booleans())
def test_whatever_is_clear_json_is_read_as_everybody_reads_it(value: dict[str, Any], ascii_only: bool) -> None:
    assert parse_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200))
def test_bytes_are_an_object_or_refused(raw: bytes) -> None:
    try:
        assert isinstance(parse_object(raw), dict)
    except ParseError:
        return


def test_an_empty_body_is_an_object_without_fields(api: Api) -> None:
    with nothing_changes():
        assert_refused(
            api.post("deposits", b""),
            400,
            "invalid_request",
            "/payment_system",
            "/currency",
            "/amount",
            "/customer",
            "/reference",
        )


@pytest.mark.parametrize("path", ["deposits", "withdrawals", "webhook-endpoints"])
def test_an_oversized_body_is_413(api: Api, path: str) -> None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    with nothing_changes():
        assert_refused(api.post(path, b'{"a":"' + b"a" * limit + b'"}'), 413, "body_too_large")


def test_a_body_of_exactly_the_limit_is_read(api: Api) -> None:
    frame = json.dumps(deposit_body()).encode()
    body = frame + b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE - len(frame))
    assert api.post("deposits", body).status_code == 201
    assert_refused(api.post("deposits", body + b" "), 413, "body_too_large")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json, text/plain", ";;;"],
)
@pytest.mark.parametrize("path", ["deposits", "withdrawals", "webhook-endpoints"])
def test_another_content_type_is_415(api: Api, path: str, content_type: str) -> None:
    with nothing_changes():
        assert_refused(
            api.post(path, json.dumps(deposit_body()).encode(), content_type=content_type),
            415,
            "unsupported_media_type",
        )


def test_multipart_is_for_confirmations_only(api: Api) -> None:
    with nothing_changes():
        answer = api.post("deposits", b"--x--\r\n", content_type="multipart/form-data; boundary=x")
        assert_refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_is_named_in_its_usual_ways(api: Api, content_type: str) -> None:
    assert api.post("deposits", json.dumps(deposit_body()).encode(), content_type=content_type).status_code == 201


def test_only_so_many_unknown_names_are_answered(api: Api) -> None:
    answer = api.post("deposits", {f"field{number:05}": 1 for number in range(10_000)})
    assert_refused(answer, 400, "invalid_request", *(f"/field{number:05}" for number in range(20)))
    assert len(answer.content) < 10_000
