"""Bodies sent in chunks (RFC 9112 §7.1) carry no length, and Django reads what has no length as empty.

An order would be refused for lack of every field, and a letter of the provider would be lost.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings

_WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]

#: A length above every limit of every address: whoever looks at it answers 413.
_TOO_LONG: Final = str(2**31 - 1)


def with_length(application: _WsgiApplication) -> _WsgiApplication:
    """The application, told the length of every body.

    A body in chunks is read here, up to the limit of bodies without files; a longer one (a screenshot) has to come
    with its length. Needs a server that ends its input with the body (``wsgi.input_terminated``), as granian does.
    """

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH") and _is_chunked(environ):
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            try:
                raw = environ["wsgi.input"].read(limit + 1)
            except OSError:
                # Left to whoever asks for the body, who answers for its door: the next read fails as this one did.
                environ["CONTENT_LENGTH"] = "1"
                return application(environ, start_response)
            environ["wsgi.input"] = io.BytesIO(raw)
            environ["CONTENT_LENGTH"] = str(len(raw)) if len(raw) <= limit else _TOO_LONG
        return application(environ, start_response)

    return call


def _is_chunked(environ: dict[str, Any]) -> bool:
    return "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower()
