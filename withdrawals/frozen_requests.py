"""The request that was signed when a withdrawal was made, and whether it still is the one of its row.

A body is an encrypted column, so no guard of the database sees into it, and whoever may write to the table can put one
row's token into another row. So it is compared with its row before it is sent.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.products.models import Mode
from withdrawals.models import Withdrawal

#: Of a request, what is not its recipient.
_NOT_OF_THE_RECIPIENT: Final = frozenset(
    {"withdrawal_id", "payment_system", "amount", "currency_code", "label", "is_test", "comment", "signature"}
)


def frozen_request(withdrawal: Withdrawal) -> dict[str, Any]:
    """The frozen request as it was signed, to compare outcomes with; of a redacted one all but the recipient.

    Where the body is not its own, likewise: what the row says is what was asked for.
    """
    request = None if withdrawal.redacted_at is not None else _read(withdrawal)
    is_its_own = request is not None and request.get("withdrawal_id") == withdrawal.public_id
    return request if request is not None and is_its_own else _of_the_row(withdrawal)


def differences(withdrawal: Withdrawal) -> list[str]:
    """In what the frozen request is not the one of its row; nothing where it may be sent, as far as that goes.

    Columns are plain, and guarded, or encrypted, and signed for by nobody but the digest: each is held against the
    others, so that a token from another row, or an account of the other mode, is found out.
    """
    request = _read(withdrawal)
    if request is None:
        return ["body"]
    asked = {
        **_of_the_row(withdrawal),
        "withdrawal_id": withdrawal.public_id,
        "is_test": withdrawal.mode == Mode.TEST,
        "comment": withdrawal.comment.strip(),
    }
    found = [name for name, value in asked.items() if request.get(name, "") != value]
    if sorted(_texts_of_the_recipient(request)) != sorted(_texts(withdrawal.recipient)):
        found.append("recipient")
    if hashlib.sha256(bytes(withdrawal.body)).hexdigest() != withdrawal.body_digest:
        found.append("body_digest")
    if withdrawal.account.mode != withdrawal.mode:
        found.append("account")
    return found


def _read(withdrawal: Withdrawal) -> dict[str, Any] | None:
    try:
        request = json.loads(bytes(withdrawal.body))
    except ValueError:
        return None
    return request if isinstance(request, dict) else None


def _of_the_row(withdrawal: Withdrawal) -> dict[str, Any]:
    return {
        "amount": withdrawal.amount,
        "currency_code": withdrawal.currency,
        "payment_system": withdrawal.payment_system_id,
        "label": withdrawal.customer.label,
    }


def _texts_of_the_recipient(request: Mapping[str, Any]) -> Iterator[str]:
    # By value, not by name: what a field is called on the wire may have been changed since.
    return _texts({name: value for name, value in request.items() if name not in _NOT_OF_THE_RECIPIENT})


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, Mapping):
        for value in values.values():
            yield from _texts(value)
    elif text := str(values).strip():
        yield text
