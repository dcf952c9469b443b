"""Looks through the whole database for what must not stand there in clear."""

from django.db import connection

#: The secrets of the test account (`tests.conftest.account`).
CANARIES = [
    "canary-api-secret-0123456789",
    "canary-withdrawal-key-0123456789",
    "canary-access-key-0123456789",
    "canary-private-key-0123456789",
]


def texts_of_every_column() -> list[tuple[str, str]]:
    """(table.column, its text) for every row of every table of the database."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        )
        for table, column, kind in cursor.fetchall():
            shown = f"encode({column}, 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT {shown} FROM "{table}" WHERE "{column}" IS NOT NULL')  # noqa: S608 - names from the catalogue
            found += [(f"{table}.{column}", text) for (text,) in cursor.fetchall()]
    return found


def leaks(*canaries: str) -> set[tuple[str, str]]:
    """Where which of them stands in clear: (table.column, canary)."""
    return {(where, canary) for where, text in texts_of_every_column() for canary in canaries if canary in text}
