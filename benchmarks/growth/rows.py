"""Withdrawals that ended long ago, as many as are wanted: copies of one, each with an id, a reference, a recipient."""

from typing import Any, Final

from django.db import models

from withdrawals.models import Withdrawal

#: What differs from copy to copy. Ids grow with time as ours do (UUIDv7), and all are older than any real one. The
#: request is cut short: it is in no index, and nothing here reads it.
_DIFFERS: Final = {
    "id": "(lpad(to_hex(n), 12, '0') || '7' || right(to_hex(n + 4096), 3) || '8' || lpad(to_hex(n), 15, '0'))::uuid",
    "reference": "'grown-' || n",
    "recipient_hashes": "ARRAY[left(md5(n::text) || md5((-n)::text), %(hash_length)s)]",
    "body": "'\\x00'::bytea",
    "status": "'paid'",
    "sequence": "4",
    "next_at": "NULL",
    "token": "NULL",
    "created_at": "one.created_at - interval '1 year' + n * interval '1 second'",
    "updated_at": "one.created_at - interval '1 year' + n * interval '1 second'",
}


def finished_copies() -> str:
    """The statement that writes copies number ``%(first)s`` to ``%(last)s`` of the withdrawal ``%(one)s``.

    For a connection at whose statements no guard looks; ``%(hash_length)s`` is `gateway.keyed_hashes.HASH_LENGTH`.
    """
    columns = [str(field.column) for field in _concrete(Withdrawal)]
    assert _DIFFERS.keys() <= set(columns)
    values = ", ".join(_DIFFERS.get(name, f'one."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return (
        f"INSERT INTO withdrawals_withdrawal ({names}) SELECT {values} "  # noqa: S608 - columns of our own table
        "FROM withdrawals_withdrawal AS one, generate_series(%(first)s::integer, %(last)s::integer) AS n "
        "WHERE one.id = %(one)s"
    )


def _concrete(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    return list(model._meta.concrete_fields)  # noqa: SLF001 - Django's name for it
