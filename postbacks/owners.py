"""Whose order does an item of a letter name? Ours of this account, ours of another one, or nobody's."""

import uuid
from collections.abc import Iterable

from gateway import ids
from payments.models import Confirmation, Deposit
from postbacks.models import LetterItem
from withdrawals.models import Withdrawal


def deposit_named(order_id: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The deposit that an id names, of whatever account: its id and that account's."""
    if (found := ids.decode(ids.CONFIRMATION, order_id)) is not None:
        return Confirmation.objects.filter(pk=found).values_list("deposit", "deposit__account").first()
    if (found := ids.decode(ids.DEPOSIT, order_id)) is not None:
        return Deposit.objects.filter(pk=found).values_list("pk", "account").first()
    return None


def is_own_deposit(order_id: str, account_id: uuid.UUID) -> bool:
    """Whether an id names a deposit of this account."""
    named = deposit_named(order_id)
    return named is not None and named[1] == account_id


def withdrawal_of(item: LetterItem) -> Withdrawal | None:
    """The withdrawal that an item names, of the item's own account."""
    found = ids.decode(ids.WITHDRAWAL, item.order_id)
    return None if found is None else Withdrawal.objects.filter(pk=found, account=item.account_id).first()


def withdrawals_of(items: Iterable[LetterItem]) -> dict[str, Withdrawal]:
    """The withdrawals that items of one account name, by the id by which they do; with no more than a verdict needs."""
    named = {item.order_id: item.account_id for item in items if item.is_withdrawal}
    found = {one: ids.decode(ids.WITHDRAWAL, one) for one in named}
    mine = Withdrawal.objects.filter(account__in=set(named.values())).only("account", "amount", "currency", "status")
    rows = mine.in_bulk([one for one in found.values() if one is not None])
    ours = {name: rows[one] for name, one in found.items() if one is not None and one in rows}
    return {name: row for name, row in ours.items() if row.account_id == named[name]}


def foreign(item: LetterItem) -> str:
    """An order of another account (so perhaps of the other mode) must never be settled by this account's letters."""
    if item.is_withdrawal:
        found = ids.decode(ids.WITHDRAWAL, item.order_id)
        is_ours = found is not None and Withdrawal.objects.filter(pk=found).exists()
        return "the withdrawal belongs to another account" if is_ours and withdrawal_of(item) is None else ""
    named = deposit_named(item.order_id)
    return "the deposit belongs to another account" if named is not None and named[1] != item.account_id else ""
