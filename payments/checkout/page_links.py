"""Addresses of one session's pages, each of which carries the reader's language on while it is not the session's."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from django.templatetags.static import static
from django.urls import reverse

from payments.models.checkout_sessions import CAME_BACK

_FILES: Final = Path(__file__).resolve().parents[1] / "static" / "pay"
#: Of a file's digest in its address: what a browser keeps for ever is never mistaken for another one.
_VERSION_CHARS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where the pages of a session lead to.

    Attributes:
        token: of the session; it opens everything here.
        language: of the reader, where it is not the session's own; else "".
        came_back: the customer was sent here by the provider's page; the page and its news remember it.
    """

    token: str
    language: str = ""
    came_back: bool = False

    @property
    def page(self) -> str:
        """The page of the session."""
        return self._to("pay-page", **self._remembered)

    @property
    def live(self) -> str:
        """What a page asks for news."""
        return self._to("pay-live", **self._remembered)

    @property
    def choose(self) -> str:
        """Where a way to pay is chosen."""
        return self._to("pay-choose")

    @property
    def change(self) -> str:
        """Where another way is chosen, after a warning."""
        return self._to("pay-change")

    @property
    def back(self) -> str:
        """The way back to the product."""
        return self._to("pay-back")

    def details(self, system: str, *, seen: int) -> str:
        """Where what a system wants to know of the customer is entered, by a page that knew of so many attempts."""
        return self._to("pay-details", system=system, seen=str(seen))

    def attempt(self, number: int) -> str:
        """The page of one attempt, where its reference is entered."""
        return self._to("pay-attempt", number)

    @property
    def _remembered(self) -> dict[str, str]:
        return {CAME_BACK: "1"} if self.came_back else {}

    def _to(self, name: str, *arguments: int, **asked: str) -> str:
        if self.language:
            asked["lang"] = self.language
        path = reverse(name, args=[self.token, *arguments])
        return f"{path}?{urlencode(asked)}" if asked else path


@cache
def files() -> dict[str, str]:
    """The pages' own files, each by an address that changes with what is in it."""
    return {kind: _versioned(name) for kind, name in (("css", "pay.css"), ("js", "pay.js"), ("icon", "icon.svg"))}


def _versioned(name: str) -> str:
    digest = hashlib.sha256((_FILES / name).read_bytes()).hexdigest()
    return f"{static(f'pay/{name}')}?v={digest[:_VERSION_CHARS]}"
