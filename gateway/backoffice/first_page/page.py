"""The admin's first page: is the money all right? For one mode, as far as its reader may see.

Nothing on it counts all orders: sums of days and of systems are counted ahead (`counting_figures`), and what is under
way or waits is found by indexes that hold nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone

from balances.instruction_models import Instruction
from balances.kinds import FeeDirection, JournalKind
from balances.models import Account, Journal
from balances.totals import Totals
from gateway.backoffice import readable
from gateway.backoffice.first_page import (
    charts,
    health_tables,
    money_by_state,
    overdue,
    provider_figures,
    state_tables,
    system_work,
    webhook_figures,
)
from gateway.backoffice.first_page.tables import NOT_FOR_YOU, Panel, not_for_you, number
from gateway.backoffice.first_page.verdict import Need, verdict
from gateway.backoffice.first_page.volumes import IN, OUT, Volumes, volumes
from gateway.backoffice.looking import Looking, looking
from gateway.backoffice.queues import how_much_waits
from gateway.backoffice.queues.catalogue import QUEUES
from gateway.backoffice.queues.how_much_waits import Summary
from gateway.money import shown_amount
from gateway.people import person_of
from gateway.providers.models import BalanceCheck, ObservedBalance, PayoutPause, ProviderAccount
from gateway.shown_mode import choices
from gateway.webhooks.models import Delivery, WebhookEndpoint
from payments.models import Deposit
from withdrawals.models import Withdrawal

#: How many days may be shown: two weeks at first, for weekdays repeat; a month where somebody asks.
DAYS: Final = (14, 30)


@dataclass(slots=True)
class _Findings:
    """What is gathered on the way down the page."""

    needs: list[Need] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)


def first_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """All that the page shows, beside what every page of the admin has (unfold's `DASHBOARD_CALLBACK`)."""
    who = looking(request)
    days = next((one for one in DAYS if str(one) == request.GET.get("days")), DAYS[0])
    found = _Findings()
    tiles, waiting_note = _waits(who, found)
    moved = volumes(who.mode, days) if who.sees(Journal) else None
    booked = money_by_state.ledger(who.mode) if who.sees(Account) else None
    _systems(who, found)
    _states(who, found, moved, booked)
    _provider(who, found, booked)
    _webhooks(who, found)
    _workers(who, found)
    return {
        **context,
        "title": "Is the money all right?",
        "mode": who.mode,
        "modes": choices(request),
        "as_of": readable.clock(timezone.now()),
        "verdict": verdict(found.needs, found.unseen),
        "tiles": tiles,
        "waiting_note": waiting_note,
        "charts": _charts(who, moved),
        "volume_note": state_tables.freshness(moved) if moved else NOT_FOR_YOU.format("journals"),
        "days": days,
        "spans_of_days": [{"days": one, "is_shown": one == days} for one in DAYS],
        "panels": found.panels,
    }


def _waits(who: Looking, found: _Findings) -> tuple[Sequence[Summary], str]:
    """The work queues, and what waits in none; those of which there is nothing come after the others."""
    person = person_of(who.request)
    queues = how_much_waits.summaries(who.mode, person)
    others = how_much_waits.in_no_queue(who)
    # Payouts of unknown outcome are in a queue as well, and counted there.
    for one in [*queues, *(one for one in others if one.name != how_much_waits.UNKNOWN)]:
        found.needs.append(
            Need(
                what=one.title,
                count=one.pressing,
                is_more=one.presses_more,
                since=one.pressing_since,
                href=one.url,
            )
        )
    unseen = [one.title for one in QUEUES if not one.may_look(person)]
    if not who.sees(Instruction):
        unseen.append("Instructions")
    found.unseen += unseen
    return sorted([*queues, *others], key=lambda one: not one.count), state_tables.not_seen(unseen)


def _charts(who: Looking, moved: Volumes | None) -> Sequence[charts.Chart]:
    if moved is None:
        return ()

    def rows_of(currency: str, kinds: Sequence[JournalKind], first: date, last: date) -> str:
        since, until = _midnight(first), _midnight(last + timedelta(days=1))
        period = {"created_at__gte": since, "created_at__lt": until}
        return who.rows(Journal, currency=currency, kind__in=list(kinds), **period)

    return [charts.chart(one, partial(rows_of, one.currency)) for one in moved.currencies]


def _systems(who: Looking, found: _Findings) -> None:
    key, title = "systems", "How well payment systems work"
    directions = [(FeeDirection.DEPOSIT, Deposit), (FeeDirection.WITHDRAWAL, Withdrawal)]
    seen = [direction for direction, model in directions if who.sees(model)]
    if not seen:
        found.panels.append(not_for_you(key, title, "deposits or withdrawals"))
        return
    work = system_work.system_work(who.mode)
    tables = [state_tables.systems(work, direction, who) for direction in seen]
    found.panels.append(
        Panel(key=key, title=title, note=state_tables.freshness_of_work(work), tables=tables, is_wide=True)
    )


def _states(who: Looking, found: _Findings, moved: Volumes | None, booked: Totals | None) -> None:
    now = readable.clock(timezone.now())
    key, title = "deposits", "Deposits under way"
    if who.sees(Deposit):
        tables = [state_tables.states(title, money_by_state.deposits(who), _today(who, moved, "in"))]
        found.panels.append(Panel(key=key, title=title, note=f"As of {now}.", tables=tables))
    else:
        found.panels.append(not_for_you(key, title, "deposits"))
    key, title = "payouts", "Payouts under way"
    if who.sees(Withdrawal):
        tables = [state_tables.states(title, money_by_state.withdrawals(who), _today(who, moved, "out"))]
        found.panels.append(Panel(key=key, title=title, note=f"As of {now}.", tables=tables))
    else:
        found.panels.append(not_for_you(key, title, "withdrawals"))
    key, title = "ledger", "What the ledger holds"
    if booked is None:
        found.panels.append(not_for_you(key, title, "accounts of the ledger"))
    else:
        note = f"As of {readable.clock(booked.as_of)}."
        found.panels.append(
            Panel(key=key, title=title, note=note, tables=[state_tables.holdings(booked, who)], is_wide=True)
        )


def _today(who: Looking, moved: Volumes | None, way: str) -> Any:
    """What ended well today, for whoever may see the ledger: name, how many, how much."""
    if moved is None:
        return None
    name = "Arrived today" if way == "in" else "Paid today"
    if moved.counted_at is None:
        return name, number("not counted yet"), number()
    today = moved.days[-1]
    rows = who.rows(
        Journal,
        kind__in=list(IN if way == "in" else OUT),
        created_at__gte=_midnight(today),
        created_at__lt=_midnight(today + timedelta(days=1)),
    )
    count, sums = 0, []
    for one in moved.currencies:
        volume = one.days[today]
        orders, amount = (volume.receipts, volume.money_in) if way == "in" else (volume.payouts, volume.money_out)
        count += orders
        if orders:
            sums.append(shown_amount(amount, one.currency))
    return name, number(f"{count:,}", href=rows if count else ""), number(*sums)


def _provider(who: Looking, found: _Findings, booked: Totals | None) -> None:
    key, title = "balances", "Provider balances"
    if who.sees(ObservedBalance, BalanceCheck):
        silent = provider_figures.silences(who)
        found.needs += [
            Need(what=f"No fresh balances of {one.account}", count=1, since=one.since, href=one.rows) for one in silent
        ]
        said = provider_figures.balances(who, booked.rows if booked else None)
        tables = [*([health_tables.silences(silent)] if silent else []), health_tables.balances(said)]
        note = "Asked every 15 minutes. The books count a payment once it is confirmed, so small differences pass."
        found.panels.append(Panel(key=key, title=title, note=note, tables=tables, is_wide=True))
    else:
        found.panels.append(not_for_you(key, title, "observed balances"))
    key, title = "pauses", "What is paused"
    stopped = [
        *(provider_figures.paused_accounts(who) if who.sees(ProviderAccount) else ()),
        *(provider_figures.payout_pauses(who) if who.sees(PayoutPause) else ()),
    ]
    unseen = [
        name
        for name, model in (("provider accounts", ProviderAccount), ("payout pauses", PayoutPause))
        if not who.sees(model)
    ]
    found.unseen += unseen
    found.needs += [Need(what=f"{one.what}: paused", count=1, since=one.since, href=one.page) for one in stopped]
    if len(unseen) > 1:
        found.panels.append(not_for_you(key, title, " and ".join(unseen)))
        return
    note = state_tables.not_seen(unseen)
    found.panels.append(Panel(key=key, title=title, note=note, tables=[health_tables.stopped(stopped)]))


def _webhooks(who: Looking, found: _Findings) -> None:
    key, title = "webhooks", "Webhooks"
    if not who.sees(Delivery, WebhookEndpoint):
        found.panels.append(not_for_you(key, title, "deliveries and webhook endpoints"))
        found.unseen.append("webhooks")
        return
    health = webhook_figures.webhooks(who)
    found.needs += [
        Need(what=f"A webhook endpoint of {one.product} does not work", count=1, since=one.failing_since, href=one.page)
        for one in health.failing
    ]
    note = f"{readable.count(health.owed, 'delivery', 'deliveries')} owed"
    note += f", the oldest since {readable.age(health.oldest)}." if health.oldest else "."
    found.panels.append(Panel(key=key, title=title, note=note, tables=[health_tables.webhooks(health)]))


def _workers(who: Looking, found: _Findings) -> None:
    """For everybody: it names no order and no amount."""
    truth = overdue.overdue(who.mode)
    found.needs += [
        Need(what=f"Nobody takes due {name}", count=1, since=due_at, href="#workers")
        for name, due_at in truth.waiting.items()
    ]
    if not truth.is_counting:
        found.needs.append(
            Need(what="The figures of this page are not counted", count=1, since=truth.counted_at, href="#workers")
        )
    note = "What is due is taken within seconds while workers run."
    found.panels.append(Panel(key="workers", title="Workers", note=note, tables=[health_tables.workers(truth)]))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=UTC)
