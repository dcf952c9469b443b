"""The answer to "is the money all right?" in a sentence: what needs a person now, and since when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from gateway.backoffice import readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing, or several of one sort, that a person has to do something about.

    Attributes:
        what: in words.
        count: how many things it is.
        is_more: there are more than that.
        since: when the oldest of them began.
        href: where it is done, or looked at.
    """

    what: str
    count: int
    since: datetime | None
    href: str
    is_more: bool = False

    @property
    def number(self) -> str:
        """The count, for people."""
        return f"{self.count}+" if self.is_more else str(self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What stands above everything else.

    Attributes:
        sentence: the answer.
        is_good: nothing needs a person.
        needs: what does, the oldest first.
        unseen: of what this person sees nothing, so that the answer does not count it.
    """

    sentence: str
    is_good: bool
    needs: Sequence[Need]
    unseen: Sequence[str]


def verdict(needs: Iterable[Need], unseen: Sequence[str]) -> Verdict:
    """Of everything that was found."""
    now = timezone.now()
    found = sorted((one for one in needs if one.count), key=lambda one: one.since or now)
    total = sum(one.count for one in found)
    sentence = "Nothing needs a person."
    if unseen:
        sentence = "Nothing that you may see needs a person."
    if total:
        verb = "needs" if total == 1 else "need"
        oldest = found[0].since
        since = "" if oldest is None else f", {_since(total)} {readable.age(oldest, now)}"
        more = "More than " if any(one.is_more for one in found) else ""
        sentence = f"{more}{readable.count(total, 'thing')} {verb} a person{since}."
    return Verdict(sentence=sentence, is_good=not total, needs=found, unseen=unseen)


def _since(total: int) -> str:
    return "since" if total == 1 else "the oldest since"
