"""Bodies, read strictly: what JSON allows two readings of is refused before any field is looked at."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser, JSONParser, MultiPartParser
from rest_framework.request import Request

from gateway.api.problems import Problem

#: Deepest nesting of a body; our deepest resource has four levels, and Python's parser gives up near a thousand.
_MAX_DEPTH: Final = 20
#: Longest number, in characters, far above any that an order holds: Python refuses to convert more than 4,300 digits.
_MAX_NUMBER_LENGTH: Final = 100
#: A string, or a bracket outside of one. A string that never ends is taken to its last character: a search that
#: began anew at each of its quotes would take minutes for the largest body.
_MARKS: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class StrictJSONParser(JSONParser):
    """UTF-8 JSON objects: bounded size and depth, no duplicate keys, no NaN, no lone surrogates."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The body as a dict; `ParseError` (400) or 413 otherwise."""
        _check_coding(media_type, parser_context)
        assert parser_context is not None
        request: Request = parser_context["request"]
        try:
            # Of Django, who keeps it: a view may have to answer the same request twice (`gateway.api.remembering`).
            raw = request._request.body  # noqa: SLF001 - DRF's own way to it
        except RequestDataTooBig:
            raise _too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) from None
        return parse_object(raw)


class BatchJSONParser(BaseParser):
    """The same for the bodies of batches, which are larger than all others: past the limit that Django has for those.

    No `JSONParser`, whose body DRF takes from Django before it asks the parser.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """As of `StrictJSONParser`."""
        _check_coding(media_type, parser_context)
        assert parser_context is not None
        limit = settings.BATCH_MAX_BYTES
        if int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            raise _too_large(limit)
        return parse_object(stream.read(limit))


def _too_large(limit: int) -> Problem:
    return Problem(status=413, code="body_too_large", detail=f"Send at most {limit} bytes.")


def _check_coding(media_type: str | None, parser_context: Mapping[str, Any] | None) -> None:
    """Refuse a body whose label says that it is to be read otherwise than we do, even where it could be read."""
    if media_type is not None and ";" in media_type:
        charset = parse_header_parameters(media_type)[1].get("charset", "utf-8").lower()
        if charset not in {"utf-8", "utf8", "us-ascii"}:
            raise UnsupportedMediaType(media_type, "Send UTF-8.")
    if parser_context is not None:
        coding = parser_context["request"].META.get("HTTP_CONTENT_ENCODING", "identity")
        if coding.lower() != "identity":
            raise UnsupportedMediaType(coding, "Send the body as it is, without a Content-Encoding.")


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object from bytes. Numbers with a fraction become Decimal.

    Raises:
        ParseError: with a sentence about what is wrong.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    if _depth(text) > _MAX_DEPTH:
        raise ParseError(f"The body is nested deeper than {_MAX_DEPTH} levels.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_bounded_decimal,
            parse_int=_bounded_int,
        )
    except json.JSONDecodeError as error:
        raise ParseError(f"Not JSON: {error.msg} at character {error.pos}.") from None
    if not isinstance(value, dict):
        raise ParseError("Send a JSON object.")
    return value


def _depth(text: str) -> int:
    if (brackets := text.count("[") + text.count("{")) <= _MAX_DEPTH:
        return brackets  # however they are nested it is not deeper
    deepest = depth = 0
    for found in _MARKS.finditer(text):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ParseError(f"The key {json.dumps(key)[:80]} stands twice in one object.")
        _check_text(key)
        _check_text(value)
        found[key] = value
    return found


def _check_text(value: Any) -> None:
    if isinstance(value, list):
        for one in value:
            _check_text(one)
    elif isinstance(value, str) and _LONE_SURROGATE.search(value):
        raise ParseError("A text holds a lone surrogate, which is no character.")


def _no_constant(name: str) -> Any:
    raise ParseError(f"{name} is not JSON.")


def _bounded(number: str) -> str:
    if len(number) > _MAX_NUMBER_LENGTH:
        raise ParseError("A number has too many digits.")
    return number


def _bounded_int(digits: str) -> int:
    return int(_bounded(digits))


def _bounded_decimal(lexeme: str) -> Decimal:
    try:
        return Decimal(_bounded(lexeme))
    except InvalidOperation:  # an exponent beyond what Decimal holds
        raise ParseError("A number has too large an exponent.") from None


_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"


class BoundedMultiPartParser(MultiPartParser):
    """Multipart for screenshots; a field that stands twice is refused as in JSON.

    Attributes:
        what: the file, in the sentence that refuses too large a one.
        max_bytes: of the file.
    """

    what = "a screenshot"
    max_bytes = settings.SCREENSHOT_MAX_BYTES

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Fields and files, each once."""
        assert parser_context is not None
        request: Request = parser_context["request"]
        _check_coding(media_type, parser_context)
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > self.max_bytes + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise Problem(
                status=413,
                code="body_too_large",
                detail=f"Send {self.what} of at most {self.max_bytes} bytes.",
            )
        parsed = super().parse(stream, media_type, parser_context)
        # Texts and files together: as text and as file is twice, too.
        counts: Counter[str] = Counter()
        for source in (parsed.data, parsed.files):
            counts.update({key: len(values) for key, values in source.lists()})
        for key, count in counts.items():
            if count > 1:
                raise ParseError(f"The field {json.dumps(key)[:80]} stands twice.")
        # What bytes were no UTF-8 Django has replaced by this, silently.
        if any(_REPLACED in text for key, values in parsed.data.lists() for text in (key, *values)):
            raise ParseError("A field is not UTF-8.")
        return parsed


class BatchMultiPartParser(BoundedMultiPartParser):
    """The same for files of batches."""

    what = "a file"
    max_bytes = settings.BATCH_MAX_BYTES
