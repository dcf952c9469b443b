"""What a run came to, as the table that docs/storm.md keeps."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.storm.blows import Blow

#: Sentences that are shown; more of them say nothing more.
_SHOWN: Final = 40


@dataclass(slots=True, kw_only=True)
class Outcome:
    """One storm and what it came to.

    Attributes:
        name: with which the references of its withdrawals begin.
        proven: whether the account's ids were marked as proven unique.
        seconds: until nothing moved any more.
        struck: how often each blow hit.
        missed: how often a blow found nothing to hit, because it was down from the last one, and had to wait.
        revived: services and Valkey, started again.
        ordered: withdrawals that were answered with 201.
        retries: requests that were sent once more.
        calls: at the provider, by method and path.
        statuses: how many withdrawals ended in which.
        paid_twice: withdrawals of which the provider's book shows more than one payment.
        violations: a sentence for everything that must not be.
    """

    name: str
    proven: bool
    seconds: float = 0.0
    struck: dict[str, int] = field(default_factory=dict)
    missed: int = 0
    revived: int = 0
    ordered: int = 0
    retries: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    paid_twice: int = 0
    violations: list[str] = field(default_factory=list)


def text(seed: int, outcomes: Sequence[Outcome], *, naive_orders: int, naive_twice: int) -> str:
    """The table, with the machine that it was made on."""
    rows = [
        ["", *(f"ids {'proven' if one.proven else 'not proven'} unique" for one in outcomes)],
        ["---"] * (1 + len(outcomes)),
        ["withdrawals ordered (201)", *(f"{one.ordered:,}" for one in outcomes)],
        ["requests of the product repeated", *(f"{one.retries:,}" for one in outcomes)],
        *([f"{blow.value}", *(str(one.struck.get(blow.value, 0)) for one in outcomes)] for blow in Blow),
        ["blows that had to wait for their aim", *(str(one.missed) for one in outcomes)],
        ["services started again", *(str(one.revived) for one in outcomes)],
        ["sendings at the provider", *(_calls(one, "POST /v2/withdrawal/create") for one in outcomes)],
        ["questions at the provider", *(_calls(one, "GET /api/v1/pullpostbacks") for one in outcomes)],
        *([f"ended {status}", *(f"{one.statuses.get(status, 0):,}" for one in outcomes)] for status in _all(outcomes)),
        ["paid twice, by the provider's book", *(str(one.paid_twice) for one in outcomes)],
        ["violations of anything", *(str(len(one.violations)) for one in outcomes)],
        ["seconds, until nothing moved", *(f"{one.seconds:.0f}" for one in outcomes)],
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    naive = f"The naive worker, in the same storm: of {naive_orders:,} withdrawals {naive_twice:,} paid twice."
    return f"Seed {seed}. {_machine()}\n\n{table}\n\n{naive}"


def complaints(outcomes: Sequence[Outcome]) -> str:
    """The violations, storm by storm; empty where there are none."""
    lines = []
    for one in outcomes:
        lines += [f"{one.name}: {sentence}" for sentence in one.violations[:_SHOWN]]
    return "\n".join(lines)


def _calls(outcome: Outcome, kind: str) -> str:
    return f"{outcome.calls.get(kind, 0):,}"


def _all(outcomes: Sequence[Outcome]) -> list[str]:
    return sorted({status for one in outcomes for status in one.statuses})


def _machine() -> str:
    models = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}."
