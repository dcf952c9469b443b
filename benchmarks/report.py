"""What was measured, in words: the table, the machine, the bars."""

import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

import psycopg

from benchmarks.rounds import CONNECTIONS, Measured
from benchmarks.servers import THREADS

BARE: Final = "bare endpoint"
DEPOSITS: Final = "POST /api/v1/deposits"
LETTERS: Final = "postback acknowledgement"

#: The bars, as multiples of the bare endpoint's rate in the same round.
_RATIO_BARS: Final = {DEPOSITS: 1.0, LETTERS: 2.0}
#: The provider gives up on an acknowledgement at a time that it does not tell; this is far below any.
_P99_BAR_MS: Final = 200

_HEAD: Final = [
    *("", "requests a second", "times bare", "processor time of the server", "times bare, the fewer the more"),
    *("of database and broker", "p50", "p99"),
]
#: Between these lines of the document stands the table.
_BEGIN, _END = "<!-- make bench writes from here -->", "<!-- to here -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All rounds of the doors in one run, each with every door."""

    requests: int
    rounds: Sequence[Mapping[str, Measured]] = field(repr=False)

    def text(self) -> str:
        """Conditions and table, as Markdown."""
        conditions = (
            f"{len(self.rounds)} rounds in turn, {self.requests:,} requests of each kind in a round, over "
            f"{CONNECTIONS} connections to one worker of granian with {THREADS} threads. Medians of the rounds; in "
            "brackets the least and the most."
        )
        rows = [_HEAD, ["---"] * len(_HEAD), *map(self._row, (BARE, DEPOSITS, LETTERS))]
        table = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join(["### Two doors", "", conditions, "", *table])

    def missed(self) -> list[str]:
        """A sentence for each bar that was not met."""
        sentences = [
            f"{name} is {ratio:.2f} times the bare endpoint; the bar is {bar:.1f}."
            for name, bar in _RATIO_BARS.items()
            if (ratio := median(self._ratios(name, _rate))) < bar
        ]
        if (p99 := self._percentile_ms(LETTERS, 99)) >= _P99_BAR_MS:
            sentences.append(f"p99 of the {LETTERS} is {p99:.0f} ms; the bar is {_P99_BAR_MS} ms.")
        return sentences

    def _row(self, name: str) -> list[str]:
        return [
            name,
            spread([one[name].rate for one in self.rounds], "{:,.0f}"),
            spread(self._ratios(name, _rate), "{:.2f}"),
            spread([one[name].server_ms for one in self.rounds], "{:.2f}") + " ms",
            # Turned over, so that more is better here, too.
            spread(self._ratios(name, lambda one: 1 / one.server_ms), "{:.2f}"),
            spread([one[name].others_ms for one in self.rounds], "{:.2f}") + " ms",
            *(f"{self._percentile_ms(name, percent):.1f} ms" for percent in (50, 99)),
        ]

    def _ratios(self, name: str, figure: Callable[[Measured], float]) -> list[float]:
        return [figure(one[name]) / figure(one[BARE]) for one in self.rounds]

    def _percentile_ms(self, name: str, percent: int) -> float:
        times = sorted(seconds for one in self.rounds for seconds in one[name].times)
        return times[min(len(times) * percent // 100, len(times) - 1)] * 1000


def _rate(measured: Measured) -> float:
    return measured.rate


def spread(figures: Sequence[float], shape: str) -> str:
    """The median, and in brackets the least and the most."""
    return f"{shape.format(median(figures))} ({shape.format(min(figures))} – {shape.format(max(figures))})"  # noqa: RUF001


def machine(database_url: str) -> str:
    """Where it was measured, in a sentence."""
    with psycopg.connect(database_url) as connection:
        postgres = connection.info.server_version // 10_000
    models = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return (
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, Linux; "
        f"Python {platform.python_version()}, Django {version('django')}, granian {version('granian')}, "
        f"PostgreSQL {postgres} without fsync."
    )


def keep(path: Path, text: str) -> None:
    """Put the table between the marks of a document; one that is not there yet begins as the marks alone."""
    before, after = around_the_table(path)
    path.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}", encoding="utf-8")


def around_the_table(path: Path) -> tuple[str, str]:
    """What stands before and after the place of the table.

    Raises:
        SystemExit: the document has no place for it, or cannot be written. To be known before minutes are spent.
    """
    if not path.exists():
        if not path.absolute().parent.is_dir():
            raise SystemExit(f"{path} is in no directory")
        return "", "\n"
    before, begin, rest = path.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise SystemExit(f"{path} has no place for the table: it needs the lines {_BEGIN} and {_END}")
    return before, after
