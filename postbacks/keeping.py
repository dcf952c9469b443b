"""A letter and its items are written down, in one statement: the provider waits for it."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import F

from gateway import ids, prepared_sql
from gateway.providers.models import ProviderAccount
from gateway.remembered import doubt, to_compare, version_sql
from postbacks.models import Letter, LetterItem
from postbacks.states import ItemStatus

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
    source="(SELECT FROM unchanged WHERE NOT EXISTS (SELECT FROM again)) AS fresh",
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
#: The deposit that the item's order id names, itself or by one of its confirmations (`owners.deposit_named`).
_NAMES: Final = {"deposit": "uuid", "confirmation": "uuid"}
#: By its id alone, so that no planner reads all deposits of the account.
_IS_STRAY: Final = """NOT item.is_withdrawal AND item.transaction_id <> '' AND (
    SELECT own.account_id FROM payments_deposit own WHERE own.id = COALESCE(
        item.deposit, (SELECT deposit_id FROM payments_confirmation named WHERE named.id = item.confirmation)
    )
) IS DISTINCT FROM %(account)s::uuid"""
_ITEMS: Final = prepared_sql.Insertion(
    LetterItem,
    {
        "letter_id": "letter.id",
        "account_id": "%(account)s::uuid",
        "created_at": "%(now)s::timestamptz",
        "is_stray": _IS_STRAY,
        **{name: f"item.{name}" for name in _ITEM_COLUMNS},
    },
    source="letter, item",
)
_BODY: Final = prepared_sql.field_of(Letter, "body")
#: ``again`` counts a copy of what is kept already: every late acknowledgement makes one. A copy at the same moment is
#: seen by ON CONFLICT DO NOTHING alone, which waits for it: exactly one of them makes the items.
_KEEP: Final = prepared_sql.one_line(f"""
    WITH unchanged AS (
        SELECT FROM providers_provideraccount a
        WHERE a.id = %(account)s::uuid AND (%(version)s::text IS NULL OR {version_sql("a")} = %(version)s::text)
    ),
    again AS (
        UPDATE postbacks_letter SET copies = copies + 1, last_received_at = %(now)s::timestamptz FROM unchanged
        WHERE account_id = %(account)s::uuid AND signed_digest = %(signed_digest)s::text
            AND envelope_agrees = %(envelope_agrees)s::boolean
        RETURNING id
    ),
    letter AS ({_LETTER.sql} ON CONFLICT DO NOTHING RETURNING id),
    item AS (
        SELECT * FROM jsonb_to_recordset(%(items)s::jsonb)
        AS item({", ".join(f"{name} {kind}" for name, kind in (_ITEM_COLUMNS | _NAMES).items())})
    ),
    kept AS ({_ITEMS.sql}),
    row_ended AS (
        UPDATE providers_provideraccount SET rejected_letters = 0
        WHERE id = %(account)s::uuid AND rejected_letters <> 0 AND EXISTS (SELECT FROM letter)
    )
    SELECT EXISTS (SELECT FROM letter), EXISTS (SELECT FROM again), EXISTS (SELECT FROM unchanged)
""")  # noqa: S608 - names of our own tables


@dataclass(slots=True, kw_only=True)
class NewItem:
    """An item to be written down: columns of `LetterItem`."""

    position: int
    is_withdrawal: bool = False
    order_id: str = ""
    transaction_id: str = ""
    wallet_type: str = ""
    withdrawal_status: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    status: ItemStatus = ItemStatus.RECEIVED
    note: str = ""
    next_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class NewLetter:
    """A letter to be written down: columns of `Letter`."""

    id: uuid.UUID = field(default_factory=ids.new_id)
    account: ProviderAccount
    body: bytes = field(repr=False)
    signed_digest: str
    envelope_agrees: bool
    disagreements: str
    variant: str
    key_index: int
    received_at: datetime


def keep(letter: NewLetter, items: Sequence[NewItem]) -> bool:
    """Write down a letter with its items, durably; False where it is a copy, which is only counted.

    Whether an item is a stray is found out here, and a row of refused letters ends.

    Raises:
        Doubtful: the account is another than the remembered one. Nothing is written.
    """
    parameters: dict[str, Any] = {
        "id": letter.id,
        "account": letter.account.id,
        "version": to_compare(letter.account.version),
        "body": _BODY.get_prep_value(letter.body),
        "signed_digest": letter.signed_digest,
        "envelope_agrees": letter.envelope_agrees,
        "disagreements": letter.disagreements,
        "variant": letter.variant,
        "key_index": letter.key_index,
        "now": letter.received_at,
        # Amounts and times as text: JSON has no decimals, and none are made floats on the way.
        "items": json.dumps([_row(item) for item in items], default=str),
    }
    ((is_fresh, is_copy, is_unchanged),) = prepared_sql.run_durably(_KEEP, parameters)
    if not is_unchanged:
        doubt()
        raise ProviderAccount.DoesNotExist  # since it was looked up; nothing is kept, so nothing is acknowledged
    if not is_fresh and not is_copy:
        same = Letter.objects.filter(
            account=letter.account, signed_digest=letter.signed_digest, envelope_agrees=letter.envelope_agrees
        )
        same.update(copies=F("copies") + 1, last_received_at=letter.received_at)
    return bool(is_fresh)


def _row(item: NewItem) -> dict[str, Any]:
    return {
        "id": ids.new_id(),
        **{name: getattr(item, name) for name in _ITEM_COLUMNS if name != "id"},
        "deposit": ids.decode(ids.DEPOSIT, item.order_id),
        "confirmation": ids.decode(ids.CONFIRMATION, item.order_id),
    }
