"""What we asked of the provider and what it answered, as far as people may read it: money, ids and words of state."""

import json
from collections.abc import Collection
from typing import Any, Final

from gateway.paykassma import php_json

#: Members that are shown (C§1.10, C§1.12, C§2.1). Everything else is left out, so what is new there stays unseen until
#: somebody has looked at it: recipients, payers, comments, bank details. So are sentences: a provider that refuses
#: something likes to repeat it. How a call was understood stands beside the answer.
_SHOWN: Final = frozenset(
    (
        *("status", "code", "offset", "total", "limit"),
        *("plugin_custom_order_id", "custom_transaction_id", "transaction_id", "stockpiling_id", "label"),
        *("wallet_type", "amount", "currency_code", "direction", "type", "transaction_type"),
        *("created_datetime", "activated_datetime", "withdrawal_id", "withdrawal_status"),
    )
)
#: Members of our own requests that are shown (C§1.3-1.10). What customers entered has other names, and none here.
_ASKED: Final = frozenset(
    (
        *("wallet_type", "currency", "label", "amount", "key1", "custom_transaction_id"),
        *("type", "transaction_id", "screenshot", "body_digest"),
    )
)
#: Members that are looked into; were one of them a text, it would be a sentence.
_OPENED: Final = frozenset(
    {"data", "transactions", "withdrawals", "postback", "paginate", "additional_data", "converted_amount"}
)
#: By what a pull's entry names the order that it is about.
_NAMED_BY: Final = ("plugin_custom_order_id", "withdrawal_id")
#: Currencies of converted amounts, by which they are named.
_CURRENCY_LETTERS: Final = 3
_LEFT_OUT: Final = "…"
#: Longest single text: as long as the ids that are kept.
_TEXT_MAX_LENGTH: Final = 190
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


def asked(request: Any, names: Collection[str]) -> str:
    """A request as indented JSON, as far as it is about these ids and nobody's personal data.

    Args:
        request: as the evidence keeps it; None where it was taken away, cannot be decrypted or was never kept.
        names: ids of the order; of the ids that a pull asks for only theirs are shown.
    """
    if not isinstance(request, dict):
        return "It was not kept, was taken away, or cannot be decrypted."
    kept: dict[str, Any] = {
        name: _plain(value) for name, value in request.items() if name in _ASKED and not isinstance(value, (dict, list))
    }
    if isinstance(request.get("ids"), list):
        own = [one for one in request["ids"] if one in names]
        others = len(request["ids"]) - len(own)
        kept["ids"] = own + ([f"{_LEFT_OUT} and {others} of other orders"] if others else [])
    return json.dumps(
        kept if len(kept) == len(request) else {**kept, _LEFT_OUT: _LEFT_OUT}, indent=1, ensure_ascii=False
    )


def _readable(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        kept = {
            key: _readable(one, names) if isinstance(one, (dict, list)) else _plain(one)
            for key, one in value.items()
            if _is_shown(key, one)
        }
        return kept if len(kept) == len(value) else {**kept, _LEFT_OUT: _LEFT_OUT}
    if isinstance(value, list):
        return [_readable(one, names) for one in value if _is_about(one, names)]
    return _LEFT_OUT


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool) else str(value)[:_TEXT_MAX_LENGTH]


def _is_shown(key: str, value: object) -> bool:
    if isinstance(value, (dict, list)):
        return key in _OPENED
    return key in _SHOWN or _is_currency(key)


def _is_currency(key: str) -> bool:
    return len(key) == _CURRENCY_LETTERS and key.isascii() and key.isupper()


def _is_about(entry: Any, names: Collection[str]) -> bool:
    """True but for the transactions of a pull that are another order's."""
    is_of_a_pull = isinstance(entry, dict) and ("postback" in entry or "message" in entry)
    return not is_of_a_pull or all(entry.get(name) in (None, *names) for name in _NAMED_BY)
