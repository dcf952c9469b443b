"""The opening of the ledger over orders that were there before it.

Used by migrations alone, so it is never changed: it asks no model, which would be the one of a later day.
"""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from balances.accounts import AccountKey
from gateway import ids

_ACCOUNT = """
    INSERT INTO balances_account (
        id, kind, mode, currency, product_id, provider_account_id, payment_system, balance, entry_count,
        overdraft_limit
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, 0) ON CONFLICT DO NOTHING
"""
_JOURNAL = """
    INSERT INTO balances_journal (
        id, kind, mode, reference, subject, cause, cause_id, detail, document, request_id, xact, begun_at, created_at
    ) VALUES (%s, %s, %s, %s, %s, 'clock', '', 'opening of the ledger', '', '', 0, now(), now())
"""
_ENTRY = """
    INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, created_at)
    VALUES (%s, %s, %s, %s, '', '', now())
"""


def open_journal(
    cursor: Any, kind: str, reference: str, subject: str, legs: Iterable[tuple[AccountKey, Decimal]]
) -> None:
    """Post one journal: debits above zero, credits below."""
    legs = sorted(legs, key=lambda leg: leg[0].lock_rank)
    for key, _ in legs:
        balance = Decimal(0) if key.keeps_balance else None
        owner = (key.product, key.provider_account, key.payment_system)
        cursor.execute(_ACCOUNT, [key.id, key.kind, key.mode, key.currency, *owner, balance])
    journal: uuid.UUID = ids.new_id()
    cursor.execute(_JOURNAL, [journal, kind, legs[0][0].mode, reference, subject])
    for key, amount in legs:
        cursor.execute(_ENTRY, [ids.new_id(), journal, key.id, amount])


def taken(
    cursor: Any, available: AccountKey, receivable: AccountKey, amount: Decimal
) -> list[tuple[AccountKey, Decimal]]:
    """Legs that take an amount from a product: what is available, and the rest as something that it owes."""
    cursor.execute("SELECT balance FROM balances_account WHERE id = %s", [available.id])
    found = cursor.fetchone()
    there = min(found[0], amount) if found else Decimal(0)
    return [leg for leg in ((available, there), (receivable, amount - there)) if leg[1]]
