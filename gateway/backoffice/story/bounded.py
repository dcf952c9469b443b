"""The first and the last rows of a flood, and how many there are between: one query, however many there are."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.db.models import Count, F, Model, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from gateway.backoffice.story.entries import Entry, Kind

#: How it began, and how it stands now; an order has a handful of each, so this is for floods. A withdrawal of unknown
#: outcome is asked about 38 times in its week: all of that is shown.
FIRST_MAX: Final = 10
LAST_MAX: Final = 40

_Row = TypeVar("_Row", bound=Model)


def first_and_last(rows: "QuerySet[_Row]", *order: str) -> "list[_Row]":
    """At most `FIRST_MAX` + `LAST_MAX` rows in this order; each has ``place`` (from 1) and ``total``."""
    counted = rows.annotate(
        place=Window(RowNumber(), order_by=[F(name).asc() for name in order]), total=Window(Count("*"))
    )
    kept = counted.filter(Q(place__lte=FIRST_MAX) | Q(place__gt=F("total") - LAST_MAX))
    return list(kept.order_by(*order))


def with_gap(kind: Kind, rows: "list[Any]", make: Callable[[Any], Entry], *, where: str = "") -> list[Entry]:
    """An entry for each row; where rows are left out, one more that says how many, with the address of all of them."""
    told = [make(row) for row in rows]
    for before, after, entry in zip(rows, rows[1:], told, strict=False):
        left_out = after.place - before.place - 1
        if left_out:
            told.append(
                Entry(
                    kind=kind,
                    at=entry.at,
                    # Right after the one before it, also where all of a flood came at once.
                    rank=entry.rank,
                    tie=(entry.tie[0], f"{entry.tie[1]}~"),
                    track=entry.track,
                    title=f"{left_out:,} more of these are left out here.",
                    address=where,
                    is_gap=True,
                )
            )
    return told
