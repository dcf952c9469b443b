"""Rows of fees, as two persons agree on them."""

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from balances import fees
from balances.models import Fee
from tests.two_persons import agreed


@transaction.atomic
def charge(kind: str, direction: str, percent: str, fixed: str = "0", **changes: Any) -> Fee:
    """Enter a row that counts at once, for all test money in INR unless the changes say otherwise."""
    finance, _ = User.objects.get_or_create(username="finance", defaults={"is_staff": True})
    row = {"mode": "test", "currency": "INR", "reason": "the contract", **changes}
    fee = Fee(kind=kind, direction=direction, percent=Decimal(percent), fixed=Decimal(fixed), **row)
    fees.add(fee, by=finance)
    agree_on(fee)
    return fee


def agree_on(fee: Fee) -> None:
    """Two persons, in the present transaction, on a row that says just this."""
    agreed(
        {
            "fee_kind": fee.kind,
            "direction": fee.direction,
            "mode": fee.mode,
            "currency": fee.currency,
            "percent": str(fee.percent),
            "fixed": str(fee.fixed),
            "product": str(fee.product_id or ""),
            "provider_account": str(fee.provider_account_id or ""),
            "payment_system": fee.payment_system_id or "",
            "valid_from": fee.valid_from.isoformat() if fee.valid_from else "",
        }
    )
