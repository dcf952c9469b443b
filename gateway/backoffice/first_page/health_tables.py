"""What the first page says of the provider, of what is paused, of webhooks and of the workers, as tables."""

from collections.abc import Iterable

from gateway.backoffice import readable
from gateway.backoffice.first_page.overdue import Overdue
from gateway.backoffice.first_page.provider_figures import Balance, Silence, Stopped
from gateway.backoffice.first_page.tables import Cell, Table, number, numbers, text, words
from gateway.backoffice.first_page.webhook_figures import Endpoint, Webhooks
from gateway.money import shown_amount


def balances(found: Iterable[Balance]) -> Table:
    """What the provider says beside what our books say."""
    rows = [
        [
            text(one.payment_system, note=one.account),
            number(
                "not said" if one.said is None else shown_amount(one.said, one.currency),
                href=one.rows,
                tone="warn" if one.said is None or one.is_stale else "",
            ),
            number("not for you" if one.booked is None else shown_amount(one.booked, one.currency)),
            number("" if one.said is None or one.booked is None else shown_amount(one.said - one.booked, one.currency)),
            text(
                "stale" if one.is_stale else "",
                f"{readable.age(one.observed_at)} ago" if one.observed_at else "never",
                note=readable.moment(one.observed_at),
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
            text(readable.age(one.since), note=readable.moment(one.since)),
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
            text(readable.age(one.since), note=readable.moment(one.since)),
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
            _health(one),
            number(f"{one.owed:,}", href=one.rows if one.owed else ""),
            text(readable.age(one.oldest), note=readable.moment(one.oldest)),
            text(readable.age(one.failing_since), note=readable.moment(one.failing_since)),
        ]
        for one in found.endpoints
    ]
    columns = [*words("Endpoint", "Health"), *numbers("Owed"), *words("Oldest owed", "Failing for")]
    nothing = f"Nothing is owed, and {readable.count(found.working, 'endpoint works', 'endpoints work')}."
    if not found.working:
        nothing = "No product has an endpoint."
    return Table(caption="Webhooks that are owed", columns=columns, rows=rows, nothing=nothing)


def workers(found: Overdue) -> Table:
    """Whether anybody takes what is due."""
    rows = [
        [
            text(f"Due {name}", tone="bad"),
            text(f"the oldest has been due for {readable.age(due_at)}", note=readable.moment(due_at)),
        ]
        for name, due_at in found.waiting.items()
    ]
    rows.append(
        [
            text("The figures of this page", tone="good" if found.is_counting else "bad"),
            text(
                f"counted {readable.age(found.counted_at)} ago" if found.counted_at else "never counted",
                note=readable.moment(found.counted_at),
            ),
        ]
    )
    return Table(caption="Workers", columns=words("Work", "State"), rows=rows)


def _health(endpoint: Endpoint) -> Cell:
    if endpoint.is_gone:
        return text("switched off: it answered 410", tone="bad")
    return text("failing", tone="bad") if endpoint.failing_since else text("works", tone="good")
