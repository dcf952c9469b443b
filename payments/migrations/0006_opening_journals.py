"""Receipts that were there before the ledger get the journals that it would have posted, and their first move."""

from typing import Any

from django.db import connections, migrations

from balances import accounts, opening
from gateway import ids

_CREDITED = """
    UPDATE payments_receipt AS receipt SET product_id = deposit.product_id
    FROM payments_deposit AS deposit
    WHERE deposit.id = receipt.deposit_id AND receipt.status = 'credited' AND deposit.status IN ('credited', 'reversed')
"""
#: What counted for a deposit that waits for more, or for a person, waits with it.
_WAITING = """
    UPDATE payments_receipt SET status = 'in_review' WHERE status = 'credited' AND product_id IS NULL
"""
_MOVES = """
    INSERT INTO payments_receiptmove (
        subject_id, sequence, from_status, to_status, cause, cause_id, detail, request_id, created_at
    ) SELECT id, 1, '', status, 'clock', '', 'opening of the ledger', '', received_at FROM payments_receipt
"""
_ALL = """
    SELECT receipt.id, receipt.account_id, receipt.wallet_type, receipt.currency, receipt.amount, receipt.product_id,
        account.mode, receipt.deposit_id
    FROM payments_receipt AS receipt JOIN providers_provideraccount AS account ON account.id = receipt.account_id
    ORDER BY receipt.id
"""


def open_receipts(apps: Any, schema_editor: Any) -> None:
    with connections[schema_editor.connection.alias].cursor() as cursor:
        cursor.execute(_CREDITED)
        cursor.execute(_WAITING)
        cursor.execute(_MOVES)
        cursor.execute(_ALL)
        for receipt, account, system, currency, amount, product, mode, deposit in cursor.fetchall():
            there = accounts.provider_balance(account, mode, currency, system)
            whose = (
                accounts.suspense(account, mode, currency)
                if product is None
                else accounts.available(product, mode, currency)
            )
            opening.open_journal(
                cursor,
                "receipt_suspended" if product is None else "receipt_credited",
                ids.encode(ids.RECEIPT, receipt),
                "" if deposit is None else ids.encode(ids.DEPOSIT, deposit),
                [(there, amount), (whose, -amount)],
            )


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_receipt_columns"), ("balances", "0002_posting_in_one_call")]

    operations = [migrations.RunPython(open_receipts, migrations.RunPython.noop)]
