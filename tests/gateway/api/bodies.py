"""Bodies that are accepted, to be changed into ones that are not."""

import itertools
from typing import Any

_numbers = itertools.count(1)


def deposit_body(**changes: Any) -> dict[str, Any]:
    """A body that is accepted, each with a reference of its own; ``...`` leaves a field out."""
    body = {
        "payment_system": "upi_l",
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": f"order-{next(_numbers)}",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def withdrawal_body(**changes: Any) -> dict[str, Any]:
    """As `deposit_body`, of a withdrawal."""
    body = {
        "payment_system": "imps_ib",
        "currency": "INR",
        "amount": "1218",
        "customer": "55",
        "reference": f"payout-{next(_numbers)}",
        "recipient": {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"},
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}
