"""``python -m benchmarks.ledger.worker SIDE``: a process that makes transfers for as long as it is told.

It sets up its side once. Then each line of its standard input is a job, and it answers with a line:
``{"prepare": N}`` fills the database, ``{"accounts": N, "spread": false, "seconds": 1.0}`` makes transfers.
"""

import importlib
import itertools
import json
import random
import sys
import time
from typing import Any, Final

from benchmarks.ledger.sides import Transfer

#: Pairs of accounts that are chosen beforehand: more than the fastest side moves in half a second.
_CHOSEN: Final = 10_000


def main(side: str) -> None:
    """Obey until standard input ends."""
    module = importlib.import_module(f"benchmarks.ledger.sides.{side}")
    transfer: Transfer | None = None
    for line in sys.stdin:
        job = json.loads(line)
        answer: dict[str, Any] = {}
        if "prepare" in job:
            module.prepare(job["prepare"])
        else:
            transfer = transfer or module.transfers(job["accounts"])
            answer = _make(transfer, **job)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _make(transfer: Transfer, *, accounts: int, spread: bool, seconds: float) -> dict[str, Any]:
    choose = random.Random()  # noqa: S311 - picks accounts
    # Before the clock runs: choosing is no part of a transfer.
    chosen = [choose.randrange(accounts) if spread else 0 for _ in range(2 * _CHOSEN)]
    pairs = itertools.cycle(zip(chosen[::2], chosen[1::2], strict=True))
    count, began = 0, time.perf_counter()
    for left, right in pairs:
        transfer(left, right)
        count += 1
        if time.perf_counter() >= began + seconds:
            break
    return {"transfers": count, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    main(sys.argv[1])
