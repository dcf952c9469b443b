"""Deposits whose money has arrived, and their refunds as a product asks for them."""

import itertools
import json
from typing import Any

from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma import php_json
from gateway.paykassma.messages import PostbackItem
from gateway.paykassma.postbacks import parse_item
from payments.models import Deposit
from payments.receipts import record_receipt
from tests.conftest import Api
from tests.payments.stage import fresh, money, place

_PULLED = Cause(kind=CauseKind.PULL)
_numbers = itertools.count(1)


def arrive(deposit: Deposit, amount: str, **changes: Any) -> None:
    """The provider says that money of this deposit arrived; less than was asked for waits for a person."""
    said = money(amount=amount, transaction_id=f"refunded-{next(_numbers)}", **changes)
    item = parse_item(
        php_json.parse(json.dumps({**said, "plugin_custom_order_id": deposit.public_id}).encode()),
        label=deposit.customer.label,
    )
    assert isinstance(item, PostbackItem)
    record_receipt(deposit.account, item, asked_for=deposit.public_id, cause=_PULLED)


def credited(api: Api, amount: str = "1000.00", **changes: Any) -> Deposit:
    """A deposit of rupees that was credited with what was asked for."""
    deposit = place(api, amount=amount, **changes)
    arrive(deposit, amount)
    deposit = fresh(deposit)
    assert deposit.status == "credited"
    return deposit


def refund_body(**changes: Any) -> dict[str, Any]:
    """A body that is accepted, each with a reference of its own."""
    return {
        "payment_system": "imps_ib",
        "amount": "400",
        "reference": f"refund-{next(_numbers)}",
        "recipient": {"account_number": "123456789", "account_name": "Test Name", "bank_code": "MAHB0001821"},
        **changes,
    }


def refund(api: Api, deposit: Deposit, **changes: Any) -> Any:
    """The answer to a wish for a refund."""
    return api.post(f"deposits/{deposit.public_id}/refunds", refund_body(**changes))
