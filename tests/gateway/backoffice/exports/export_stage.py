"""Exports as people make them: a button above a list, a worker, a download."""

import csv
import io
from typing import Any

import openpyxl
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import reverse

from gateway.backoffice import tasks
from gateway.backoffice.exports import asking
from gateway.backoffice.models import Export
from tests.staff import browser_of, logged_in

PAGE = "/admin/backoffice/export/"


def exporter(name: str = "frieda", *seen: str) -> Client:
    """The browser of somebody who may export, and view the rows of these models."""
    return logged_in(name, "export_rows", *(f"view_{model}" for model in seen))


def own_browser(name: str = "frieda") -> Client:
    return browser_of(User.objects.get(username=name))


def press(browser: Client, model: type[models.Model], kind: str = "csv", query: str = "", mode: str = "test") -> Any:
    """The button above a list."""
    label = model._meta.label_lower
    return browser.post(f"{PAGE}ask/", {"list": label, "query": query, "mode": mode, "format": kind})


def asked(browser: Client, model: type[models.Model], kind: str = "csv", query: str = "", mode: str = "test") -> Export:
    """What the button made."""
    known = set(Export.objects.values_list("pk", flat=True))
    answer = press(browser, model, kind, query, mode)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    return Export.objects.exclude(pk__in=known).get()


def work() -> None:
    """Let the workers do all that is due."""
    while due := asking.due_exports():
        for export_id in due:
            tasks.work_on_export(str(export_id))


def download(browser: Client, export: Export) -> Any:
    return browser.get(reverse("admin:backoffice_export_download", args=[export.pk]))


def content_of(browser: Client, export: Export) -> bytes:
    answer = download(browser, export)
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)


def made(browser: Client, model: type[models.Model], kind: str = "csv", query: str = "", mode: str = "test") -> Any:
    """The lines of a list's file, and its block of totals."""
    export = asked(browser, model, kind, query, mode)
    work()
    export.refresh_from_db()
    assert (export.status, export.failure) == ("done", "")
    return parted(lines_of(content_of(browser, export), kind))


def lines_of(content: bytes, kind: str) -> list[list[str]]:
    """Cells as texts; of XLSX as they are shown, without the empty ones at the end."""
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    else:
        sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
        rows = [["" if cell.value is None else str(cell.value) for cell in row] for row in sheet.iter_rows()]
    for row in rows:
        while row and row[-1] == "":
            row.pop()
    return rows


def parted(lines: list[list[str]]) -> tuple[list[dict[str, str]], list[list[str]]]:
    """Rows by the titles of their columns, and what stands below them."""
    titles, *rest = lines
    at = rest.index([])
    rows = [dict(zip(titles, [*row, *[""] * (len(titles) - len(row))], strict=True)) for row in rest[:at]]
    return rows, rest[at + 1 :]
