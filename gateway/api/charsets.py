"""The charset that a request claims, which Python may know and no text be written in."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest


class Request(WSGIRequest):
    """Django's, whose address is read as UTF-8 where its body claims a charset that decodes no text.

    Python finds codecs by the names "hex" and "undefined". Django reads the address by what it finds as it begins with
    a request, where nobody catches anything: the caller got an empty answer of 500, without its id.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # Django's own hook, which its stubs leave out
        except (LookupError, UnicodeError):
            self._encoding = None
