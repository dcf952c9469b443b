"""Tables for people: whatever text comes in, no cell is a formula, and no number is rounded."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sheets import Row, write_csv, write_xlsx

AT = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", '=HYPERLINK("http://x")', "=", "-", "{=1}"]


def in_csv(*rows: Row) -> str:
    file = io.StringIO(newline="")
    write_csv(file, rows)
    return file.getvalue()


def in_xlsx(*rows: Row, title: str = "Sheet") -> bytes:
    file = io.BytesIO()
    write_xlsx(file, rows, title=title, created=AT)
    return file.getvalue()


def cells(content: bytes) -> list[list[Any]]:
    sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
    return [list(row) for row in sheet.iter_rows()]


def test_csv_is_as_rfc_4180_wants_it() -> None:
    rows: list[Row] = [("a, b", 'a "c"', "two\nlines"), (Decimal("-1.50"), AT, None), ()]
    assert in_csv(*rows) == '"a, b","a ""c""","two\nlines"\r\n-1.50,2026-01-31T23:59:59.999999Z,\r\n\r\n'


def test_numbers_in_csv_are_plain_decimals() -> None:
    numbers = ["0", "-0.0001", "1E+3", "9999999999999999.9999", "-1000.00", "1E-4"]
    shown = in_csv([Decimal(one) for one in numbers]).rstrip().split(",")
    assert shown == ["0", "-0.0001", "1000", "9999999999999999.9999", "-1000.00", "0.0001"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_none(text: str) -> None:
    [[shown]] = csv.reader(io.StringIO(in_csv([text]), newline=""))
    assert shown == (text if text.startswith("{") else f"'{text}")
    [[cell]] = cells(in_xlsx([text]))
    assert (cell.data_type, cell.value) == ("s", text.replace("\r", "_x000D_"))


@pytest.mark.parametrize("text", ["a;=1+1", "a\t+1", "\t=1", "a;@x", 'a; "=1', "a\n-1", "a;;=1", "=1;=2"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_is_a_formula_however_a_program_separates(text: str, delimiter: str) -> None:
    lines = in_csv(["1", text, "2"]).splitlines(keepends=True)
    for shown in csv.reader(lines, delimiter=delimiter):
        assert not any(cell.lstrip(' "').startswith(("=", "+", "-", "@")) for cell in shown), shown


def test_what_is_no_formula_stays_as_it_is() -> None:
    for text in ("a;b", "a\tb", "a=b", "a;b=c", 'a "b"; c', "a-b;c-d"):
        assert list(csv.reader([in_csv([text])])) == [[text]]


@given(st.text(max_size=40))
def test_no_text_is_ever_a_formula_or_a_number(text: str) -> None:
    [[shown]] = csv.reader(io.StringIO(in_csv([text]), newline=""))
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert shown.replace("'", "") == text.replace("'", "")
    printable = "".join(one for one in text if one.isprintable())
    [row] = cells(in_xlsx([printable, Decimal(1)]))
    assert row[0].data_type in ({"s", "n"} if printable == "" else {"s"})  # an empty text is an empty cell
    assert (row[0].value or "") == printable
    assert row[0].hyperlink is None


def test_numbers_in_xlsx_are_numbers_with_their_decimals_and_none_is_rounded() -> None:
    exact = ["0.00", "-1000.00", "0.0001", "123456789012345", "-99999999999.9999"]
    long = ["1234567890123456", "9999999999999999.9999"]
    [row] = cells(in_xlsx([Decimal(one) for one in [*exact, *long]]))
    for text, cell in zip(exact, row, strict=False):
        assert (cell.data_type, Decimal(str(cell.value))) == ("n", Decimal(text))
    assert [cell.number_format for cell in row[:5]] == ["0.00", "0.00", "0.0000", "0", "0.0000"]
    assert [(cell.data_type, cell.value) for cell in row[5:]] == [("s", text) for text in long]


def test_times_in_xlsx_are_times_in_utc_and_cut_off_not_rounded() -> None:
    east = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    [[first, second]] = cells(in_xlsx([AT, east]))
    assert first.is_date
    assert first.value == second.value == datetime(2026, 1, 31, 23, 59, 59, 999_000)  # noqa: DTZ001 - a sheet has no zones


def test_the_columns_that_are_used_are_wide_enough_for_an_id() -> None:
    sheet: Any = openpyxl.load_workbook(io.BytesIO(in_xlsx(["a"], ["b", "c", "d"], []))).active
    [wide] = sheet.column_dimensions.values()
    assert (wide.min, wide.max) == (1, 3)
    assert wide.width > 32


def test_the_same_rows_give_the_same_bytes() -> None:
    assert in_xlsx(["a", Decimal(1)]) == in_xlsx(["a", Decimal(1)]) != in_xlsx(["b", Decimal(1)])


def test_what_does_not_fit_is_refused_and_not_cut_off() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        in_xlsx(["x" * 32_768])
