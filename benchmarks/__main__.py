"""``make bench``: starts what it needs, measures, and says how it went. Exit code 1 where a bar is missed.

What counts are ratios: whatever is compared was measured in turn, in the same minutes on the same machine.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from benchmarks import doors, report
from benchmarks.dispatch import measure as dispatch
from benchmarks.ledger import reading, transfers
from gateway.stack.throwaway import throwaway_parts

_PARTS: Final = ("doors", "transfers", "balances", "dispatch")


class _Part(Protocol):
    def text(self) -> str:
        """A table with its conditions, as Markdown."""

    def missed(self) -> list[str]:
        """A sentence for each bar that was not met."""


def main() -> int:
    """Measure, print, keep the tables where that is asked for; 0 where every bar is met or none was to be."""
    asked = _arguments()
    if asked.keep:
        report.around_the_table(asked.keep)
    with throwaway_parts({}) as parts:
        machine = report.machine(parts["DATABASE_URL"])
        measured = _measured(asked, parts)
    text = "\n\n".join([machine, *(part.text() for part in measured)])
    sys.stdout.write(f"\n{text}\n")
    if asked.keep:
        report.keep(asked.keep, text)
    missed = [] if asked.no_bars else [sentence for part in measured for sentence in part.missed()]
    for sentence in missed:
        sys.stderr.write(f"Missed: {sentence}\n")
    return 1 if missed else 0


def _measured(asked: argparse.Namespace, parts: dict[str, str]) -> Sequence[_Part]:
    measured: list[_Part] = []
    if "doors" in asked.only:
        measured.append(doors.measure_doors(parts, rounds=asked.rounds, requests=asked.requests, warm_up=asked.warm_up))
    if "transfers" in asked.only:
        measured.append(
            transfers.measure_transfers(
                parts, rounds=asked.transfer_rounds, accounts=asked.accounts, seconds=asked.seconds
            )
        )
    if "balances" in asked.only:
        measured.append(reading.measure_balances(parts, entries=asked.entries))
    if "dispatch" in asked.only:
        measured.append(dispatch.measure_dispatch(parts, rounds=asked.dispatch_rounds, withdrawals=asked.withdrawals))
    return measured


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS, help="of what is measured")
    parser.add_argument("--rounds", type=int, default=doors.ROUNDS, help="of the doors")
    parser.add_argument("--requests", type=int, default=doors.REQUESTS, help="of each door in each round")
    parser.add_argument("--warm-up", type=int, default=doors.WARM_UP, help="requests of each door before the first")
    parser.add_argument("--transfer-rounds", type=int, default=transfers.ROUNDS)
    parser.add_argument("--accounts", type=int, default=transfers.ACCOUNTS, help="that transfers are spread over")
    parser.add_argument("--seconds", type=float, default=transfers.SECONDS, help="of each side in each round")
    parser.add_argument("--entries", type=int, default=reading.ENTRIES, help="of the long account")
    parser.add_argument("--dispatch-rounds", type=int, default=dispatch.ROUNDS)
    parser.add_argument("--withdrawals", type=int, default=dispatch.WITHDRAWALS, help="of each round of the dispatch")
    parser.add_argument("--no-bars", action="store_true", help="measure only; always end with 0")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write the tables between its marks, or anew")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
