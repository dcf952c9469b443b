"""What the provider says about withdrawals (C§1.9, C§1.12, C§2.1), for the scripts of the tests."""

import json
from typing import Any

from withdrawals.models import Withdrawal

CREATE = "/v2/withdrawal/create"
PULL = "/api/v1/pullpostbacks"

OK = (200, {"status": "ok"})
REFUSED_FIELD = (200, {"status": "fail", "message": {"account_number": ["The account number format is invalid."]}})
REFUSED_TEXT = (200, {"status": "fail", "message": "Something is wrong with this order"})
NO_FUNDS = (200, {"status": "fail", "message": {"withdrawals_sum_amount": ["Insufficient balance"]}})


def pulled(*entries: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The answer to a pull with these entries."""
    data = {"withdrawals": list(entries)}
    return 200, {"status": "success", "message": "", "code": 20000, "data": data, "paginate": {"total": 1}}


def not_found(withdrawal: Withdrawal) -> dict[str, Any]:
    return {"withdrawal_id": withdrawal.public_id, "message": "Withdrawal with this ID not found"}


def no_postback(withdrawal: Withdrawal) -> dict[str, Any]:
    return {"withdrawal_id": withdrawal.public_id, "message": "Postback not found"}


def found(withdrawal: Withdrawal, status: int, **changes: Any) -> dict[str, Any]:
    return {"withdrawal_id": withdrawal.public_id, "postback": postback(withdrawal, status, **changes)}


def item(withdrawal: Withdrawal, status: int) -> dict[str, Any]:
    """The item that agrees with the frozen request in everything."""
    request = json.loads(bytes(withdrawal.body))
    return {
        "activated_datetime": "",
        "exchanger_identifier": "",
        "comment": "done",
        "amount": str(request["amount"]),
        "currency_code": request["currency_code"],
        "wallet_type": request["payment_system"],
        "stockpiling_id": None,
        "transaction_id": "",
        "transaction_type": None,
        "plugin_custom_order_id": "",
        "withdrawal_id": request["withdrawal_id"],
        "withdrawal_status": status,
        "account_number": request.get("account_number", ""),
        "account_name": request.get("account_name", ""),
        "account_email": request.get("account_email", ""),
        "bank_details": {"bank_code": request.get("bank_details", {}).get("bank_code"), "branch_code": ""},
    }


def postback(
    withdrawal: Withdrawal,
    status: int,
    *,
    items: list[Any] | None = None,
    envelope: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """The postback of a withdrawal, with changes to its one item and to its envelope."""
    request = json.loads(bytes(withdrawal.body))
    return {
        "wallet_type": request["payment_system"],
        "amount": request["amount"],
        "currency_code": request["currency_code"],
        "label": request["label"],
        "converted_amount": {"USD": 14.5},
        "direction": "outgoing",
        "created_datetime": "2026-01-02 03:04:05",
        "additional_data": [item(withdrawal, status) | changes] if items is None else items,
        **(envelope or {}),
    }
