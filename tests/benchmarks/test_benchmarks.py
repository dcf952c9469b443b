"""The benchmark works, counts right and is honest about a missed bar. How fast we are is not asked here."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.report import BARE, DEPOSITS, LETTERS, Result
from benchmarks.rounds import Measured

ROOT = Path(__file__).resolve().parents[2]


def measured(rate: float, *, server_ms: float = 1.0, slowest_ms: float = 9.0) -> Measured:
    times = [0.004] * 97 + [slowest_ms / 1000] * 3
    return Measured(rate=rate, server_ms=server_ms, others_ms=0.5, times=times)


def result(*rates: tuple[float, float, float], slowest_ms: float = 9.0) -> Result:
    """A run whose rounds had these rates: bare, deposits, letters."""
    rounds = [
        {BARE: measured(bare), DEPOSITS: measured(deposits), LETTERS: measured(letters, slowest_ms=slowest_ms)}
        for bare, deposits, letters in rates
    ]
    return Result(requests=100, rounds=rounds)


@pytest.mark.timeout(300)
def test_one_small_round_goes_through_every_door(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"Before.\n\n{report._BEGIN}\nold\n{report._END}\n\nAfter.\n")
    small = [
        "--only",
        "doors",
        "--rounds",
        "1",
        "--requests",
        "20",
        "--warm-up",
        "5",
        "--no-bars",
        "--keep",
        str(document),
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", *small], cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )
    assert ended.returncode == 0, ended.stderr
    text = document.read_text()
    assert text.startswith("Before.\n\n")
    assert text.endswith("\n\nAfter.\n")
    assert "old" not in text
    for name in (BARE, DEPOSITS, LETTERS):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        assert row in ended.stdout


def test_ratios_are_of_the_same_round_and_the_median_counts() -> None:
    # The machine was slow in the second round; that says nothing about how the doors stand to each other.
    steady = result((1000, 1100, 2100), (100, 110, 210), (1000, 1100, 2100))
    assert steady.missed() == []
    assert "| 1.10 (1.10 – 1.10) |" in steady.text()
    assert "| 1,000 (100 – 1,000) |" in steady.text()


def test_every_missed_bar_is_named() -> None:
    assert result((1000, 990, 1990), slowest_ms=250).missed() == [
        "POST /api/v1/deposits is 0.99 times the bare endpoint; the bar is 1.0.",
        "postback acknowledgement is 1.99 times the bare endpoint; the bar is 2.0.",
        "p99 of the postback acknowledgement is 250 ms; the bar is 200 ms.",
    ]
    assert result((1000, 1000, 2000), slowest_ms=199).missed() == []


def test_a_document_without_a_place_for_the_table_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    document = tmp_path / "other.md"
    document.write_text("Nothing.\n")
    for there, sentence in ((document, "has no place for the table"), (tmp_path / "none" / "new.md", "no directory")):
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks", "--keep", str(there)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        assert sentence in ended.stderr
        assert "Traceback" not in ended.stderr
    assert document.read_text() == "Nothing.\n"


def test_a_document_that_is_not_there_yet_is_begun(tmp_path: Path) -> None:
    document = tmp_path / "new.md"
    report.keep(document, "one")
    report.keep(document, "two")
    assert document.read_text() == f"{report._BEGIN}\n\ntwo\n\n{report._END}\n"


def test_the_kept_document_has_its_place() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    assert text.count(report._BEGIN) == text.count(report._END) == 1
