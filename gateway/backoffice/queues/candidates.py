"""For which deposit money in suspense may have been paid: what people look at first. Nothing is credited by it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet

from gateway import ids
from gateway.backoffice import readable
from gateway.money import shown_amount
from payments.models import Confirmation, Deposit, Receipt
from payments.states import DepositStatus

#: Of each sort: what does not stand among the newest few is looked for by hand.
_LISTED_MAX: Final = 10
#: How long before the money its deposit was made: most people pay within the hour, some the next day.
_MADE_BEFORE: Final = timedelta(days=2)
#: Longest reference whose misspellings are tried: each is one look into an index, and this makes some 600 of them.
_MISSPELT_MAX_LENGTH: Final = 24
_DIGITS: Final = "0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A deposit that the money may have been paid for, and what speaks for it."""

    deposit: Deposit
    because: str

    @property
    def sum(self) -> str:
        """What it expects."""
        return shown_amount(self.deposit.amount, self.deposit.currency)


def for_receipt(receipt: Receipt) -> list[Candidate]:
    """Deposits of the same provider account, best reasons first, each once. At most four queries."""
    found: dict[uuid.UUID, Candidate] = {}
    for deposit, because in _all(receipt):
        # What a deposit was named for first says most.
        found.setdefault(deposit.pk, Candidate(deposit=deposit, because=because))
    return list(found.values())


def _all(receipt: Receipt) -> Iterator[tuple[Deposit, str]]:
    reference = receipt.transaction_id
    if reference:
        yield from _named(receipt, [reference], "A customer named exactly this reference")
        yield from _named(receipt, misspellings(reference), "A customer named nearly this reference")
    if (customer := ids.decode(ids.CUSTOMER, receipt.label)) is not None:
        theirs = _open(receipt).filter(customer=customer)
        for one in theirs.order_by("-id")[:_LISTED_MAX]:
            yield one, "It is of the customer whom the provider names"
    same = _open(receipt).filter(
        amount=receipt.amount,
        currency=receipt.currency,
        payment_system=receipt.wallet_type,
        # By their ids, which begin with the time they were made at: the primary key alone serves this.
        id__range=(ids.first_at(receipt.received_at - _MADE_BEFORE), ids.first_at(receipt.received_at)),
    )
    for one in same.order_by("-id")[:_LISTED_MAX]:
        yield one, "The same amount through the same system, made not long before"


def _named(receipt: Receipt, references: list[str], because: str) -> Iterator[tuple[Deposit, str]]:
    named = Confirmation.objects.filter(provider_reference__in=references, deposit__account=receipt.account_id)
    rows = named.select_related("deposit__product", "deposit__customer").order_by("-id")
    rows = rows.defer("deposit__details", "deposit__shown")
    for one in rows[:_LISTED_MAX]:
        if one.deposit.status != DepositStatus.REVERSED:
            yield one.deposit, f"{because}: {one.provider_reference}"


def _open(receipt: Receipt) -> "QuerySet[Deposit]":
    # A credited one has its money; whoever paid twice is found by the reference.
    rows = Deposit.objects.filter(account=receipt.account_id).exclude(
        status__in=[DepositStatus.CREDITED, DepositStatus.REVERSED]
    )
    return rows.select_related("product", "customer").defer("details", "shown")


def misspellings(reference: str) -> list[str]:
    """References that differ by one slip of a finger: a digit too many, too few, another one, or two in wrong order."""
    if len(reference) > _MISSPELT_MAX_LENGTH:
        return []
    made: set[str] = set()
    for place in range(len(reference) + 1):
        head, tail = reference[:place], reference[place:]
        made |= {head + digit + tail for digit in _DIGITS}
        if tail:
            made.add(head + tail[1:])
            made |= {head + digit + tail[1:] for digit in _DIGITS}
        if len(tail) > 1:
            made.add(head + tail[1] + tail[0] + tail[2:])
    return sorted(made - {reference, ""})


def facts(receipt: Receipt) -> list[tuple[str, Any]]:
    """What is known of the money itself, for people."""
    return [
        ("Amount", shown_amount(receipt.amount, receipt.currency)),
        ("Payment system", receipt.wallet_type),
        ("Provider account", receipt.account.name),
        ("Transaction id", receipt.transaction_id or "-"),
        ("Order that the provider names", receipt.custom_id or "-"),
        ("Customer that the provider names", receipt.label or "-"),
        ("Received", readable.moment(receipt.received_at)),
    ]
