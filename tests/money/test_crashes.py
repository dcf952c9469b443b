"""Whoever moves money is killed, or loses the database, at every border of it: nothing is there, or all of it.

Done again, it comes to the same end as if nothing had happened.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from balances.models import Account, Hold, Journal
from gateway.api.models import IdempotencyKey
from gateway.products.actions import keep_key
from gateway.products.models import Mode, new_key
from gateway.webhooks.models import Event
from payments.models import Deposit, DepositMove, Receipt, ReceiptMove
from tests import roles
from tests.another_database import ROOT
from tests.money.world import World
from tests.payments.stage import money
from tests.postbacks.letters import envelope
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import IMPS
from withdrawals.models import Withdrawal, WithdrawalMove

pytestmark = pytest.mark.django_db(transaction=True)

#: How a child ends (`crash_worker`): it did it; it came to no such border; it was killed; its session was ended.
DONE, NO_SUCH_BORDER, KILLED, BROKEN = 0, 1, -signal.SIGKILL, 3
#: By which the database knows the children of this process.
NAME: Final = f"doomed {os.getpid()}"
#: Far more borders than any of these has: one that never ends must not go on for ever.
BORDERS_MAX: Final = 150


class Doomed:
    """Does things in children that die, of one process that has loaded everything, looked at by one other session."""

    def __init__(self) -> None:
        environment = {**roles.environment(), "DJANGO_SETTINGS_MODULE": "gateway.settings", "PGAPPNAME": NAME}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.money.crash_worker"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.other = psycopg.connect(environment["DATABASE_URL"], autocommit=True)

    def end(self) -> None:
        self.other.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)

    def do(self, thing: str, arguments: list[Any], dies_at: int, how: str) -> int:
        """How the child ended; its session of the database is gone."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([thing, arguments, dies_at, how]) + "\n")
        self.process.stdin.flush()
        ended = json.loads(self.process.stdout.readline())
        # It holds its locks until the server has seen that it is gone.
        while self.other.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", [NAME]).fetchone():
            time.sleep(0.002)  # between looks at another process
        return int(ended)


@pytest.fixture(scope="module")
def doomed(django_db_setup: None) -> Iterator[Doomed]:
    made = Doomed()
    with made.process:
        yield made
        made.end()


def look() -> dict[str, Any]:
    """Everything that a move of money writes, but for ids and times."""
    legs = ("kind", "reference", "entries__account", "entries__amount", "entries__balance_after", "entries__sequence")
    rows: dict[str, Any] = {
        "legs": Journal.objects.values_list(*legs),
        "balances": Account.objects.values_list("id", "balance", "entry_count"),
        "holds": Hold.objects.values_list("order_id", "status", "amount"),
        "receipts": Receipt.objects.values_list("id", "status", "sequence", "product", "deposit"),
        "deposits": Deposit.objects.values_list("id", "status", "sequence", "received_amount"),
        "withdrawals": Withdrawal.objects.values_list("id", "status", "sequence", "amount"),
        "events": Event.objects.values_list("subject", "type", "sequence"),
        "keys": IdempotencyKey.objects.values_list("object_id"),
    }
    for moves in (ReceiptMove, DepositMove, WithdrawalMove):
        rows[moves.__name__] = moves._default_manager.values_list("subject", "sequence", "from_status", "to_status")
    return {name: sorted(map(repr, found)) for name, found in rows.items()}


def dies_everywhere(doomed: Doomed, world: World, how: str, thing: str, *arguments: Any) -> list[str]:
    """Do it with a death at the first border, at the second, …, until it meets no more; the journals that came of it.

    What is done again after it was done begins with what it left, and has to leave it.
    """
    before, posted, after = look(), len(world.posted()), None
    deaths = []
    for border in range(1, BORDERS_MAX):
        ended = doomed.do(thing, list(arguments), border, how)
        now = look()
        if after is None and now != before:
            after = now
        assert now == (after or before), f"half of it is there after a death at border {border}"
        if ended == NO_SUCH_BORDER:
            break
        deaths.append(ended)
    assert after is not None, f"it was never done: {deaths[:3]}"
    # The last border comes after the last COMMIT: who loses the database there has done it all.
    assert set(deaths) <= ({KILLED} if how == "kill" else {BROKEN, DONE})
    assert len(deaths) > 10, "the borders of one transaction with money in it"
    return [one.kind for one in world.posted()[posted:]]


deaths = pytest.mark.parametrize("how", ["kill", "terminate"])


@deaths
def test_crediting_a_receipt_is_whole_or_not_there(how: str, doomed: Doomed, world: World) -> None:
    world.owing()
    deposit = world.named()
    named = envelope([money(transaction_id="new", plugin_custom_order_id=world.order)], label=deposit.customer.label)
    done = dies_everywhere(doomed, world, how, "credit", str(world.account.pk), world.order, named)
    assert done == ["receipt_credited", "receivable_repaid"]
    assert world.balances()["available", "INR"] == 600


@deaths
def test_holding_is_whole_or_not_there(how: str, doomed: Doomed, world: World) -> None:
    key = new_key(Mode.TEST)
    keep_key(product=world.product, mode=Mode.TEST, name="doomed", key=key)
    done = dies_everywhere(doomed, world, how, "hold", key, {**IMPS, "reference": "one"}, "the-same")
    assert done == ["withdrawal_held"]
    assert world.balances()["held", "INR"] == 1218
    assert Withdrawal.objects.count() == 1


@deaths
def test_spending_is_whole_or_not_there(how: str, doomed: Doomed, world: World) -> None:
    withdrawal = world.sent()
    word = words.found(withdrawal, 1)
    done = dies_everywhere(doomed, world, how, "end", str(world.account.pk), withdrawal.public_id, word)
    assert done == ["withdrawal_paid"]
    assert [world.balances()[name, "INR"] for name in ("held", "available")] == [0, 5000 - 1218]


@deaths
def test_releasing_is_whole_or_not_there(how: str, doomed: Doomed, world: World) -> None:
    withdrawal = world.owing()
    word = words.found(withdrawal, 5)
    done = dies_everywhere(doomed, world, how, "end", str(world.account.pk), withdrawal.public_id, word)
    assert done == ["withdrawal_released", "receivable_repaid"]
    assert [world.balances()[name, "INR"] for name in ("held", "available")] == [0, 5000]


@deaths
def test_reversing_is_whole_or_not_there(how: str, doomed: Doomed, world: World) -> None:
    _, receipt = world.paid()
    world.sent("5400")
    done = dies_everywhere(doomed, world, how, "reverse", str(receipt.pk))
    assert done == ["receipt_reversed"]
    assert [world.balances()[name, "INR"] for name in ("available", "owed")] == [0, 400]
