"""Batches as CSV and XLSX: read exactly, or refused with a sentence that says how to send it."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from gateway import weighing_sheets
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.withdrawals.batch_stage import COLUMNS, csv_of, ends, errors_of, line, load, post_file, row, work, xlsx_of
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

FILES = pytest.mark.parametrize("make", [csv_of, xlsx_of], ids=["csv", "xlsx"])
Make = Callable[..., bytes]


def sent(api: Api, content: bytes) -> dict[str, Any]:
    answer = post_file(api, content)
    assert answer.status_code == 201, answer.content
    shown: dict[str, Any] = answer.json()
    return shown


def refused(api: Api, content: bytes) -> list[tuple[str, str]]:
    """Pointer and sentence of each error."""
    with nothing_changes():
        answer = post_file(api, content)
    errors_of(answer)
    return [(one["pointer"], one["detail"]) for one in answer.json()["errors"]]


def whole(api: Api, content: bytes) -> str:
    """The one sentence about the file as a whole."""
    [(pointer, sentence)] = refused(api, content)
    assert pointer == "/file"
    return sentence


@FILES
def test_a_file_is_a_batch_like_any_other(api: Api, make: Make) -> None:
    header = [*COLUMNS, "comment", "metadata.cost center"]
    shown = sent(api, make([*line(reference="a"), "second row", "7"], [*line(reference="b"), "", ""], header=header))
    assert shown["source"] == make.__name__.removesuffix("_of")
    work()
    assert ends(load(shown)) == [(1, "made", ""), (2, "made", "")]
    made = list(Withdrawal.objects.order_by("id"))
    assert [(one.reference, one.comment, one.metadata) for one in made] == [
        ("a", "second row", {"cost center": "7"}),
        ("b", "", {}),
    ]
    assert made[0].recipient == row()["recipient"]
    assert made[0].amount == Decimal(1000)


@FILES
def test_errors_name_the_row_as_json_would_and_its_line(api: Api, make: Make) -> None:
    content = make(line(), line(amount="x"), line(**{"recipient.account_number": "1"}))
    found = refused(api, content)
    assert [pointer for pointer, _ in found] == ["/rows/1/amount", "/rows/2/recipient/account_number"]
    assert [sentence.split(": ")[0] for _, sentence in found] == ["Line 3", "Line 4"]


@FILES
def test_empty_rows_count_as_lines_and_not_as_rows(api: Api, make: Make) -> None:
    empty = [""] * len(COLUMNS)
    assert [pointer for pointer, _ in refused(api, make(empty, line(), empty, line(amount="x"), empty))] == [
        "/rows/1/amount"
    ]
    [(_, sentence)] = refused(api, make(empty, line(), empty, line(amount="x"), empty))
    assert sentence.startswith("Line 5: ")


@FILES
@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ([*COLUMNS, "unexpected"], 'There is no column "unexpected". Known: payment_system, '),
        ([*COLUMNS, "recipient.unexpected"], 'There is no column "recipient.unexpected". Known: '),
        ([*COLUMNS, "amount"], 'The column "amount" stands twice.'),
        ([*COLUMNS, " amount "], 'The column "amount" stands twice.'),
        ([*COLUMNS, "refund_of"], 'There is no column "refund_of". Known: '),
        ([*COLUMNS, "metadata."], 'There is no column "metadata.". Known: '),
        (COLUMNS[1:], "The column payment_system is missing."),
    ],
)
def test_every_column_is_known_and_stands_once(api: Api, make: Make, header: list[str], sentence: str) -> None:
    assert whole(api, make(line(), header=header)).startswith(sentence)


@FILES
def test_a_row_has_no_more_cells_than_the_header(api: Api, make: Make) -> None:
    [(pointer, sentence)] = refused(api, make([*line(), "too much"]))
    assert (pointer, sentence) == ("/rows/0", "Line 2: The row has more cells than the header.")


@FILES
def test_a_file_has_a_header_and_rows(api: Api, make: Make) -> None:
    assert refused(api, make()) == [("/rows", "Send 1 to 10,000 rows.")]
    assert whole(api, make(header=[])) == "The file is empty; its first row names the columns."


@FILES
def test_a_file_has_at_most_10_000_rows(api: Api, make: Make) -> None:
    one = line()
    assert whole(api, make(*[one] * 10_001)) == "The file has more than 10,000 rows; send several files."


@FILES
def test_no_cell_is_huge(api: Api, make: Make) -> None:
    assert refused(api, make(line(customer="x" * 2_001))) == [
        ("/rows/0/customer", "Line 2: Send at most 2,000 characters.")
    ]


# CSV.


def test_a_byte_order_mark_crlf_semicolons_and_quotes_are_read(api: Api) -> None:
    wanted = line(reference="first; second, third\nfourth")
    assert refused(api, csv_of(wanted)) == [
        ("/rows/0/reference", "Line 3: Send visible characters only: no control, formatting or bidi characters.")
    ]
    content = csv_of(line(reference='say "a; b, c"'), delimiter=";", lineterminator="\r\n")
    shown = sent(api, b"\xef\xbb\xbf" + content)
    work()
    assert ends(load(shown)) == [(1, "made", "")]
    assert Withdrawal.objects.get().reference == 'say "a; b, c"'


@pytest.mark.parametrize(
    "content",
    [
        csv_of(line()).decode().encode("utf-16"),
        csv_of(line()).decode().encode("utf-16-le"),
        csv_of(line(reference="a\0b")),
        csv_of(line(reference="ä")).decode().encode("latin-1"),
    ],
    ids=["UTF-16", "UTF-16 without its mark", "NUL", "Latin-1"],
)
def test_what_is_no_utf_8_is_refused(api: Api, content: bytes) -> None:
    assert whole(api, content) == 'The file is no UTF-8 text; save it as "CSV UTF-8".'


def test_a_quote_that_never_ends_is_refused(api: Api) -> None:
    assert whole(api, csv_of(line()) + b'"imps_ib').startswith("The file is no CSV: line 3, ")
    assert whole(api, csv_of(line()) + b'"imps"_ib').startswith("The file is no CSV: line 3, ")


def test_a_field_longer_than_any_is_refused(api: Api) -> None:
    assert whole(api, csv_of(line(customer="x" * 200_000))).startswith("The file is no CSV: line 2, field larger")


@pytest.mark.parametrize("amount", ["1e5", "NaN", "1,000", "١٠٠", "=1+1", " 1000", "1000.", "+1000"])
def test_an_amount_is_plain_digits(api: Api, amount: str) -> None:
    assert [pointer for pointer, _ in refused(api, csv_of(line(amount=amount)))] == ["/rows/0/amount"]


# XLSX.


def test_whole_numbers_are_read_exactly(api: Api) -> None:
    shown = sent(api, xlsx_of(line(amount=1218, customer=55), line(amount=1e3, reference=4711)))
    work()
    assert ends(load(shown)) == [(1, "made", ""), (2, "made", "")]
    made = list(Withdrawal.objects.order_by("id").values_list("amount", "customer__external_id", "reference"))
    assert [(amount, customer) for amount, customer, _ in made] == [(Decimal(1218), "55"), (Decimal(1000), "55")]
    assert made[1][2] == "4711"


FRACTION = "The spreadsheet keeps this number as a binary fraction; format the column as text."
DIGITS = "The number has more digits than a spreadsheet keeps; format the column as text."
DATE = "The spreadsheet keeps a date here; format the column as text."


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        (1218.5, FRACTION),
        (1e15, DIGITS),
        (2.0**60, FRACTION),
        (10**15, DIGITS),
        (10**40, FRACTION),
        ("=1000+1", "Send the value itself, not a formula."),
        ("#N/A", "The cell holds an error."),
        (True, "Send a text, not a logical value."),
        (dt.datetime(2026, 3, 1), DATE),  # noqa: DTZ001 - as a spreadsheet has it
        (dt.date(2026, 3, 1), DATE),
        (dt.time(12), DATE),
        (dt.timedelta(days=1), DATE),
    ],
)
def test_what_a_spreadsheet_shows_otherwise_than_it_keeps_is_refused(api: Api, cell: Any, sentence: str) -> None:
    assert refused(api, xlsx_of(line(amount=cell))) == [("/rows/0/amount", f"Line 2: {sentence}")]


def test_an_account_is_no_number(api: Api) -> None:
    content = xlsx_of(line(**{"recipient.account_number": 123456789}))
    assert refused(api, content) == [
        (
            "/rows/0/recipient/account_number",
            "Line 2: Format the column as text: as a number it may have lost zeros.",
        )
    ]


def test_a_text_that_looks_like_a_formula_is_a_text(api: Api) -> None:
    def as_text(sheet: Any) -> None:
        sheet["E2"].value = "=1+1"
        sheet["E2"].data_type = "s"

    sent(api, xlsx_of(line(), change=as_text))
    work()
    assert Withdrawal.objects.get().reference == "=1+1"


def test_a_workbook_has_one_sheet(api: Api) -> None:
    assert whole(api, xlsx_of(line(), change=lambda sheet: sheet.parent.create_sheet("other"))) == (
        "Send a workbook with one sheet."
    )


def test_rows_far_below_are_not_overlooked(api: Api) -> None:
    def far(sheet: Any) -> None:
        sheet.cell(1_000_000, 1).value = "imps_ib"

    assert whole(api, xlsx_of(line(), change=far)) == (
        "The file goes beyond line 50,000; delete what is below its rows."
    )


def rezipped(change: Callable[[str, bytes], bytes], content: bytes | None = None) -> bytes:
    """A workbook whose parts were changed."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content or xlsx_of(line()))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    return file.getvalue()


UNREADABLE = "The file is no XLSX workbook that can be read; save it anew, or send CSV."
LARGE = "The workbook is larger than its rows can be; save them alone in a new one."


def test_a_zip_bomb_is_refused_unpacked_by_nobody(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = b"\0" * (weighing_sheets.UNPACKED_MAX_BYTES + 1)
    content = rezipped(lambda name, part: zeros if name == "xl/worksheets/sheet1.xml" else part)
    assert len(content) < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # whoever opened a part would fail otherwise
    monkeypatch.setattr(openpyxl, "load_workbook", None)
    assert whole(api, content) == LARGE


def test_a_zip_bomb_that_lies_about_its_size_is_refused(api: Api) -> None:
    zeros = b"\0" * (1024 * 1024)
    content = rezipped(lambda name, part: zeros if name == "xl/worksheets/sheet1.xml" else part)
    lying = content.replace((1024 * 1024).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != content
    assert whole(api, lying) == UNREADABLE


def test_a_workbook_of_a_thousand_parts_is_refused(api: Api) -> None:
    file = io.BytesIO(xlsx_of(line()))
    with zipfile.ZipFile(file, "a") as parts:
        for number in range(weighing_sheets.PARTS_MAX):
            parts.writestr(f"part{number}", b"")
    assert whole(api, file.getvalue()) == LARGE


@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
def test_entities_are_refused(api: Api, coding: str) -> None:
    laughs = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 9))
    bomb = f'<?xml version="1.0" encoding="{coding}"?><!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><a>&l8;</a>'
    content = rezipped(lambda name, part: bomb.encode(coding) if name == "xl/worksheets/sheet1.xml" else part)
    assert whole(api, content) == "The workbook declares entities, which no spreadsheet program does."


def test_what_a_sheet_says_of_its_size_is_not_believed(api: Api) -> None:
    def smaller(name: str, part: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return part
        assert b'<dimension ref="A1:H3"' in part
        return part.replace(b'<dimension ref="A1:H3"', b'<dimension ref="A1:H2"')

    shown = sent(api, rezipped(smaller, xlsx_of(line(), line())))
    assert shown["row_count"] == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04 nonsense", UNREADABLE),
        (xlsx_of(line())[:500], UNREADABLE),
        (
            rezipped(lambda name, part: b"<broken" if name.endswith("sheet1.xml") else part),
            UNREADABLE,
        ),
        (
            rezipped(lambda name, part: b"<a/>" if name.endswith("workbook.xml") else part),
            "Send a workbook with one sheet.",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", 'The file is no UTF-8 text; save it as "CSV UTF-8".'),
        (b"%PDF-1.7\n%\xe2\xe3", 'The file is no UTF-8 text; save it as "CSV UTF-8".'),
    ],
    ids=["no zip", "cut off", "broken sheet", "no workbook", "old Excel", "PDF"],
)
def test_what_is_no_table_is_refused(api: Api, content: bytes, sentence: str) -> None:
    assert whole(api, content) == sentence


# The request.


def test_a_file_that_is_sent_again_is_answered_once(api: Api) -> None:
    content = csv_of(line())
    first = post_file(api, content, key="one", reference="batch")
    again = post_file(api, content, key="one", reference="batch")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    with nothing_changes():
        other = post_file(api, csv_of(line()), key="one", reference="batch")
        assert_refused(other, 422, "idempotency_key_reused")


def test_a_dry_run_of_a_file_keeps_nothing(api: Api) -> None:
    with nothing_changes():
        answer = post_file(api, csv_of(line(), line()), query="?dry_run=true")
    assert (answer.status_code, answer.json()["rows"]) == (200, 2)


@pytest.mark.parametrize("fields", [{"file": "text"}, {"unexpected": "x"}, {"rows": json.dumps([row()])}])
def test_the_form_is_as_strict_as_a_body(api: Api, fields: dict[str, Any]) -> None:
    with nothing_changes():
        assert_refused(post_file(api, csv_of(line()), **fields), 400, "invalid_request", f"/{next(iter(fields))}")


def test_a_file_too_large_is_refused(api: Api) -> None:
    with nothing_changes():
        assert_refused(post_file(api, b"x" * 9_000_000), 413, "body_too_large")


def test_a_reference_that_is_no_utf_8_is_refused(api: Api) -> None:
    file = io.BytesIO(csv_of(line()))
    file.name = "batch.csv"
    body = encode_multipart(BOUNDARY, {"reference": "batch-?", "file": file})
    assert body.count(b"batch-?") == 1
    with nothing_changes():
        for wrong in (b"batch-\xff", b"batch-\xc3"):
            answer = api.post(
                "withdrawal-batches", body.replace(b"batch-?", wrong), content_type=MULTIPART_CONTENT, key="one"
            )
            assert_refused(answer, 400, "malformed_json")
