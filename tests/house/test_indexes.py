"""No index is written for nothing: each order writes into every index of seven tables."""

import pytest
from django.db import connection

#: An index whose columns are the first ones of another index of the same rows, in the same order: whatever it finds,
#: the other one finds, too. Unique ones are rules and not only ways to find something.
REDUNDANT = """
    SELECT short.indrelid::regclass::text, short.indexrelid::regclass::text, long.indexrelid::regclass::text
    FROM pg_index short
    JOIN pg_index long ON long.indrelid = short.indrelid AND long.indexrelid <> short.indexrelid
    JOIN pg_class ON pg_class.oid = short.indrelid AND pg_class.relnamespace = 'public'::regnamespace
    WHERE NOT short.indisunique AND short.indpred IS NULL AND long.indpred IS NULL AND short.indexprs IS NULL
        AND (long.indkey::text || ' ') LIKE (short.indkey::text || ' %')
        AND (long.indclass::text || ' ') LIKE (short.indclass::text || ' %')
        AND short.indrelid::regclass::text ~ '^(products|providers|api|webhooks|payments|withdrawals|postbacks)_'
    ORDER BY 1, 2
"""
#: Parents of which there are a handful: to find the rows of one is to read a good part of the table.
A_HANDFUL = ("providers_provideraccount", "providers_paymentsystem", "products_product")
OF_A_HANDFUL = """
    SELECT child.relname, attname
    FROM pg_constraint
    JOIN pg_class child ON child.oid = conrelid JOIN pg_class parent ON parent.oid = confrelid
    JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    JOIN pg_index ON indrelid = conrelid AND indkey::text = attnum::text AND NOT indisunique AND indpred IS NULL
    WHERE contype = 'f' AND parent.relname = ANY (%s) AND child.relname = ANY (%s)
    ORDER BY 1, 2
"""
#: Tables that grow with every order.
GROWING = (
    "api_idempotencykey",
    "payments_deposit",
    "withdrawals_withdrawal",
    "webhooks_event",
    "postbacks_letter",
    "postbacks_letteritem",
    "products_customer",
)


@pytest.mark.django_db
def test_no_index_is_the_beginning_of_another() -> None:
    with connection.cursor() as cursor:
        cursor.execute(REDUNDANT)
        found = [" ".join(row) for row in cursor.fetchall()]
    assert not found, "\n".join(found)


@pytest.mark.django_db
def test_no_growing_table_has_an_index_of_a_handful_of_values() -> None:
    with connection.cursor() as cursor:
        cursor.execute(OF_A_HANDFUL, [list(A_HANDFUL), list(GROWING)])
        found = [" ".join(row) for row in cursor.fetchall()]
    assert not found, "\n".join(found)
