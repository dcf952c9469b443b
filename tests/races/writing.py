"""Posts journals until it is killed, in a process of its own (`tests.forked`)."""

import random
import sys
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

from django.db import transaction

from balances import accounts, corrections
from balances.journals import ProviderMoney
from balances.kinds import JournalKind
from balances.posting import NewJournal, credit, debit, post
from gateway import ids
from gateway.lifecycles import Cause, CauseKind

_BY_CLOCK = Cause(kind=CauseKind.CLOCK)


def write(seed: int, provider: UUID, products: list[UUID], done: Connection, complaints: Path) -> None:
    """Post over a handful of products and currencies: over the same accounts as all others, in every order.

    Args:
        seed: of what is posted, in transactions of one journal or of several.
        provider: id of the provider's account.
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
            post(*(_journal(chance, provider, products) for _ in range(chance.randint(1, 4))))
        with transaction.atomic():
            corrections.repay(chance.choice(products), "test", chance.choice(["INR", "BDT"]), _BY_CLOCK)
        done.send_bytes(b".")


def _journal(chance: random.Random, provider: UUID, products: list[UUID]) -> NewJournal:
    # What keeps a balance only grows, so that only locks can get into the way.
    owner, amount = (chance.choice(products), "test", chance.choice(["INR", "BDT"])), Decimal(chance.randint(1, 500))
    money = ProviderMoney(account=provider, payment_system="paytm", mode="test", currency=owner[2], amount=amount)
    kind, left, right = chance.choice(
        [
            (JournalKind.RECEIPT_CREDITED, money.balance, accounts.available(*owner)),
            (JournalKind.SAVINGS_OBSERVED, money.savings, accounts.savings(*owner)),
            (JournalKind.PRODUCT_FEE, accounts.receivable(*owner), accounts.fee_income(*owner)),
        ]
    )
    legs = [debit(left, amount), credit(right, amount)]
    chance.shuffle(legs)
    return NewJournal(kind=kind, reference=str(ids.new_id()), legs=tuple(legs), cause=_BY_CLOCK)
