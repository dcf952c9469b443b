"""Forms of the payment pages, read so that no body can break a page: whatever it holds, it is text or it is refused."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.http.multipartparser import MultiPartParserError
from django.http.request import HttpRequest, UnreadablePostError

from gateway.api.slow_bodies import NoPlaceError
from payments.checkout.page_ends import Unreadable

#: Most bytes of a form without a picture: a handful of fields of 190 characters, each percent-encoded.
NO_FILE_MAX_BYTES: Final = 16 * 1024
#: Bytes that a picture may have beside it: the fields, and the borders between them.
_BESIDE_BYTES: Final = 32 * 1024
#: Most bytes of a form with a picture.
WITH_FILE_MAX_BYTES: Final = settings.SCREENSHOT_MAX_BYTES + _BESIDE_BYTES
#: Longest text of a field that is looked at; the longest that we keep has 190 characters.
_TEXT_MAX_CHARS: Final = 400
_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class Form:
    """What was sent."""

    def __init__(self, fields: Mapping[str, str], files: "Mapping[str, UploadedFile[Any]]") -> None:
        self._fields, self._files = fields, files

    def text(self, name: str) -> str:
        """A field, without blanks around it; "" where there is none."""
        return self._fields.get(name, "").strip()[:_TEXT_MAX_CHARS]

    def number(self, name: str) -> int:
        """A small whole number; 0 where there is none."""
        return small_number(self.text(name))

    def identifier(self, name: str) -> uuid.UUID | None:
        """A UUID; None where there is none."""
        try:
            return uuid.UUID(self.text(name))
        except ValueError:
            return None

    def file(self, name: str) -> "UploadedFile[Any] | None":
        """A file; None where none was chosen, which browsers send as an empty one without a name."""
        return self._files.get(name)

    def with_prefix(self, prefix: str) -> dict[str, str]:
        """Every field whose name begins so, by the rest of its name; those that were left empty are left out."""
        names = [name for name in self._fields if name.startswith(prefix)]
        return {name.removeprefix(prefix): text for name in names if (text := self.text(name))}


def small_number(text: str) -> int:
    """A whole number of at most three digits; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0  # noqa: PLR2004 - three digits


def read_form(request: HttpRequest, max_bytes: int) -> Form:
    """The form in the body.

    Raises:
        Unreadable: it is too large, of another kind, or not to be read.
    """
    if request.content_type not in _TYPES:
        raise Unreadable(415)
    if int(request.META.get("CONTENT_LENGTH") or 0) > max_bytes:
        raise Unreadable(413)
    try:
        fields = {name: str(request.POST[name]) for name in request.POST}
        files = {name: one for name in request.FILES if isinstance(one := request.FILES[name], UploadedFile)}
    except RequestDataTooBig:
        raise Unreadable(413) from None
    except UnreadablePostError as error:
        raise Unreadable(503 if isinstance(error.__cause__, NoPlaceError) else 400) from None
    except (MultiPartParserError, SuspiciousOperation, ValueError, LookupError):
        raise Unreadable(400) from None
    # PostgreSQL keeps no NUL, and no UTF-8 has half of a surrogate pair.
    if any(_is_no_text(one) for pair in fields.items() for one in pair):
        raise Unreadable(400)
    return Form(fields, files)


def _is_no_text(value: str) -> bool:
    return "\0" in value or any("\ud800" <= one <= "\udfff" for one in value)
