"""docs/provider.md names a file and a test for each contradiction of the contract: they exist, and none is left out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "provider.md").read_text(encoding="utf-8")

#: The one contradiction that no code answers.
OF_THE_NETWORK = 22


def table(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    lines = PAGE.split(f"\n## {heading}\n", 1)[1].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def code_spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


CONTRADICTIONS = table("The 25 contradictions")


@cache
def functions(path: Path) -> set[str]:
    """Names of the functions on the top level of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_rows_are_exactly_the_25_in_their_order() -> None:
    assert [row[0] for row in CONTRADICTIONS] == [str(number) for number in range(1, 26)]
    assert {len(row) for row in CONTRADICTIONS} == {5}


@pytest.mark.parametrize("row", CONTRADICTIONS, ids=lambda row: row[0])
def test_every_answer_has_its_file_and_its_test(row: list[str]) -> None:
    number, said, answer, files, tests = row
    assert len(said) > 10
    assert len(answer) > 10
    if int(number) == OF_THE_NETWORK:
        assert files.startswith("none")
        assert tests == "none"
        return
    assert code_spans(files)
    for name in code_spans(files):
        assert (ROOT / name).is_file(), name
        assert not name.startswith("tests/")
    assert code_spans(tests)
    for name in code_spans(tests):
        path, _, function = name.partition("::")
        assert path.startswith("tests/")
        assert function in functions(ROOT / path), name


def test_every_section_says_who_speaks_it() -> None:
    rows = table("Who speaks what")
    named = {row[0] for row in rows}
    sections = {"C§0", "C§2", "C§3", "C§4"} | {f"C§1.{number}" for number in range(1, 14)}
    assert named == sections | {f"C§2.{number}" for number in range(1, 4)}
    for section, _, where in rows:
        for name in code_spans(where):
            assert (ROOT / name).is_file(), (section, name)
        assert code_spans(where) or where.startswith("not spoken"), section


def test_every_other_file_that_the_page_names_exists() -> None:
    for name in re.findall(r"`((?:gateway|payments|withdrawals|postbacks|tests|docs)/[^`:]+)", PAGE):
        assert (ROOT / name).exists(), name
