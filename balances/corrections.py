"""Corrections never fail for want of money: what an account lacks, the product owes, and repays before all else."""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from balances import accounts, journals
from balances.accounts import AccountKey
from balances.journals import ProductMoney
from balances.kinds import AccountKind
from balances.models import Account
from balances.posting import Leg, credit, debit, open_accounts, post
from gateway import ids
from gateway.lifecycles import Cause

_NOTHING: Final = Decimal(0)


def locked_balance(key: AccountKey) -> Decimal:
    """The balance of an account with a live one, which nobody changes until the transaction ends.

    An account that nobody has used yet is opened: what is not there cannot be locked, and its first money would come
    unseen beside its first debt.
    """
    return _locked(key).balance or _NOTHING


def _locked(key: AccountKey) -> Account:
    rows = Account.objects.select_for_update(of=("self",), no_key=True).only("balance", "overdraft_limit")
    row = rows.filter(pk=key.id).first()
    if row is None:
        open_accounts([key])
        row = rows.get(pk=key.id)
    return row


def take_back(
    product: uuid.UUID, mode: str, currency: str, amount: Decimal, *, with_overdraft: bool = False
) -> tuple[Leg, ...]:
    """The legs that take an amount from a product: what is available, and the rest as something that it owes.

    The available money is locked, so it is still there when the legs are posted.

    Args:
        product: whose money.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        amount: above zero.
        with_overdraft: whether a granted overdraft may be used. It is for withdrawals, and for what they cost.
    """
    available = accounts.available(product, mode, currency)
    row = _locked(available)
    limit = row.overdraft_limit if with_overdraft else _NOTHING
    there = max(min((row.balance or _NOTHING) + limit, amount), _NOTHING)
    legs = [debit(available, there)] if there else []
    if amount > there:
        legs.append(debit(accounts.receivable(product, mode, currency), amount - there))
    return tuple(legs)


def within_what_is_there(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """The same legs, so that they can be posted whatever the products have by now.

    What is taken from available money and is not there, the product owes. What would cover a debt and is more than is
    owed by now, becomes available. All of these accounts are locked.
    """
    legs = tuple(legs)
    limited = {AccountKind.AVAILABLE, AccountKind.PRODUCT_RECEIVABLE}
    owners = {_owner(leg.account): None for leg in legs if leg.account.kind in limited}
    # Every available account before any receivable one, as every posting takes them.
    for key in sorted((accounts.available(*owner) for owner in owners), key=lambda key: key.lock_rank):
        locked_balance(key)
    sums: dict[AccountKey, Decimal] = {}
    for leg in sorted(legs, key=lambda leg: leg.account.lock_rank):
        for part in _parts(leg):
            sums[part.account] = sums.get(part.account, _NOTHING) + part.amount
    return tuple(Leg(account=key, amount=amount) for key, amount in sums.items() if amount)


def _parts(leg: Leg) -> tuple[Leg, ...]:
    if leg.account.kind == AccountKind.AVAILABLE and leg.amount > 0:
        return take_back(*_owner(leg.account), leg.amount)
    if leg.account.kind == AccountKind.PRODUCT_RECEIVABLE and leg.amount < 0:
        covered = min(locked_balance(leg.account), -leg.amount)
        rest = accounts.available(*_owner(leg.account))
        return (credit(leg.account, covered), credit(rest, -leg.amount - covered))
    return (leg,)


def _owner(key: AccountKey) -> tuple[uuid.UUID, str, str]:
    assert key.product is not None
    return key.product, key.mode, key.currency


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
