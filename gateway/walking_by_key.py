"""The next rows of a table that grows, found by their key: a look at so many of them and no more.

What is asked for may be rare, and no index may know it (docs/adr/a-list-looks-at-so-many-rows.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q, QuerySet

from gateway.picked_out import picked_out

#: How many rows a page looks at until it is full: first so few that a common question costs nothing, then so many that
#: a rare one is answered in less than a tenth of a second (docs/adr/a-list-looks-at-so-many-rows.md).
STEPS: Final = (1_000, 20_000)
#: The same where the mode of a row stands in another table that grows: each row costs a look into that one, too.
STEPS_OF_PARTS: Final = (1_000, 5_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkById:
    """Rows that an index holds in the order of their ids.

    Attributes:
        one_of_each: columns it is sorted by before the id; it serves who asks for one value of each.
        among: values of columns for which alone it has rows.
        are_few: what it holds stays so little that all of it may be looked at.
    """

    one_of_each: tuple[str, ...] = ()
    among: Mapping[str, frozenset[Any]] = field(default_factory=dict)
    are_few: bool = False

    def serves(self, values: Mapping[str, frozenset[Any]]) -> bool:
        """Whether it holds every row that has these values."""
        return all(len(values.get(path, ())) == 1 for path in self.one_of_each) and all(
            path in values and values[path] <= known for path, known in self.among.items()
        )

    def where(self, values: Mapping[str, frozenset[Any]]) -> Q:
        """The rows of it among which these values are."""
        return Q(**{f"{path}__in": sorted(values[path], key=str) for path in (*self.one_of_each, *self.among)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was found of a list.

    Attributes:
        rows: in the order in which they were looked for.
        has_more: another one lies behind them.
        looked_to: the key to which all was looked at, where the look ended before the page was full.
        looked_at: how many rows that was.
    """

    rows: list[Any]
    has_more: bool = False
    looked_to: Any = None
    looked_at: int = 0


def page_of(
    rows: "QuerySet[Any]",
    among: "QuerySet[Any] | None",
    begin: Any,
    *,
    upwards: bool,
    size: int,
    steps: Sequence[int],
    of_parts: bool = False,
) -> Page:
    """The next rows behind a key.

    Args:
        rows: what is asked for.
        among: what is looked at for it, in the order of an index; None: all there is of it.
        begin: the key behind which it begins; None: at the end.
        upwards: towards greater keys.
        size: of a page.
        steps: how many rows are looked at, one after the other, until the page is full.
        of_parts: what is asked for stands in another table that grows. The rows of a step are picked out then, or the
            database might begin with the other table, and read all of it.
    """
    order = "pk" if upwards else "-pk"
    behind = Q() if begin is None else Q(**{"pk__gt" if upwards else "pk__lt": begin})
    rows = rows.filter(behind).order_by(order)
    if among is None:
        found = list(rows[: size + 1])
        return Page(rows=found[:size], has_more=len(found) > size)
    keys = among.filter(behind).order_by(order).values_list("pk", flat=True)
    for step in steps:
        edge = keys[step : step + 1].first()
        if of_parts:
            within = rows.filter(picked_out(keys[: step + 1]))
        else:
            within = rows if edge is None else rows.filter(**{"pk__lte" if upwards else "pk__gte": edge})
        found = list(within[: size + 1])
        if edge is None or len(found) > size:
            return Page(rows=found[:size], has_more=len(found) > size)
    return Page(rows=found, looked_to=edge, looked_at=step)
