"""What stands below the rows of a money list is what the ledger says, and a statement adds up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client

from balances import accounts
from balances.models import Entry, Journal
from balances.posting import post
from balances.statements import statement_of
from gateway.backoffice.exports import statements as export_statements
from gateway.backoffice.exports.statements import NoStatement, StatementAccount
from gateway.backoffice.models import Export
from gateway.products.models import Product
from payments.models import Receipt
from tests import roles
from tests.balances.past import DAY, moved, post_at
from tests.conftest import Api
from tests.gateway.backoffice.exports.export_stage import PAGE, content_of, exporter, lines_of, made, own_browser, work
from tests.payments.paid import Paid
from tests.payments.stage import money
from tests.scripted_provider import ScriptedProvider
from tests.staff import logged_in
from tests.withdrawals.orders import make_due, order, sent
from tests.withdrawals.provider_words import OK, PULL, found, pulled
from withdrawals.asking import ask_withdrawals
from withdrawals.models import Withdrawal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised")]

HOUR = timedelta(hours=1)


@pytest.fixture
def frieda() -> Client:
    return exporter("frieda", "receipt", "withdrawal", "journal")


def debits(**of: Any) -> Decimal:
    """What the ledger moved, asked of its entries."""
    total = Entry.objects.filter(amount__gt=0, **of).aggregate(total=Sum("amount"))["total"]
    return Decimal(total or 0)


def totals_of(below: list[list[str]]) -> dict[str, list[str]]:
    """By status: rows, amount and so on."""
    at = next(number for number, row in enumerate(below) if row[0] == "Totals")
    return {row[2]: row[3:] for row in below[at + 1 :] if row[0] == ""}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_receipts_are_what_the_ledger_credited(paid: Paid, kind: str) -> None:
    paid.arrives(money(), money(amount="37.5", transaction_id="426000000002"))
    rows, below = made(exporter("frieda", "receipt"), Receipt, kind)
    credited = debits(journal__kind="receipt_credited")
    assert credited > 0
    title = "credited, by the ledger"
    assert sum(Decimal(row[title]) for row in rows) == credited
    assert sum(Decimal(row["amount"]) for row in rows if row["status"] == "credited") == credited
    totals = totals_of(below)
    assert [Decimal(cell) for cell in totals["credited"][1:]] == [credited, credited]
    assert Decimal(totals["all"][2]) == credited
    assert Decimal(totals["credited less the ledger"][1]) == 0
    assert Decimal(totals["all"][0]) == len(rows) == Receipt.objects.count()
    filtered, below = made(own_browser(), Receipt, kind, "status__exact=credited")
    assert {row["status"] for row in filtered} == {"credited"}
    assert Decimal(totals_of(below)["all"][2]) == credited
    _, below = made(own_browser(), Receipt, kind, "currency__exact=BDT")
    assert below[0][:2] == ["Rows", "0"]
    assert "Totals" not in [row[0] for row in below]


def test_withdrawals_are_what_the_ledger_paid(api: Api, provider: ScriptedProvider, frieda: Client) -> None:
    paid = sent(api, provider, OK)
    provider.script(PULL, pulled(found(paid, 1)))
    make_due(paid)
    ask_withdrawals(paid.account_id)
    order(api)
    rows, below = made(frieda, Withdrawal)
    assert debits(journal__kind="withdrawal_paid") == paid.amount
    by_status = {row["status"]: (row["amount"], row["paid, by the ledger"]) for row in rows}
    assert by_status == {"paid": ("1218.00", "1218.00"), "queued": ("1218.00", "0.00")}
    assert totals_of(below) == {
        "paid": ["1", "1218.00", "1218.00"],
        "queued": ["1", "1218.00", "0.00"],
        "all": ["2", "2436.00", "1218.00"],
        "paid less the ledger": ["", "0.00"],
    }


def test_a_difference_to_the_ledger_is_said(api: Api, provider: ScriptedProvider, frieda: Client) -> None:
    paid = sent(api, provider, OK)
    provider.script(PULL, pulled(found(paid, 1)))
    make_due(paid)
    ask_withdrawals(paid.account_id)
    with roles.undisguised() as cursor:
        cursor.execute("UPDATE withdrawals_withdrawal SET amount = amount + 1")
    _, below = made(frieda, Withdrawal)
    assert totals_of(below)["paid less the ledger"] == ["", "1.00"]


def test_journals_are_the_entries_of_the_ledger(api: Api, frieda: Client) -> None:
    order(api)
    rows, below = made(frieda, Journal)
    assert len(rows) == Journal.objects.count()
    assert sum(Decimal(row["amount"]) for row in rows) == debits()
    assert totals_of(below)["all"] == [str(len(rows)), *[f"{debits():.2f}"] * 2, "0.00"]
    held, below = made(frieda, Journal, query="kind__exact=withdrawal_held")
    assert [row["amount"] for row in held] == ["1218.00"]
    assert totals_of(below)["all"] == ["1", "1218.00", "1218.00", "0.00"]


class TestStatements:
    def ask(self, browser: Client, product: Product, **changes: str) -> Any:
        told = {
            "product": str(product.pk),
            "mode": "test",
            "currency": "INR",
            "account": "all",
            "begin": "2026-01-15",
            "end": "2026-01-16",
            "format": "csv",
            **changes,
        }
        return browser.post(f"{PAGE}statement/", told)

    @pytest.fixture
    def moving(self, product: Product) -> None:
        """Money that came before the period, in it and after it."""
        available, held = accounts.available(product.pk, "test", "INR"), accounts.held(product.pk, "test", "INR")
        bank = accounts.bank("test", "INR")
        post_at(DAY - 24 * HOUR, moved(bank, available, "1000.5"))
        post_at(DAY + HOUR, moved(available, held, "218", subject="wd_1"))
        post_at(DAY + 2 * HOUR, moved(held, bank, "118", subject="wd_1"))
        post(moved(bank, available, "1"))

    def lines(self, browser: Client, kind: str = "csv") -> list[list[str]]:
        work()
        export = Export.objects.latest("id")
        assert (export.status, export.failure) == ("done", "")
        return lines_of(content_of(browser, export), kind)

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_it_is_what_the_ledger_says(self, frieda: Client, product: Product, moving: None, kind: str) -> None:
        assert self.ask(frieda, product, format=kind).status_code == 302
        lines = self.lines(frieda, kind)
        day = [datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 1, 16, tzinfo=UTC)]
        statement = statement_of(product, "test", "INR", *day)
        by_name = {row[1]: row for row in lines if len(row) > 4}
        opening, total, closing = (
            [Decimal(by_name[name][at] or 0) for at in columns]
            for name, columns in (
                ("Opening balance", (5, 7, 9)),
                ("Total of movements", (4, 6, 8)),
                ("Closing balance", (5, 7, 9)),
            )
        )
        assert opening == [Decimal("1000.50"), Decimal(0), Decimal(0)]
        assert total == [Decimal("-218.00"), Decimal("100.00"), Decimal(0)]
        assert closing == [statement.closing.available, statement.closing.held, statement.closing.owed]
        assert [begun + moved for begun, moved in zip(opening, total, strict=True)] == closing
        assert lines[-1][0] == "Checked"

    def test_of_one_account(self, frieda: Client, product: Product, moving: None) -> None:
        self.ask(frieda, product, account="held")
        lines = self.lines(frieda)
        titles = next(row for row in lines if row[:1] == ["Time"])
        assert titles == ["Time", "What", "Order", "Cause", "Held", "Held after", "Entry", "Journal"]
        assert [row[4:6] for row in lines if row[2:3] == ["wd_1"]] == [["218.00", "218.00"], ["-118.00", "100.00"]]
        self.ask(frieda, product, account="owed")
        assert not [row for row in self.lines(frieda) if row[2:3] == ["wd_1"]]

    @pytest.mark.parametrize("account", StatementAccount)
    def test_what_does_not_add_up_is_given_to_nobody(
        self, product: Product, moving: None, account: StatementAccount
    ) -> None:
        day = [datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 1, 16, tzinfo=UTC)]
        right = statement_of(product, "test", "INR", *day)
        wrong = replace(right, closing=replace(right.closing, available=right.closing.available + 1))
        assert list(export_statements.rows_of(right, account))
        with pytest.raises(NoStatement, match="do not add up"):
            list(export_statements.rows_of(wrong, account))

    def test_only_what_is_final(self, frieda: Client, product: Product) -> None:
        page = self.ask(frieda, product, end="2100-01-01")
        assert "A statement is final" in page.content.decode()
        assert "The period ends after it begins" in self.ask(frieda, product, end="2026-01-15").content.decode()
        assert "three capital letters" in self.ask(frieda, product, currency="rupees").content.decode()
        assert not Export.objects.exists()

    def test_a_period_without_movements(self, frieda: Client, product: Product) -> None:
        self.ask(frieda, product)
        assert [row[1] for row in self.lines(frieda) if len(row) > 4] == [
            *("What", "Opening balance", "Total of movements", "Closing balance"),
        ]

    def test_who_may(self, product: Product) -> None:
        assert self.ask(exporter("other", "receipt"), product).status_code == 403
        viewer = logged_in("viewer", "view_journal")
        assert viewer.get(f"{PAGE}statement/").status_code == 403
        assert self.ask(viewer, product).status_code == 403
        assert exporter("third", "journal").get(f"{PAGE}statement/").status_code == 200
        assert not Export.objects.exists()
