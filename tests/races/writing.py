"""Posts journals until it is killed, in a process of its own (`tests.forked`)."""

import random
import sys
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

from django.db import transaction

from balances import accounts, corrections
from balances.accounts import AccountKey
from balances.kinds import JournalKind
from balances.posting import NewJournal, credit, debit, post
from gateway import ids
from gateway.lifecycles import Cause, CauseKind

_BY_CLOCK = Cause(kind=CauseKind.CLOCK)


def write(seed: int, products: list[UUID], done: Connection, complaints: Path) -> None:
    """Post over a handful of products and currencies: over the same accounts as all others, in every order.

    Args:
        seed: of what is posted, in transactions of one journal or of several.
        products: their ids.
        done: is sent a dot after each two commits.
        complaints: the file that what went wrong is written to.
    """
    # Left open: what this raises is written there by whoever called it.
    sys.stderr = complaints.open("w")
    chance = random.Random(seed)  # noqa: S311 - what to post
    for _ in range(10_000):
        with transaction.atomic():
            # One call for all that one transaction posts to several products: it takes the locks in their order.
            post(*(_journal(chance, products) for _ in range(chance.randint(1, 4))))
        with transaction.atomic():
            corrections.repay(chance.choice(products), "test", chance.choice(["INR", "BDT"]), _BY_CLOCK)
        done.send_bytes(b".")


def _some_account(chance: random.Random, products: list[UUID]) -> tuple[AccountKey, str]:
    product, currency = chance.choice(products), chance.choice(["INR", "BDT"])
    kind = chance.choice([accounts.available, accounts.savings, accounts.receivable])
    return kind(product, "test", currency), currency


def _journal(chance: random.Random, products: list[UUID]) -> NewJournal:
    account, currency = _some_account(chance, products)
    # Both ways with one sign: what keeps a balance only grows, so that only locks can get into the way.
    leg = (debit if account.kind == "product_receivable" else credit)(account, Decimal(chance.randint(1, 500)))
    other, back = accounts.bank("test", currency), debit if leg.amount < 0 else credit
    legs = [leg, back(other, abs(leg.amount))]
    chance.shuffle(legs)
    return NewJournal(kind=JournalKind.PRODUCT_FEE, reference=str(ids.new_id()), legs=tuple(legs), cause=_BY_CLOCK)
