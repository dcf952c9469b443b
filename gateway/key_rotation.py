"""Rotation of keys: whatever an older key encrypted or hashed is written anew under the first one.

Nothing is listed here: the models are asked which of their columns are encrypted. Each batch is one short statement
that waits for nobody (``SKIP LOCKED``) and replaces a ciphertext only where it is still the one that was read, so a
writer at the same moment is never overwritten: whatever was skipped is looked at again. A run that is cut off is
begun again; what is done already is found to be so.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from django.apps import apps
from django.db import connection, models
from django.db.models.functions import Cast
from psycopg import sql

from gateway.database.roles import as_owner
from gateway.encryption import EncryptedTextField, UnreadableColumn, is_current, renewed
from gateway.keyed_hashes import KeyedHashesField

#: Rows of one statement: a screenshot has a megabyte, so a batch stays below the memory of a small machine, and its
#: locks are held for milliseconds.
BATCH: Final = 50
#: Rounds over what was locked or changed meanwhile. A row that is busy in every one of them is reported.
ROUNDS: Final = 5
#: Between rounds: an action holds its rows for some milliseconds.
PAUSE_SECONDS: Final = 0.2


@dataclass(slots=True, kw_only=True)
class Progress:
    """What was found in one column.

    Attributes:
        column: ``app.Model.column``.
        current: values that need nothing.
        renewed: values written anew; in a dry run those that would be.
        busy: values that somebody else held in every round; the next run takes them.
        unreadable: primary keys of values that no key opens.
    """

    column: str
    current: int = 0
    renewed: int = 0
    busy: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """True where nothing is left for another run."""
        return not self.busy and not self.unreadable


_Replacement = tuple[Any, Any, Any]  # primary key, what the database holds, what it shall hold
#: The replacements that a batch of rows needs, by what was found out about each row.
_Look = Callable[[Progress, list[Any]], list[_Replacement]]


def rotate(*, dry_run: bool = False) -> Iterator[Progress]:
    """Rewrite every encrypted and every hashed column of every model; yields what came of each."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy:  # noqa: SLF001 - Django's documented model API, here and below
            continue
        for column in model._meta.local_concrete_fields:  # noqa: SLF001
            if isinstance(column, EncryptedTextField):
                with _in_whose_hands(model):
                    progress = _rotate(model, column, _look_at_ciphertext(model, column), dry_run=dry_run)
                yield progress
        # Only now: hashes are computed from values that could be opened anyway.
        for column in model._meta.local_concrete_fields:  # noqa: SLF001
            if isinstance(column, KeyedHashesField):
                yield _rotate(model, column, _look_at_hashes(model, column), dry_run=dry_run)


def _in_whose_hands(model: type[models.Model]) -> AbstractContextManager[None]:
    """Secrets that two persons change differ when they are encrypted anew, too, and the database cannot tell from what.

    It takes that from the owner of the tables alone, who could take the guard away as well
    (`ProviderAccount.REWRITTEN_BY_OWNER`).
    """
    guarded = getattr(model, "REWRITTEN_BY_OWNER", None)
    if guarded is None or not model._base_manager.filter(guarded).exists():  # noqa: SLF001
        return nullcontext()
    return as_owner(connection)


def _rotate(model: type[models.Model], column: "models.Field[Any, Any]", look: _Look, *, dry_run: bool) -> Progress:
    progress = Progress(column=f"{model._meta.label}.{column.attname}")  # noqa: SLF001
    busy: list[Any] = []
    for keys in _batches(model):
        replacements = look(progress, keys)
        if dry_run:
            progress.renewed += len(replacements)
        else:
            busy += _replace(model, column, replacements, progress)
    for _ in range(ROUNDS):
        if not busy:
            break
        time.sleep(PAUSE_SECONDS)
        still_busy: list[Any] = []
        for start in range(0, len(busy), BATCH):
            replacements = look(progress, busy[start : start + BATCH])
            still_busy += _replace(model, column, replacements, progress)
        busy = still_busy
    progress.busy = len(busy)
    return progress


def _batches(model: type[models.Model]) -> Iterator[list[Any]]:
    """Primary keys in their order, a batch at a time. New rows are written under the first key anyway."""
    rows = model._base_manager.order_by("pk").values_list("pk", flat=True)  # noqa: SLF001
    keys = list(rows[:BATCH])
    while keys:
        yield keys
        keys = list(rows.filter(pk__gt=keys[-1])[:BATCH])


def _look_at_ciphertext(model: type[models.Model], column: "models.Field[Any, Any]") -> _Look:
    def look(progress: Progress, keys: list[Any]) -> list[_Replacement]:
        found = model._base_manager.filter(pk__in=keys, **{f"{column.attname}__isnull": False})  # noqa: SLF001
        # Cast hides the field from Django, which would decrypt what it loads.
        raw = found.values_list("pk", Cast(column.attname, models.BinaryField()))
        replacements: list[_Replacement] = []
        for pk, value in raw:
            ciphertext = bytes(value)
            if is_current(ciphertext):
                progress.current += 1
            elif (fresh := renewed(ciphertext)) is None:
                progress.unreadable.append(str(pk))
            else:
                replacements.append((pk, ciphertext, fresh))
        return replacements

    return look


def _look_at_hashes(model: type[models.Model], column: KeyedHashesField) -> _Look:
    def look(progress: Progress, keys: list[Any]) -> list[_Replacement]:
        replacements: list[_Replacement] = []
        for row in model._base_manager.filter(pk__in=keys):  # noqa: SLF001
            try:
                wanted = column.hashes_of(row)
            except UnreadableColumn:
                progress.unreadable.append(str(row.pk))
                continue
            kept = getattr(row, column.attname)
            if kept == wanted:
                progress.current += 1
            else:
                # As texts: PostgreSQL has no arrays of arrays of different lengths.
                replacements.append((row.pk, _array(kept), _array(wanted)))
        return replacements

    return look


def _array(hashes: list[str]) -> str:
    return "{" + ",".join(hashes) + "}"  # hexadecimal digits need no quotes


def _replace(
    model: type[models.Model], column: "models.Field[Any, Any]", replacements: list[_Replacement], progress: Progress
) -> list[Any]:
    """Write each value that nobody changed or locks; the primary keys of the others."""
    if not replacements:
        return []
    pk = model._meta.pk  # noqa: SLF001
    pk_type = sql.SQL(pk.rel_db_type(connection) or "")
    value_type = sql.SQL("bytea" if isinstance(column, EncryptedTextField) else "text")
    as_stored = sql.SQL("{}::text" if isinstance(column, KeyedHashesField) else "{}")
    target = sql.Identifier(str(column.column))
    statement = sql.SQL(
        """
        WITH wanted AS (
            SELECT unnest(%s::{pk_type}[]) AS pk, unnest(%s::{type}[]) AS former, unnest(%s::{type}[]) AS fresh
        ), free AS (
            SELECT row.{pk} AS pk FROM {table} AS row JOIN wanted ON wanted.pk = row.{pk}
            WHERE {stored} = wanted.former
            ORDER BY row.{pk} FOR NO KEY UPDATE OF row SKIP LOCKED
        )
        UPDATE {table} AS row SET {column} = {fresh}
        FROM free JOIN wanted USING (pk)
        WHERE row.{pk} = free.pk AND {stored} = wanted.former
        RETURNING row.{pk}
        """
    ).format(
        pk_type=pk_type,
        type=value_type,
        table=sql.Identifier(model._meta.db_table),  # noqa: SLF001
        pk=sql.Identifier(str(pk.column)),
        column=target,
        stored=as_stored.format(sql.SQL("row.") + target),
        fresh=sql.SQL("wanted.fresh" if isinstance(column, EncryptedTextField) else "wanted.fresh::varchar[]"),
    )
    with connection.cursor() as cursor:
        # As text: what names the command in the history of settings writes in front of it (`pghistory.context`).
        cursor.execute(
            statement.as_string(None),
            [[one for one, _, _ in replacements], *([row[at] for row in replacements] for at in (1, 2))],
        )
        written = {key for (key,) in cursor.fetchall()}
    progress.renewed += len(written)
    return [key for key, _, _ in replacements if key not in written]
