"""What a product's look must be like before a person may save it: whatever of it ends in a header, a link or a page."""

import re
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator

#: Sites of one company; each is in a header of every page.
ORIGINS_MAX: Final = 20
#: Of pictures that people upload: a logo has some ten thousand bytes.
UPLOAD_MAX_BYTES: Final = 2 * 1024 * 1024
#: Of a logo as it is kept: two lines of text high on the sharpest phones, and light enough for the slowest lines.
LOGO_MAX_SIDES: Final = (320, 96)
LOGO_MAX_BYTES: Final = 12 * 1024

_PORT_MAX: Final = 65_535
_HOST_MAX_LENGTH: Final = 253
#: Scheme, host and port, in the spelling that browsers compare with. Nothing that ends a word in a policy.
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LOCAL: Final = frozenset({"localhost", "127.0.0.1"})
_MAILTO: Final = "mailto:"
#: Visible ASCII without what could end an attribute, and without what browsers and servers read in two ways.
_WEB_ADDRESS: Final = re.compile(r"https://[^\s\"'<>\\@`]+", re.ASCII)


def origin_objection(text: str) -> str | None:
    """A sentence about what is wrong with an origin, or None."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return f"{text}: write an origin such as https://shop.example, without path, wildcard and capital letters."
    scheme, host, port = found.groups()
    if port is not None and int(port) > _PORT_MAX:
        return f"{text}: a port is a number from 1 to {_PORT_MAX}."
    if settings.LOCAL_STACK and host in _LOCAL:
        return None
    if scheme != "https":
        return f"{text}: only https pages may show payment pages."
    labels = host.split(".")
    # Browsers know no addresses in such a rule, only names (CSP level 3, host-part).
    is_name = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    if not is_name or len(host) > _HOST_MAX_LENGTH:
        return f"{text}: the host has to be a full name."
    return None


def support_address(text: str) -> str:
    """An address of help as it is kept: an https URL, or ``mailto:`` with an e-mail address, be it written or not.

    Raises:
        ValueError: it is neither; the message is a sentence for whoever wrote it.
    """
    try:
        if text.startswith("https://") and _WEB_ADDRESS.fullmatch(text):
            URLValidator(schemes=["https"])(text)
            return text
        email = text.removeprefix(_MAILTO)
        EmailValidator()(email)
    except ValidationError:
        email = ""
    # A question mark would begin fields of the mail, and a letter of another alphabet may be no letter of the address.
    if not email or not email.isascii() or set(email) & set("?&#%\"'<>\\`,;:"):
        raise ValueError("Write an https URL such as https://shop.example/help, or an e-mail address.")
    return f"{_MAILTO}{email}"
