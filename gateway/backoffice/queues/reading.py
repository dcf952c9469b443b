"""Rows of a queue, a page of them at a time: oldest first, narrowed down as somebody wants them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from balances.waiting import Waiting
from gateway.backoffice.queues.catalogue import FILTERS, Queue, Source

#: Rows of a page: what a person reads before the first of them has changed.
PAGE_ROWS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a page: itself, what a person has to know of it, and where it came from."""

    thing: Any
    entry: Waiting
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of a queue, and the key after which the next ones come; "" where there are none."""

    rows: list[Row]
    after: str


def page(queue: Queue, mode: str, wanted: Mapping[str, str], after: str = "", *, limit: int = PAGE_ROWS) -> Page:
    """Rows of one mode, oldest first; a fixed number of queries for each source.

    Args:
        queue: which one.
        mode: ``live`` or ``test``.
        wanted: by the names of `FILTERS` what the rows have to be; unknown names and empty texts narrow nothing.
        after: the key of the last row of the page before; "" or what is no key: from the beginning.
        limit: most rows.
    """
    found = [
        Row(thing=thing, entry=entry, source=source)
        for source in queue.sources
        for thing, entry in source.shown(_narrowed(source, mode, wanted, after)[: limit + 1])
    ]
    found.sort(key=lambda row: row.thing.pk)
    rows = found[:limit]
    return Page(rows=rows, after=str(rows[-1].thing.pk) if len(found) > limit else "")


def of_source(queue: Queue, mode: str, wanted: Mapping[str, str], after: str = "") -> "QuerySet[Any]":
    """The same rows of a queue with one source, for a page that shows them otherwise."""
    [source] = queue.sources
    return _narrowed(source, mode, wanted, after)


def _narrowed(source: Source, mode: str, wanted: Mapping[str, str], after: str) -> "QuerySet[Any]":
    rows = source.rows().filter(**{source.mode: mode})
    for name in FILTERS:
        if (text := wanted.get(name, "")) and (lookup := getattr(source, name)):
            if name == "product" and not _is_key(text):
                continue
            rows = rows.filter(**{lookup: text})
    try:
        key = rows.model._meta.pk.to_python(after) if after else None  # noqa: SLF001 - Django's documented model API
    except ValidationError:
        key = None
    return rows if key is None else rows.filter(pk__gt=key)


def _is_key(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
