r"""Patterns of references and account fields, as people write them: a small part of regular expressions.

A pattern is a row of characters and classes such as ``[A-Z]``, each with a count such as ``{6}``, ``{5,34}`` or
``?``; a ``|`` stands between alternatives. Everything else is refused, because what is left

* means the same in Python and in the JSON Schema that integrators read (``\d``, ``\s``, ``.`` and ``[^…]`` do not);
* has a longest text, and one that fits the provider's columns;
* ends soon: a repetition inside a repetition, with which a regular expression runs for hours on a short text,
  needs a group, and the ways that counts alone can be read in are counted.
"""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

#: The provider takes no longer text (C§0), so none is looked at.
TEXT_MAX_CHARS: Final = 190
#: Ways in which a pattern may divide one text between its counts: the worst text against the worst pattern then takes
#: some five milliseconds (measured), about what an order takes altogether. An e-mail address has 150,000.
WAYS_MAX: Final = 500_000

_PRINTABLE: Final = tuple(map(chr, range(0x20, 0x7F)))
# Escapes are those that ECMA-262 knows in its strict (unicode) mode, too.
_CLASS: Final = r"\[(?!\^)(?:[ -Z^-~]|\\[-$()*+./?\[\\\]^{|}])+\]"
_CHARACTER: Final = r"\\[$()*+./?\[\\\]^{|}]|[ -~](?<![$()*+.?\[\\\]^{|}])"
_COUNT: Final = r"\{(?P<least>[0-9]{1,3})(?:,(?P<most>[0-9]{1,3}))?\}|(?P<maybe>\?)"
_PIECE: Final = re.compile(rf"(?P<unit>{_CLASS}|{_CHARACTER})(?:{_COUNT})?(?![?+*{{])")


class BadPattern(ValueError):  # noqa: N818 - reads as what it is
    """A text that is no pattern. The message is a sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What is known of a pattern.

    Attributes:
        shortest: characters of the shortest text that fits.
        longest: characters of the longest.
        characters: every character that may stand in one.
    """

    shortest: int
    longest: int
    characters: frozenset[str]


@lru_cache(maxsize=1024)  # a catalogue has a few patterns for each of its systems
def read(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        BadPattern: it is none.
    """
    lengths: list[tuple[int, int]] = []
    characters: set[str] = set()
    ways = 0
    for alternative in _alternatives(text):
        lengths.append((sum(least for _, least, _ in alternative), sum(most for _, _, most in alternative)))
        readings = 1
        for unit, least, most in alternative:
            characters |= _members(unit)
            readings *= most - least + 1
        ways += readings
    shortest, longest = min(least for least, _ in lengths), max(most for _, most in lengths)
    if not shortest:
        raise BadPattern("An empty text would fit; begin with what is always there.")
    if longest > TEXT_MAX_CHARS:
        raise BadPattern(f"A text of {longest} characters would fit; the provider takes {TEXT_MAX_CHARS} at most.")
    if ways > WAYS_MAX:
        raise BadPattern("Too many counts leave open how often; use fixed ones such as {6}.")
    return Pattern(shortest=shortest, longest=longest, characters=frozenset(characters))


def fits(pattern: str, text: str) -> bool:
    """True where the whole text is one of the pattern's."""
    return len(text) <= TEXT_MAX_CHARS and re.fullmatch(pattern, text, re.ASCII) is not None


def longest(pattern: str) -> int:
    """Characters of the longest text that fits."""
    return _known(pattern).longest


def for_schema(pattern: str) -> str:
    """The pattern as JSON Schema wants it: anchored, and without blanks at the ends, which nobody takes (C§0)."""
    body = f"(?:{pattern})" if "|" in pattern else pattern
    return f"^(?! )(?!.* $){body}$" if " " in _known(pattern).characters else f"^{body}$"


def _known(pattern: str) -> Pattern:
    try:
        return read(pattern)
    except BadPattern:  # a row from before patterns were checked
        return Pattern(shortest=1, longest=TEXT_MAX_CHARS, characters=frozenset(_PRINTABLE))


def _alternatives(text: str) -> list[list[tuple[str, int, int]]]:
    """Each alternative as pieces: the character or class, the least and the most of it."""
    found: list[list[tuple[str, int, int]]] = [[]]
    position = 0
    while position < len(text):
        if text[position] == "|":
            found.append([])
            position += 1
            continue
        piece = _PIECE.match(text, position)
        if piece is None:
            raise BadPattern(
                f"Character {position + 1}: write characters and classes such as [A-Z], each with a count such as "
                r"{6} or {5,34}; no groups, no *, + or ., no \d and no [^…]."
            )
        found[-1].append((piece["unit"], *_counts(piece)))
        position = piece.end()
    return found


def _counts(piece: re.Match[str]) -> tuple[int, int]:
    if piece["maybe"]:
        return 0, 1
    least = int(piece["least"] or 1)
    most = int(piece["most"] or least)
    if least > most:
        raise BadPattern(f"{{{least},{most}}} goes from more to less.")
    return least, most


def _members(unit: str) -> set[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "--" and "&&" in a class are about to mean something else
            one = re.compile(unit, re.ASCII)
    except (re.error, Warning):
        raise BadPattern(f"{unit} is no class of characters.") from None
    return {character for character in _PRINTABLE if one.fullmatch(character)}
