"""Twenty at once for the same money, and writers killed in the middle: nothing is spent twice, nothing is halved."""

import os
import random
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from django.db.models import Sum

from balances import holds, reading
from balances.kinds import DEBIT_NORMAL
from balances.models import Account, Entry, Hold, Journal
from balances.posting import InsufficientFunds
from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests import roles
from tests.conftest import fund
from tests.payments.rivals import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BY_CLOCK = Cause(kind=CauseKind.CLOCK)
RIVALS, ROUNDS = 20, 200
WRITERS, JOURNALS, KILLS = 8, 1_000, 12


def one_of_many(product: Product, number: int, line: threading.Barrier) -> int:
    """Try to reserve 100 in every round, together with all others; gives how often it succeeded."""
    won = 0
    for _ in range(ROUNDS):
        # Every round begins with 100 available: whoever had them gives them back before the next one.
        line.wait(60)
        order = ids.new_id()
        name = ids.encode(ids.WITHDRAWAL, order)
        try:
            with transaction.atomic():
                holds.hold(
                    order,
                    name,
                    product=product,
                    mode="test",
                    currency="INR",
                    amount=Decimal(100),
                    cause=BY_CLOCK,
                )
        except InsufficientFunds:
            line.wait(60)
            continue
        won += 1
        line.wait(60)
        with transaction.atomic():
            holds.release(name, BY_CLOCK)
    return won


def test_of_twenty_withdrawals_of_everything_exactly_one_is_made(product: Product) -> None:
    fund(product, "INR", amount="100")
    line = threading.Barrier(RIVALS)
    won = at_once(*[lambda number=number: one_of_many(product, number, line) for number in range(RIVALS)])
    assert sum(won) == ROUNDS, won
    assert Hold.objects.count() == ROUNDS
    assert reading.product_balances(product.pk, "test") == [
        reading.ProductBalance(currency="INR", available=Decimal(100))
    ]
    assert_sound()


#: Posts journals over a handful of products and currencies until it is told to stop: in transactions of one journal or
#: of several, in every order, over the same accounts as all others. Prints a dot for each commit, and what went wrong.
WRITER = """
import random, sys
import django
django.setup()
from decimal import Decimal
from uuid import UUID
from django.db import connection, transaction
from balances import accounts, corrections
from balances.journals import ProviderMoney
from balances.kinds import JournalKind
from balances.posting import NewJournal, credit, debit, post
from gateway import ids
from gateway.lifecycles import Cause, CauseKind

chance = random.Random(int(sys.argv[1]))
provider, *products = [UUID(one) for one in sys.argv[2:]]
cause = Cause(kind=CauseKind.CLOCK)

def journal():
    # What keeps a balance only grows, so that only locks can get into the way.
    owner, amount = (chance.choice(products), "test", chance.choice(["INR", "BDT"])), Decimal(chance.randint(1, 500))
    money = ProviderMoney(account=provider, payment_system="paytm", mode="test", currency=owner[2], amount=amount)
    kind, left, right = chance.choice([
        (JournalKind.RECEIPT_CREDITED, money.balance, accounts.available(*owner)),
        (JournalKind.SAVINGS_OBSERVED, money.savings, accounts.savings(*owner)),
        (JournalKind.PRODUCT_FEE, accounts.receivable(*owner), accounts.fee_income(*owner)),
    ])
    legs = [debit(left, amount), credit(right, amount)]
    chance.shuffle(legs)
    return NewJournal(kind=kind, reference=str(ids.new_id()), legs=tuple(legs), cause=cause)

for _ in range(10_000):
    with transaction.atomic():
        # One call for all that one transaction posts to several products: it takes the locks in their order.
        post(*(journal() for _ in range(chance.randint(1, 4))))
    with transaction.atomic():
        corrections.repay(chance.choice(products), "test", chance.choice(["INR", "BDT"]), cause)
    print(".", end="", flush=True)
"""
ROOT = Path(__file__).parents[2]


def start_writer(seed: int, owners: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(seed), *owners],
        cwd=ROOT,
        env={**os.environ, **roles.environment(), "DJANGO_SETTINGS_MODULE": "gateway.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_writers_that_are_killed_leave_whole_journals(product: Product, account: ProviderAccount) -> None:
    products = [product, Product.objects.create(name="second"), Product.objects.create(name="third")]
    chance = random.Random(4)  # noqa: S311 - whom to kill
    names = [str(one.pk) for one in (account, *products)]
    writers = [start_writer(seed, names) for seed in range(WRITERS)]
    killed = []
    for number in range(KILLS):
        victim = chance.choice(writers)
        assert victim.stdout is not None
        assert victim.stdout.read(1) == b"."  # it is in the middle of its work
        victim.kill()
        killed.append(victim)
        writers[writers.index(victim)] = start_writer(WRITERS + number, names)
    while Journal.objects.count() < JOURNALS:
        for one in writers:
            assert one.stdout is not None
            assert one.stdout.read(1) == b"."
    for one in writers:
        one.kill()
    for one in [*writers, *killed]:
        _, said = one.communicate(timeout=60)
        # Nobody met a deadlock or any other refusal: they ended because they were killed.
        assert (one.returncode, said.decode()) == (-signal.SIGKILL, "")
    assert Journal.objects.count() >= JOURNALS
    assert_sound()


def assert_sound() -> None:
    """The ledger agrees with itself: everything sums to zero, and each kept balance is that of its entries."""
    assert not Entry.objects.values("mode", "currency").annotate(total=Sum("amount")).exclude(total=0).exists()
    for account in Account.objects.filter(balance__isnull=False):
        total = account.entries.aggregate(total=Sum("amount"))["total"] or Decimal(0)
        assert account.balance == (total if account.kind in DEBIT_NORMAL else -total), account
        assert account.entry_count == account.entries.count()
    for held in Account.objects.filter(kind="held"):
        open_holds = Hold.objects.filter(
            product=held.product_id, mode=held.mode, currency=held.currency, status="open"
        ).aggregate(total=Sum("amount"))["total"]
        assert held.balance == (open_holds or 0), held
