"""Who looks at a payment page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from gateway.products.branding import Look
from payments.checkout.page_links import Links

#: The languages of the pages, each by its own name.
LANGUAGES: Final[dict[str, str]] = dict(settings.LANGUAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks at the page.

    Attributes:
        language: of the page.
        links: where it leads to.
        look: of the product.
        now: what time it is.
    """

    language: str
    links: Links
    look: Look
    now: datetime
