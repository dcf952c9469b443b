"""Figures as people read them: amounts in three digits, ages in the two units that matter, times in UTC."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils import timezone

#: Seconds of each unit, the largest first.
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def short(value: Decimal) -> str:
    """For the side of a chart, in three digits: ``1.15 M``. Never where the figure itself is meant."""
    for size, unit in ((10**9, " bn"), (10**6, " M"), (10**3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def count(number: int, one: str, many: str = "") -> str:
    """How many of something: ``1 order``, ``2,000 orders``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def age(since: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in two units: ``2 h 10 min``; "" of nothing."""
    return "" if since is None else length((now or timezone.now()) - since)


def length(span: timedelta) -> str:
    """A length of time in at most two units; what is shorter than a second is ``0 s``."""
    seconds = max(int(span.total_seconds()), 0)
    parts = []
    for size, unit in _UNITS:
        parts.append((seconds // size, unit))
        seconds %= size
    first = next((place for place, (many, _) in enumerate(parts) if many), len(parts) - 1)
    said = [f"{many} {unit}" for many, unit in parts[first : first + 2] if many]
    return " ".join(said) or "0 s"


def duration(milliseconds: int | None) -> str:
    """How long something took; below a minute with tenths of a second. "" where nobody knows."""
    if milliseconds is None:
        return ""
    if milliseconds < 60_000:  # noqa: PLR2004 - a minute
        return f"{milliseconds / 1000:.1f} s"
    return length(timedelta(milliseconds=milliseconds))


def clock(at: datetime | None) -> str:
    """The time of a figure of today: ``20:41:05 UTC``; with its day where that was another one."""
    if at is None:
        return "never"
    is_today = at.date() == timezone.now().date()
    return f"{at:%H:%M:%S} UTC" if is_today else f"{at:%Y-%m-%d %H:%M} UTC"


def moment(at: datetime | None) -> str:
    """To the minute: ``2026-11-26 20:41 UTC``; "" of nothing."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
