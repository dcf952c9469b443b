import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.paykassma.php_json import MAX_DEPTH_LEVELS, JsonRefusedError, encode, member_slice, parse
from gateway.paykassma.php_numbers import (
    NumberLexeme,
    NumberNotWritableError,
    json_number,
    number_text,
    php_number,
)


def test_numbers_stay_as_they_were_sent_and_keys_in_order() -> None:
    parsed = parse(b'{"z":1.50,"a":[-0,1e5,12345678901234567890123],"m":true,"n":null,"s":"1.50"}')
    assert list(parsed) == ["z", "a", "m", "n", "s"]
    assert parsed == {
        "z": "1.50",
        "a": ["-0", "1e5", "12345678901234567890123"],
        "m": True,
        "n": None,
        "s": "1.50",
    }
    assert isinstance(parsed["z"], NumberLexeme)
    assert not isinstance(parsed["s"], NumberLexeme)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{}x", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'["\x01"]', "not JSON"),
        (b"\xff", "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'{"a":NaN}', "NaN or Infinity"),
        (b"-Infinity", "NaN or Infinity"),
        (b'{"a":1,"a":1}', "a key twice in one object"),
        (b'[{"b":{"a":1,"\\u0061":2}}]', "a key twice in one object"),
        (b"[" * 1_000_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_read_and_why(raw: bytes, reason: str) -> None:
    with pytest.raises(JsonRefusedError) as refusal:
        parse(raw)
    assert str(refusal.value) == reason
    assert refusal.value.__cause__ is None


def test_depth_is_bounded_exactly_and_brackets_in_strings_do_not_count() -> None:
    parse(b"[" * MAX_DEPTH_LEVELS + b"]" * MAX_DEPTH_LEVELS)
    with pytest.raises(JsonRefusedError):
        parse(b"[" * (MAX_DEPTH_LEVELS + 1) + b"]" * (MAX_DEPTH_LEVELS + 1))
    text = '\\"' + "[" * 500
    assert parse(json.dumps([text] * 3).encode()) == [text] * 3


def test_hostile_text_is_read_in_linear_time() -> None:
    # A quadratic reader would need minutes for any of these; the suite's time limit is the judge.
    assert parse(b"1" * 1_000_000) == "1" * 1_000_000
    for hostile in (b'"' + b'\\"' * 500_000, b'"\\' * 500_000, b'{"a":"' * 100_000):
        with pytest.raises(JsonRefusedError):
            parse(hostile)


@pytest.mark.parametrize(
    ("lexeme", "as_json", "as_text"),
    [
        ("0", "0", "0"),
        ("10.0", "10", "10"),
        ("1000.00", "1000", "1000"),
        ("1000.50", "1000.5", "1000.5"),
        ("-5", "-5", "-5"),
        ("-0", "-0", "-0"),
        ("1e25", "1.0e+25", "1.0E+25"),
        ("1e-5", "1.0e-5", "1.0E-5"),
        ("1.5e-7", "1.5e-7", "1.5E-7"),
        ("0.0001", "0.0001", "0.0001"),
        ("0.1234567890123456789", "0.12345678901234568", "0.12345678901235"),
        ("99999999999999.99", "99999999999999.98", "1.0E+14"),
        ("1e15", "1000000000000000", "1.0E+15"),
        ("123456789012345678e0", "1.2345678901234568e+17", "1.2345678901235E+17"),
        ("9223372036854775807", "9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9.223372036854776e+18", "9.2233720368548E+18"),
        ("-9223372036854775808", "-9223372036854775808", "-9223372036854775808"),
    ],
)
def test_numbers_as_php_writes_them(lexeme: str, as_json: str, as_text: str) -> None:
    assert json_number(php_number(NumberLexeme(lexeme))) == as_json
    assert number_text(NumberLexeme(lexeme)) == as_text
    assert encode(NumberLexeme(lexeme), unescaped=True) == lexeme.encode()
    assert encode(NumberLexeme(lexeme), unescaped=True, php_numbers=True) == as_json.encode()


@pytest.mark.parametrize("lexeme", ["1e999", "-1e999", "9" * 5_000])
def test_infinite_numbers_have_a_text_but_no_json(lexeme: str) -> None:
    assert number_text(NumberLexeme(lexeme)) == ("-INF" if lexeme.startswith("-") else "INF")
    assert encode([NumberLexeme(lexeme)], unescaped=True, php_numbers=True) is None
    with pytest.raises(NumberNotWritableError):
        json_number(php_number(NumberLexeme(lexeme)))


def test_python_numbers_are_php_numbers() -> None:
    assert encode([1, 10.0, 2**63, True], unescaped=True) == b"[1,10,9.223372036854776e+18,true]"
    assert (number_text(2**63), number_text(10**400), number_text(float("nan"))) == (
        "9.2233720368548E+18",
        "INF",
        "NAN",
    )


def test_strings_as_php_writes_them() -> None:
    text = 'a/b"c\\d\b\f\n\r\t\x00\x1f\x7fé€\u2028\u2029😀'
    assert encode(text, unescaped=True) == (
        '"a/b\\"c\\\\d\\b\\f\\n\\r\\t\\u0000\\u001f\x7fé€\\u2028\\u2029😀"'.encode()
    )
    assert encode(text, unescaped=False) == (
        b'"a\\/b\\"c\\\\d\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\\u00e9\\u20ac\\u2028\\u2029\\ud83d\\ude00"'
    )
    assert encode({"k/é": [{}, [], None, False]}, unescaped=False) == b'{"k\\/\\u00e9":[{},[],null,false]}'


@pytest.mark.parametrize("unescaped", [True, False])
def test_half_a_surrogate_pair_is_not_written(unescaped: bool) -> None:
    assert encode(["\ud83d"], unescaped=unescaped) is None
    assert encode({"\ude00": 1}, unescaped=unescaped) is None


def test_what_json_does_not_have_is_not_written() -> None:
    with pytest.raises(TypeError, match=r"^set is not a JSON value$"):
        encode([set()], unescaped=True)


def test_a_member_is_cut_out_as_it_was_sent() -> None:
    raw = b'{"b":{"a":0},"c":"a","\\u0061" :\n [1, {"a":"},]"}] \t,"d":{"a":2}}'
    assert member_slice(raw, "a") == b'[1, {"a":"},]"}]'
    assert member_slice(raw, "d") == b'{"a":2}'
    assert member_slice(raw, "c") == b'"a"'
    assert member_slice(raw, "e") is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(value=JSON_VALUES, unescaped=st.booleans())
def test_reading_and_writing_lose_nothing(value: Any, unescaped: bool) -> None:
    parsed = parse(json.dumps(value).encode())
    written = encode(parsed, unescaped=unescaped)
    assert written is not None
    assert parse(written) == parsed
    assert json.loads(written) == value


@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1))
def test_a_number_written_as_php_does_means_the_same_number(number: float) -> None:
    assert float(json_number(number)) == float(number)
    assert float(number_text(number)) == pytest.approx(float(number), rel=1e-13)


@given(raw=st.binary() | st.text(alphabet='[]{}",:\\ud80019e-. tn').map(str.encode))
def test_reading_answers_or_refuses(raw: bytes) -> None:
    try:
        parse(raw)
    except JsonRefusedError:
        return


@given(members=st.dictionaries(st.text(), JSON_VALUES, min_size=1, max_size=5), indent=st.sampled_from([None, 1]))
def test_every_member_is_cut_out_whole(members: dict[str, Any], indent: int | None) -> None:
    raw = json.dumps(members, indent=indent).encode()
    for name, value in members.items():
        cut = member_slice(raw, name)
        assert cut is not None
        assert json.loads(cut) == value
        assert cut == cut.strip()
