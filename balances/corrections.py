"""Corrections never fail for want of money: what an account lacks, the product owes, and repays before all else."""

import uuid
from decimal import Decimal
from typing import Final

from balances import accounts, journals
from balances.accounts import AccountKey
from balances.journals import ProductMoney
from balances.models import Account
from balances.posting import Leg, debit, post
from gateway import ids
from gateway.lifecycles import Cause

_NOTHING: Final = Decimal(0)


def locked_balance(key: AccountKey) -> Decimal:
    """The balance of an account with a live one, which nobody changes until the transaction ends."""
    row = Account.objects.select_for_update(of=("self",), no_key=True).filter(pk=key.id).only("balance").first()
    return _NOTHING if row is None or row.balance is None else row.balance


def take_back(product: uuid.UUID, mode: str, currency: str, amount: Decimal) -> tuple[Leg, ...]:
    """The legs that take an amount from a product: what is available, and the rest as something that it owes.

    The available money is locked, so it is still there when the legs are posted. A granted overdraft is for
    withdrawals: it is not used up here.
    """
    available = accounts.available(product, mode, currency)
    there = max(min(locked_balance(available), amount), _NOTHING)
    legs = [debit(available, there)] if there else []
    if amount > there:
        legs.append(debit(accounts.receivable(product, mode, currency), amount - there))
    return tuple(legs)


def repay(product: uuid.UUID, mode: str, currency: str, cause: Cause) -> Decimal:
    """Cover what a product owes with what it has, as far as that goes. Call it after money came to the product.

    Returns:
        How much was covered.
    """
    # Looked at without a lock first: nearly nobody owes anything, and this stands in the way of every receipt.
    if not owes(product, mode, currency):
        return _NOTHING
    # Available before receivable, as every posting takes them.
    there = locked_balance(accounts.available(product, mode, currency))
    amount = min(there, locked_balance(accounts.receivable(product, mode, currency)))
    if amount <= 0:
        return _NOTHING
    money = ProductMoney(product=product, mode=mode, currency=currency, amount=amount)
    post(journals.receivable_repaid(str(ids.new_id()), money, cause))
    return amount


def owes(product: uuid.UUID, mode: str, currency: str) -> bool:
    """True where the product owes something in this currency."""
    return Account.objects.filter(pk=accounts.receivable(product, mode, currency).id, balance__gt=0).exists()
