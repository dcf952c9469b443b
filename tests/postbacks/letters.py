"""Letters as the provider writes and signs them (C§2), and what it says when it is asked (C§1.10, C§1.12)."""

import hashlib
import json
import secrets
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from postbacks.models import LetterItem
from postbacks.settling import settle_letters

PULL = "/api/v1/pullpostbacks"
POSTBACK = "/api/v1/postback"

ACKNOWLEDGED = b'{"status":"ok"}'

#: One for all: a new client loads every middleware again.
_PROVIDER = Client(enforce_csrf_checks=True)


def encoded(value: Any) -> str:
    """As PHP does with slashes and Unicode raw."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def signature(text: str, access_key: str, private_key: str) -> str:
    """C§2.2, written out a second time."""
    digest = hashlib.md5(text.encode()).hexdigest()
    return hashlib.sha1((access_key + private_key + digest).encode()).hexdigest()


def item(**changes: Any) -> dict[str, Any]:
    """An item of a deposit."""
    return {
        "activated_datetime": "2026-01-02 03:04:05",
        "exchanger_identifier": "",
        "comment": "",
        "amount": "1000.00",
        "currency_code": "INR",
        "wallet_type": "upi_l",
        "stockpiling_id": None,
        "transaction_id": secrets.token_hex(6),
        "transaction_type": 0,
        "plugin_custom_order_id": "",
        "withdrawal_id": None,
        "withdrawal_status": None,
        "account_number": "",
        "account_name": "",
        "account_email": "",
        "bank_details": {"bank_code": "", "branch_code": ""},
        **changes,
    }


def envelope(items: list[Any], **changes: Any) -> dict[str, Any]:
    """A postback around these items that agrees with them; without a signature."""
    first = items[0] if items and isinstance(items[0], dict) else item()
    return {
        "wallet_type": first["wallet_type"],
        "amount": None,
        "currency_code": first["currency_code"],
        "label": "",
        "converted_amount": {"USD": 12.5},
        "direction": "outgoing" if first["withdrawal_id"] else "ingoing",
        "created_datetime": "2026-01-02 03:04:05",
        "additional_data": items,
        **changes,
    }


def letter(account: ProviderAccount, items: list[Any], **changes: Any) -> bytes:
    """The body of a letter with the account's present keys."""
    signed = signature(encoded(items), account.postback_access_key, account.postback_private_key)
    return encoded({"signature": signed, **envelope(items, **changes)}).encode()


def path(account: ProviderAccount) -> str:
    return f"/postbacks/paykassma/{account.postback_token}/"


def deliver(account: ProviderAccount, raw: bytes, content_type: str = "application/json") -> HttpResponse:
    """The provider posts a letter to the account's address."""
    return _PROVIDER.post(path(account), raw, content_type=content_type)  # type: ignore[return-value]


def kept(account: ProviderAccount, raw: bytes) -> None:
    """Deliver a letter that has to be acknowledged."""
    answer = deliver(account, raw)
    assert (answer.status_code, answer.content) == (200, ACKNOWLEDGED)


def settle(account: ProviderAccount) -> None:
    """One worker's step with every open item, as if its time had come."""
    LetterItem.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
    settle_letters(account.pk)


def verdicts() -> list[tuple[str, str]]:
    """Status and note of every item, in order."""
    return [(row.status, row.note) for row in LetterItem.objects.order_by("letter", "position")]


def pulled(*entries: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The answer to a pull of deposits."""
    return 200, {"status": "success", "message": "", "code": 20000, "data": {"transactions": list(entries)}}


def unknown(custom_id: str) -> dict[str, Any]:
    return {"plugin_custom_order_id": custom_id, "message": "Postback not found"}


def known(custom_id: str, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"plugin_custom_order_id": custom_id, "postback": envelope(list(items), **changes)}


def read(*items: dict[str, Any], **changes: Any) -> tuple[int, dict[str, Any]]:
    """The answer to a question about one postback."""
    return 200, {"status": "ok", "postback": envelope(list(items), **changes)}
