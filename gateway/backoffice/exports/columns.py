"""The columns of a list, as cells of a file: texts as texts, amounts as numbers, times as times, and no markup."""

import html
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from gateway import ids
from gateway.backoffice.exports.money import shown
from gateway.encryption import EncryptedTextField
from gateway.in_words import in_words
from gateway.keyed_hashes import KeyedHashesField
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.sheets import Cell

#: What pages show where there is nothing.
_NOTHING: Final = ("", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a file: its title, and its cell of a row."""

    title: str
    cell: Callable[[Any], Cell]


def columns_of(pages: ReadOnlyAdmin, request: HttpRequest, *, but: frozenset[str] = frozenset()) -> list[Column]:
    """What the list shows, with the ids of the rows and of what they belong to. Never what is encrypted.

    Args:
        pages: the list.
        request: of whoever asks: a list may show less to some.
        but: columns of the list that are given otherwise.
    """
    found: dict[str, Column] = {"id": Column(title="id", cell=_id_of(pages))}
    for item in pages.get_list_display(request):
        name = item if isinstance(item, str) else getattr(item, "__name__", "")
        if name not in {"public_id", "action_checkbox", *but, *pages.not_exported}:
            for column in _columns_of_item(pages, item):
                found.setdefault(column.title, column)
    names = {field.name for field in pages.opts.concrete_fields}
    if {"amount", "currency"} <= names:
        found.setdefault("currency", Column(title="currency", cell=lambda row: row.currency or None))
    if "mode" in names:
        found.setdefault("mode", Column(title="mode", cell=lambda row: row.mode or None))
    return list(found.values())


def _id_of(pages: ReadOnlyAdmin) -> Callable[[Any], Cell]:
    prefix = pages.id_prefix
    return lambda row: ids.encode(prefix, row.pk) if prefix else str(row.pk)


def _columns_of_item(pages: ReadOnlyAdmin, item: Any) -> Iterator[Column]:
    field = _field_of(pages, item)
    if field is None:
        yield Column(title=_title_of(pages, item), cell=_shown_by(pages, item))
    elif isinstance(field, EncryptedTextField | KeyedHashesField) or field.name in pages.not_exported:
        return
    elif isinstance(field, models.ForeignKey):
        yield Column(title=str(field.verbose_name), cell=_related(field))
        yield Column(title=f"{field.verbose_name} id", cell=_plain(field.attname))
    else:
        yield Column(title=str(field.verbose_name), cell=_value_of(field))


def _field_of(pages: ReadOnlyAdmin, item: Any) -> Any:
    """The column of the table that an item of the list shows; None where it shows something of its own."""
    shown_by = item if not isinstance(item, str) else getattr(pages, item, None)
    for name in (item, getattr(shown_by, "admin_order_field", None)):
        if isinstance(name, str):
            try:
                field = pages.opts.get_field(name.lstrip("-"))
            except FieldDoesNotExist:
                continue
            if getattr(field, "concrete", False):
                return field
    return None


def _title_of(pages: ReadOnlyAdmin, item: Any) -> str:
    if item == "__str__":
        return str(pages.opts.verbose_name)
    what = item
    if isinstance(item, str):
        what = getattr(pages, item, None) or getattr(pages.model, item, None)
    name = item if isinstance(item, str) else getattr(item, "__name__", "shown")
    return str(getattr(what, "short_description", "") or in_words(name))


def _shown_by(pages: ReadOnlyAdmin, item: Any) -> Callable[[Any], Cell]:
    """What a method of the list, or of its rows, shows, without its markup."""
    if item == "__str__":
        return lambda row: str(row) or None
    of_page = item if callable(item) else getattr(pages, item, None)

    def cell(row: Any) -> Cell:
        value = of_page(row) if callable(of_page) else getattr(row, item)
        found = cell_of(value() if callable(value) else value)
        return None if found in _NOTHING else found

    return cell


def _value_of(field: Any) -> Callable[[Any], Cell]:
    name = field.attname
    if not isinstance(field, models.DecimalField):
        return _plain(name)

    def amount(row: Any) -> Cell:
        value, currency = getattr(row, name), getattr(row, "currency", None)
        return value if value is None or currency is None else shown(value, currency)

    return amount


def _plain(name: str) -> Callable[[Any], Cell]:
    return lambda row: cell_of(getattr(row, name))


def _related(field: Any) -> Callable[[Any], Cell]:
    def cell(row: Any) -> Cell:
        related = getattr(row, field.name)
        return None if related is None else str(related) or None

    return cell


def cell_of(value: Any) -> Cell:
    """A value as a cell of its own kind: numbers are exact, times are times, everything else is its text."""
    match value:
        case None | "":
            return None
        case bool():
            return "yes" if value else "no"
        case Decimal() | datetime():
            return value
        case int():
            return Decimal(value)
        case SafeString():
            # Markup of a page; what somebody wrote is escaped in it, and comes out as it was written.
            return html.unescape(strip_tags(value)) or None
        case str():
            return str(value)
        case date():
            return value.isoformat()
        case dict() | list() | tuple() | set():
            return json.dumps(value, ensure_ascii=False, default=str) if value else None
    return str(value) or None
