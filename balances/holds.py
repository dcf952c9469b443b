"""Holds: a withdrawal's amount is reserved when it is created, and spent or released exactly once.

Each is one row and one journal, in the transaction that moves the withdrawal.
"""

import uuid
from decimal import Decimal

from django.utils import timezone

from balances import corrections, journals
from balances.journals import ProductMoney, ProviderMoney
from balances.kinds import HoldStatus
from balances.models import Hold
from balances.posting import InsufficientFunds, NewJournal, post
from gateway.lifecycles import Cause
from gateway.products.models import Product


def hold(
    order: uuid.UUID, order_id: str, *, product: Product, mode: str, currency: str, amount: Decimal, cause: Cause
) -> Hold:
    """Reserve an amount for a withdrawal.

    Args:
        order: the withdrawal's id, by which its own guard finds the hold.
        order_id: the same as a TypeID, by which the ledger names it.
        product: whose money.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        amount: above zero.
        cause: who asked for it.

    Raises:
        InsufficientFunds: the product has too little, or owes something; the transaction is lost.
    """
    row = Hold(id=order, order_id=order_id, product=product, mode=mode, currency=currency, amount=amount)
    row.created_at = timezone.now()  # the database writes its own
    row.save(force_insert=True)
    post(journals.withdrawal_held(order_id, _money_of(row), cause))
    # After the posting, which has locked the available money: every shortfall takes that lock first, so one that was
    # there before us is seen here, and one that comes later finds our hold.
    if corrections.owes(product.pk, mode, currency):
        raise InsufficientFunds
    return row


def spend(order_id: str, money: ProviderMoney, cause: Cause, *fees: NewJournal) -> None:
    """The withdrawal was paid by the provider from what it held.

    Its fees are posted in the same call: they take available money, which is locked before what is held.
    """
    row = _closed(order_id, HoldStatus.SPENT)
    post(journals.withdrawal_paid(order_id, money, row.product_id, cause), *fees)


def release(order_id: str, cause: Cause) -> None:
    """The withdrawal ended without a payment; what it held is the product's again, and first covers what it owes."""
    row = _closed(order_id, HoldStatus.RELEASED)
    post(journals.withdrawal_released(order_id, _money_of(row), cause))
    corrections.repay(row.product_id, row.mode, row.currency, cause)


def _closed(order_id: str, status: HoldStatus) -> Hold:
    row = Hold.objects.select_for_update(of=("self",)).get(order_id=order_id)
    row.status, row.closed_at = status, timezone.now()
    row.save(update_fields=["status", "closed_at"])
    return row


def _money_of(row: Hold) -> ProductMoney:
    return ProductMoney(product=row.product_id, mode=row.mode, currency=row.currency, amount=row.amount)
