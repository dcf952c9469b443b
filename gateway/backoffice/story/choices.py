"""How a reader wants a story told: which kinds of entries, and which end first. All of it stands in the address."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.utils.http import urlencode

from gateway.backoffice.story.entries import ICONS, Entry, Kind

_KINDS: Final = "kinds"
_ORDER: Final = "order"
_NEWEST: Final = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One kind that may be shown or not: how many there are, and the address that turns it over."""

    word: str
    icon: str
    count: int
    is_chosen: bool
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The entries that are shown, in the order in which they are, and the ways to see others."""

    entries: Sequence[Entry]
    choices: Sequence[Choice]
    every_address: str
    shows_every: bool
    newest_first: bool
    other_order: str
    is_empty: bool


def chosen(entries: Sequence[Entry], request: HttpRequest) -> Shown:
    """What of the story is shown. Kinds are named with commas; what is no kind is no choice."""
    asked = {Kind(one) for one in request.GET.get(_KINDS, "").split(",") if one in Kind.values}
    newest = request.GET.get(_ORDER) == _NEWEST
    counts = Counter(one.kind for one in entries if not one.is_gap)
    kept = [one for one in entries if not asked or one.kind in asked]
    return Shown(
        entries=kept[::-1] if newest else kept,
        choices=[
            Choice(
                word=str(kind.label),
                icon=ICONS[kind],
                count=counts[kind],
                is_chosen=kind in asked,
                address=_address(asked ^ {kind}, newest=newest),
            )
            for kind in Kind
            if counts[kind] or kind in asked
        ],
        every_address=_address((), newest=newest),
        shows_every=not asked,
        newest_first=newest,
        other_order=_address(asked, newest=not newest),
        is_empty=not entries,
    )


def _address(kinds: Iterable[Kind], *, newest: bool) -> str:
    told = {}
    if listed := [kind.value for kind in Kind if kind in set(kinds)]:
        told[_KINDS] = ",".join(listed)
    if newest:
        told[_ORDER] = _NEWEST
    return f"?{urlencode(told)}#timeline"
