"""The charset that a request claims: nobody heeds it, for everything that is sent here is UTF-8."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """Django's, whose address and forms are UTF-8 whatever the label of its body says.

    Python finds codecs by the names "hex", "idna" and "base64". Django would read the address by what it finds as it
    begins with a request, where nobody catches anything: the caller got an empty answer of 500, without its id.
    Browsers send forms in the charset of their page, which is UTF-8.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
