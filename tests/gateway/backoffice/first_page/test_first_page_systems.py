"""How well a system works: of its own orders of the span, exactly, with the number of orders behind each figure."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from balances.kinds import FeeDirection
from gateway.backoffice import readable
from gateway.backoffice.first_page import counting_figures
from gateway.backoffice.first_page.system_work import RATE_TAKES, Work, system_work
from gateway.backoffice.models import Span
from gateway.products.models import Mode
from tests import roles
from tests.conftest import Api
from tests.gateway.backoffice.first_page.test_first_page import part
from tests.payments.stage import Placed
from tests.staff import browser_of
from tests.withdrawals.orders import BKASH, IMPS, order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]


@pytest.fixture
def clock() -> None:
    """Time goes on here."""


def ended(row: Any, status: str, *, seconds: float = 0, made_ago: timedelta = timedelta(hours=1)) -> None:
    """Have an order as if it was made so long ago and came to this end so many seconds later; no guard looks."""
    made = timezone.now() - made_ago
    kind, app = ("deposit", "payments") if row._meta.model_name == "deposit" else ("withdrawal", "withdrawals")
    sent = ", sent_at = created_at" if kind == "withdrawal" else ""
    with roles.undisguised() as cursor:
        table = f"{app}_{kind}"
        cursor.execute(f"UPDATE {table} SET status = %s, created_at = %s WHERE id = %s", [status, made, row.pk])  # noqa: S608 - our own table
        if sent:
            cursor.execute(f"UPDATE {table} SET sent_at = created_at WHERE id = %s", [row.pk])  # noqa: S608 - as above
        cursor.execute(
            f"INSERT INTO {table}move (subject_id, sequence, from_status, to_status, cause, cause_id, detail,"  # noqa: S608 - as above
            " request_id, created_at) VALUES (%s, 90, '', %s, 'pull', '', '', '', %s)",
            [row.pk, status, made + timedelta(seconds=seconds)],
        )


@pytest.mark.usefixtures("funded_elsewhere")
def test_rates_and_times_are_exact_and_of_the_span_alone(api: Api) -> None:
    for seconds in (2, 4, 6, 8, 100):
        ended(order(api), "paid", seconds=seconds)
    ended(order(api), "rejected")
    ended(order(api), "cancelled")
    order(api)
    ended(order(api), "paid", seconds=50, made_ago=timedelta(days=2))
    ended(order(api), "paid", seconds=50, made_ago=timedelta(days=8))
    ended(order(api, BKASH), "failed")
    counting_figures.count_figures()
    found = system_work(Mode.TEST)
    systems = {one.payment_system: one.spans for one in found.directions[FeeDirection.WITHDRAWAL]}
    # The slowest one in twenty of 2, 4, 6, 8 and 100 lies four fifths of the way from the fourth to the fifth.
    day = Work(made=8, ended=6, succeeded=5, middle_ms=6_000, slow_ms=81_600)
    week = Work(made=9, ended=7, succeeded=6, middle_ms=7_000, slow_ms=87_500)
    assert systems["imps_ib"] == {Span.DAY: day, Span.WEEK: week}
    one = Work(made=1, ended=1, succeeded=0, middle_ms=None, slow_ms=None)
    assert systems["bkash"] == {Span.DAY: one, Span.WEEK: one}
    assert not found.directions[FeeDirection.DEPOSIT]
    assert not any(system_work(Mode.LIVE).directions.values())


def test_a_deposit_takes_until_it_was_first_credited(opened: Placed) -> None:
    deposit = opened()
    ended(deposit, "credited", seconds=90)
    counting_figures.count_figures()
    (only,) = system_work(Mode.TEST).directions[FeeDirection.DEPOSIT]
    assert only.spans[Span.DAY] == Work(made=1, ended=1, succeeded=1, middle_ms=90_000, slow_ms=90_000)
    page = browser_of(User.objects.create_superuser("finance")).get("/admin/", {"mode": "test"})
    assert "1 of 1 too few for a rate (under 20) 1 min 30 s of only 1 order 1 min 30 s" in part(page, "systems")


def test_a_rate_takes_so_many_orders(api: Api) -> None:
    for number in range(RATE_TAKES - 1):
        ended(order(api, {**IMPS, "amount": str(number + 1)}), "paid" if number else "rejected", seconds=1)
    counting_figures.count_figures()
    finance = browser_of(User.objects.create_superuser("finance"))
    assert "18 of 19 too few for a rate" in part(finance.get("/admin/", {"mode": "test"}), "systems")
    ended(order(api), "paid", seconds=1)
    counting_figures.count_span(Span.DAY)
    assert "95.0 % 19 of 20 that ended" in part(finance.get("/admin/", {"mode": "test"}), "systems")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (7_830, "2 h 10 min"),
        (7_200, "2 h"),
        (90_000, "1 d 1 h"),
        (86_459, "1 d"),
        (-5, "0 s"),
    ],
)
def test_ages_are_read_in_two_units(seconds: int, said: str) -> None:
    assert readable.length(timedelta(seconds=seconds)) == said
