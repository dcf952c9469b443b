"""Fees: which row counts for an event, what it comes to, and its journals.

They are posted in the transaction that moves the money they are taken for, once for each receipt and each withdrawal:

- The provider's fee of a receipt when it is first posted, credited or suspended: in truth it was taken on arrival.
- The product's fee of a receipt when it is credited.
- Both fees of a withdrawal when it is paid, or proves paid.

They stay where a receipt is reversed or a payout comes back: whether a fee is given back is the provider's word, which
no API carries, or a promise to the product. A person corrects them by an adjustment.

A row counts from its time on, by our clock, for every event that begins to be posted after the row was committed:
nothing is remembered from one event to the next.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from balances import corrections, journals
from balances.journals import ProviderMoney
from balances.kinds import FeeDirection, FeeKind
from balances.models import Fee
from balances.posting import NewJournal
from gateway import money as amounts
from gateway import prepared_sql
from gateway.lifecycles import Cause

_FEE: Final = prepared_sql.Columns(Fee, "fee")
#: The valid rows that fit an event, of those that differ in nothing but their time the latest: at most four of a kind.
#: By hand, because every receipt and every payout asks.
_FITTING: Final = prepared_sql.one_line(
    f"""
    SELECT DISTINCT ON (kind, product_id, provider_account_id, payment_system_id) {_FEE.sql}
    FROM balances_fee AS fee
    WHERE direction = %(direction)s::text AND mode = %(mode)s::text AND currency = %(currency)s::text
        AND (product_id IS NULL OR product_id = %(product)s::uuid)
        AND (provider_account_id IS NULL OR provider_account_id = %(account)s::uuid)
        AND (payment_system_id IS NULL OR payment_system_id = %(system)s::text)
        AND valid_from <= %(now)s::timestamptz
    ORDER BY kind, product_id, provider_account_id, payment_system_id, valid_from DESC
    """  # noqa: S608 - names of our own columns
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One fee of an event.

    Attributes:
        row: by which it is taken.
        fee: what it comes to, and where the provider keeps it.
        product: who pays it; None where the provider takes it of us.
    """

    row: Fee
    fee: ProviderMoney
    product: uuid.UUID | None


@transaction.atomic(savepoint=False)
def add(fee: Fee, *, by: AbstractBaseUser) -> Fee:
    """Let a new row count from its time on; from now on where it names none.

    Args:
        fee: not yet saved.
        by: who decided it. That they may, and by how many persons it is decided, is the caller's affair.

    Raises:
        ValidationError: with a sentence for each field that is wrong. Nothing was written.
    """
    fee.created_by = by  # type: ignore[assignment]  # whatever the project's users are
    fee.full_clean()
    fee.valid_from = fee.valid_from or timezone.now()
    fee.save(force_insert=True)
    return fee


def specificity(fee: Fee) -> tuple[bool, bool]:
    """How narrowly a row is meant; of those that fit an event the narrowest counts, whatever the others say.

    A row for the very product or provider account stands above one for all of them, and then a row for the very
    payment system above one for all of them: what was agreed with somebody is not undone by a new price list. Two
    rows of the same width name the same things, and then the later one counts.
    """
    is_of_one = fee.product_id is not None or fee.provider_account_id is not None
    return is_of_one, fee.payment_system_id is not None


def most_specific(fitting: Iterable[Fee]) -> Fee | None:
    """The row that counts, among rows of one kind that fit an event and are valid; None where there is none."""
    return max(fitting, key=lambda fee: (specificity(fee), fee.valid_from), default=None)


def amount_of(fee: Fee, amount: Decimal) -> Decimal:
    """What a fee comes to: its part of the amount and the fixed sum, rounded once, a half up, to the currency.

    The part is exact before that: of 20 digits times 7 digits all fit into the 28 of Python's context.
    """
    return amounts.rounded((amount * fee.percent).scaleb(-2) + fee.fixed, fee.currency)


def due(
    direction: FeeDirection, money: ProviderMoney, *, product: uuid.UUID | None = None, taken_by_provider: bool = True
) -> list[Charge]:
    """The fees of an event, by the rows that are valid now. Where there are none, this one question is all they cost.

    Args:
        direction: which way the money goes.
        money: how much, and where.
        product: who pays; None while it is nobody's money.
        taken_by_provider: False where the provider has had its fee already.
    """
    rows = _fitting(direction, money, product)
    payers = [] if product is None else [(FeeKind.PRODUCT, product)]
    charges = []
    for kind, payer in [*payers, (FeeKind.PROVIDER, None)] if taken_by_provider else payers:
        row = most_specific(one for one in rows if one.kind == kind)
        if row is not None and (amount := amount_of(row, money.amount)):
            charges.append(Charge(row=row, fee=replace(money, amount=amount), product=payer))
    return charges


def journals_of(charges: Iterable[Charge], order: str, cause: Cause, *, subject: str) -> tuple[NewJournal, ...]:
    """The journals of fees, to be posted at once: a product's available money is locked from here on.

    What the product has not, it owes: money that arrived or was paid is never held up by its fee.

    Args:
        charges: from `due`.
        order: public id of the receipt or withdrawal; no fee of it is ever posted a second time.
        cause: what moved the money.
        subject: public id of the order that the money belongs to, or "".
    """
    return tuple(_journal(one, order, cause, subject) for one in charges)


def _journal(charge: Charge, order: str, cause: Cause, subject: str) -> NewJournal:
    fee, product, row = charge.fee, charge.product, charge.row.public_id
    if product is None:
        return journals.provider_fee(order, fee, cause, subject=subject, row=row)
    taken = corrections.take_back(product, fee.mode, fee.currency, fee.amount, with_overdraft=True)
    return journals.product_fee(order, fee, product, taken, cause, subject=subject, row=row)


def _fitting(direction: FeeDirection, money: ProviderMoney, product: uuid.UUID | None) -> list[Fee]:
    parameters = {
        "direction": direction.value,
        "mode": money.mode,
        "currency": money.currency,
        "product": product,
        "account": money.account,
        "system": money.payment_system,
        "now": timezone.now(),
    }
    return [_FEE.read(values) for values in prepared_sql.run(_FITTING, parameters)]
