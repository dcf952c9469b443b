"""A letter and its items are written down, in one statement: the provider waits for it."""

import json
from collections.abc import Sequence
from typing import Any, Final

from gateway import prepared_sql
from postbacks.models import Letter, LetterItem

_LETTER: Final = prepared_sql.Insertion(
    Letter,
    {
        "id": "%(id)s::uuid",
        "account_id": "%(account)s::uuid",
        "body": "%(body)s::bytea",
        "signed_digest": "%(signed_digest)s::text",
        "envelope_agrees": "%(envelope_agrees)s::boolean",
        "disagreements": "%(disagreements)s::text",
        "variant": "%(variant)s::text",
        "key_index": "%(key_index)s::smallint",
        "received_at": "%(now)s::timestamptz",
        "last_received_at": "%(now)s::timestamptz",
    },
    source="(SELECT) AS always",
)
_ITEM_COLUMNS: Final = {
    "id": "uuid",
    "position": "smallint",
    "is_withdrawal": "boolean",
    "order_id": "text",
    "transaction_id": "text",
    "wallet_type": "text",
    "withdrawal_status": "integer",
    "amount": "numeric",
    "currency": "text",
    "status": "text",
    "note": "text",
    "next_at": "timestamptz",
}
_ITEMS: Final = prepared_sql.Insertion(
    LetterItem,
    {
        "letter_id": "letter.id",
        "account_id": "%(account)s::uuid",
        "created_at": "%(now)s::timestamptz",
        **{name: f"item.{name}" for name in _ITEM_COLUMNS},
    },
    source="letter, item",
)
_BODY: Final = prepared_sql.field_of(Letter, "body")
#: ON CONFLICT DO NOTHING waits for a concurrent copy of the same letter: exactly one of them makes the items.
_INSERT: Final = prepared_sql.one_line(f"""
    WITH letter AS ({_LETTER.sql} ON CONFLICT DO NOTHING RETURNING id),
    item AS (
        SELECT * FROM jsonb_to_recordset(%(items)s::jsonb)
        AS item({", ".join(f"{name} {kind}" for name, kind in _ITEM_COLUMNS.items())})
    ),
    kept AS ({_ITEMS.sql})
    SELECT FROM letter
""")  # noqa: S608 - names of our own tables


def insert(letter: Letter, items: Sequence[LetterItem]) -> bool:
    """Insert a letter with its items, durably; False, with nothing inserted, where its signed part is kept already."""
    _LETTER.check(letter)
    for item in items:
        _ITEMS.check(item)
    rows = [{name: getattr(item, name) for name in _ITEM_COLUMNS} for item in items]
    parameters: dict[str, Any] = {
        "id": letter.id,
        "account": letter.account_id,
        "body": _BODY.get_prep_value(letter.body),
        "signed_digest": letter.signed_digest,
        "envelope_agrees": letter.envelope_agrees,
        "disagreements": letter.disagreements,
        "variant": letter.variant,
        "key_index": letter.key_index,
        "now": letter.received_at,
        # Amounts and times as text: JSON has no decimals, and none are made floats on the way.
        "items": json.dumps(rows, default=str),
    }
    return bool(prepared_sql.run_durably(_INSERT, parameters))
