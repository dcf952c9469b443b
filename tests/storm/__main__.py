"""``python -m tests.storm``: withdrawals while everything breaks; exit code 1 where anything is not as it must be."""

import argparse
import sys
import time
from bisect import insort
from dataclasses import replace
from typing import Final

from redis.exceptions import RedisError

from tests.storm import calm, naive, report
from tests.storm.blows import Blow, Planned, plan_blows, strike
from tests.storm.orders import Callers, plan_wishes
from tests.storm.parts import Parts, new_seed, running_parts
from tests.storm.report import Outcome

_LOOK_SECONDS: Final = 0.05
#: A blow whose aim is still down from the last one comes again after so long.
_AGAIN_SECONDS: Final = 1.0
#: Orders end before the blows do, so that the last of them are hit, too.
_ORDERING: Final = 0.9
#: The simulated provider writes down what has become due.
_SETTLED_SECONDS: Final = 1.0


def main() -> int:
    """Two storms over one stack: ids that are not proven unique, and ids that are."""
    asked = _arguments()
    seed = new_seed() if asked.seed is None else asked.seed
    _say(f"seed {seed}")
    variants = {"both": (False, True), "off": (False,), "on": (True,)}[asked.proven]
    began = time.monotonic()
    outcomes: list[Outcome] = []
    try:
        with running_parts() as parts:
            _say(f"everything runs after {time.monotonic() - began:.0f} s")
            twice = _naive(parts, seed, asked)
            for proven in variants:
                outcomes.append(_storm(parts, seed, asked, proven=proven))
                # At once: whoever interrupts the second storm has seen what came of the first.
                _say(report.text(seed, outcomes[-1:], naive_orders=asked.withdrawals, naive_twice=twice))
                _say(report.complaints(outcomes[-1:]))
    except KeyboardInterrupt:
        _say("interrupted; everything has stopped")
        return 130
    _say(f"\n{report.text(seed, outcomes, naive_orders=asked.withdrawals, naive_twice=twice)}")
    is_well = twice > 0 and not any(outcome.violations for outcome in outcomes)
    _say(f"\nseed {seed}: {'all is well' if is_well else 'VIOLATIONS, see above'}, {time.monotonic() - began:.0f} s")
    return 0 if is_well else 1


def _storm(parts: Parts, seed: int, asked: argparse.Namespace, *, proven: bool) -> Outcome:
    name = f"storm-{seed}-{'proven' if proven else 'unproven'}"
    with parts.database() as connection:
        connection.execute("UPDATE providers_provideraccount SET ids_proven_unique = %s WHERE mode = 'test'", (proven,))
    parts.control("POST", "reset")
    # Where ids are not proven unique they are not unique: whatever is sent twice is paid twice.
    parts.control("POST", "storm", {"seed": seed, "ids_are_unique": proven, "hangs": asked.hangs})
    counts = (
        (Blow.KILL, asked.kills),
        (Blow.FLUSH, asked.flushes),
        (Blow.KILL_VALKEY, asked.valkey_kills),
        (Blow.TERMINATE, asked.terminations),
    )
    blows = plan_blows(seed, counts, asked.seconds)
    wishes = plan_wishes(seed, "proven" if proven else "unproven", asked.withdrawals, asked.seconds * _ORDERING)
    outcome = Outcome(name=name, proven=proven)
    callers = Callers(parts, wishes)
    began = time.monotonic()
    callers.start()
    while blows or callers.are_busy():
        outcome.revived += len(parts.revive())
        if blows and time.monotonic() - began >= blows[0].at:
            blow = blows.pop(0)
            if not _strike(parts, blow, outcome):
                insort(blows, replace(blow, at=blow.at + _AGAIN_SECONDS), key=lambda one: one.at)
        else:
            time.sleep(_LOOK_SECONDS)
    parts.revive()
    parts.control("POST", "storm/end")
    _say(f"{name}: the storm is over after {time.monotonic() - began:.0f} s")
    outcome.statuses = calm.settle(parts, name)
    if not proven:
        outcome.statuses = calm.end_week(parts, name)
    outcome.seconds = time.monotonic() - began
    _judge(parts, callers, outcome)
    return outcome


def _naive(parts: Parts, seed: int, asked: argparse.Namespace) -> int:
    """How many payouts a worker makes twice that tries again on any error, in the same storm."""
    parts.control("POST", "reset")
    parts.control("POST", "storm", {"seed": seed, "ids_are_unique": False})
    wishes = plan_wishes(seed, "naive", asked.withdrawals, asked.seconds)
    naive.send_all(parts.sandbox_url, parts.withdrawal_key, wishes)
    parts.control("POST", "storm/end")
    # Outcomes that are still to come, come now.
    parts.control("POST", "clock", {"seconds": 60})
    time.sleep(_SETTLED_SECONDS)
    return naive.paid_twice(parts.control("GET", "book"))


def _strike(parts: Parts, blow: Planned, outcome: Outcome) -> bool:
    try:
        has_hit = strike(parts, blow)
    except (RedisError, OSError):
        has_hit = False
    if has_hit:
        outcome.struck[blow.blow.value] = outcome.struck.get(blow.blow.value, 0) + 1
    else:
        outcome.missed += 1
    return has_hit


def _judge(parts: Parts, callers: Callers, outcome: Outcome) -> None:
    book = parts.control("GET", "book")
    ordered = callers.ordered
    outcome.ordered, outcome.retries = len(ordered.ids), ordered.retries
    for path, times in parts.control("GET", "requests")["counts"].items():
        kind = " ".join(path.split(" ")[:2])
        outcome.calls[kind] = outcome.calls.get(kind, 0) + times
    question = {
        "name": outcome.name,
        "ids": ordered.ids,
        "refused": ordered.refused,
        "book": book,
        "all_final": outcome.proven,
    }
    outcome.paid_twice = naive.paid_twice(book)
    outcome.violations = parts.ask_django("tests.storm.judge", question)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seed", type=int, help="of everything that is drawn; a new one where none is given")
    parser.add_argument("--withdrawals", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=200, help="kill -9 of workers, web and beat")
    parser.add_argument("--flushes", type=int, default=10, help="FLUSHALL")
    parser.add_argument("--valkey-kills", type=int, default=5)
    parser.add_argument("--terminations", type=int, default=200, help="of connections to PostgreSQL")
    parser.add_argument("--seconds", type=float, default=600.0, help="that each storm blows")
    parser.add_argument("--hangs", type=float, default=0.002, help="share of sendings that hang for 75 seconds")
    parser.add_argument("--proven", choices=("both", "off", "on"), default="both", help="ids proven unique")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
