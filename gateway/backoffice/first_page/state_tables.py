"""The parts of the first page as tables: each figure with the rows behind it."""

from collections.abc import Sequence
from typing import Final

from django.utils import timezone

from balances.kinds import AccountKind, FeeDirection
from balances.models import Account
from balances.totals import Totals
from gateway.backoffice import readable
from gateway.backoffice.first_page import money_by_state
from gateway.backoffice.first_page.counting_figures import SPANS
from gateway.backoffice.first_page.money_by_state import State
from gateway.backoffice.first_page.system_work import OLD_AFTER, RATE_TAKES, AllWork, Work
from gateway.backoffice.first_page.tables import Cell, Table, number, numbers, text, words
from gateway.backoffice.first_page.volumes import Volumes
from gateway.backoffice.looking import Looking
from gateway.backoffice.models import Span
from gateway.money import shown_amount
from payments.models import Deposit
from withdrawals.models import Withdrawal

#: How the spans are called where there is little room; a number stays with its unit.
_SPANS: Final = {Span.DAY: "24\N{NO-BREAK SPACE}h", Span.WEEK: "7\N{NO-BREAK SPACE}days"}
#: How the tables of systems are called: what is counted, and from when to when.
_SYSTEMS: Final = {
    FeeDirection.DEPOSIT: "Deposits, and the time from order to credit",
    FeeDirection.WITHDRAWAL: "Payouts, and the time from sending to payment",
}
#: How what the ledger holds is called.
_HOLDINGS: Final = {
    AccountKind.AVAILABLE: "Available to products",
    AccountKind.HELD: "Held for payouts",
    AccountKind.SAVINGS: "Saved up",
    AccountKind.SUSPENSE: "In suspense",
    AccountKind.PRODUCT_RECEIVABLE: "Owed to us",
}


def systems(work: AllWork, direction: FeeDirection, looking: Looking) -> Table:
    """How well the systems work in one direction, over both spans."""
    model, success = (Deposit, "Credited") if direction is FeeDirection.DEPOSIT else (Withdrawal, "Paid")
    columns = words("Payment system")
    for span in Span:
        columns += numbers(f"{success}, {_SPANS[span]}", f"Half within, {_SPANS[span]}", f"95 % within, {_SPANS[span]}")
    rows = []
    for one in work.directions[direction]:
        row = [text(one.payment_system, href=looking.rows(model, payment_system__exact=one.payment_system))]
        for span in Span:
            counted_at = work.counted.get(span, timezone.now())
            since = counted_at - SPANS[span][0]
            link = looking.rows(model, payment_system__exact=one.payment_system, created_at__gte=since)
            row += _work(one.spans[span], link)
        rows.append(row)
    title = _SYSTEMS[direction]
    return Table(caption=title, columns=columns, rows=rows, nothing="No orders in the last 7 days.")


def _work(work: Work, link: str) -> Sequence[Cell]:
    if not work.made:
        return number("no orders"), number(), number()
    under_way = work.made - work.ended
    note = f"{work.succeeded:,} of {work.ended:,} that ended" + (f", {under_way:,} under way" if under_way else "")
    if work.percent is None:
        said = number(
            f"{work.succeeded:,} of {work.ended:,}",
            href=link,
            note=f"too few for a rate (under {RATE_TAKES})" + (f", {under_way:,} under way" if under_way else ""),
        )
    else:
        said = number(f"{work.percent:.1f} %", href=link, note=note)
    behind = f"of {readable.count(work.succeeded, 'order')}" if work.succeeded else ""
    if 0 < work.succeeded < RATE_TAKES:
        behind = f"of only {readable.count(work.succeeded, 'order')}"
    return said, number(readable.duration(work.middle_ms), note=behind), number(readable.duration(work.slow_ms))


def states(title: str, found: Sequence[State], today: tuple[str, Cell, Cell] | None) -> Table:
    """Orders under way by state, and at the end what ended well today."""
    rows = [
        [
            text(one.title),
            number(f"{one.orders:,}", href=one.rows if one.orders else ""),
            number(*(shown_amount(each.amount, each.currency) for each in one.amounts)),
            text(readable.age(one.oldest)),
        ]
        for one in found
    ]
    if today is not None:
        name, how_many, sums = today
        rows.append([text(name), how_many, sums, text()])
    columns = [*words("State"), *numbers("Orders", "Sum"), *words("Oldest")]
    return Table(caption=title, columns=columns, rows=rows)


def holdings(found: Totals, looking: Looking) -> Table:
    """What the ledger holds, currency by currency."""
    rows = [
        [
            text(currency),
            *(
                number(
                    shown_amount(kinds[kind], currency) if kind in kinds else "",
                    href=looking.rows(Account, kind__exact=kind.value, currency__exact=currency),
                    tone="warn" if kinds.get(kind) and kind in _ALARMING else "",
                )
                for kind in money_by_state.HOLDINGS
            ),
        ]
        for currency, kinds in money_by_state.holdings(found).items()
    ]
    columns = [*words("Currency"), *numbers(*(_HOLDINGS[kind] for kind in money_by_state.HOLDINGS))]
    return Table(caption="What the ledger holds", columns=columns, rows=rows, nothing="No account was ever used.")


#: What should hold nothing.
_ALARMING: Final = (AccountKind.SUSPENSE, AccountKind.PRODUCT_RECEIVABLE)


def freshness(counted: Volumes) -> str:
    """How fresh the volumes are, in a sentence."""
    said = f"Days are of UTC. Today as of {readable.clock(counted.counted_at)}."
    if counted.uncounted:
        said += f" {readable.count(len(counted.uncounted), 'day')} not counted yet."
    return said


def freshness_of_work(work: AllWork) -> str:
    """Likewise of the systems' figures."""
    now = timezone.now()
    times = []
    for span in Span:
        at = work.counted.get(span)
        old = at is not None and at < now - OLD_AFTER[span]
        times.append(f"{span.label} as of {readable.clock(at)}" + (" (old)" if old else ""))
    return f"Orders that were made in the span. The {', the '.join(times)}."


def not_seen(titles: Sequence[str]) -> str:
    """Which sorts a person does not see."""
    return f"Not for you, and not counted: {', '.join(titles)}." if titles else ""
