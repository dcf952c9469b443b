"""Reading a balance takes as long whatever came before: an account of a million entries beside one of a thousand."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.ledger.crews import fresh_database
from benchmarks.servers import PROJECT

#: Of the long account, and of the one beside it: as many as lie between two snapshots.
ENTRIES: Final = 1_000_000
_FEW_ENTRIES: Final = 1_000
#: Of each kind, account after account in turn; enough for a median that is the same twice.
_READS: Final = 300
#: How many times as long the long account may take.
_BAR: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What reading both accounts took, by kind of account and instant, then by entries as text."""

    entries: int
    seen: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(repr=False)

    def text(self) -> str:
        """Conditions and table, as Markdown."""
        conditions = (
            "`balances.reading.balance_of`: the median time of a reading, and the rows that it looks at. A control "
            "account is a snapshot and what came since, a live one keeps its balance; as of is an instant in the "
            "middle of its entries."
        )
        few, many = f"{_FEW_ENTRIES:,} entries", f"{self.entries:,} entries"
        head = ["", few, "rows", many, "rows", "times as long"]
        rows = [head, ["---"] * len(head)]
        for name in self.seen:
            short, long = self._pair(name)
            times = [f"{one['milliseconds']:.2f} ms" for one in (short, long)]
            rows.append([name, times[0], str(short["rows"]), times[1], str(long["rows"]), f"{self.ratio(name):.2f}"])
        table = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join(["### Balances", "", conditions, "", *table])

    def missed(self) -> list[str]:
        """A sentence for each bar that was not met."""
        return [
            f"Reading the balance of {self.entries:,} entries ({name}) takes {self.ratio(name):.2f} times as long as "
            f"of {_FEW_ENTRIES:,}; the bar is {_BAR}."
            for name in self.seen
            if self.ratio(name) > _BAR
        ]

    def ratio(self, name: str) -> float:
        """How many times as long the long account takes."""
        short, long = self._pair(name)
        return float(long["milliseconds"]) / float(short["milliseconds"])

    def _pair(self, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return self.seen[name][str(_FEW_ENTRIES)], self.seen[name][str(self.entries)]


def measure_balances(parts: Mapping[str, str], *, entries: int) -> Balances:
    """Fill a fresh database and read.

    Args:
        parts: variables that name the database server and what else the service needs.
        entries: of the long account, a multiple of what lies between two snapshots.
    """
    sys.stdout.write("long accounts are being filled\n")
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.ledger.long_accounts", *map(str, (_READS, _FEW_ENTRIES, entries))],
        env={**own, **parts, **fresh_database(parts, "reading")},
        cwd=PROJECT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Balances(entries=entries, seen=json.loads(ended.stdout))
