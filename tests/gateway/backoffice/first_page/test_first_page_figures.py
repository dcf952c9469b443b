"""The sums of the first page are those of the ledger: exactly, by day, currency and mode."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from balances import accounts, corrections, journals
from balances.kinds import DEBIT_NORMAL, AccountKind, JournalKind
from balances.models import Account, Journal
from balances.posting import NewJournal, credit, debit
from balances.reading import balance
from balances.totals import totals
from gateway.backoffice.first_page import counting_figures
from gateway.backoffice.first_page.volumes import Volume, volumes
from gateway.backoffice.models import Counted, DayFigure
from gateway.lifecycles import Cause
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.balances.past import BY_CLOCK
from tests.gateway.backoffice.first_page.figures import Books, noon, posted
from tests.two_persons import decided

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]

D = Decimal


@pytest.fixture
def clock() -> None:
    """Time goes on here: the database's own clock says when journals were written."""


@pytest.fixture
def happened(product: Product, account: ProviderAccount, live_account: ProviderAccount) -> dict[str, Books]:
    """Money of three days in two modes and three currencies, with everything that may become of it."""
    books = {
        "rupees": Books(product, live_account, "INR"),
        "takas": Books(product, live_account, "BDT", "bkash"),
        "yen": Books(product, live_account, "JPY"),
        "test": Books(product, account, "INR"),
    }
    rupees, takas, yen, test = books.values()
    rupees.credited(noon(2), "1000.00")
    reversed_one = rupees.credited(noon(2), "250.50")
    rupees.suspended(noon(1), "70.25")
    rupees.credited(noon(1), "500")
    paid = rupees.paid(noon(1), "300")
    rupees.paid(noon(0), "40")
    takas.credited(noon(0), "5000")
    yen.credited(noon(2), "12345")
    test.credited(noon(0), "99999999")
    test.paid(noon(1), "11")

    live = "live"
    with transaction.atomic():
        taken = corrections.take_back(product.pk, live, "INR", D("250.50"))
        cause = decided(mode=live)
        posted(
            noon(0),
            journals.receipt_reversed(reversed_one, rupees.money("250.50"), taken, cause, subject=""),
        )
    with transaction.atomic():
        posted(noon(0), journals.withdrawal_returned(paid, rupees.money("300"), product.pk, decided(mode=live)))
    with transaction.atomic():
        taken = corrections.take_back(product.pk, live, "INR", D(15))
        posted(noon(0), journals.withdrawal_proved_paid("late", rupees.money("15"), taken, decided(mode=live)))
    with transaction.atomic():
        posted(noon(0), journals.suspense_returned("odd", rupees.money("20.25"), decided(mode=live)))
    charged(rupees, noon(1), "3.50", "7.00")
    _taken_back(charged(rupees, noon(1), "1.00", "2.00"), noon(0))
    with transaction.atomic():
        funded = NewJournal(
            kind=JournalKind.PRODUCT_FUNDED,
            reference="funded",
            legs=(
                debit(accounts.bank(live, "INR"), D(777)),
                credit(accounts.available(product.pk, live, "INR"), D(777)),
            ),
            cause=decided(mode=live),
        )
        posted(noon(1), funded)
    return books


def charged(books: Books, at: datetime, theirs: str, ours: str) -> NewJournal:
    """A fee of the provider, and one that the product pays; gives the second."""
    order = books.name()
    posted(at, journals.provider_fee(order, books.money(theirs), BY_CLOCK, subject="", row="-"))
    taken = corrections.take_back(books.product.pk, books.account.mode, books.currency, D(ours))
    fee = journals.product_fee(order, books.money(ours), books.product.pk, taken, BY_CLOCK, subject="", row="-")
    return posted(at, fee)


@transaction.atomic
def _taken_back(made: NewJournal, at: datetime) -> None:
    legs = tuple(type(leg)(account=leg.account, amount=-leg.amount) for leg in made.legs)
    cause: Cause = decided(mode=made.mode)
    posted(
        at, NewJournal(kind=JournalKind.REVERSED, reference=f"back {made.id}", legs=legs, cause=cause, reverses=made.id)
    )


def shown(mode: str, days: int = 30) -> dict[str, dict[int, Volume]]:
    """By currency and how many days ago, what moved; days without anything are left out."""
    found = volumes(mode, days)
    return {
        one.currency: {(found.days[-1] - day).days: volume for day, volume in one.days.items() if volume != Volume()}
        for one in found.currencies
    }


def test_every_day_of_every_currency_is_exact_and_test_money_is_not_live(happened: Any) -> None:
    counting_figures.count_figures()
    assert shown("live") == {
        "INR": {
            2: Volume(money_in=D("1250.50"), receipts=2),
            1: Volume(
                money_in=D("570.25"),
                receipts=2,
                money_out=D(300),
                payouts=1,
                provider_fees=D("4.50"),
                product_fees=D("9.00"),
            ),
            0: Volume(
                taken_back=D("270.75"),
                money_out=D(55),
                payouts=2,
                came_back=D(300),
                product_fees=D("-2.00"),
            ),
        },
        "BDT": {0: Volume(money_in=D(5000), receipts=1)},
        "JPY": {2: Volume(money_in=D(12345), receipts=1)},
    }
    assert shown("test") == {
        "INR": {
            1: Volume(money_out=D(11), payouts=1),
            0: Volume(money_in=D(99999999), receipts=1),
        }
    }
    assert shown("live", 2).keys() == {"INR", "BDT"}, "what is older than the days shown is not among them"


def test_the_figures_of_all_days_are_the_balances_of_all_accounts(happened: Any) -> None:
    counting_figures.count_figures()
    for mode in ("live", "test"):
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for one in DayFigure.objects.filter(mode=mode):
            net = one.debit - one.credit
            sums[one.currency, one.account_kind] += net if one.account_kind in DEBIT_NORMAL else -net
        by_account: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for account in Account.objects.filter(mode=mode):
            by_account[account.currency, account.kind] += balance(account)
        by_total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for total in totals(mode, list(AccountKind)).rows:
            by_total[total.currency, total.kind.value] += total.amount
        assert sums
        assert {key: amount for key, amount in sums.items() if amount} == {
            key: amount for key, amount in by_account.items() if amount
        }
        assert by_total == by_account
    days = Journal.objects.values_list("created_at__date", flat=True)
    assert set(DayFigure.objects.values_list("day", flat=True)) == set(days)


def test_counting_again_gives_the_same_and_takes_in_what_came_since(happened: dict[str, Books]) -> None:
    counting_figures.count_figures()
    before = list(DayFigure.objects.order_by("day", "mode", "currency", "kind", "account_kind").values())
    counting_figures.count_figures()
    again = list(DayFigure.objects.order_by("day", "mode", "currency", "kind", "account_kind").values())
    drop = [{name: value for name, value in row.items() if name != "id"} for row in before]
    assert drop == [{name: value for name, value in row.items() if name != "id"} for row in again]
    happened["takas"].credited(noon(0), "1.00")
    counting_figures.count_figures()
    assert shown("live")["BDT"] == {0: Volume(money_in=D(5001), receipts=2)}


def test_a_day_is_settled_once_nothing_can_be_added_to_it(product: Product) -> None:
    midnight = datetime(2026, 5, 2, tzinfo=UTC)
    with time_machine.travel(midnight + timedelta(seconds=300), tick=False):
        counting_figures.count_day(midnight.date() - timedelta(days=1))
        assert not Counted.objects.get(what="2026-05-01").is_settled, "a journal of that day may yet be committed"
    with time_machine.travel(midnight + timedelta(seconds=301), tick=False):
        counting_figures.count_day(midnight.date() - timedelta(days=1))
        assert Counted.objects.get(what="2026-05-01").is_settled
        before = Counted.objects.get(what="2026-05-01").counted_at
    with time_machine.travel(midnight + timedelta(hours=1), tick=False):
        counting_figures.count_figures()
        assert Counted.objects.get(what="2026-05-01").counted_at == before, "it is not counted again"
        assert not Counted.objects.get(what="2026-05-02").is_settled
        days = Counted.objects.filter(what__startswith="20").count()
        assert days == counting_figures.DAYS


def test_days_begin_and_end_at_midnight_of_utc(product: Product, live_account: ProviderAccount) -> None:
    books = Books(product, live_account, "INR")
    midnight = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    books.credited(midnight, "1")
    books.credited(midnight - timedelta(microseconds=1), "2")
    counting_figures.count_figures()
    assert shown("live")["INR"] == {
        3: Volume(money_in=D(1), receipts=1),
        4: Volume(money_in=D(2), receipts=1),
    }
