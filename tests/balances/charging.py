"""Rows of fees, as finance enters them."""

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from balances import fees
from balances.models import Fee


def charge(kind: str, direction: str, percent: str, fixed: str = "0", **changes: Any) -> Fee:
    """Enter a row that counts at once, for all test money in INR unless the changes say otherwise."""
    finance, _ = User.objects.get_or_create(username="finance", defaults={"is_staff": True})
    row = {"mode": "test", "currency": "INR", "reason": "the contract", **changes}
    return fees.add(
        Fee(kind=kind, direction=direction, percent=Decimal(percent), fixed=Decimal(fixed), **row), by=finance
    )
