"""Filters of columns that have an order: an amount or a time, from here to there."""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db import models
from django.db.models import Q

from gateway import ids
from gateway.asked_of_lists import TEXT_MAX_LENGTH, Asked, Filter, NotUnderstood

#: Digits of a money column before its point: a number with more of them cannot be compared.
_WHOLE_DIGITS_AT_MOST: Final = 16
#: How far a row's time and the time in its id may be apart: an id is made before a lock is waited for, and our clocks
#: and the database's differ by seconds. A look that begins at the end of a period passes by so many rows in vain.
_ID_MARGIN: Final = dt.timedelta(minutes=5)
#: Moments that move on with the clock: ``today``, ``today-6d``, ``now-1h``, ``month``.
_MOMENT: Final = re.compile(r"(now|today|month)(?:-([0-9]{1,4})([hd]))?")
_QUICK: Final = (
    ("Today", "today", None),
    ("Yesterday", "today-1d", "today"),
    ("7 days", "today-6d", None),
    ("This month", "month", None),
)
#: How the bounds of a range are said.
_BOUNDS: Final = {"gte": "from", "gt": "above", "lte": "up to", "lt": "before", "exact": "is"}


class Range(Filter):
    """An amount, from here to there."""

    kind = "range"

    def __init__(self, path: str, column: "models.Field[Any, Any]", title: str = "") -> None:
        super().__init__(path, column, title)
        self.parameters = (*(f"{path}__{bound}" for bound in _BOUNDS), path)
        #: What the form shows as its two bounds.
        self.low = self.high = ""

    def add(self, asked: Asked) -> None:
        """Each bound that is given."""
        for name, texts in self.texts.items():
            bound = name.removeprefix(self.path).removeprefix("__") or "exact"
            value = self.value(texts[-1])
            asked.where &= Q(**{f"{self.path}__{bound}": value})
            self.bounds(asked, bound, value)
            if bound == "gte":
                self.low = self.field_text(value)
            elif bound == self.form_upper:
                self.high = self.field_text(value)
            self._chip(asked, f"{_BOUNDS[bound]} {self.text(value)}", name)

    #: The upper bound that the form asks for.
    form_upper: str = "lte"

    def value(self, text: str) -> Any:
        """The number that a text is."""
        try:
            number = Decimal(text[:TEXT_MAX_LENGTH])
        except InvalidOperation:
            raise NotUnderstood("that is no number.") from None
        if not number.is_finite() or number.adjusted() >= _WHOLE_DIGITS_AT_MOST:
            raise NotUnderstood("that is no number that it could be.")
        return number

    def bounds(self, asked: Asked, bound: str, value: Any) -> None:
        """What follows for the key: nothing."""

    def text(self, value: Any) -> str:
        """A bound in words."""
        return f"{value:f}"

    def field_text(self, value: Any) -> str:
        """A bound as the form's field takes it."""
        return f"{value:f}"


class Period(Range):
    """A time, from here to there, in UTC. The time at which a row was made bounds its id, too."""

    kind = "period"
    form_upper = "lt"

    def __init__(
        self, path: str, column: "models.Field[Any, Any]", title: str = "", *, is_in_key: bool = False
    ) -> None:
        super().__init__(path, column, title)
        self.is_in_key = is_in_key

    def value(self, text: str) -> Any:
        """The time that a text is; without a zone it is UTC."""
        try:
            if said := _MOMENT.fullmatch(text):
                return _moment(*said.groups())
            # An unescaped plus of an offset arrives as a blank.
            at = dt.datetime.fromisoformat(text[:TEXT_MAX_LENGTH].replace(" ", "+") if "T" in text else text)
            return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise NotUnderstood("that is no time, such as 2026-11-26T09:00:00Z.") from None

    def bounds(self, asked: Asked, bound: str, value: Any) -> None:
        """The ids that rows of such a time can have."""
        is_lower = bound.startswith("g")
        # Before a time to come is everything.
        if self.is_in_key and bound != "exact" and (is_lower or value < dt.datetime.now(tz=dt.UTC)):
            nearest = ids.first_at(value, plus=-_ID_MARGIN if is_lower else _ID_MARGIN)
            within = Q(**{"pk__gte" if is_lower else "pk__lte": nearest})
            asked.key_range &= within
            asked.where &= within

    def text(self, value: Any) -> str:
        """A bound in words."""
        return f"{value:%Y-%m-%d %H:%M} UTC"

    def field_text(self, value: Any) -> str:
        """A bound as a browser's field of a time takes it."""
        return f"{value:%Y-%m-%dT%H:%M}"

    @property
    def quick(self) -> list[tuple[str, dict[str, str | None]]]:
        """Periods that people ask for all the time, with their parameters: words, so that a saved view moves on."""
        return [
            (
                text,
                {**dict.fromkeys(self.parameters), f"{self.path}__gte": since, f"{self.path}__lt": until},
            )
            for text, since, until in _QUICK
        ]


def _moment(since: str, number: str | None, unit: str | None) -> dt.datetime:
    at = dt.datetime.now(tz=dt.UTC)
    if since != "now":
        at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if since == "month":
        at = at.replace(day=1)
    return at - (dt.timedelta(hours=int(number or 0)) if unit == "h" else dt.timedelta(days=int(number or 0)))
