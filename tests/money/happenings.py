"""How each event of docs/money.md comes about.

A generator for each: what it does before its ``yield`` is how the matter stood, what comes after it is the event.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tests.money.world import World

Happening = Callable[[World], Iterator[None]]

HAPPENINGS: Final[dict[str, Happening]] = {}


def told_as(heading: str) -> Callable[[Happening], Happening]:
    """The event of the page that a generator makes happen."""

    def keep(happening: Happening) -> Happening:
        assert heading not in HAPPENINGS
        HAPPENINGS[heading] = happening
        return happening

    return keep
