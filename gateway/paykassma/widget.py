"""The provider's payment window: an address that a customer's browser opens (C§1.8). Nothing is called here."""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from urllib.parse import quote, urlencode

#: The size of the frame in which the provider means its window to be shown, in CSS pixels.
WIDTH_PX: Final = 640
HEIGHT_PX: Final = 750


def widget_address(
    base_url: str,
    *,
    label: str,
    currency: str,
    language: str,
    wallet_type: str,
    custom_transaction_id: str,
    amount: Decimal,
    success_hash: str = "",
    fail_hash: str = "",
    pending_hash: str = "",
) -> str:
    """Write the address of the window for one deposit.

    Args:
        base_url: https://plugin.{server}, with or without a slash at its end.
        label: our id of the customer.
        currency: of the amount.
        language: ISO 639-1.
        wallet_type: the only payment system that the customer sees.
        custom_transaction_id: our id of the deposit, never used twice.
        amount: whole units of the currency; the customer cannot change it.
        success_hash: of the address to come back to (C§1.7); left out where empty, as the next two.
        fail_hash: the same for a customer who has not paid.
        pending_hash: the same where it is not yet known.

    Raises:
        ValueError: the amount is not whole.
    """
    if amount != amount.to_integral_value():
        raise ValueError("the payment window takes whole units only")
    parameters = {
        "label": label,
        "currency_code": currency,
        "lang": language,
        "wallet_type": wallet_type,
        "custom_transaction_id": custom_transaction_id,
        "fixed_amount": str(int(amount)),
        "success_url": success_hash,
        "fail_url": fail_hash,
        "pending_url": pending_hash,
    }
    # Percent signs throughout: a plus for a blank is read in two ways.
    given = {name: value for name, value in parameters.items() if value}
    return f"{base_url.rstrip('/')}/?{urlencode(given, quote_via=quote, safe='')}"
