"""The words of the payment pages: the same for the same thing in every sentence, polite, stopped as its language does.

The words themselves stand in the glossary of docs/checkout.md, where the next translator looks for them.
"""

import re
from typing import Final

import pytest
from django.conf import settings

from payments.checkout import catalogues
from tests.house.test_catalogues import PLACEHOLDER, forms, sentences

NAMES: Final = {"hi": "Hindi", "bn": "Bengali", "ur": "Urdu"}
#: Sentences that say it without the word, and why that is as good.
WITHOUT: Final = {
    ("Pay to", "pay"),  # a label beside a number: "send here"
    ("Amount you paid", "paid"),  # "that you sent", as the steps say
    ("Amount you paid, in %(currency)s", "paid"),
    ("Send exactly %(amount)s in one payment, using the details shown here.", "payment"),  # "all at once"
    ("Send money", "money"),  # buttons of other apps, by their own names
    ("Make payment", "payment"),
}
#: What ends a sentence in English, and what does so there.
STOPS: Final = {
    "hi": {".": "।", "?": "?", ":": ":"},
    "bn": {".": "।", "?": "?", ":": ":"},
    "ur": {".": "۔", "?": "؟", ":": ":"},
}
#: Signs of another script's sentences.
FOREIGN_SIGNS: Final = {"hi": r"[.،؛؟۔]", "bn": r"[.،؛؟۔]", "ur": r"[.,;?।]"}
#: Of "you" as one says it to a child, and of what is then asked.
FAMILIAR: Final = {
    "hi": ("तुम", "तू", "तेर", "करो", "डालो", "भेजो", "देखो"),
    "bn": ("তুমি", "তোমা", "তুই", "করো", "দাও", "পাঠাও", "দেখো"),
    "ur": ("تم", "کرو", "ڈالو", "بھیجو", "دیکھو"),
}
#: Letters of Arabic that look like those of Urdu and are others, for a search and for a screen reader.
ARABIC_LETTERS: Final = "\u064a\u0643\u0649\u0647"

every_language = pytest.mark.parametrize("language", NAMES)


def said(language: str) -> list[tuple[str, str]]:
    """Each sentence with its translation."""
    return [pair for message in sentences(catalogues.kept(language)).values() for pair in forms(message)]


def glossary() -> list[dict[str, list[str]]]:
    """The rows of the table: of each column its words."""
    text = (settings.BASE_DIR / "docs" / "checkout.md").read_text(encoding="utf-8")
    table = re.search(r"^\| English \|.*?(?=\n\n)", text, re.MULTILINE | re.DOTALL)
    assert table is not None
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines())
    return [
        {
            name: [one.strip() for one in re.split(r"[,/]", cell) if one.strip()]
            for name, cell in zip(head, row, strict=True)
        }
        for row in rows
    ]


def has(text: str, word: str) -> bool:
    """Whether an English sentence has the word; what is in parentheses behind it is for people."""
    return (
        re.search(rf"\b{re.escape(word.partition(' (')[0])}\b", PLACEHOLDER.sub(" ", text), re.IGNORECASE) is not None
    )


def test_the_glossary_has_a_word_of_each_language_for_each_thing_that_is_said() -> None:
    english = [text for text, _ in said("hi")]

    assert len(glossary()) > 20
    for row in glossary():
        assert list(row) == ["English", *NAMES.values(), "not"]
        assert all(row[name] for name in NAMES.values()), row
        assert [word for word in row["English"] if not any(has(text, word) for text in english)] == []


@every_language
def test_the_same_word_is_said_for_the_same_thing(language: str) -> None:
    strays = [
        (word, english, own)
        for row in glossary()
        for word in row["English"]
        for english, own in said(language)
        if has(english, word) and (english, word) not in WITHOUT and not any(one in own for one in row[NAMES[language]])
    ]

    assert strays == []


@every_language
def test_no_other_word_is(language: str) -> None:
    others = {word for row in glossary() for word in row["not"]}

    assert [(word, own) for _, own in said(language) for word in others if re.search(rf"(?<!\w){word}", own)] == []


@every_language
def test_nobody_is_addressed_as_a_child(language: str) -> None:
    words = "|".join(FAMILIAR[language])

    assert [own for _, own in said(language) if re.search(rf"(?<![\w\u0900-\u09ff])(?:{words})(?!\w)", own)] == []


@every_language
def test_a_sentence_ends_as_its_english_does_and_as_its_language_does(language: str) -> None:
    """But for one whose last word is a value: a stop would look like a part of it."""
    stops = STOPS[language]
    wrong = [
        (english, own)
        for english, own in said(language)
        if not own.endswith(("s", "s\u2069"))
        and stops.get(english[-1], "") != (own[-1] if own[-1] in {".", *stops.values()} else "")
    ]

    assert wrong == []


@every_language
def test_no_sign_is_of_another_script(language: str) -> None:
    assert [own for _, own in said(language) if re.search(FOREIGN_SIGNS[language], PLACEHOLDER.sub("", own))] == []


@every_language
def test_a_sentence_has_no_digit_of_its_own(language: str) -> None:
    """Numbers come from `payments.checkout.locales`, so that all of a page are of one kind."""
    assert [pair for pair in said(language) if re.search(r"\d", "".join(pair))] == []


def test_urdu_is_written_in_its_own_letters() -> None:
    assert [own for _, own in said("ur") if set(own) & set(ARABIC_LETTERS)] == []
