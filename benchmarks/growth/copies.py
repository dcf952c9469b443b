"""As many copies of a row as are wanted, for a connection at whose statements no guard looks."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from django.db import models

#: An id and a time that are older than any real one and grow with ``n``, as a UUIDv7 and its row's time do.
OLD_ID: Final = (
    "(lpad(to_hex(n), 12, '0') || '7' || right(to_hex(n + 4096), 3) || '8' || lpad(to_hex(n), 15, '0'))::uuid"
)
LONG_AGO: Final = "now() - interval '1 year' + n * interval '1 second'"
#: Rows in one statement: what is undone by a full disk, and what a progress line can be written after.
_STEP: Final = 500_000


class Cursor(Protocol):
    """What Django's cursors and psycopg's have in common here."""

    def execute(self, query: Any, params: Any = None) -> object:
        """Send one statement."""


def write_copies(
    cursor: Cursor, one: models.Model, differs: Mapping[str, str], count: int, *, written: int = 0
) -> None:
    """Write copies of the row number ``written + 1`` to ``count``.

    Args:
        cursor: In its statements neither triggers nor foreign keys look.
        one: The row, as it is in the database.
        differs: What copies have of their own: columns, and what they are, in SQL about ``n`` (the copy's number) and
            ``one`` (the row). Beside that only ``%(count)s`` may be named.
        count: Of the last one.
        written: So many are there already.
    """
    meta = one._meta
    columns = [str(field.column) for field in meta.concrete_fields]
    assert differs.keys() <= set(columns), differs.keys() - set(columns)
    chosen = ", ".join(differs.get(name, f'one."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    statement = (
        f"INSERT INTO {meta.db_table} ({names}) SELECT {chosen} "  # noqa: S608 - columns of our own tables
        f"FROM {meta.db_table} AS one, generate_series(%(first)s::integer, %(last)s::integer) AS n "
        "WHERE one.id = %(one)s ORDER BY n"
    )
    for first in range(written + 1, count + 1, _STEP):
        numbers = {"first": first, "last": min(first + _STEP - 1, count), "count": count}
        cursor.execute(statement, {"one": one.pk, **numbers})
