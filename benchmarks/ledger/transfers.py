"""Transfers a second: ours beside four other ways to keep a ledger, round after round in turn."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.ledger import sides
from benchmarks.ledger.crews import PROCESSES, Crew, crews
from benchmarks.report import spread

#: An odd number, so that the median is a round that took place.
ROUNDS: Final = 9
#: Half of them are debited, half of them credited.
ACCOUNTS: Final = 10_000
#: Of each side in each place of each round: hundreds of transfers of the slowest.
SECONDS: Final = 0.5
#: As long as so many places, before the first round: every connection is open then, no table empty, and what a process
#: remembers of its accounts remembered, as after the first minute of a service.
_WARM_UP: Final = 4

NAMES: Final = {
    sides.OURS: "`balances.posting.post`",
    sides.HORDAK: "django-hordak",
    sides.DJANGO_LEDGER: "django-ledger",
    sides.PSYCOPG: "psycopg, bare tables",
    sides.PLPGSQL: "one function, bare tables",
}
#: How many times as fast ours has to be, with as many processes on as many accounts.
_BARS: Final = {sides.HORDAK: 4.0, sides.DJANGO_LEDGER: 40.0}
#: What is left of our own rate where everybody wants the same account.
_HOT_BAR: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where transfers are made: by how many processes, and between which accounts."""

    processes: int
    is_spread: bool

    def __str__(self) -> str:
        processes = "1 process" if self.processes == 1 else f"{self.processes} processes"
        return f"{processes}, {'spread' if self.is_spread else 'hot'}"


PLACES: Final = tuple(
    Place(processes=processes, is_spread=is_spread) for processes in (1, PROCESSES) for is_spread in (False, True)
)
#: Transfers a second of each side in each place.
Round = Mapping[Place, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """All rounds of the transfers in one run."""

    accounts: int
    seconds: float
    rounds: Sequence[Round] = field(repr=False)

    def text(self) -> str:
        """Conditions and table, as Markdown."""
        conditions = (
            f"Transfers a second, each committed. {len(self.rounds)} rounds in turn, {self.seconds} seconds of each "
            f"kind in a round; hot is between the same two accounts, spread over {self.accounts:,}. Medians of the "
            "rounds, in brackets the least and the most; below them how many times as fast ours was in the same round."
        )
        head = ["", *map(str, PLACES)]
        rows = [head, ["---"] * len(head)]
        for side, name in NAMES.items():
            rows.append([name, *(self._rates(place, side) for place in PLACES)])
            if side != sides.OURS:
                rows.append(["ours to it", *(spread(self._ratios(place, side), "{:.2f}") for place in PLACES)])
        hot = [spread(self._hot(processes), "{:.2f}") for processes in (1, PROCESSES)]
        rows.append(["ours, hot to spread", hot[0], "", hot[1], ""])
        table = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join(["### Transfers", "", conditions, "", *table])

    def missed(self) -> list[str]:
        """A sentence for each bar that was not met."""
        slow = [
            f"Transfers ({place}) are {ratio:.2f} times those of {NAMES[side]}; the bar is {bar:.1f}."
            for side, bar in _BARS.items()
            for place in PLACES
            if (ratio := median(self._ratios(place, side))) < bar
        ]
        hot = [
            f"Transfers on one account ({processes} at once) are {ratio:.2f} times those on many; "
            f"the bar is {_HOT_BAR}."
            for processes in (1, PROCESSES)
            if (ratio := median(self._hot(processes))) < _HOT_BAR
        ]
        return slow + hot

    def _rates(self, place: Place, side: str) -> str:
        return spread([one[place][side] for one in self.rounds], "{:,.0f}")

    def _ratios(self, place: Place, side: str) -> list[float]:
        return [one[place][sides.OURS] / one[place][side] for one in self.rounds]

    def _hot(self, processes: int) -> list[float]:
        hot, many = (Place(processes=processes, is_spread=is_spread) for is_spread in (False, True))
        return [one[hot][sides.OURS] / one[many][sides.OURS] for one in self.rounds]


def measure_transfers(parts: Mapping[str, str], *, rounds: int, accounts: int, seconds: float) -> Transfers:
    """All rounds.

    Args:
        parts: variables that name the database server and what else the service needs.
        rounds: how many.
        accounts: that transfers are spread over, half of them to debit and half of them to credit.
        seconds: of each side in each place of each round.
    """
    sys.stdout.write("ledgers are being filled\n")
    with crews(tuple(NAMES), parts, accounts // 2) as made:
        for crew in made:
            crew.rate(PROCESSES, spread=True, seconds=_WARM_UP * seconds)
        measured = [_round(number, made, seconds) for number in range(1, rounds + 1)]
    return Transfers(accounts=accounts, seconds=seconds, rounds=measured)


def _round(number: int, made: Sequence[Crew], seconds: float) -> Round:
    for crew in made:
        crew.take_statistics()
    measured: dict[Place, dict[str, float]] = {}
    for place in PLACES:
        sys.stdout.write(f"round {number}, {place}:")
        measured[place] = {}
        for crew in made:
            rate = crew.rate(place.processes, spread=place.is_spread, seconds=seconds)
            measured[place][crew.side] = rate
            sys.stdout.write(f"  {NAMES[crew.side]} {rate:,.0f}/s")
            sys.stdout.flush()
        sys.stdout.write("\n")
    return measured
