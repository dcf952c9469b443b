"""The local stack's trial money: its demo product can pay out from the first minute on."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

from balances import accounts
from balances.kinds import JournalKind
from balances.models import Journal
from balances.posting import NewJournal, credit, debit, post
from gateway.lifecycles import Cause, CauseKind
from gateway.products.models import Mode
from gateway.providers.catalogue import SYSTEMS

#: Of each currency: a thousand payouts of the size that the examples have.
AMOUNT: Final = Decimal(1_000_000)
_CAUSE: Final = Cause(kind=CauseKind.CLOCK, detail="The local stack's trial money; nobody has ever paid it.")


def fund(product: UUID, modes: Iterable[Mode]) -> int:
    """Give a product its trial money in every currency of the catalogue; gives how many journals that took.

    What was given before is not given again: each has its reference.
    """
    currencies = sorted({currency for system in SYSTEMS for currency in system.currencies})
    wanted = [_funded(product, mode, currency) for mode in modes for currency in currencies]
    references = [one.reference for one in wanted]
    there = set(
        Journal.objects.filter(kind=JournalKind.PRODUCT_FUNDED, reference__in=references).values_list(
            "reference", flat=True
        )
    )
    missing = [one for one in wanted if one.reference not in there]
    post(*missing)
    return len(missing)


def _funded(product: UUID, mode: str, currency: str) -> NewJournal:
    left, right = accounts.bank(mode, currency), accounts.available(product, mode, currency)
    return NewJournal(
        kind=JournalKind.PRODUCT_FUNDED,
        reference=f"trial:{product}:{mode}:{currency}",
        legs=(debit(left, AMOUNT), credit(right, AMOUNT)),
        cause=_CAUSE,
    )
