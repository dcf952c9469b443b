"""The provider's signatures: ours on withdrawals, theirs on postbacks (C§2.2, C§3).

Neither is a MAC by today's measure, but they are what the provider speaks. A postback's signature covers its
`additional_data` and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from gateway.paykassma import php_json
from gateway.paykassma.php_numbers import NumberLexeme, number_text

SIGNED_MEMBER: Final = "additional_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostbackKeys:
    """One pair of keys with which the provider signs its postbacks."""

    access_key: str = field(repr=False)
    private_key: str = field(repr=False)


class Variant(StrEnum):
    """Which text the provider had signed."""

    UNESCAPED = "unescaped"
    """Slashes and Unicode raw: the documented one."""
    SLICE = "slice"
    """The very bytes of the body."""
    ESCAPED = "escaped"
    """PHP's default flags, as before page version 32."""
    OLDER_UNESCAPED = "older_unescaped"
    """An older deposit (C§2.3), its list with slashes and Unicode raw."""
    OLDER_SLICE = "older_slice"
    """An older deposit, the very bytes of its list."""
    OLDER_ESCAPED = "older_escaped"
    """An older deposit, its list with PHP's default flags: the documented one."""
    OLDER_JOINED = "older_joined"
    """An older withdrawal: its values joined, as our own requests are signed (C§3)."""


class Reason(StrEnum):
    """Why a letter is not the provider's."""

    NOT_JSON = "not_json"
    """Not one JSON object that we are willing to read."""
    NO_SIGNATURE = "no_signature"
    """No `signature` that is a string."""
    NO_SIGNED_PART = "no_signed_part"
    """No `additional_data` that is an array or an object, nor what an older format has in its place."""
    MISMATCH = "mismatch"
    """No pair of keys and no encoding gives this signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLetter:
    """A postback that was signed with one of our keys.

    Attributes:
        body: the parsed body. Its `additional_data` is read back from `signed_text`, never from what only
            encodes to it, so everything in there is exactly what was signed. The rest is unsigned.
        signed_text: the signed bytes, for digests.
        variant: the encoding that matched.
        key_index: position of the matching pair among the keys given.
    """

    body: Mapping[str, Any] = field(repr=False)
    signed_text: bytes = field(repr=False)
    variant: Variant
    key_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A letter that must not be believed."""

    reason: Reason


def withdrawal_signature(request: Mapping[str, Any], key: str) -> str:
    """Sign a request to create a withdrawal (C§1.9, C§3).

    Args:
        request: the object to be sent, nested values in the order of sending; `signature` and `secret` do
            not count. Numbers are int, float or `NumberLexeme`.
        key: the private key for withdrawals.

    Returns:
        40 lower-case hex digits.

    Raises:
        TypeError: a value that JSON does not have.
    """
    return joined_signature(joined_values(request), key)


def joined_values(message: Mapping[str, Any]) -> bytes:
    """Join the values of a message in the order of its sorted keys; the keys themselves are not in it (C§3)."""
    signed = sorted((name, value) for name, value in message.items() if name not in {"signature", "secret"})
    return _utf8(":".join(_joined(value) for _, value in signed))


def joined_signature(joined: bytes, key: str) -> str:
    """Sign what `joined_values` gave; 40 lower-case hex digits."""
    return _sha1(_utf8(key) + _md5(joined))


def _joined(value: Any) -> str:
    match value:
        case None | bool():
            text = "1" if value else ""
        case NumberLexeme() | int() | float():
            text = number_text(value)
        case str():
            text = value
        case Mapping():
            text = ":".join(map(_joined, value.values()))
        case Sequence():
            text = ":".join(map(_joined, value))
        case _:
            raise TypeError(f"{type(value).__name__} is not a JSON value")
    return text


def postback_signature(signed_text: str | bytes, access_key: str, private_key: str) -> str:
    """Sign the encoded `additional_data` of a postback as the provider does (C§2.2).

    Args:
        signed_text: the JSON text of `additional_data`.
        access_key: `postback_access_key`.
        private_key: `postback_private_access_key`.

    Returns:
        40 lower-case hex digits.
    """
    text = signed_text if isinstance(signed_text, bytes) else _utf8(signed_text)
    return _sha1(_utf8(access_key) + _utf8(private_key) + _md5(text))


def verify_postback(raw: bytes, keys: Sequence[PostbackKeys]) -> VerifiedLetter | Rejected:
    """Find out whether the provider signed this postback (C§2.2, C§3 end).

    The body may be encoded with other flags than the text that was signed, so three texts are tried.

    Args:
        raw: the body as received; the caller has bounded its size.
        keys: the pairs in force, several while they are rotated.

    Returns:
        The letter, or why it is rejected. Never raises, whatever the bytes.
    """
    body, signature = open_letter(raw)
    if isinstance(signature, Reason):
        return Rejected(reason=signature)
    signed = body.get(SIGNED_MEMBER)
    if not isinstance(signed, (list, dict)):
        return Rejected(reason=Reason.NO_SIGNED_PART)
    for variant, text in signed_texts(raw, SIGNED_MEMBER, signed):
        for index, pair in enumerate(keys):
            if is_same(postback_signature(text, pair.access_key, pair.private_key), signature):
                return VerifiedLetter(
                    body={**body, SIGNED_MEMBER: php_json.parse(text)},
                    signed_text=text,
                    variant=variant,
                    key_index=index,
                )
    return Rejected(reason=Reason.MISMATCH)


def open_letter(raw: bytes) -> tuple[dict[str, Any], str | Reason]:
    """Read a letter: its body and its signature, or why there is none."""
    try:
        body = php_json.parse(raw)
    except php_json.JsonRefusedError:
        return {}, Reason.NOT_JSON
    if not isinstance(body, dict):
        return {}, Reason.NOT_JSON
    signature = body.get("signature")
    return body, signature if isinstance(signature, str) else Reason.NO_SIGNATURE


def signed_texts(raw: bytes, member: str, signed: Any) -> Iterator[tuple[Variant, bytes]]:
    """Every text that the provider may have signed for a member of the body, and the variant that it stands for.

    Lexemes as sent come first: PHP wrote them. Only a body written with JSON_PRESERVE_ZERO_FRACTION (10.0)
    needs the numbers rewritten, and then what they were signed as is what counts. Each is written only when it is
    asked for: the first one is nearly always right.
    """
    texts: tuple[tuple[Variant, Callable[[], bytes | None]], ...] = (
        (Variant.UNESCAPED, lambda: php_json.encode(signed, unescaped=True)),
        (Variant.SLICE, lambda: php_json.member_slice(raw, member)),
        (Variant.ESCAPED, lambda: php_json.encode(signed, unescaped=False)),
        (Variant.UNESCAPED, lambda: php_json.encode(signed, unescaped=True, php_numbers=True)),
        (Variant.ESCAPED, lambda: php_json.encode(signed, unescaped=False, php_numbers=True)),
    )
    for variant, write in texts:
        if (text := write()) is not None:
            yield variant, text


def is_same(expected: str, given: str) -> bool:
    """Compare what must not be guessed, in constant time."""
    return hmac.compare_digest(_utf8(expected), _utf8(given))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().encode("ascii")


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _utf8(text: str) -> bytes:
    # PHP's strings are bytes; half of a surrogate pair must end in a mismatch and not in an exception.
    return text.encode("utf-8", "surrogatepass")
