"""The least time of many tries, count by count."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

#: Of each question; the quickest counts, because whatever else the machine does only adds to it.
_READS: Final = 101
#: A question that takes long is not asked so often.
_LONG_SECONDS: Final = 5.0


Stage = TypeVar("Stage")


def least_milliseconds(ask: Callable[[], object]) -> float:
    """How long the quickest of many answers took."""
    times: list[float] = []
    while len(times) < _READS and sum(times) < _LONG_SECONDS:
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return min(times) * 1000


def measure_among(
    stage: Stage, fill: Callable[[Stage, int, int], None], measure: Callable[[Stage], dict[str, Any]]
) -> None:
    """For each count among the program's arguments: fill up to it and measure; what was found is printed as JSON."""
    written, found = 0, {}
    for count in map(int, sys.argv[1:]):
        began = time.monotonic()
        fill(stage, written, count)
        sys.stderr.write(f"{count:,} rows after {time.monotonic() - began:.0f} s\n")
        written = count
        found[count] = measure(stage)
    sys.stdout.write(json.dumps(found) + "\n")
