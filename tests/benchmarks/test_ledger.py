"""The ledger's benchmark posts what it says, counts right and is honest about a missed bar."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from benchmarks.ledger import sides
from benchmarks.ledger.crews import LIBRARIES, Crew, crews
from benchmarks.ledger.reading import Balances
from benchmarks.ledger.transfers import NAMES, PLACES, Place, Transfers
from benchmarks.servers import PROJECT
from gateway.stack.throwaway import throwaway_parts

#: Of each kind; enough to be picked from.
_ACCOUNTS: Final = 3
#: Number of transfers; the sum of all debits; whether each is balanced, of two legs, and of the amount.
_POSTED: Final = {
    sides.OURS: """
        SELECT count(*), sum(debited), bool_and(legs = 2 AND total = 0 AND debited = 1) FROM (
            SELECT count(*) AS legs, sum(amount) AS total, sum(amount) FILTER (WHERE amount > 0) AS debited
            FROM balances_entry GROUP BY journal_id
        ) AS journal
    """,
    sides.HORDAK: """
        SELECT count(*), sum(debited), bool_and(legs = 2 AND total = 0 AND debited = 1) FROM (
            SELECT count(*) AS legs, sum(coalesce(debit, 0) - coalesce(credit, 0)) AS total, sum(debit) AS debited
            FROM hordak_leg GROUP BY transaction_id
        ) AS journal
    """,
    sides.DJANGO_LEDGER: """
        SELECT count(*), sum(debited), bool_and(legs = 2 AND debited = credited AND debited = 1 AND posted) FROM (
            SELECT count(*) AS legs, sum(amount) FILTER (WHERE tx_type = 'debit') AS debited,
                sum(amount) FILTER (WHERE tx_type = 'credit') AS credited, bool_and(entry.posted) AS posted
            FROM django_ledger_transactionmodel JOIN django_ledger_journalentrymodel AS entry
                ON entry.uuid = journal_entry_id
            GROUP BY journal_entry_id
        ) AS journal
    """,
    **dict.fromkeys(
        (sides.PLPGSQL, sides.PSYCOPG),
        """
        SELECT count(*), sum(debited), bool_and(legs = 2 AND total = 0 AND debited = 1) FROM (
            SELECT count(*) AS legs, sum(amount) AS total, sum(amount) FILTER (WHERE amount > 0) AS debited
            FROM leg GROUP BY journal_id
        ) AS journal
        """,
    ),
}
_LEGS: Final = {
    sides.OURS: "balances_entry",
    sides.HORDAK: "hordak_leg",
    sides.DJANGO_LEDGER: "django_ledger_transactionmodel",
    sides.PLPGSQL: "leg",
    sides.PSYCOPG: "leg",
}


@pytest.fixture(scope="module")
def parts() -> Iterator[dict[str, str]]:
    with throwaway_parts({}) as parts:
        yield parts


def posted(crew: Crew) -> tuple[Any, ...]:
    with psycopg.connect(crew.database_url) as connection:
        row = connection.execute(_POSTED[crew.side].encode()).fetchone()
    assert row
    return row


def moved(crew: Crew) -> int:
    """How many accounts have entries."""
    statement = sql.SQL("SELECT count(DISTINCT account_id) FROM {}").format(sql.Identifier(_LEGS[crew.side]))
    with psycopg.connect(crew.database_url) as connection:
        row = connection.execute(statement).fetchone()
    assert row
    return int(row[0])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("side", NAMES)
def test_every_side_posts_balanced_transfers_between_the_accounts_it_is_told(parts: dict[str, str], side: str) -> None:
    if side in {sides.HORDAK, sides.DJANGO_LEDGER} and not LIBRARIES.exists():
        pytest.skip("the libraries that the ledger is compared with are not installed; `make test` installs them")
    with crews((side,), parts, _ACCOUNTS, processes=2) as (crew,):
        before, _, _ = posted(crew)
        # While it is filled ours meets each of its accounts, and django-ledger makes its numbers.
        assert before == {sides.OURS: _ACCOUNTS, sides.DJANGO_LEDGER: 1}.get(side, 0)
        assert crew.rate(1, spread=False, seconds=0.3) > 0
        hot, debited, is_whole = posted(crew)
        assert hot > before
        assert (debited, is_whole) == (Decimal(hot), True)
        assert moved(crew) == (2 * _ACCOUNTS if side == sides.OURS else 2)
        assert crew.rate(2, spread=True, seconds=0.3) > 0
        many, debited, is_whole = posted(crew)
        assert many > hot
        assert (debited, is_whole) == (Decimal(many), True)
        assert moved(crew) > 2


def result(ours: float, hordak: float, django_ledger: float, *, hot: float = 1.0) -> Transfers:
    """A run of three rounds, one of them on a machine that was ten times as slow."""
    rates = {sides.OURS: ours, sides.HORDAK: hordak, sides.DJANGO_LEDGER: django_ledger}
    rates |= {sides.PSYCOPG: 2_000.0, sides.PLPGSQL: 9_000.0}

    def one(pace: float) -> dict[Place, dict[str, float]]:
        return {
            place: {side: rate * pace * (1.0 if place.is_spread else hot) for side, rate in rates.items()}
            for place in PLACES
        }

    return Transfers(accounts=10_000, seconds=0.5, rounds=[one(1.0), one(0.1), one(1.0)])


def test_bars_are_ratios_of_the_same_round() -> None:
    steady = result(4_000, 1_000, 100)
    assert steady.missed() == []
    assert "| ours to it | 4.00 (4.00 – 4.00) |" in steady.text()
    assert "| django-hordak | 1,000 (100 – 1,000) |" in steady.text()


def test_every_missed_bar_is_named() -> None:
    assert result(3_990, 1_000, 100, hot=0.89).missed() == [
        *(f"Transfers ({place}) are 3.99 times those of django-hordak; the bar is 4.0." for place in PLACES),
        *(f"Transfers ({place}) are 39.90 times those of django-ledger; the bar is 40.0." for place in PLACES),
        "Transfers on one account (1 at once) are 0.89 times those on many; the bar is 0.9.",
        "Transfers on one account (4 at once) are 0.89 times those on many; the bar is 0.9.",
    ]


def test_a_balance_that_takes_longer_is_named() -> None:
    seen = {
        "control, now": {"1000": {"milliseconds": 0.4, "rows": 501}, "5000": {"milliseconds": 0.6, "rows": 502}},
        "live, now": {"1000": {"milliseconds": 0.1, "rows": 1}, "5000": {"milliseconds": 0.16, "rows": 1}},
    }
    balances = Balances(entries=5_000, seen=seen)
    assert "| live, now | 0.10 ms | 1 | 0.16 ms | 1 | 1.60 |" in balances.text()
    assert balances.missed() == [
        "Reading the balance of 5,000 entries (live, now) takes 1.60 times as long as of 1,000; the bar is 1.5."
    ]


@pytest.mark.timeout(300)
def test_a_reading_looks_at_a_handful_of_rows_however_many_there_are(parts: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.ledger.long_accounts", "3", "1000", "20000"],
        env={**os.environ, **parts, "DJANGO_SETTINGS_MODULE": "gateway.settings"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert set(seen) == {"control, now", "control, as of", "live, now", "live, as of"}
    for name, lengths in seen.items():
        for length, one in lengths.items():
            assert "balances_entry" not in one["whole"], (name, length)
        # The account, a snapshot, and the 500 entries since; of the other kind the account and its last entry.
        assert lengths["20000"]["rows"] <= (502 if name.startswith("control") else 2), name
