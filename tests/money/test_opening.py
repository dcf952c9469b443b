"""The opening of the ledger is what docs/money.md says, over an installation of before."""

import json
import os
import subprocess
import sys
from decimal import Decimal

from tests import roles
from tests.balances.test_opening import ROOT, UPGRADE, database
from tests.money import page
from tests.money.page import Leg, Posted
from tests.money.test_document import OPENING, in_any_order_of_legs

assert database  # a fixture

#: The orders of the page's example, in place of those of the other test.
ORDERS = {
    '[("credited", 500, "credited"), ("in_review", 40, "credited"), ("in_review", 7, "in_review"),'
    ' (None, 3, "suspense")]': '[("credited", 500, "credited"), (None, 3, "suspense")]',
    '[("paid", 100), ("rejected", 50), ("accepted", 450), ("unknown", 30), ("reversed", 5), ("cancelled", 9)]': (
        '[("paid", 100), ("accepted", 450)]'
    ),
}
#: What stands in the ledger then, as one line of JSON, in place of what the other test looks at.
TOLD = """
import json
from balances import reading
from balances.models import Journal
journals = [
    [one.kind, [[leg.account.kind, leg.account.payment_system, str(leg.amount), leg.currency]
                for leg in one.entries.select_related("account")]]
    for one in Journal.objects.order_by("created_at")
]
[row] = reading.product_balances(product.pk, "test")
seen = {name: str(getattr(row, name)) for name in ("available", "held", "savings", "owed")}
print(json.dumps([journals, seen]))
"""
MIGRATED = 'call_command("migrate", verbosity=0)\n'


def in_any_order(journals: list[Posted]) -> list[tuple[str, list[Leg]]]:
    """Whether money in or money out is opened first is the migrations' affair."""
    return sorted(in_any_order_of_legs(journals), key=lambda one: (one[0], [leg.amount for leg in one[1]]))


def test_rows_of_before_are_opened_as_the_page_says(database: str) -> None:
    upgrade, migrated, _ = UPGRADE.rpartition(MIGRATED)
    for theirs, ours in ORDERS.items():
        assert theirs in upgrade
        upgrade = upgrade.replace(theirs, ours)
    done = subprocess.run(
        [sys.executable, "-c", upgrade + migrated + TOLD],
        cwd=ROOT,
        env={**os.environ, **roles.environment(database), "DJANGO_SETTINGS_MODULE": "gateway.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    journals, seen = json.loads(done.stdout.splitlines()[-1])
    posted = [
        Posted(kind, tuple(Leg(name, system, Decimal(amount), currency) for name, system, amount, currency in legs))
        for kind, legs in journals
    ]
    [event] = [one for one in page.events() if one.heading == OPENING]
    assert in_any_order(posted) == in_any_order(list(event.journals))
    changes = {(name, "INR"): Decimal(figure) for name, figure in seen.items() if Decimal(figure)}
    assert changes == event.changes
