"""The provider's raw answers, as far as people may read them: money, ids and words of state, and nobody's account."""

import json
from collections.abc import Collection
from typing import Any, Final

from gateway.paykassma import php_json

#: Members that are shown (C§1.10, C§1.12, C§2.1). Everything else is left out, so what is new there stays unseen until
#: somebody has looked at it: recipients, payers, comments, bank details.
_SHOWN: Final = frozenset(
    (
        *("status", "code", "message", "error_message", "errors", "target"),
        *("data", "transactions", "postback", "paginate", "offset", "total", "limit", "additional_data"),
        *("plugin_custom_order_id", "custom_transaction_id", "transaction_id", "stockpiling_id", "label"),
        *("wallet_type", "amount", "currency_code", "converted_amount", "direction", "type", "transaction_type"),
        *("created_datetime", "activated_datetime", "withdrawal_id", "withdrawal_status"),
    )
)
#: Currencies of converted amounts, by which they are named.
_CURRENCY_LETTERS: Final = 3
_LEFT_OUT: Final = "…"
#: Longest single text: the provider's sentences are shorter.
_TEXT_MAX_LENGTH: Final = 200
#: Longest answer: a screenful or three.
_ANSWER_MAX_LENGTH: Final = 4000


def shown(raw: bytes | None, names: Collection[str]) -> str:
    """An answer as indented JSON, without what is nobody's business here.

    Args:
        raw: as it came; None where it was taken away or cannot be decrypted.
        names: ids of the order; of a pull's many transactions only theirs are shown.
    """
    if raw is None:
        return "It was taken away, or cannot be decrypted."
    if not raw:
        return "Nothing came."
    try:
        payload = php_json.parse(raw)
    except ValueError:
        return f"{len(raw)} bytes that are not JSON."
    text = json.dumps(_readable(payload, names), indent=1, ensure_ascii=False)
    return text if len(text) <= _ANSWER_MAX_LENGTH else text[:_ANSWER_MAX_LENGTH] + _LEFT_OUT


def _readable(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            str(key): _readable(one, names) if key in _SHOWN or _is_currency(key) else _LEFT_OUT
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_readable(one, names) for one in value if _is_about(one, names)]
    if value is None or isinstance(value, bool):
        return value
    return str(value)[:_TEXT_MAX_LENGTH]


def _is_currency(key: object) -> bool:
    return isinstance(key, str) and len(key) == _CURRENCY_LETTERS and key.isascii() and key.isupper()


def _is_about(entry: object, names: Collection[str]) -> bool:
    """True but for the transactions of a pull that are another order's."""
    is_of_a_pull = isinstance(entry, dict) and ("postback" in entry or "message" in entry)
    return not is_of_a_pull or entry.get("plugin_custom_order_id") in {None, *names}  # type: ignore[attr-defined]
