"""A small file that unpacks to far too much is refused before anything is built of it; an ordinary one is read."""

import io
import zipfile

import openpyxl
import pytest

from gateway import weighing_sheets
from gateway.reading_sheets import read_xlsx
from gateway.weighing_sheets import CELLS_MAX, LAST_LINE, Unreadable, weigh
from tests.withdrawals.batch_stage import line, xlsx_of

SHEET, STYLES, TYPES = "xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"
TEXTS, OTHER = "xl/sharedStrings.xml", "xl/other.xml"
LARGE = "The workbook is larger than its rows can be; save them alone in a new one."


def with_part(name: str, xml: bytes) -> bytes:
    """A workbook with a part of its own."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_of(line()))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part.filename, old.read(part))
        new.writestr(name, xml)
    return file.getvalue()


def sheet(xml: bytes) -> bytes:
    return b"<worksheet><sheetData>" + xml + b"</sheetData></worksheet>"


ROW = b"<row>" + b"<c/>" * 900 + b"</row>"
BOMBS = {
    "formats": (STYLES, b"<styleSheet><cellXfs>" + b"<xf/>" * 20_000 + b"</cellXfs></styleSheet>"),
    "large formats": (STYLES, b"<styleSheet>" + b" " * (1024 * 1024) + b"</styleSheet>"),
    "kinds of parts": (TYPES, b"<Types>" + b'<Override PartName="/a" ContentType="b"/>' * 7_000 + b"</Types>"),
    "a part by another name": (OTHER, sheet(ROW * 80)),
    "texts": (TEXTS, b"<sst>" + b"<si/>" * (CELLS_MAX + 1) + b"</sst>"),
    "cells of a row": (SHEET, sheet(b"<row>" + b"<c/>" * 1_001 + b"</row>")),
    "cells": (SHEET, sheet(ROW * (CELLS_MAX // 900 + 1))),
    "rows": (SHEET, sheet(b"<row/>" * (LAST_LINE + 2))),
    "in a cell": (SHEET, sheet(b"<row><c>" + b"<v/>" * 10_003 + b"</c></row>")),
    "beside cells": (SHEET, sheet(b"<row>" + b"<t/>" * 10_001 + b"</row>")),
    "unknown": (SHEET, sheet(b"<a/>" * 10_001)),
    "depth": (SHEET, sheet(b"<a>" * 30 + b"</a>" * 30)),
    "a text": (SHEET, sheet(b"<row><c><v>" + b"1" * 40_000 + b"</v></c></row>")),
    "a tag": (SHEET, sheet(b'<row><c r="' + b"1" * 400_000 + b'"/></row>')),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_unpacks_to_too_much_is_opened_by_nobody(monkeypatch: pytest.MonkeyPatch, bomb: str) -> None:
    content = with_part(*BOMBS[bomb])
    assert len(content) < 20_000
    monkeypatch.setattr(openpyxl, "load_workbook", None)
    with pytest.raises(Unreadable, match=f"^{LARGE}$"):
        read_xlsx(content, max_lines=10_001)


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("words", ["<!DOCTYPE", "<!ENTITY"])
def test_entities_are_seen_where_two_chunks_meet(coding: str, words: str) -> None:
    declaration = words.encode(coding)
    for before in range(len(declaration) + 1):
        padding = b" " * (weighing_sheets._CHUNK_BYTES - before)
        with pytest.raises(Unreadable, match="declares entities"):
            weigh(with_part("xl/other", padding + declaration))


def test_ordinary_rows_are_read() -> None:
    # As many as a batch has, as a spreadsheet program keeps them: with texts that the cells share, and without.
    content = xlsx_of(*[line() for _ in range(10_000)])
    assert len(read_xlsx(content, max_lines=10_001)) == 10_001
    texts = b"".join(b"<si><t>text %d</t></si>" % number for number in range(80_000))
    weigh(with_part(TEXTS, b"<sst>" + texts + b"</sst>"))


def test_rich_texts_and_formats_are_ordinary() -> None:
    run = b"<r><rPr><b/><sz val='11'/><color theme='1'/></rPr><t>bold</t></r>"
    weigh(with_part(TEXTS, b"<sst>" + b"<si>" + run * 2 + b"</si>" + b"</sst>"))
    weigh(with_part(STYLES, b"<styleSheet><cellXfs>" + b"<xf/>" * 9_000 + b"</cellXfs></styleSheet>"))
