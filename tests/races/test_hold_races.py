"""Twenty at once for the same money, and writers killed in the middle: nothing is spent twice, nothing is halved."""

import random
import signal
import threading
from decimal import Decimal
from multiprocessing import Pipe
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction

from balances import holds, reading
from balances.models import Hold, Journal
from balances.posting import InsufficientFunds
from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.conftest import fund
from tests.forked import started
from tests.payments.rivals import at_once
from tests.races.soundness import assert_sound
from tests.races.writing import write

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


class Writer:
    """A process that posts (`tests.races.writing`), with its dots and its complaints."""

    def __init__(self, seed: int, provider: UUID, products: list[UUID], directory: Path) -> None:
        self.complaints = directory / f"writer-{seed}"
        self.dots, theirs = Pipe(duplex=False)
        self.process = started(write, seed, provider, products, theirs, self.complaints)
        theirs.close()  # where it dies, nobody waits for its dots

    def await_commits(self) -> None:
        assert self.dots.recv_bytes() == b"."

    def end(self) -> tuple[int | None, str]:
        """Its exit code, and what it complained of."""
        self.process.kill()
        self.process.join(60)
        return self.process.exitcode, self.complaints.read_text()


def test_writers_that_are_killed_leave_whole_journals(
    product: Product, account: ProviderAccount, tmp_path: Path
) -> None:
    products = [product.pk, *(Product.objects.create(name=one).pk for one in ("second", "third"))]
    chance = random.Random(4)  # noqa: S311 - whom to kill
    writers = [Writer(seed, account.pk, products, tmp_path) for seed in range(WRITERS)]
    killed = []
    for number in range(KILLS):
        victim = chance.choice(writers)
        victim.await_commits()  # it is in the middle of its work
        victim.process.kill()
        killed.append(victim)
        writers[writers.index(victim)] = Writer(WRITERS + number, account.pk, products, tmp_path)
    while Journal.objects.count() < JOURNALS:
        for one in writers:
            one.await_commits()
    for one in [*writers, *killed]:
        # Nobody met a deadlock or any other refusal: they ended because they were killed.
        assert one.end() == (-signal.SIGKILL, "")
    assert Journal.objects.count() >= JOURNALS
    assert_sound()
