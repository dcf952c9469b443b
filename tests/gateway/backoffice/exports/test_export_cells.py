"""No cell of an export is ever a formula: two hundred payloads in every text of every list that can be exported.

Lists, and the columns of each, are asked of the admin and of the models: a new one is here by itself.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import openpyxl
import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models

from gateway.backoffice.exports import lists as export_lists
from gateway.backoffice.exports.columns import Column, cell_of, columns_of
from gateway.backoffice.exports.money import Totals
from gateway.backoffice.exports.writing import _fitting
from gateway.encryption import EncryptedTextField
from gateway.keyed_hashes import KeyedHashesField
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.sheets import Row, write_csv, write_xlsx
from tests.gateway.backoffice.exports.formulas import PAYLOADS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _long_cells() -> Iterator[None]:
    """What is read with the wrong delimiter has longer cells than there are; the limit is the whole process's."""
    before = csv.field_size_limit(10_000_000)
    yield
    csv.field_size_limit(before)


AT = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
SECRET: Final = "canary-of-an-encrypted-column"
LISTS: Final = {
    model._meta.label_lower: pages
    for model, pages in admin.site._registry.items()
    if isinstance(pages, ReadOnlyAdmin) and pages.is_exported
}
#: The longest of them, in the first list alone: 32,767 letters in each cell of each list would be a hundred megabytes.
LONG = 1_000
FIRST = min(LISTS)
#: What a program may have taken away before it looks; written here anew, by what Unicode says of each letter.
UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}


def filled(model: Any, text: str, depth: int = 2) -> Any:
    """A row that is saved nowhere, with the text in each of its columns and of what it belongs to."""
    row = model()
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            if depth:
                setattr(row, field.name, filled(field.related_model, text, depth - 1))
        elif (value := value_of(field, text)) is not None:
            setattr(row, field.attname, value)
    return row


def value_of(field: Any, text: str) -> Any:
    if isinstance(field, EncryptedTextField):
        return SECRET
    match field:
        case KeyedHashesField():
            return [SECRET]
        case models.CharField() | models.TextField():
            return text
        case ArrayField():
            return [field.base_field.choices[0][0] if field.base_field.choices else text]
        case models.JSONField():
            # With what previews of instructions have besides.
            return {"journals": [], "notes": [text], text: text}
        case models.DecimalField():
            return Decimal("1.50")
        case models.DateTimeField():
            return AT
        case models.BooleanField():
            return True
    return 1 if isinstance(field, models.IntegerField) else None


def is_text(column: Column, pages: Any) -> bool:
    """Whether a column shows a text of the table as it is."""
    names = {
        str(field.verbose_name)
        for field in pages.opts.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
    }
    return column.title in names


def payloads_of(label: str) -> list[str]:
    return [one for one in PAYLOADS if label == FIRST or len(one) < LONG]


@pytest.fixture
def superuser() -> User:
    return User.objects.create_superuser("root", password="correct horse battery")


def table_of(label: str, person: User) -> tuple[Any, list[Column], list[Row]]:
    pages = LISTS[label]
    request = export_lists.request_of(person, pages, "", "test")
    columns = columns_of(pages, request, but=frozenset(Totals(pages.model).titles))
    texts = payloads_of(label)
    rows = [filled(pages.model, text) for text in texts]
    for row, text in zip(rows, texts, strict=True):
        for name in pages.get_queryset(request).query.annotations:  # what the list looks up beside them
            setattr(row, name, text)
    return pages, columns, [[one.cell(row) for one in columns] for row in rows]


def unescaped(text: str) -> str:
    """As a spreadsheet program reads it: openpyxl leaves what stands for a control character as it is written."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


def is_formula(cell: str) -> bool:
    at = 0
    while at < len(cell) and (unicodedata.category(cell[at]) in UNSEEN or cell[at] == '"'):
        at += 1
    return unicodedata.normalize("NFKC", cell[at : at + 1]).startswith(("=", "+", "-", "@", "\u2212"))


def test_there_are_lists_and_payloads() -> None:
    assert len(PAYLOADS) >= 200
    assert {"payments.deposit", "payments.receipt", "withdrawals.withdrawal", "balances.journal"} <= set(LISTS)
    assert len(LISTS) >= 30
    assert "backoffice.export" not in LISTS


@pytest.mark.parametrize("label", sorted(LISTS))
def test_no_cell_is_a_formula(label: str, superuser: User) -> None:
    pages, columns, rows = table_of(label, superuser)
    exact = [number for number, one in enumerate(columns) if is_text(one, pages)]
    for text, row in zip(payloads_of(label), rows, strict=True):
        assert [row[number] for number in exact] == [text] * len(exact), "a text is not changed on its way"
        assert SECRET not in str(row)
    check_workbook(rows)
    check_csv(rows)


def check_workbook(rows: list[Row]) -> None:
    file = io.BytesIO()
    write_xlsx(file, map(_fitting, rows), title="Export", created=AT)
    sheet: Any = openpyxl.load_workbook(file).active
    for row, shown in zip(rows, sheet.iter_rows(), strict=True):
        for cell, found in zip(row, shown, strict=False):
            assert (found.data_type != "f", found.hyperlink) == (True, None)
            if isinstance(cell, str):
                assert (found.data_type, unescaped(found.value)) == ("s", cell)
            elif isinstance(cell, Decimal):
                assert (found.data_type, Decimal(str(found.value))) == ("n", cell)


def check_csv(rows: list[Row]) -> None:
    opened = io.StringIO(newline="")
    write_csv(opened, rows)
    read = list(csv.reader(io.StringIO(opened.getvalue(), newline="")))
    cells = [pair for row, line in zip(rows, read, strict=True) for pair in zip(row, line, strict=True)]
    for cell, found in cells:
        if isinstance(cell, str):
            assert not is_formula(found), found
            assert not found.startswith(("\t", "\r", "\n"))
            # Apostrophes were added, and nothing else.
            assert found.replace("'", "") == cell.replace("'", "")
    for delimiter in (";", "\t"):
        for line in csv.reader(io.StringIO(opened.getvalue(), newline=""), delimiter=delimiter):
            assert not [cell for cell in line if is_formula(cell)]


def test_every_text_column_that_a_list_shows_is_among_them(superuser: User) -> None:
    """What the lists name is what the files have, but for what is encrypted."""
    seen = set(shown_texts(superuser))
    assert {("payments.receipt", "transaction_id"), ("withdrawals.withdrawal", "reference")} <= seen
    assert len(seen) >= 40
    for label, pages in LISTS.items():
        for name in pages.list_display:
            if name == "__str__" or name not in {field.name for field in pages.opts.concrete_fields}:
                continue
            field = pages.opts.get_field(name)
            if isinstance(field, models.CharField | models.TextField) and name not in pages.not_exported:
                assert (label, name) in seen


def shown_texts(person: User) -> Iterator[tuple[str, str]]:
    for label, pages in LISTS.items():
        request = export_lists.request_of(person, pages, "", "test")
        titles = {one.title for one in columns_of(pages, request)}
        for field in pages.opts.concrete_fields:
            if isinstance(field, models.CharField | models.TextField) and str(field.verbose_name) in titles:
                yield label, field.name


def test_nothing_encrypted_is_ever_a_column(superuser: User) -> None:
    for pages in LISTS.values():
        hidden = {
            str(field.verbose_name)
            for field in pages.opts.concrete_fields
            if isinstance(field, EncryptedTextField | KeyedHashesField)
        }
        everything = [field.name for field in pages.opts.concrete_fields]
        shows_all: Any = type("ShowsAll", (type(pages),), {"get_list_display": lambda *_, names=everything: names})
        asked = shows_all(pages.model, admin.site)
        request = export_lists.request_of(superuser, pages, "", "test")
        assert not hidden & {one.title for one in columns_of(asked, request)}


def test_a_text_that_no_sheet_holds_is_cut_and_says_so() -> None:
    [cell] = _fitting(["=" * 40_000])
    assert isinstance(cell, str)
    assert (len(cell), cell[-8:]) == (32_767, " … (cut)")
    assert _fitting(["x" * 32_767, None, Decimal(1)]) == ["x" * 32_767, None, Decimal(1)]


KINDS: Final[tuple[Any, ...]] = (None, "", True, False, 7, Decimal("1.50"), AT, [], {"a": "é"})


def test_kinds_of_values() -> None:
    assert [cell_of(one) for one in KINDS] == [
        *(None, None, "yes", "no", Decimal(7), Decimal("1.50"), AT, None, '{"a": "é"}'),
    ]
