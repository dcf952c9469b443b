"""Savings that were reported before the ledger kept them get the journal that it would have posted."""

from typing import Any

from django.db import connections, migrations

from balances import accounts, opening
from gateway import ids

_ALL = """
    SELECT saved.id, saved.account_id, saved.payment_system_id, saved.currency, saved.saved, customer.product_id,
        customer.mode
    FROM payments_savings AS saved JOIN products_customer AS customer ON customer.id = saved.customer_id
    WHERE saved.saved > 0 ORDER BY saved.id
"""


def open_savings(apps: Any, schema_editor: Any) -> None:
    with connections[schema_editor.connection.alias].cursor() as cursor:
        cursor.execute(_ALL)
        for row, account, system, currency, saved, product, mode in cursor.fetchall():
            observed = accounts.savings_observed(account, mode, currency, system)
            owed = accounts.savings(product, mode, currency)
            name = f"{ids.encode(ids.SAVINGS, row)}/0"
            opening.open_journal(cursor, "savings_observed", name, "", [(observed, saved), (owed, -saved)])


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_savings_are_posted"), ("balances", "0002_posting_in_one_call")]

    operations = [migrations.RunPython(open_savings, migrations.RunPython.noop)]
