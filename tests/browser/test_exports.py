"""Files of what a list shows, and of a statement: asked for, waited for, downloaded and opened."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import DESK, PHONE, Screen
from tests.stories.conftest import Stack, new_bank_reference, new_reference
from tests.stories.test_deposits import confirm, deposit_of

#: The last one is asked for, and never paid.
AMOUNTS: Final = ("1000.00", "2499.50", "640.00")
#: A packed workbook takes a worker seconds, and a loaded machine several times as long.
_PATIENCE_SECONDS: Final = 60

Rows = list[list[Any]]


def csv_rows(file: Path) -> Rows:
    with file.open(newline="", encoding="utf-8-sig") as text:
        return [list(row) for row in csv.reader(text)]


def xlsx_rows(file: Path) -> Rows:
    return [list(row) for row in openpyxl.load_workbook(file, read_only=True).worksheets[0].iter_rows(values_only=True)]


READ: Final[dict[str, Callable[[Path], Rows]]] = {"csv": csv_rows, "xlsx": xlsx_rows}


def downloaded(screen: Screen, button: str, to: Path) -> Path:
    """Press the button that asks for a file, wait until it is there, and take it."""
    # The page looks again by itself: it is judged when there is nothing left to wait for.
    with screen.page.expect_navigation():
        screen.page.get_by_role("button", name=button, exact=True).click()
    mine = screen.page.locator("[data-exports] > li").first
    expect(mine.get_by_role("link", name="Download")).to_be_visible(timeout=_PATIENCE_SECONDS * 1000)
    screen.look()
    expect(mine).to_contain_text("Done")
    with screen.page.expect_download() as taken:
        mine.get_by_role("link", name="Download").click()
    file = to / taken.value.suggested_filename
    taken.value.save_as(file)
    return file


@pytest.mark.parametrize("kind", READ)
def test_a_file_has_the_rows_that_the_list_shows_and_what_they_come_to(
    stack: Stack, window: Window, admin: Person, kind: str, tmp_path: Path
) -> None:
    customer = f"c-{new_reference()}"
    made = [deposit_of(stack, new_reference(), amount=one, customer=customer) for one in AMOUNTS]
    deposit_of(stack, new_reference())  # another customer's
    for one in made[:-1]:
        confirm(stack, one, new_bank_reference())
    for one in made[:-1]:
        stack.test.until(f"deposits/{one['id']}", lambda got: got["status"] == "credited")
    known = stack.test.get("deposits", customer=customer)["data"]

    screen = window(admin, DESK if kind == "csv" else PHONE)
    screen.open(f"/admin/payments/deposit/?mode=test&q={customer}")
    file = downloaded(screen, f"Export {kind.upper()}", tmp_path)
    assert file.suffix == f".{kind}"

    rows = READ[kind](file)
    head = next(number for number, row in enumerate(rows) if "id" in row)
    below = next(number for number, row in enumerate(rows) if row[:1] == ["Rows"])
    columns = rows[head]
    listed = [dict(zip(columns, row, strict=False)) for row in rows[head + 1 : below] if any(row)]
    assert [
        (row["id"], Decimal(row["amount"]), row["currency"], row["status"], row["reference"]) for row in listed
    ] == [(one["id"], Decimal(one["amount"]), one["currency"], one["status"], one["reference"]) for one in known]
    assert int(rows[below][1]) == len(known) == len(AMOUNTS)
    credited = sum(Decimal(one["received_amount"]) for one in known if one["status"] == "credited")
    assert credited == Decimal("3499.50")
    total = next(row for row in rows[below:] if "credited" in row)
    assert credited in {Decimal(str(cell)) for cell in total if str(cell).replace(".", "").isdigit()}


def test_a_statement_is_what_the_api_says(stack: Stack, window: Window, admin: Person, tmp_path: Path) -> None:
    end = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=6)
    begin = end - timedelta(days=1)
    screen = window(admin, DESK)
    screen.open("/admin/backoffice/export/")
    screen.follow("Export a statement")
    screen.page.locator("[name=product]").select_option(label="Demo product")
    for name, value in {"mode": "test", "account": "all", "format": "csv"}.items():
        screen.page.locator(f"[name={name}]").select_option(value)
    screen.page.get_by_label("Currency").fill("INR")
    screen.page.get_by_label("From (UTC)").fill(f"{begin:%Y-%m-%d %H:%M}")
    screen.page.get_by_label("To (UTC)").fill(f"{end:%Y-%m-%d %H:%M}")
    file = downloaded(screen, "Export it", tmp_path)
    period = {"from": f"{begin:%Y-%m-%dT%H:%M:00Z}", "to": f"{end:%Y-%m-%dT%H:%M:00Z}"}
    said = stack.test.client.get("reports/statement", params={"currency": "INR", **period})
    assert said.status_code == 200, said.text
    *rows, total, closing, checked = csv_rows(file)
    assert [*rows, closing] == [list(row) for row in csv.reader(said.text.removeprefix("\ufeff").splitlines())]
    assert (total[1], closing[1], checked[0]) == ("Total of movements", "Closing balance", "Checked")
