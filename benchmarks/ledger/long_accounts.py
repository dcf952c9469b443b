"""``python -m benchmarks.ledger.long_accounts READS ENTRIES …``: reads balances of accounts with so many entries.

A process of its own, because it sets up the service's Django. In the fresh database that ``DATABASE_URL`` names it
makes two accounts for each number, a product's and a provider's, and says as JSON what reading them took.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, Final

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from django.db import connection  # noqa: E402 - models exist only now
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from balances.accounts import AccountKey  # noqa: E402
from balances.guards import SNAPSHOT_MARGIN_SECONDS  # noqa: E402
from balances.journals import ProviderMoney, receipt_credited  # noqa: E402
from balances.models import Account  # noqa: E402
from balances.posting import post  # noqa: E402
from balances.reading import balance_of  # noqa: E402
from balances.snapshots import TAIL_ENTRIES, take_snapshots  # noqa: E402
from gateway import ids  # noqa: E402
from gateway.database import roles  # noqa: E402
from gateway.lifecycles import Cause, CauseKind  # noqa: E402
from gateway.products.models import Mode, Product  # noqa: E402
from gateway.providers.models import ProviderAccount  # noqa: E402

_AMOUNT: Final = Decimal("1.00")
#: Between two entries: a million take eleven days.
_STEP: Final = timedelta(seconds=1)
#: Entries since the last snapshot: half of what beat leaves.
_TAIL: Final = TAIL_ENTRIES // 2

#: The guards would put these rows into the present, so they are written as the tables' owner without them; each is
#: what a posting, or beat's snapshot, would have left at its time. What comes after them is posted.
_TABLES: Final = ("balances_account", "balances_journal", "balances_entry", "balances_snapshot")
_JOURNALS: Final = """
    INSERT INTO balances_journal (
        id, kind, mode, reference, subject, cause, cause_id, detail, document, request_id, xact, begun_at, created_at
    ) SELECT (lpad(to_hex(n), 16, '0') || left(md5(%(control)s), 16))::uuid, 'receipt_credited', 'test',
        %(control)s || n, '', 'clock', '', '', '', '', 0, %(begin)s + n * %(step)s, %(begin)s + n * %(step)s
    FROM generate_series(1, %(entries)s) AS n
"""
_CONTROL_ENTRIES: Final = """
    INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, created_at)
    SELECT (lpad(to_hex(n), 16, '0') || right(md5(%(control)s), 16))::uuid,
        (lpad(to_hex(n), 16, '0') || left(md5(%(control)s), 16))::uuid, %(control)s::uuid, %(amount)s, 'INR', 'test',
        %(begin)s + n * %(step)s
    FROM generate_series(1, %(entries)s) AS n
"""
_LIVE_ENTRIES: Final = """
    INSERT INTO balances_entry (
        id, journal_id, account_id, amount, currency, mode, product_id, sequence, balance_after, created_at
    ) SELECT (lpad(to_hex(n), 16, '0') || right(md5(%(live)s), 16))::uuid,
        (lpad(to_hex(n), 16, '0') || left(md5(%(control)s), 16))::uuid, %(live)s::uuid, -%(amount)s, 'INR', 'test',
        %(product)s, n, n * %(amount)s, %(begin)s + n * %(step)s
    FROM generate_series(1, %(entries)s) AS n
"""
_BALANCE: Final = """
    UPDATE balances_account SET balance = %(entries)s * %(amount)s, entry_count = %(entries)s,
        last_entry_at = %(begin)s + %(entries)s * %(step)s
    WHERE id = %(live)s
"""
_SNAPSHOTS: Final = """
    INSERT INTO balances_snapshot (account_id, covered_until, balance, created_at)
    SELECT %(control)s::uuid, %(begin)s + (n * %(tail)s + 1) * %(step)s, n * %(tail)s * %(amount)s,
        %(begin)s + (n * %(tail)s + 1) * %(step)s + %(margin)s
    FROM generate_series(1, %(entries)s / %(tail)s - 1) AS n
"""
_COVERED: Final = """
    UPDATE balances_account SET covered_until = (
        SELECT max(covered_until) FROM balances_snapshot WHERE account_id = %(control)s
    ) WHERE id = %(control)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A provider's account and a product's, between which all money of both moved.

    Attributes:
        entries: of each, before the tail.
        money: one entry of them.
        product: id of the product.
        begin: when the first entry was about to come.
    """

    entries: int
    money: ProviderMoney
    product: Any
    begin: datetime

    def keys(self) -> dict[str, AccountKey]:
        """The accounts by what kind of account they are."""
        return {"control": self.money.balance, "live": self.money.available(self.product)}

    def write_history(self) -> None:
        """Entries and snapshots of the past; of the last entries there is no snapshot yet."""
        keys = self.keys()
        for key in keys.values():
            Account.objects.create(
                id=key.id,
                kind=key.kind,
                mode=key.mode,
                currency=key.currency,
                product_id=key.product,
                provider_account_id=key.provider_account,
                payment_system=key.payment_system,
                balance=Decimal(0) if key.keeps_balance else None,
            )
        values = {
            "control": str(keys["control"].id),
            "live": str(keys["live"].id),
            "product": self.product,
            "entries": self.entries,
            "amount": _AMOUNT,
            "begin": self.begin,
            "step": _STEP,
            "tail": TAIL_ENTRIES,
            "margin": timedelta(seconds=SNAPSHOT_MARGIN_SECONDS),
        }
        with roles.as_owner(connection), connection.cursor() as cursor:
            for table in _TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in (_JOURNALS, _CONTROL_ENTRIES, _LIVE_ENTRIES, _BALANCE, _SNAPSHOTS, _COVERED):
                cursor.execute(statement, values)
            for table in _TABLES:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def post_tail(self) -> None:
        """What came since the last snapshot."""
        cause = Cause(kind=CauseKind.CLOCK)
        receipts = [ids.encode(ids.RECEIPT, ids.new_id()) for _ in range(_TAIL)]
        post(*(receipt_credited(one, self.money, self.product, cause, subject=one) for one in receipts))

    def instants(self) -> dict[str, tuple[datetime | None, Decimal]]:
        """When balances are asked for, and what they are: now, and in the middle, half a snapshot after a snapshot."""
        middle = self.entries // 2 // TAIL_ENTRIES * TAIL_ENTRIES + TAIL_ENTRIES // 2
        return {
            "now": (None, (self.entries + _TAIL) * _AMOUNT),
            "as of": (self.begin + middle * _STEP, middle * _AMOUNT),
        }


def make(lengths: list[int]) -> list[Pair]:
    """A pair for each number of entries (multiples of `TAIL_ENTRIES`), with the snapshots that beat takes."""
    provider = ProviderAccount.objects.create(
        name="Benchmark",
        mode=Mode.TEST,
        base_url="https://api.example",
        api_secret="-",  # noqa: S106 - nobody is called
        withdrawal_key="-",
    )
    end = timezone.now() - timedelta(seconds=SNAPSHOT_MARGIN_SECONDS) - _STEP
    pairs = [
        Pair(
            entries=entries,
            money=ProviderMoney(
                account=provider.pk, payment_system=f"of_{entries}", mode=Mode.TEST, currency="INR", amount=_AMOUNT
            ),
            product=Product.objects.create(name=f"Of {entries}").pk,
            begin=end - entries * _STEP,
        )
        for entries in lengths
    ]
    for pair in pairs:
        pair.write_history()
    taken = take_snapshots()
    assert taken == len(pairs), taken
    for pair in pairs:
        pair.post_tail()
    with roles.as_owner(connection), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # autovacuum does so within a minute
    return pairs


def read(pairs: list[Pair], reads: int) -> dict[str, Any]:
    """Milliseconds of a reading (the median of so many) and its rows, by kind of account, instant and length."""
    asked = [
        (f"{kind}, {when}", str(pair.entries), key, instant, balance)
        for kind in ("control", "live")
        for when in ("now", "as of")
        for pair in pairs
        for key, (instant, balance) in [(pair.keys()[kind], pair.instants()[when])]
    ]
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(reads):
        for name, length, key, instant, balance in asked:
            began = time.perf_counter()
            found = balance_of(key, as_of=instant)
            times.setdefault((name, length), []).append(time.perf_counter() - began)
            assert found == balance, (name, length, found, balance)
    seen: dict[str, Any] = {}
    for name, length, key, instant, _ in asked:
        rows, whole = _touched(key, instant)
        milliseconds = median(times[name, length]) * 1000
        seen.setdefault(name, {})[length] = {"milliseconds": milliseconds, "rows": rows, "whole": sorted(whole)}
    return seen


def _touched(key: AccountKey, instant: datetime | None) -> tuple[int, set[str]]:
    """How many rows a reading looks at, and which tables it walks through."""
    with CaptureQueriesContext(connection) as captured:
        balance_of(key, as_of=instant)
    rows, whole = 0, set[str]()
    for query in captured.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            ((plans,),) = cursor.fetchall()
        nodes = [plan["Plan"] for plan in (json.loads(plans) if isinstance(plans, str) else plans)]
        while nodes:
            node = nodes.pop()
            nodes += node.get("Plans", [])
            if table := node.get("Relation Name"):
                rows += int(node["Actual Rows"] * node["Actual Loops"]) + node.get("Rows Removed by Filter", 0)
                if node["Node Type"] == "Seq Scan":
                    whole.add(table)
    return rows, whole


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    reads_of_each, *lengths_asked = map(int, sys.argv[1:])
    json.dump(read(make(lengths_asked), reads_of_each), sys.stdout)
