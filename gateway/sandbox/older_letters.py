"""Postbacks as older pages of the contract had them (C§2.3): posted in place of today's if the control API says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.paykassma.signatures import postback_signature, withdrawal_signature
from gateway.sandbox import php_json
from gateway.sandbox.settings import Settings


def older(message: Mapping[str, Any], settings: Settings) -> str:
    """Write and sign the older form of a message (an envelope of today, without signature)."""
    items = message["additional_data"]
    return _withdrawal(message, items[0], settings) if items[0]["withdrawal_id"] else _deposit(message, settings)


def _deposit(message: Mapping[str, Any], settings: Settings) -> str:
    transactions = [
        {
            "amount": item["amount"],
            "currency_code": item["currency_code"],
            "wallet_type": item["wallet_type"],
            "transaction_id": item["transaction_id"],
            "transaction_type": item["transaction_type"],
            "from": item["exchanger_identifier"],
            "created_datetime": message["created_datetime"],
            "activated_datetime": item["activated_datetime"],
            "custom_id": item["plugin_custom_order_id"],
        }
        for item in message["additional_data"]
    ]
    # Without the two flags, which came with page version 32 (C§2.3).
    text = php_json.encode(transactions)
    return php_json.encode(
        {
            "access_key": settings.postback_access_key,
            "signature": postback_signature(text, settings.postback_access_key, settings.postback_private_key),
            "label": message["label"],
            "stockpiling": message["converted_amount"],
            "stockpiling_id": message["additional_data"][0]["stockpiling_id"],
            "transactions": transactions,
        },
    )


def _withdrawal(message: Mapping[str, Any], item: Mapping[str, Any], settings: Settings) -> str:
    body = {
        "withdrawal_id": item["withdrawal_id"],
        "status": item["withdrawal_status"],
        "comment": item["comment"],
        "payment_system": item["wallet_type"],
        "amount": item["amount"],
        "currency_code": item["currency_code"],
        "label": message["label"],
        "account_number": item["account_number"],
        "account_name": item["account_name"],
        "account_email": item["account_email"],
        "payments_details": {},
        "bank_details": item["bank_details"],
    }
    return php_json.encode({**body, "signature": withdrawal_signature(body, settings.postback_private_key)})
