"""The parts of the first page as tables: each figure with the rows behind it."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.utils import timezone

from balances.kinds import AccountKind, FeeDirection
from balances.models import Account
from balances.totals import Totals
from gateway.backoffice import money_by_state, readable
from gateway.backoffice.looking import Looking
from gateway.backoffice.models import Span
from gateway.backoffice.money_by_state import State
from gateway.backoffice.overdue import Overdue
from gateway.backoffice.provider_figures import Balance, Silence, Stopped
from gateway.backoffice.system_work import OLD_AFTER, RATE_TAKES, AllWork, SystemWork, Work
from gateway.backoffice.tables import Cell, Panel, Table, number, numbers, text, words
from gateway.backoffice.volumes import Volumes
from gateway.backoffice.webhook_figures import Webhooks
from gateway.backoffice.what_waits import Waits
from payments.models import Deposit
from withdrawals.models import Withdrawal

#: How what the ledger holds is called.
_HOLDINGS: Final = {
    AccountKind.AVAILABLE: "Available to products",
    AccountKind.HELD: "Held for payouts",
    AccountKind.SAVINGS: "Saved up",
    AccountKind.SUSPENSE: "In suspense",
    AccountKind.PRODUCT_RECEIVABLE: "Owed to us",
}


def waits(found: Iterable[Waits]) -> Table:
    """What waits, sort by sort."""
    now = timezone.now()
    rows = [
        [
            text(one.title, note=one.meaning),
            number(f"{one.count:,}", href=one.rows if one.count else "", tone="warn" if one.for_people else ""),
            number(*(_sum(each.amount, each.currency) for each in one.sums)),
            text(readable.age(one.oldest, now), note=_since(one.oldest)),
        ]
        for one in found
    ]
    columns = [*words("What"), *numbers("How many", "Sum"), *words("Oldest")]
    return Table(caption="What waits", columns=columns, rows=rows)


def systems(work: AllWork, direction: FeeDirection, looking: Looking) -> Table:
    """How well the systems work in one direction, over both spans."""
    model, success, time = (
        (Deposit, "Credited", "Time to credit")
        if direction is FeeDirection.DEPOSIT
        else (Withdrawal, "Paid", "Time to pay")
    )
    columns = words("Payment system")
    for span in Span:
        columns += numbers(
            f"{success}, {span.label}", f"{time}, {span.label}: half within", f"{time}, {span.label}: 95 % within"
        )
    since = {Span.DAY: timedelta(days=1), Span.WEEK: timedelta(days=7)}
    rows = []
    for one in work.directions[direction]:
        row = [text(one.payment_system, href=looking.rows(model, payment_system__exact=one.payment_system))]
        for span in Span:
            counted_at = work.counted.get(span, timezone.now())
            link = looking.rows(
                model, payment_system__exact=one.payment_system, created_at__gte=counted_at - since[span]
            )
            row += _work(one.spans[span], link)
        rows.append(row)
    title = "Deposits by payment system" if direction is FeeDirection.DEPOSIT else "Payouts by payment system"
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
            number(*(readable.amount(each.amount, each.currency) for each in one.amounts)),
            text(readable.age(one.oldest), note=_since(one.oldest)),
        ]
        for one in found
    ]
    if today is not None:
        name, how_many, sums = today
        rows.append([text(name), how_many, sums, text()])
    columns = [*words("State"), *numbers("Orders", "Sum"), *words("Oldest order")]
    return Table(caption=title, columns=columns, rows=rows)


def holdings(found: Totals, looking: Looking) -> Table:
    """What the ledger holds, currency by currency."""
    rows = [
        [
            text(currency),
            *(
                number(
                    readable.amount(kinds[kind], currency) if kind in kinds else "",
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


def balances(found: Iterable[Balance]) -> Table:
    """What the provider says beside what our books say."""
    rows = [
        [
            text(one.payment_system, note=one.account),
            number(
                "not said" if one.said is None else readable.amount(one.said, one.currency),
                href=one.rows,
                tone="warn" if one.said is None or one.is_stale else "",
            ),
            number(readable.amount(one.booked, one.currency)),
            number("" if one.said is None else readable.amount(one.said - one.booked, one.currency)),
            text(
                "stale" if one.is_stale else "",
                f"{readable.age(one.observed_at)} ago" if one.observed_at else "never",
                note=_since(one.observed_at),
            ),
        ]
        for one in found
    ]
    columns = [*words("Payment system"), *numbers("The provider says", "Our books say", "Difference"), *words("Said")]
    return Table(
        caption="Provider balances", columns=columns, rows=rows, nothing="The provider has told no balance yet."
    )


def silences(found: Iterable[Silence]) -> Table:
    """Accounts that give no balances."""
    rows = [
        [
            text(one.account, href=one.rows, tone="warn"),
            text(one.note),
            text(readable.age(one.since), note=_since(one.since)),
        ]
        for one in found
    ]
    return Table(caption="Accounts without fresh balances", columns=words("Account", "Answer", "Since"), rows=rows)


def stopped(found: Iterable[Stopped]) -> Table:
    """What goes out no more, and why."""
    rows = [
        [
            text(one.what, href=one.page, tone="bad"),
            text(one.why, note=one.ends),
            text(readable.age(one.since), note=_since(one.since)),
        ]
        for one in found
    ]
    return Table(
        caption="What is paused", columns=words("What", "Why", "Since"), rows=rows, nothing="Nothing is paused."
    )


def webhooks(found: Webhooks) -> Table:
    """Endpoints that are owed something or do not work."""
    rows = [
        [
            text(one.product, one.url, href=one.page),
            text(*_health(one.failing_since is not None, is_gone=one.is_gone), tone=_tone(one.failing_since, one.is_gone)),
            number(f"{one.owed:,}", href=one.rows if one.owed else ""),
            text(readable.age(one.oldest), note=_since(one.oldest)),
            text(readable.age(one.failing_since), note=_since(one.failing_since)),
        ]
        for one in found.endpoints
    ]
    columns = [*words("Endpoint", "Health"), *numbers("Owed"), *words("Oldest owed", "Failing for")]
    nothing = f"Nothing is owed: {readable.count(found.working, 'endpoint')} took everything."
    return Table(caption="Webhooks that are owed", columns=columns, rows=rows, nothing=nothing)


def workers(found: Overdue) -> Table:
    """Whether anybody takes what is due."""
    rows = [
        [text(f"Due {name}", tone="bad"), text(f"the oldest has been due for {readable.age(due_at)}", note=_since(due_at))]
        for name, due_at in found.waiting.items()
    ]
    rows.append(
        [
            text("The figures of this page", tone="ok" if found.is_counting else "bad"),
            text(
                f"counted {readable.age(found.counted_at)} ago" if found.counted_at else "never counted",
                note=_since(found.counted_at),
            ),
        ]
    )
    return Table(caption="Workers", columns=words("Work", "State"), rows=rows)


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
    return f"Orders that were made in the span. {'; '.join(times).capitalize()}."


def not_seen(titles: Sequence[str]) -> str:
    """Which sorts a person does not see."""
    return f"Not for you, and not counted: {', '.join(titles)}." if titles else ""


def _sum(amount: Decimal | None, currency: str) -> str:
    return readable.amount(amount, currency) if amount is not None and currency else ""


def _since(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _health(is_failing: bool, *, is_gone: bool) -> tuple[str, ...]:  # noqa: FBT001 - one of two words
    if is_gone:
        return ("switched off: it answered 410",)
    return ("failing",) if is_failing else ("works",)


def _tone(failing_since: object, is_gone: bool) -> str:  # noqa: FBT001 - as above
    return "bad" if failing_since or is_gone else "ok"
