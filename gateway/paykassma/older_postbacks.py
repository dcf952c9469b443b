"""The two older formats of a postback (C§2.3): verified by their own rules, then brought into the present shape.

They are taken only where an account's switch says so. A body that has `additional_data` is never one of them,
whatever else it carries: no letter can choose the weaker rule for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.paykassma import php_json
from gateway.paykassma.postbacks import INGOING, OUTGOING
from gateway.paykassma.signatures import (
    SIGNED_MEMBER,
    PostbackKeys,
    Reason,
    Rejected,
    Variant,
    VerifiedLetter,
    is_same,
    joined_signature,
    joined_values,
    open_letter,
    postback_signature,
    signed_texts,
)
from gateway.paykassma.wire_values import read_items

_LIST: Final = "transactions"

_OLDER: Final = {
    Variant.UNESCAPED: Variant.OLDER_UNESCAPED,
    Variant.SLICE: Variant.OLDER_SLICE,
    Variant.ESCAPED: Variant.OLDER_ESCAPED,
}

# Name of today, and the older one. Nothing else of an item is read: a deposit must not turn into a withdrawal by
# carrying a field that its format does not have.
_DEPOSIT_FIELDS: Final = {
    "amount": "amount",
    "currency_code": "currency_code",
    "wallet_type": "wallet_type",
    "transaction_id": "transaction_id",
    "transaction_type": "transaction_type",
    "exchanger_identifier": "from",
    "activated_datetime": "activated_datetime",
    "plugin_custom_order_id": "custom_id",
}
_WITHDRAWAL_FIELDS: Final = {
    "amount": "amount",
    "currency_code": "currency_code",
    "wallet_type": "payment_system",
    "withdrawal_id": "withdrawal_id",
    "withdrawal_status": "status",
    "comment": "comment",
    "account_number": "account_number",
    "account_name": "account_name",
    "account_email": "account_email",
    "bank_details": "bank_details",
}


def is_older(body: Any) -> bool:
    """Whether a body has the form of one of the older formats."""
    return isinstance(body, dict) and SIGNED_MEMBER not in body and (_LIST in body or "withdrawal_id" in body)


def verify_older_postback(raw: bytes, keys: Sequence[PostbackKeys]) -> VerifiedLetter | Rejected:
    """Find out whether the provider signed this letter of an older format.

    Args:
        raw: the body as received; the caller has bounded its size.
        keys: the pairs in force, several while they are rotated.

    Returns:
        The letter with its body in the present shape; or why it is rejected. Never raises, whatever the bytes.
    """
    body, signature = open_letter(raw)
    if isinstance(signature, Reason):
        return Rejected(reason=signature)
    if not is_older(body):
        return Rejected(reason=Reason.NO_SIGNED_PART)
    return _verify_deposit(raw, body, signature, keys) if _LIST in body else _verify_withdrawal(body, signature, keys)


def _verify_deposit(
    raw: bytes, body: dict[str, Any], signature: str, keys: Sequence[PostbackKeys]
) -> VerifiedLetter | Rejected:
    if not isinstance(body[_LIST], (list, dict)):
        return Rejected(reason=Reason.NO_SIGNED_PART)
    # The letter names the access key it was signed with. It has to be the one we sign with to compare: a letter that
    # names none, or somebody else's, was not written for us, and a right signature under a wrong name is no accident.
    named = body.get("access_key")
    mine = [
        (index, pair) for index, pair in enumerate(keys) if isinstance(named, str) and is_same(pair.access_key, named)
    ]
    for variant, text in signed_texts(raw, _LIST, body[_LIST]):
        for index, pair in mine:
            if is_same(postback_signature(text, pair.access_key, pair.private_key), signature):
                return VerifiedLetter(
                    body=present_shape({**body, _LIST: php_json.parse(text)}),
                    signed_text=text,
                    variant=_OLDER[variant],
                    key_index=index,
                )
    return Rejected(reason=Reason.MISMATCH)


def _verify_withdrawal(body: dict[str, Any], signature: str, keys: Sequence[PostbackKeys]) -> VerifiedLetter | Rejected:
    # UNKNOWN: the contract names no recipe for this letter. Presumed: the one of our own requests (C§3), with the
    # private key for postbacks. A wrong guess costs a nudge, since the provider is asked about every order anyway.
    # The recipe joins values without their keys, so a letter can be re-keyed and still be signed. That moves nothing
    # (a letter is a hint), and as the joined values are what letters are told apart by, it makes no second row.
    joined = joined_values(body)
    for index, pair in enumerate(keys):
        if is_same(joined_signature(joined, pair.private_key), signature):
            return VerifiedLetter(
                body=present_shape(body), signed_text=joined, variant=Variant.OLDER_JOINED, key_index=index
            )
    return Rejected(reason=Reason.MISMATCH)


def present_shape(body: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite an older body into today's (C§2.1), so that everything behind the door knows one shape only."""
    if _LIST in body:
        extra = {"stockpiling_id": body.get("stockpiling_id")}
        items = [_renamed(item, _DEPOSIT_FIELDS, extra) for item in read_items(body[_LIST])]
        return {"label": body.get("label"), "direction": INGOING, SIGNED_MEMBER: items}
    item = _renamed(body, _WITHDRAWAL_FIELDS, {})
    return {"label": body.get("label"), "direction": OUTGOING, SIGNED_MEMBER: [item]}


def _renamed(item: Any, names: Mapping[str, str], extra: Mapping[str, Any]) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {**{today: item.get(older) for today, older in names.items()}, **extra}
