"""JSON as PHP reads and writes it, so that a text signed by PHP can be rebuilt byte for byte (C§3, end)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.paykassma.php_numbers import NumberLexeme, NumberNotWritableError, json_number, php_number

# The deepest message of the contract has 5 levels. Every level is a recursion of the reader and of the
# writer, so the bound stays far below Python's limit of 1,000.
MAX_DEPTH_LEVELS: Final = 32

# The closing quote is optional, so that an unterminated string is read once and not once more from each of its
# quotes; possessive, so that a long one keeps no place to come back to.
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},:]', re.DOTALL)

_SHORT_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "/": "\\/",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
# DEL stays raw in PHP, and the two line separators stay escaped even with JSON_UNESCAPED_UNICODE.
_ESCAPED_BY_DEFAULT = re.compile(r'["\\/\x00-\x1f]|[^\x00-\x7f]')
_ESCAPED_ALWAYS = re.compile(r'["\\\x00-\x1f\u2028\u2029]')
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BMP_LAST: Final = 0xFFFF
_WORDS: Final = {None: "null", True: "true", False: "false"}


class JsonRefusedError(ValueError):
    """The bytes are not JSON that we are willing to read; its text never repeats any of them."""


class _StringNotWritableError(Exception):
    """Half of a surrogate pair: PHP's strings are UTF-8, which cannot hold it."""


def parse(raw: bytes) -> Any:
    """Read JSON strictly, keeping numbers as `NumberLexeme` and the order of keys.

    Args:
        raw: UTF-8 bytes; the caller has bounded their number.

    Returns:
        dict, list, str, `NumberLexeme`, bool or None.

    Raises:
        JsonRefusedError: broken UTF-8 or JSON, NaN or Infinity, a key twice in one object, more than
            `MAX_DEPTH_LEVELS` levels.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonRefusedError("not UTF-8") from None
    _refuse_depth(text)
    try:
        return json.loads(
            text,
            parse_int=NumberLexeme,
            parse_float=NumberLexeme,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_of_unique_keys,
        )
    except json.JSONDecodeError:
        # Its text carries a position only, but its attributes carry the whole document.
        raise JsonRefusedError("not JSON") from None


def _refuse_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH_LEVELS:
        return  # however they are nested: most messages; to look at each bracket takes as long as the parser
    depth = 0
    for token in _STRUCTURE.finditer(text):
        symbol = text[token.start()]
        if symbol in "[{":
            depth += 1
            if depth > MAX_DEPTH_LEVELS:
                raise JsonRefusedError("nested too deeply")
        elif symbol in "]}":
            depth -= 1


def _refuse_constant(_name: str) -> None:
    raise JsonRefusedError("NaN or Infinity")


def _object_of_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonRefusedError("a key twice in one object")
    return found


def member_slice(raw: bytes, name: str) -> bytes | None:
    """Cut out the bytes of one member's value, as they were sent.

    Args:
        raw: an object that `parse` has accepted, so its keys are unique and its brackets match.
        name: key of a member of the outermost object.

    Returns:
        The value without surrounding white space; None where there is no such member.
    """
    text = raw.decode("utf-8")
    depth = 0
    key_expected = False
    value_start: int | None = None
    for token in _STRUCTURE.finditer(text):
        symbol = text[token.start()]
        if symbol in "[{":
            depth += 1
            key_expected = True
        elif depth == 1 and symbol in ",}" and value_start is not None:
            return text[value_start : token.start()].strip(" \t\r\n").encode()
        elif symbol in "]}":
            depth -= 1
        elif depth == 1 and symbol == ",":
            key_expected = True
        elif depth == 1 and symbol == '"' and key_expected:
            key_expected = False
            is_wanted = json.loads(token[0]) == name
        elif depth == 1 and symbol == ":" and is_wanted:
            value_start = token.end()
    return None


def encode(value: Any, *, unescaped: bool, php_numbers: bool = False) -> bytes | None:
    """Write a parsed value as PHP's json_encode does.

    Args:
        value: what `parse` returned; ints and floats are written as PHP numbers.
        unescaped: with JSON_UNESCAPED_SLASHES|JSON_UNESCAPED_UNICODE; otherwise PHP's default flags.
        php_numbers: rewrite number lexemes as PHP would after reading them (10.0 becomes 10); otherwise
            keep them.

    Returns:
        Compact UTF-8; None for what PHP cannot write (half of a surrogate pair, an infinite number).
    """
    try:
        return _encoded(value, unescaped, php_numbers).encode("utf-8")
    except (_StringNotWritableError, NumberNotWritableError):
        return None


def _encoded(value: Any, unescaped: bool, php_numbers: bool) -> str:  # noqa: FBT001 - by name it takes longer
    match value:
        case NumberLexeme():
            return json_number(php_number(value)) if php_numbers else str(value)
        case str():
            return _json_string(value, unescaped=unescaped)
        case None | bool():
            return _WORDS[value]
        case int() | float():
            return json_number(value)
        case dict() | Mapping():  # what is exact is recognised many times as fast
            members = []
            for name, part in value.items():
                members.append(f"{_json_string(name, unescaped=unescaped)}:{_encoded(part, unescaped, php_numbers)}")
            return "{" + ",".join(members) + "}"
        case list() | Sequence():
            return "[" + ",".join([_encoded(part, unescaped, php_numbers) for part in value]) + "]"
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _json_string(text: str, *, unescaped: bool) -> str:
    # Nearly every text: what is printable has no control character, no line separator and no surrogate.
    if text.isprintable() and '"' not in text and "\\" not in text and (unescaped or _is_plain_ascii(text)):
        return f'"{text}"'
    if _LONE_SURROGATE.search(text):
        raise _StringNotWritableError
    return '"' + (_ESCAPED_ALWAYS if unescaped else _ESCAPED_BY_DEFAULT).sub(_escape, text) + '"'


def _is_plain_ascii(text: str) -> bool:
    return text.isascii() and "/" not in text


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    code = ord(character)
    if code <= _BMP_LAST:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
