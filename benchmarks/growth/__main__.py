"""``python -m benchmarks.growth OF``: the same questions among few rows and among 10,000,000.

``withdrawals`` asks what the service asks itself and what products ask; ``lists`` asks for the pages of the admin. Each
takes up to an hour and 15 to 40 GB in the directory for temporary files; so it is no part of `make bench`. Exit code 1
where a question takes more than half as long again.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Final

from benchmarks import report
from benchmarks.servers import PROJECT
from gateway.stack.throwaway import throwaway_parts

#: The bar of the blueprint: as long, and half as long again.
_BAR: Final = 1.5
#: A list looks through up to 20,000 rows for what no index knows (`gateway.keyset_lists`): fewer rows say nothing.
_FEW: Final = {"withdrawals": 10_000, "lists": 100_000}


def main() -> int:
    """Fill, measure, print; 0 where the bar is met."""
    asked = _arguments()
    with throwaway_parts({}) as parts:
        machine = report.machine(parts["DATABASE_URL"])
        ended = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", f"benchmarks.growth.{asked.of}", str(asked.few), str(asked.many)],
            env=os.environ | parts,
            cwd=PROJECT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    few, many = json.loads(ended.stdout.splitlines()[-1]).values()
    rows = [
        ["", f"among {asked.few:,}", f"among {asked.many:,}", "times as long", "plan at the larger"],
        ["---"] * 5,
        *(
            [
                name,
                f"{few[name]['milliseconds']:.2f} ms",
                f"{one['milliseconds']:.2f} ms",
                f"{one['milliseconds'] / few[name]['milliseconds']:.2f}",
                f"`{one['plan']}`" if "plan" in one else "",
            ]
            for name, one in many.items()
        ),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    sys.stdout.write(f"{machine}\n\n{table}\n")
    slow = [name for name, one in many.items() if one["milliseconds"] > _BAR * few[name]["milliseconds"]]
    for name in slow:
        sys.stderr.write(f"Missed: {name} takes more than {_BAR} times as long.\n")
    return 1 if slow else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("of", choices=("withdrawals", "lists"))
    parser.add_argument("--few", type=int)
    parser.add_argument("--many", type=int, default=10_000_000)
    asked = parser.parse_args()
    asked.few = asked.few or _FEW[asked.of]
    return asked


if __name__ == "__main__":
    sys.exit(main())
