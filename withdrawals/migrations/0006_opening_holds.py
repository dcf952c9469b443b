"""Withdrawals that were there before the ledger get their holds and journals. What a product had not the money for,
it owes: nobody knows what it had paid in before.
"""

from typing import Any

from django.db import connections, migrations

from balances import accounts, opening
from gateway import ids

_ALL = """
    SELECT id, product_id, mode, currency, amount, status, account_id, payment_system_id
    FROM withdrawals_withdrawal ORDER BY id
"""
_HOLD = """
    INSERT INTO balances_hold (id, order_id, product_id, mode, currency, amount, status, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, 'open', now())
"""
_CLOSE = "UPDATE balances_hold SET status = %s, closed_at = now() WHERE id = %s"


def open_holds(apps: Any, schema_editor: Any) -> None:
    with connections[schema_editor.connection.alias].cursor() as cursor:
        cursor.execute(_ALL)
        for order, product, mode, currency, amount, status, account, system in cursor.fetchall():
            name = ids.encode(ids.WITHDRAWAL, order)
            owner = (product, mode, currency)
            held, available = accounts.held(*owner), accounts.available(*owner)
            cursor.execute(_HOLD, [order, name, product, mode, currency, amount])
            legs = opening.taken(cursor, available, accounts.receivable(*owner), amount)
            opening.open_journal(cursor, "withdrawal_held", name, name, [*legs, (held, -amount)])
            if status in {"paid", "reversed"}:
                there = accounts.provider_balance(account, mode, currency, system)
                cursor.execute(_CLOSE, ["spent", order])
                opening.open_journal(cursor, "withdrawal_paid", name, name, [(held, amount), (there, -amount)])
                if status == "reversed":
                    legs = [(there, amount), (available, -amount)]
                    opening.open_journal(cursor, "withdrawal_returned", name, name, legs)
            elif status in {"rejected", "failed", "cancelled"}:
                cursor.execute(_CLOSE, ["released", order])
                # Back to where it was taken from, so that nothing is owed for what never left.
                back = [(key, -part) for key, part in legs]
                opening.open_journal(cursor, "withdrawal_released", name, name, [(held, amount), *back])


class Migration(migrations.Migration):
    dependencies = [
        ("withdrawals", "0005_money_follows"),
        ("balances", "0002_posting_in_one_call"),
        # Receipts first: what came in is there for what went out.
        ("payments", "0006_opening_journals"),
    ]

    operations = [migrations.RunPython(open_holds, migrations.RunPython.noop)]
