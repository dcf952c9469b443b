"""Finds what a page says in another language than its own."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Final

from gateway.providers.catalogue import SYSTEMS
from payments.checkout import locales

#: Said the same in every language: people know these from their own apps and phones.
KNOWN: Final = frozenset(
    {
        *("UPI", "UTR", "QR", "TrxID", "JPEG", "PNG", "WebP", "MB"),
        *("AM", "PM", "am", "pm"),  # CLDR's own, in all of the languages
        *(system.name for system in SYSTEMS),
        *(system.reference_label for system in SYSTEMS),
    }
)

#: Attributes that are read to somebody, or shown.
_SPOKEN: Final = frozenset(
    {
        "alt",
        "aria-description",
        "aria-label",
        "aria-placeholder",
        "aria-roledescription",
        "aria-valuetext",
        "label",
        "placeholder",
        "title",
    }
)
#: Every other ``data-`` attribute is a sentence that the script says.
_SILENT: Final = frozenset(
    f"data-{name}" for name in ("bytes", "code", "copy", "least", "live", "most", "once", "seconds", "tag", "zero")
)
_BUTTONS: Final = frozenset({"submit", "button", "reset"})
_UNSEEN: Final = frozenset({"script", "style"})
#: Elements that have no end.
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track"}
)

#: Words of each script: two letters or more, for one alone may be a sign. The danda belongs to two of them.
_LATIN: Final = "[A-Za-z\u00c0-\u024f]{2,}"
_WORDS: Final = {
    "en": _LATIN,
    "hi": "[\u0900-\u0963\u0966-\u097f]{2,}",
    "bn": "[\u0980-\u09ff]{2,}",
    "ur": "[\u0600-\u06ff]{2,}",
}


def untranslated(html: str, language: str, values: Iterable[str] = ()) -> list[str]:
    """What stands on the page in another script than that of its language, as ``where: text``; empty where all is well.

    The language is that which the nearest element says (``lang="bn"`` in a list of languages); text in any other than
    the four, and in an unknown one (``lang=""`` at the provider's own words), is not looked at.

    Args:
        html: the whole page.
        language: what it should say to be in.
        values: what the page shows as it is: the product's name, references, codes, amounts as `locales` writes them.
    """
    page = _read(html)
    found = [f"<html>: {said} should be {wanted}" for said, wanted in _misdeclared(page, language)]
    for place, lang, text in page.texts:
        if lang in _WORDS and foreign_words(text, lang, values):
            found.append(f"{place}: {' '.join(text.split())}")
    return found


def spoken(html: str) -> list[tuple[str, str]]:
    """Everything that is seen or heard of a page, or of a part of one, each with its place."""
    return [(place, text.strip()) for place, _, text in _read(html).texts if text.strip()]


def foreign_words(text: str, language: str, values: Iterable[str] = ()) -> list[str]:
    """Words in another script than that of the language which are neither values nor known to everybody."""
    for value in sorted((*values, *KNOWN), key=len, reverse=True):
        # As a whole: a value "pay" does not make a "payment" one.
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", " ", text)
    others = "|".join(words for one, words in _WORDS.items() if one != language)
    return re.findall(others, text)


def _read(html: str) -> "_Page":
    page = _Page()
    page.feed(html)
    page.close()
    return page


def _misdeclared(page: "_Page", language: str) -> list[tuple[str, str]]:
    pairs = [
        (f'lang="{page.declared.get("lang")}"', f'lang="{language}"'),
        (f'dir="{page.declared.get("dir") or "ltr"}"', f'dir="{locales.direction(language)}"'),
    ]
    return [pair for pair in pairs if pair[0] != pair[1]]


class _Page(HTMLParser):
    """Collects what is read or heard, with its place and the language that the page says it is in."""

    def __init__(self) -> None:
        super().__init__()
        self.declared: dict[str, str | None] = {}
        self.texts: list[tuple[str, str, str]] = []
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.declared = given
        lang = given["lang"] or "" if "lang" in given else self._lang()
        spoken = {name for name in given if name in _SPOKEN or (name.startswith("data-") and name not in _SILENT)}
        if tag == "input" and given.get("type") in _BUTTONS:
            spoken.add("value")
        if tag == "meta" and given.get("name") == "description":
            spoken.add("content")
        self.texts += [(f"<{tag} {name}>", lang, given[name] or "") for name in sorted(spoken)]
        if tag not in _VOID:
            self._open.append((tag, lang))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        tags = [one for one, _ in self._open]
        if tag in tags:
            # What was left open inside of it (a paragraph, an item of a list) ends with it.
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        tag = self._open[-1][0] if self._open else "html"
        if tag not in _UNSEEN and data.strip():
            self.texts.append((f"<{tag}>", self._lang(), data))

    def _lang(self) -> str:
        return self._open[-1][1] if self._open else ""
