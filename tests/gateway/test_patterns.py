"""The small part of regular expressions in which people write formats."""

import re
import time

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import patterns
from gateway.patterns import BadPattern, fits, for_schema, longest, read


@pytest.mark.parametrize(
    ("text", "shortest", "most", "characters"),
    [
        ("[0-9]{5,34}", 5, 34, "0123456789"),
        ("A", 1, 1, "A"),
        ("0[0-1]?", 1, 2, "01"),
        ("[A-C]{4}0[0-1]{6}", 11, 11, "ABC01"),
        ("AB|C{2,5}", 2, 5, "ABC"),
        (r"a\.b", 3, 3, "a.b"),
        (r"[\-a\]]{2}", 2, 2, "-a]"),
        ("a-b @", 5, 5, "a-b @"),
        ("[a|b]", 1, 1, "a|b"),
        (r"a\|b", 3, 3, "a|b"),
    ],
)
def test_what_a_pattern_says(text: str, shortest: int, most: int, characters: str) -> None:
    known = read(text)
    assert (known.shortest, known.longest, known.characters) == (shortest, most, frozenset(characters))


@pytest.mark.parametrize(
    "text",
    [
        *("(a+)+", "(a|aa){5}", "a*", "a+", "a{2,}", "a{,5}", "(?=a)", "(?i)a", r"(a)\1", ".", "^a$", "a$", "a{2}{3}"),
        *(
            "a{2}?",
            "a??",
            "a{1001}",
            r"\d",
            r"\s{3}",
            r"[\w]",
            r"\x41",
            r"\N",
            "[^:]",
            "[z-a]",
            "[a",
            "a]",
            "[]",
            "{2}",
        ),
        *("{2}", "a{", "a--b]", "[a--b]", "[a&&b]", "[a||b]", "a\n", "a\0", "é", "[à-ü]", "a\\", "*", "?", "a{3,2}"),
        *("", "a?", "[0-9]{0,9}", "|a", "a|", "a||b"),
        *("[0-9]{191}", "[0-9]{100}a{91}", "[0-9]{1,999}"),
        *("a" + "[0-9]{0,47}" * 4, "a" + "[0-9]?" * 19, "a" + "[0-9]{0,9}" * 6),
    ],
)
def test_everything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadPattern, match=r"\.$"):
        read(text)


@pytest.mark.parametrize(
    "text",
    ["[0-9]{1,79}[0-9]{1,79}[0-9]{1,79}[a-z]", "[0-9]{1,13}" * 5 + "[a-z]", "[0-9]?" * 18 + "[a-z]"],
    ids=["three long", "five short", "eighteen single"],
)
def test_the_worst_pattern_that_is_taken_ends_soon(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "TEXT_MAX_CHARS", 300)  # let them be as long as they like
    read.cache_clear()
    read(text)
    started = time.perf_counter()
    assert not fits(text, "0" * 190)
    # Five milliseconds here; a pattern that grows with the power of its text would take years.
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", ["[0-9]{12}", "[A-Z][A-Z ]{0,9}", "AB|C D{2,5}", "[ -~]{1,20}", r"\$[\]\\^a-]{1,3}"])
@given(value=st.text(alphabet=st.sampled_from("A CD0$]\\^a-B\n\u00e9\u0661"), max_size=14))
def test_json_schema_means_the_same(text: str, value: str) -> None:
    here = fits(text, value) and value == value.strip(" ")
    assert jsonschema_rs.is_valid({"type": "string", "pattern": for_schema(text)}, value) == here
    if here:
        assert len(value) <= longest(text)
        assert set(value) <= read(text).characters


def test_a_text_longer_than_the_provider_takes_is_not_even_looked_at() -> None:
    assert fits("[0-9]{190}", "0" * 190)
    assert not fits("(0+)+", "0" * 190 + "1")


def test_a_pattern_from_before_patterns_were_checked_is_shown_with_care() -> None:
    assert (longest("[0-9]+"), for_schema("[0-9]+")) == (190, "^(?! )(?!.* $)[0-9]+$")
    assert re.fullmatch(for_schema("A|BC"), "BC")
    assert not re.fullmatch(for_schema("A|BC"), "AC")
