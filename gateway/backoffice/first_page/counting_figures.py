"""Counting ahead what the first page shows: the money of each day from the ledger, and how well each system works.

A page reads some hundred rows of figures instead of millions of orders. Each figure is counted anew as a whole, never
added to, so counting twice, or after a crash, gives the same; and it can never drift from what it was counted from.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from balances.guards import SNAPSHOT_MARGIN_SECONDS
from balances.kinds import FeeDirection
from gateway import ids, turns
from gateway.backoffice.models import Counted, DayFigure, Span, SystemFigure
from payments.states import FINAL as DEPOSIT_FINAL
from payments.states import DepositStatus
from withdrawals.states import FINAL as WITHDRAWAL_FINAL
from withdrawals.states import WithdrawalStatus

#: How many days are kept counted: the most that the first page shows.
DAYS: Final = 30
#: Between the time in an id, of our own clock, and the time in its row, of the database's: an id is made at most a
#: request before its row is written. Read this much too far on both sides of a window, so that none is missed.
ID_MARGIN: Final = timedelta(hours=1)
#: How old a figure of a span may get before it is counted anew. A week's orders are many more than a day's, and two
#: minutes change little about them.
SPANS: Final[Mapping[Span, tuple[timedelta, timedelta]]] = {
    Span.DAY: (timedelta(days=1), timedelta(minutes=1)),
    Span.WEEK: (timedelta(days=7), timedelta(minutes=10)),
}

#: One counter at a time: beat rings every minute, and a count of a first, long history may take longer than that.
_TURN: Final = ("counting figures",)

#: By the primary key, whose ids begin with their time: a day's journals lie together, whatever else there is.
_DAY: Final = """
    WITH journal AS MATERIALIZED (
        SELECT one.id, one.mode, coalesce(taken_back.kind, one.kind) AS kind, taken_back.id IS NOT NULL AS is_reversal
        FROM balances_journal AS one
        LEFT JOIN balances_journal AS taken_back ON taken_back.id = one.reverses_id
        WHERE one.id >= %(first)s AND one.id < %(last)s AND one.created_at >= %(since)s AND one.created_at < %(until)s
    )
    INSERT INTO backoffice_dayfigure
        (day, mode, currency, kind, is_reversal, account_kind, debit, credit, journals)
    SELECT %(day)s, journal.mode, entry.currency, journal.kind, journal.is_reversal, account.kind,
        coalesce(sum(entry.amount) FILTER (WHERE entry.amount > 0), 0),
        coalesce(-sum(entry.amount) FILTER (WHERE entry.amount < 0), 0),
        count(DISTINCT journal.id)
    FROM journal
    JOIN balances_entry AS entry ON entry.journal_id = journal.id
    JOIN balances_account AS account ON account.id = entry.account_id
    GROUP BY journal.mode, entry.currency, journal.kind, journal.is_reversal, account.kind
"""

#: Likewise by the primary key. The time of a deposit runs from the order to the first time that it was credited,
#: as its product and its customer wait for it.
_DEPOSITS: Final = """
    INSERT INTO backoffice_systemfigure
        (mode, span, direction, payment_system, made, ended, succeeded, middle_ms, slow_ms)
    SELECT one.mode, %(span)s, %(direction)s, one.payment_system_id, count(*),
        count(*) FILTER (WHERE one.status = ANY(%(ended)s)), count(*) FILTER (WHERE one.status = %(succeeded)s),
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY credited.ms)),
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY credited.ms))
    FROM payments_deposit AS one
    LEFT JOIN LATERAL (
        SELECT 1000 * extract(epoch FROM min(move.created_at) - one.created_at)::float8 AS ms
        FROM payments_depositmove AS move WHERE move.subject_id = one.id AND move.to_status = %(succeeded)s
    ) AS credited ON one.status = %(succeeded)s
    WHERE one.id >= %(first)s AND one.created_at >= %(since)s
    GROUP BY one.mode, one.payment_system_id
"""

#: The time of a payout runs from its last sending: how long people take to approve is not the system's doing.
_WITHDRAWALS: Final = """
    INSERT INTO backoffice_systemfigure
        (mode, span, direction, payment_system, made, ended, succeeded, middle_ms, slow_ms)
    SELECT one.mode, %(span)s, %(direction)s, one.payment_system_id, count(*),
        count(*) FILTER (WHERE one.status = ANY(%(ended)s)), count(*) FILTER (WHERE one.status = %(succeeded)s),
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY paid.ms)),
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY paid.ms))
    FROM withdrawals_withdrawal AS one
    LEFT JOIN LATERAL (
        SELECT 1000 * extract(epoch FROM min(move.created_at) - one.sent_at)::float8 AS ms
        FROM withdrawals_withdrawalmove AS move WHERE move.subject_id = one.id AND move.to_status = %(succeeded)s
    ) AS paid ON one.status = %(succeeded)s
    WHERE one.id >= %(first)s AND one.created_at >= %(since)s
    GROUP BY one.mode, one.payment_system_id
"""

#: Of each direction: its statement, the status that counts as success, and those in which the end is known. What was
#: called off before it was sent says nothing about the system.
_DIRECTIONS: Final = (
    (FeeDirection.DEPOSIT, _DEPOSITS, DepositStatus.CREDITED, DEPOSIT_FINAL),
    (FeeDirection.WITHDRAWAL, _WITHDRAWALS, WithdrawalStatus.PAID, WITHDRAWAL_FINAL - {WithdrawalStatus.CANCELLED}),
)


def count_figures() -> None:
    """Count whatever is not settled or has become old; each day and each span in a transaction of its own."""
    now = timezone.now()
    for day in _unsettled(now):
        count_day(day)
    for span, (_, fresh_for) in SPANS.items():
        if not Counted.objects.filter(what=span, counted_at__gt=now - fresh_for).exists():
            count_span(span)


@transaction.atomic(durable=True)
def count_day(day: date) -> None:
    """Count the journals of one day of UTC anew, in every mode and currency."""
    turns.take(_TURN)
    since = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    until = since + timedelta(days=1)
    now = timezone.now()
    DayFigure.objects.filter(day=day).delete()
    window: dict[str, Any] = {
        "day": day,
        "since": since,
        "until": until,
        "first": ids.first_at(since - ID_MARGIN),
        "last": ids.first_at(until + ID_MARGIN),
    }
    with connection.cursor() as cursor:
        cursor.execute(_DAY, window)
    # A journal is committed at most so long after the time that it bears, or never: then the day is all there.
    is_settled = now > until + timedelta(seconds=SNAPSHOT_MARGIN_SECONDS)
    _counted(day.isoformat(), now, is_settled=is_settled)


@transaction.atomic(durable=True)
def count_span(span: Span) -> None:
    """Count what became of the orders of the last day, or week, anew: by mode, direction and payment system."""
    turns.take(_TURN)
    now = timezone.now()
    since = now - SPANS[span][0]
    SystemFigure.objects.filter(span=span).delete()
    for direction, statement, succeeded, ended in _DIRECTIONS:
        window: dict[str, Any] = {
            "span": span.value,
            "direction": direction.value,
            "succeeded": succeeded.value,
            "ended": sorted(ended),
            "since": since,
            "first": ids.first_at(since - ID_MARGIN),
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, window)
    _counted(span.value, now, is_settled=False)


def _unsettled(now: datetime) -> Iterator[date]:
    """Days to count, the latest first: it is looked at most."""
    settled = set(Counted.objects.filter(is_settled=True).values_list("what", flat=True))
    for back in range(DAYS):
        day = now.astimezone(UTC).date() - timedelta(days=back)
        if day.isoformat() not in settled:
            yield day


def _counted(what: str, at: datetime, *, is_settled: bool) -> None:
    Counted.objects.update_or_create(what=what, defaults={"counted_at": at, "is_settled": is_settled})
