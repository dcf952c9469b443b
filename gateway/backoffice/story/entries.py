"""What a story consists of, and in which order it is told."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.db import models
from django.utils import timezone
from django.utils.timesince import timesince

from gateway.causes import Named
from gateway.status_tones import Tone

#: Nobody counts the seconds.
_NOW: Final = timedelta(minutes=1)


class Kind(models.TextChoices):
    """What kind of thing happened. The words stand on the page beside their icons."""

    MOVE = "move", "Status"
    REQUEST = "request", "API call"
    CALL = "call", "Provider call"
    LETTER = "letter", "Letter"
    CONFIRMATION = "confirmation", "Confirmation"
    SCREENSHOT = "screenshot", "Screenshot"
    RECEIPT = "receipt", "Receipt"
    HOLD = "hold", "Hold"
    JOURNAL = "journal", "Journal"
    REFUND = "refund", "Refund"
    APPROVAL = "approval", "Approval"
    INSTRUCTION = "instruction", "Two persons"
    WEBHOOK = "webhook", "Webhook"
    NOTE = "note", "Note"


#: Names of Material Symbols, which the admin's own look brings along.
ICONS: Final = {
    Kind.MOVE: "trending_flat",
    Kind.REQUEST: "api",
    Kind.CALL: "call_made",
    Kind.LETTER: "mail",
    Kind.CONFIRMATION: "how_to_reg",
    Kind.SCREENSHOT: "image",
    Kind.RECEIPT: "payments",
    Kind.HOLD: "lock",
    Kind.JOURNAL: "account_balance",
    Kind.REFUND: "undo",
    Kind.APPROVAL: "verified_user",
    Kind.INSTRUCTION: "group",
    Kind.WEBHOOK: "webhook",
    Kind.NOTE: "edit_note",
}


class Rank:
    """What comes first of what happened in the same microsecond: causes before what they caused."""

    ASKED: Final = 10  # a product or a person asked for something
    CAME: Final = 12  # with what was asked for: a reference, a picture
    DECIDED: Final = 15
    LETTER: Final = 20
    MOVED: Final = 30  # by the clock, a person or a key: before the call that it announces
    CALLED: Final = 40
    ANSWERED: Final = 50  # by the provider's answer: after the call
    POSTED: Final = 60
    TOLD: Final = 70  # products, after everything is written down
    SAID: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What is shown when somebody opens it: a title, a text as it is, and the SHA-256 of the original."""

    title: str
    text: str
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One leg of a journal: amounts as texts, "" on the other side."""

    account: str
    debit: str
    credit: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line below an entry that happened at a time of its own: one attempt of a delivery."""

    text: str
    tone: str = Tone.PLAIN
    at: datetime | None = None
    address: str = ""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One thing that happened.

    Attributes:
        kind: of what kind.
        at: when.
        rank: before what it comes of the same microsecond (`Rank`).
        tie: orders its like of the same time and rank: a sequence (else 0), and an id that grows with time.
        track: of whose moves it is one; they keep their sequence whatever else happened at the same time.
        title: what happened, in a few words.
        address: its own page, "" where there is none that may be seen.
        status: the word that stands out, if any.
        tone: how it is to be taken.
        said: further sentences; plain text, line breaks kept.
        facts: names and values of interest.
        by: who or what caused it, filled in for all entries at once.
        cause: by what `by` is found.
        folds: what can be opened.
        legs: of a journal.
        lines: what happened to it since.
        note: what the page needs to offer about a note.
        is_gap: it stands for entries that are left out.
        anchor: by which the page can be linked to.
        answers_a_call: the call before it is its cause.
        call: the anchor of that call, filled in for all entries at once.
    """

    kind: Kind
    at: datetime
    title: str
    rank: int = Rank.MOVED
    tie: tuple[int, str] = (0, "")
    track: str = ""
    address: str = ""
    status: str = ""
    tone: str = Tone.PLAIN
    said: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    cause: tuple[str, str] | None = None
    by: Named | None = None
    folds: Sequence[Fold] = ()
    legs: Sequence[Leg] = ()
    lines: Sequence[Line] = ()
    note: Any = None
    is_gap: bool = False
    anchor: str = ""
    answers_a_call: bool = False
    call: str = ""

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        return ICONS[self.kind]

    @property
    def age(self) -> str:
        """How long ago it was."""
        return ago(self.at)

    @property
    def word(self) -> str:
        """The word of its kind."""
        return str(self.kind.label)


def ago(at: datetime) -> str:
    """How long ago something was, in one or two units."""
    return "just now" if timezone.now() - at < _NOW else f"{timesince(at)} ago"


def anchor(kind: Kind, key: uuid.UUID | int | str) -> str:
    """By which an entry can be linked to within its page."""
    return f"{kind}-{key}"


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Oldest first; of the same microsecond causes first, and moves of one thing always in their sequence."""
    told: list[Entry] = []
    by_time = sorted(entries, key=lambda one: one.at)
    for _, together in groupby(by_time, key=lambda one: one.at):
        told += _of_one_instant(list(together))
    return told


def _of_one_instant(entries: list[Entry]) -> list[Entry]:
    ranks: dict[int, int] = {}
    highest: dict[str, int] = {}
    for one in sorted(entries, key=lambda one: one.tie):
        rank = one.rank
        if one.track:
            rank = highest[one.track] = max(rank, highest.get(one.track, rank))
        ranks[id(one)] = rank
    return sorted(entries, key=lambda one: (ranks[id(one)], one.kind, one.track, one.tie))
