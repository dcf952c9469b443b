"""Holds: a withdrawal's amount is reserved when it is created, and spent or released exactly once.

Each is one row and one journal, in the transaction that moves the withdrawal.
"""

import json
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.utils import timezone

from balances import corrections, journals
from balances.journals import ProductMoney, ProviderMoney
from balances.kinds import HoldStatus
from balances.models import Hold
from balances.posting import InsufficientFunds, NewJournal, post
from gateway import prepared_sql
from gateway.lifecycles import Cause
from gateway.products.models import Product

#: Of each that is open. The locks need no order: whoever closes a hold has locked its withdrawal before.
_SPEND: Final = prepared_sql.one_line(f"""
    UPDATE balances_hold SET status = '{HoldStatus.SPENT}', closed_at = %(now)s::timestamptz
    WHERE status = '{HoldStatus.OPEN}' AND order_id IN (SELECT jsonb_array_elements_text(%(names)s::jsonb))
    RETURNING order_id, product_id
""")  # noqa: S608 - our own words


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


def spend_together(paid: Sequence[tuple[str, ProviderMoney, Cause, Sequence[NewJournal]]]) -> None:
    """Like `spend`, for many withdrawals whose rows the caller holds locked: their journals are posted in one call.

    Args:
        paid: of each withdrawal its public id, its money, what moved it, and the journals of its fees.

    Raises:
        Hold.DoesNotExist: one of them holds nothing any more; nothing was posted.
    """
    names = json.dumps([name for name, *_ in paid])
    products = dict(prepared_sql.run(_SPEND, {"names": names, "now": timezone.now()}))
    if len(products) != len(paid):
        raise Hold.DoesNotExist
    post(
        *(
            journal
            for name, money, cause, fees in paid
            for journal in (journals.withdrawal_paid(name, money, products[name], cause), *fees)
        )
    )


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
