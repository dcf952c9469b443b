"""The table of payment systems is the catalogue's."""

import io
import re
from pathlib import Path

from django.core.management import call_command

from gateway.providers.catalogue import SYSTEMS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "payment-systems.md"


def test_the_page_of_payment_systems_is_what_the_command_writes(tmp_path: Path) -> None:
    written = tmp_path / "page.md"
    call_command("payment_systems_table", file=written)
    assert written.read_text() == PAGE.read_text(), "run: make docs"
    said = io.StringIO()
    call_command("payment_systems_table", stdout=said)
    assert said.getvalue() == PAGE.read_text()


def test_every_system_has_a_row_with_as_many_cells_as_its_table() -> None:
    tables = [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", PAGE.read_text(), re.MULTILINE)]
    for head, rule, *rows in tables:
        cells = {len(re.split(r"(?<!\\)\|", line)) for line in (head, rule, *rows)}
        assert len(cells) == 1, head
    named = [re.match(r"\| `([a-z_]+)`", row) for table in tables[:2] for row in table[2:]]
    assert {name[1] for name in named if name} == {one.code for one in SYSTEMS}
