"""How well payment systems work: of the orders that ended, how many succeeded, and how quickly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from balances.kinds import FeeDirection
from gateway.backoffice.models import Counted, Span, SystemFigure

#: Fewer ended orders than this make no rate: with twenty, one more or less moves it by five points already.
RATE_TAKES: Final = 20
#: A figure is counted every minute, or every ten: a few rounds may take longer, or fall into a restart, before it is
#: called old.
OLD_AFTER: Final[Mapping[Span, timedelta]] = {Span.DAY: timedelta(minutes=5), Span.WEEK: timedelta(minutes=25)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What became of the orders of one system in one span.

    Attributes:
        made: orders that were made.
        ended: those of which the end is known.
        succeeded: those that were credited, or paid.
        middle_ms: half of those took less.
        slow_ms: one in twenty took longer.
    """

    made: int
    ended: int
    succeeded: int
    middle_ms: int | None
    slow_ms: int | None

    @property
    def percent(self) -> float | None:
        """Of those that ended, how many of a hundred succeeded; None where they are too few to say."""
        return 100 * self.succeeded / self.ended if self.ended >= RATE_TAKES else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemWork:
    """One system in both spans."""

    payment_system: str
    spans: Mapping[Span, Work]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllWork:
    """All systems, by direction, with when that was counted."""

    directions: Mapping[FeeDirection, Sequence[SystemWork]]
    counted: Mapping[Span, datetime]


_NONE: Final = Work(made=0, ended=0, succeeded=0, middle_ms=None, slow_ms=None)


def system_work(mode: str) -> AllWork:
    """Two queries, of a few rows for each system."""
    times = dict(Counted.objects.filter(what__in=Span.values).values_list("what", "counted_at"))
    found: dict[FeeDirection, dict[str, dict[Span, Work]]] = {direction: {} for direction in FeeDirection}
    for one in SystemFigure.objects.filter(mode=mode):
        spans = found[FeeDirection(one.direction)].setdefault(one.payment_system, dict.fromkeys(Span, _NONE))
        spans[Span(one.span)] = Work(
            made=one.made, ended=one.ended, succeeded=one.succeeded, middle_ms=one.middle_ms, slow_ms=one.slow_ms
        )
    return AllWork(
        directions={
            direction: sorted(
                (SystemWork(payment_system=code, spans=spans) for code, spans in systems.items()),
                key=lambda one: (-one.spans[Span.WEEK].made, one.payment_system),
            )
            for direction, systems in found.items()
        },
        counted={span: times[span] for span in Span if span in times},
    )
