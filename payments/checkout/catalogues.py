"""The sentences of the payment pages and their translations: ``payments/locale/<language>/LC_MESSAGES/django.po``.

English sentences stand in the code and the templates (gettext); those of other languages in catalogues. They are read
and written by Babel: nobody needs GNU gettext. Nothing is guessed: a sentence that changed is a new one, without a
translation, and the old one goes. A guess about money might say the opposite.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

#: Every language of the pages but English, which is that of the sentences themselves.
LANGUAGES: Final = tuple(language for language, _ in settings.LANGUAGES if language != "en")

_FOLDER: Final = settings.BASE_DIR / "payments" / "locale"
_CODE: Final = ("payments/checkout/**/*.py", "payments/failures.py")
_TEMPLATES: Final = ("templates/pay/**/*",)
_KEYWORDS: Final = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
#: Comments to translators begin like this in code and in templates.
_TO_TRANSLATORS: Final = ("Translators:",)
#: Longest line of a catalogue.
_WIDTH: Final = 120


def used() -> Catalog:
    """Every sentence that the pages can say, with the files that say it."""
    catalog = Catalog()
    for path, message, comments, context in _found():
        catalog.add(message, locations=[(path, 0)], auto_comments=comments, context=context)
    return catalog


def kept(language: str) -> Catalog:
    """The catalogue of a language as it is in its file; an empty one where there is no file yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, sentences: Catalog) -> Catalog:
    """The catalogue with all these sentences and no other, new ones without a translation."""
    catalog = kept(language)
    sentences.creation_date = catalog.creation_date  # else each run would change each file
    catalog.update(sentences, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def write(language: str, catalog: Catalog) -> None:
    """Write the catalogue, and what the service reads of it (``django.mo``), beside it."""
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=_WIDTH, sort_by_file=True, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(catalog))


def compiled(catalog: Catalog) -> bytes:
    """What the service reads of a catalogue."""
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def path_of(language: str) -> Path:
    """The file of a language's catalogue."""
    return Path(_FOLDER / language / "LC_MESSAGES" / "django.po")


def _found() -> Iterator[tuple[str, Any, list[str], str | None]]:
    """Path, sentence (a pair where there is a plural), comments and context of each call of gettext."""
    for pattern in (*_CODE, *_TEMPLATES):
        for path in sorted(settings.BASE_DIR.glob(pattern)):
            if path.is_dir():
                continue
            text = path.read_text(encoding="utf-8")
            if pattern in _TEMPLATES:
                # In parentheses the indentation of a template means nothing to a reader of Python.
                text = f"({templatize(text)}\n)"
            source = BytesIO(text.encode())
            for _, message, comments, context in extract("python", source, _KEYWORDS, _TO_TRANSLATORS):
                yield str(path.relative_to(settings.BASE_DIR)), message, comments, context
