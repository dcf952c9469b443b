"""The catalogues of the payment pages: complete, compiled, and saying what the English sentences say."""

import gettext
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from django.conf import settings
from django.utils import translation

from payments import failures
from payments.checkout import catalogues
from tests.payments.checkout.untranslated import foreign_words

#: ``%(name)s`` of gettext, ``{name}``, and tags: a translation moves them, and neither drops nor invents any.
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>")

STOPPED = re.compile(r"%\(\w+\)s\u2069?\s*[\u0964\u06d4]")

every_language = pytest.mark.parametrize("language", ["hi", "bn", "ur"])


def forms(message: Message) -> list[tuple[str, str]]:
    """Each form of a sentence with its translation. Plural forms beyond the first translate the English plural."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    singular, plural = message.id
    translations = list(message.string or ("",))
    return list(zip([singular, *[plural] * (len(translations) - 1)], translations, strict=True))


def sentences(catalog: Catalog) -> dict[object, Message]:
    return {(message.context, message.id): message for message in catalog if message.id}


def said(message: Message) -> str:
    """What a page says for it."""
    key = str(message.id)
    return translation.pgettext(message.context, key) if message.context else translation.gettext(key)


def read(compiled: bytes) -> dict[object, str]:
    """What gettext knows from it, without the header: that has the version of Babel which wrote it."""
    known = dict(gettext.GNUTranslations(BytesIO(compiled))._catalog)  # type: ignore[attr-defined]
    del known[""]
    return known


def test_the_languages_of_the_pages_are_these() -> None:
    assert [language for language, _ in settings.LANGUAGES] == ["en", *catalogues.LANGUAGES]
    assert catalogues.LANGUAGES == ("hi", "bn", "ur")


def test_the_sentences_of_failures_are_among_those_used() -> None:
    used = {message.id for message in catalogues.used()}

    assert {failure.customer_message for failure in failures._LIST.values()} <= used


@every_language
def test_every_sentence_is_translated_and_no_other(language: str) -> None:
    kept = catalogues.kept(language)

    assert set(sentences(kept)) == set(sentences(catalogues.used()))
    assert not kept.obsolete
    assert not kept.fuzzy
    assert [one.id for one in sentences(kept).values() if one.fuzzy or not all(text for _, text in forms(one))] == []


@every_language
def test_plurals_have_every_form_of_the_language(language: str) -> None:
    kept = catalogues.kept(language)

    assert kept.num_plurals == 2  # CLDR has two for each of the three
    assert [one.id for one in kept if one.pluralizable and len(one.string or "") != kept.num_plurals] == []


@every_language
def test_a_translation_has_the_placeholders_and_the_markup_of_its_sentence(language: str) -> None:
    pairs = [pair for message in sentences(catalogues.kept(language)).values() for pair in forms(message)]

    for pattern in (PLACEHOLDER, TAG):
        assert [
            english for english, own in pairs if Counter(pattern.findall(english)) != Counter(pattern.findall(own))
        ] == []
    assert [own for english, own in pairs if own != own.strip() and english == english.strip()] == []


@every_language
def test_no_value_ends_in_a_full_stop_that_looks_like_a_part_of_it(language: str) -> None:
    """Behind a reference the danda of Hindi and Bengali is read as a last 1, the stroke of Urdu as a minus."""
    texts = [own for message in sentences(catalogues.kept(language)).values() for _, own in forms(message)]

    assert [text for text in texts if STOPPED.search(text)] == []


def test_values_in_urdu_sentences_are_isolated() -> None:
    """Else a reference or an amount would drag the signs around it to its other side."""
    texts = [own for message in sentences(catalogues.kept("ur")).values() for _, own in forms(message)]
    isolated = re.compile("\N{FIRST STRONG ISOLATE}%\\(\\w+\\)s\N{POP DIRECTIONAL ISOLATE}")

    assert [text for text in texts if "%(" in isolated.sub("", text)] == []


@every_language
def test_a_translation_is_in_the_script_of_its_language(language: str) -> None:
    texts = [own for message in sentences(catalogues.kept(language)).values() for _, own in forms(message)]

    assert [text for text in texts if foreign_words(PLACEHOLDER.sub(" ", TAG.sub(" ", text)), language)] == []


@every_language
def test_what_the_service_reads_is_what_the_catalogue_says(language: str) -> None:
    kept = catalogues.kept(language)

    assert read(catalogues.path_of(language).with_suffix(".mo").read_bytes()) == read(catalogues.compiled(kept))


@every_language
def test_no_package_has_a_word_before_ours(language: str) -> None:
    plain = [message for message in sentences(catalogues.kept(language)).values() if isinstance(message.id, str)]

    with translation.override(language):
        assert [said(message) for message in plain] == [message.string for message in plain]


def test_a_sentence_is_found_wherever_it_may_stand(tmp_path: Path, settings: object) -> None:
    code, templates = tmp_path / "payments" / "checkout", tmp_path / "templates" / "pay" / "parts"
    for folder in (code, templates):
        folder.mkdir(parents=True)
    (code / "told.py").write_text(
        'A = gettext("one")\nB = gettext_lazy("two " "parts")\nC = ngettext("%(n)s day", "%(n)s days", 2)\n'
        'D = gettext_noop("three")\nE = pgettext("money", "four")\nnot_this("five")\n'
    )
    (templates / "page.html").write_text(
        '<p>\n   {% translate "six" %}\n{% if a %}\n      {% blocktranslate trimmed %}\n  seven <b>{{ n }}</b>\n'
        "    is 100%\n{% endblocktranslate %}\n  {% endif %}\n it's {# Translators: short #}\n"
        '  {{ _("eight") }} {% blocktranslate count n=n %}nine{% plural %}{{ n }} many{% endblocktranslate %}</p>'
    )
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]

    assert [(message.context, message.id) for message in catalogues.used() if message.id] == [
        (None, "one"),
        (None, "two parts"),
        (None, ("%(n)s day", "%(n)s days")),
        (None, "three"),
        ("money", "four"),
        (None, "six"),
        (None, "seven <b>%(n)s</b> is 100%%"),
        (None, "eight"),
        (None, ("nine", "%(n)s many")),
    ]


def test_a_changed_sentence_takes_no_old_translation() -> None:
    now = Catalog()
    now.add("We are checking this payment. Please pay again.")  # but one word of a sentence that is there

    updated = catalogues.updated("hi", now)

    (message,) = sentences(updated).values()
    assert message.id == "We are checking this payment. Please pay again."
    assert not message.string
    assert not updated.obsolete
