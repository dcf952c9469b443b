"""The first page, and the counting behind it, read what is under way or new, however many orders have ended."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from balances import totals
from balances.kinds import DEBIT_NORMAL, AccountKind
from balances.models import Entry, Journal
from benchmarks.growth.copies import LONG_AGO, OLD_ID, write_copies
from benchmarks.growth.ended_withdrawals import ENDED
from gateway import prepared_sql
from gateway.backoffice.first_page import counting_figures
from gateway.backoffice.models import Span
from postbacks.models import LetterItem
from tests.conftest import Api
from tests.payments.stage import Placed
from tests.roles import clear_away, undisguised
from tests.staff import browser_of
from tests.withdrawals.orders import order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disguised"), pytest.mark.timeout(400)]

#: The bar of the blueprint.
MANY: Final = 200_000
BIG: Final = (
    "payments_deposit",
    "withdrawals_withdrawal",
    "balances_journal",
    "balances_entry",
    "postbacks_letteritem",
)

_LETTERS: Final = f"""
    INSERT INTO postbacks_letteritem (id, letter_id, account_id, position, is_withdrawal, order_id, transaction_id,
        is_stray, wallet_type, amount, currency, status, note, created_at, attempts)
    SELECT {OLD_ID}, {OLD_ID}, %s, 0, false, 'grown-' || n, '', false, 'upi_l', 1, 'INR', 'confirmed', '',
        {LONG_AGO}, 0
    FROM generate_series(1, {MANY}) AS n
"""  # noqa: S608 - our own columns


@pytest.fixture
def clock() -> None:
    """Time goes on here: the database's own clock says when journals were written."""


@pytest.fixture(scope="module", autouse=True)
def _room_again(django_db_setup: None) -> Iterator[None]:
    yield
    clear_away(*BIG)


@pytest.fixture
def many(api: Api, opened: Placed) -> None:
    """Some orders under way among many that have ended, and a letter in doubt among many that are not."""
    deposit, withdrawal = opened(), order(api)
    journal = Journal.objects.filter(entries__isnull=False).latest("id")
    entry = Entry.objects.filter(journal=journal).first()
    assert entry is not None
    # What was posted is committed soon or never, and so many copies take a while: the guards look now.
    connection.check_constraints()
    with undisguised() as cursor:
        past = {"id": OLD_ID, "created_at": LONG_AGO}
        ended = {"status": "'credited'", "next_at": "NULL", "deadline_at": "NULL", "updated_at": LONG_AGO}
        write_copies(cursor, deposit, {**past, **ended, "reference": "'grown-' || n"}, MANY)
        write_copies(cursor, withdrawal, ENDED, MANY)
        write_copies(cursor, journal, {**past, "reference": "'grown-' || n"}, MANY)
        write_copies(cursor, entry, {**past, "journal_id": OLD_ID, "sequence": "-n"}, MANY)
        cursor.execute(_LETTERS, [deposit.account_id])
        cursor.execute(f"ANALYZE {', '.join(BIG)}")
    assert LetterItem.objects.count() == MANY


def statements_of(work: Callable[[], Any]) -> list[str]:
    """What is sent about the big tables."""
    with CaptureQueriesContext(connection) as queries:
        work()
    return [
        one["sql"]
        for one in queries.captured_queries
        if re.search(rf"\b({'|'.join(BIG)})\b", one["sql"]) and "balances_snapshot" not in one["sql"]
    ]


def plan_of(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
        return "\n".join(line for (line,) in cursor.fetchall())


def check(statements: list[str]) -> None:
    for statement in statements:
        plan = plan_of(statement)
        for table in BIG:
            assert f"Seq Scan on {table} " not in plan, f"{statement}\n{plan}"


def test_nothing_reads_through_what_has_ended(many: None, subtests: pytest.Subtests) -> None:
    finance = browser_of(User.objects.create_superuser("finance"))
    with subtests.test("the page"):
        sent = statements_of(lambda: finance.get("/admin/", {"mode": "test"}))
        assert len(sent) >= 14
        check(sent)
    with subtests.test("the counting of a day"):
        counted = statements_of(lambda: counting_figures.count_day(timezone.now().astimezone(UTC).date()))
        assert len(counted) == 1
        check(counted)
        assert "balances_journal_pkey" in plan_of(counted[0])
    with subtests.test("the counting of systems"):
        counted = statements_of(lambda: counting_figures.count_span(Span.WEEK))
        assert len(counted) == 2
        check(counted)
        assert "payments_deposit_pkey" in plan_of(counted[0])
        assert "withdrawals_withdrawal_pkey" in plan_of(counted[1])
    with subtests.test("the totals of the ledger"):
        lines = prepared_sql.run(
            "EXPLAIN " + totals._TOTALS,
            {
                "mode": "test",
                "kinds": [kind.value for kind in AccountKind],
                "debit_normal": [kind.value for kind in DEBIT_NORMAL],
            },
        )
        plan = "\n".join(line for (line,) in lines)
        assert "Seq Scan on balances_entry " not in plan, plan
        assert "entries_of_an_account" in plan, plan
