"""The rounds: withdrawals that wait, let go all at once, and counted until each is paid."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.dispatch.crew import Provider, new_provider, running, sandbox_environment, worker
from benchmarks.doors import others
from benchmarks.report import spread
from benchmarks.servers import PROJECT, serving
from gateway.stack.ports import any_free

ROUNDS: Final = 3
#: Of a round: some seconds of work, and more than all workers together have in hand.
WITHDRAWALS: Final = 500
#: Sending processes, and those that ask and settle: one of each, and as many as `gateway.stack.services` has.
CREWS: Final = ((1, 1), (3, 6))
#: The blueprint's, for one machine.
_BAR: Final = 200
#: The workers import everything, and find no broker's messages of before.
_WARM_UP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """All rounds of one run.

    Attributes:
        withdrawals: of each round.
        rounds: by crew; each with the seconds it took, and processor time in seconds by part.
    """

    withdrawals: int
    rounds: Mapping[tuple[int, int], Sequence[Mapping[str, Any]]] = field(repr=False)

    def text(self) -> str:
        """Conditions and table, as Markdown."""
        conditions = (
            f"{self.withdrawals:,} withdrawals wait and are let go at once; the clock stops when the last one is paid. "
            "Everything is on: the account's pace, evidence of each call, history, ledger, owed news for an endpoint, "
            "a signed letter for each, and the question that it makes. The simulated provider settles at once. "
            "Medians of the rounds; in brackets the least and the most. Processor time is of one withdrawal, and of "
            "all processes of a part."
        )
        parts = list(next(iter(self.rounds.values()))[0]["cpu"])
        rows = [["processes that send, that ask", "settled a second", *parts, "all parts"]]
        rows.append(["---"] * len(rows[0]))
        for (senders, askers), rounds in self.rounds.items():
            times = [{name: one["cpu"][name] / self.withdrawals * 1000 for name in parts} for one in rounds]
            rows.append(
                [
                    f"{senders}, {askers}",
                    spread(self._rates(rounds), "{:,.0f}"),
                    *(spread([one[name] for one in times], "{:.1f}") + " ms" for name in parts),
                    spread([sum(one.values()) for one in times], "{:.1f}") + " ms",
                ]
            )
        return "\n".join(["### Dispatch", "", conditions, "", *(f"| {' | '.join(row)} |" for row in rows)])

    def missed(self) -> list[str]:
        """A sentence where the best crew settles fewer than the bar."""
        best = max(max(self._rates(rounds)) for rounds in self.rounds.values())
        return [f"{best:.0f} withdrawals are settled in a second; the bar is {_BAR}."] if best < _BAR else []

    def _rates(self, rounds: Sequence[Mapping[str, Any]]) -> list[float]:
        return [self.withdrawals / one["seconds"] for one in rounds]


def measure_dispatch(parts: Mapping[str, str], *, rounds: int, withdrawals: int) -> Dispatch:
    """All rounds of all crews, one crew after the other, on one database that grows.

    Args:
        parts: the variables that name database and broker.
        rounds: of each crew.
        withdrawals: of each round.
    """
    environment = {name: value for name, value in {**os.environ, **parts}.items() if name != "DJANGO_SETTINGS_MODULE"}
    port = any_free("127.0.0.1")
    provider = new_provider(port)
    found = {}
    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(_stage(environment))
        _ask(stage, asdict(provider))
        families = stack.enter_context(_outside(environment, provider, port)) | dict(
            zip(("PostgreSQL", "Valkey"), ([pid] for pid in others(parts)), strict=True)
        )
        for senders, askers in CREWS:
            with _workers(environment, senders, askers) as workers:
                time.sleep(_WARM_UP_SECONDS)
                job = {"withdrawals": withdrawals, "families": workers | families}
                sys.stdout.write(f"{senders} and {askers} processes:")
                found[senders, askers] = [_said(_ask(stage, job), withdrawals) for _ in range(rounds)]
                sys.stdout.write("\n")
    return Dispatch(withdrawals=withdrawals, rounds=found)


@contextlib.contextmanager
def _stage(environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "benchmarks.dispatch.stage"]
    # Each move is a line of its log: nobody's to read here.
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=environment,
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as stage:
        yield stage


def _ask(stage: "subprocess.Popen[str]", document: Mapping[str, Any]) -> dict[str, Any]:
    assert stage.stdin is not None
    assert stage.stdout is not None
    stage.stdin.write(json.dumps(document) + "\n")
    stage.stdin.flush()
    answer = stage.stdout.readline()
    if not answer:
        raise SystemExit(f"benchmarks.dispatch.stage ended with exit code {stage.wait()}")
    found: dict[str, Any] = json.loads(answer)
    return found


def _said(one: dict[str, Any], withdrawals: int) -> dict[str, Any]:
    sys.stdout.write(f"  {withdrawals / one['seconds']:,.0f}/s")
    sys.stdout.flush()
    return one


@contextlib.contextmanager
def _outside(environment: Mapping[str, str], provider: Provider, port: int) -> Iterator[dict[str, list[int]]]:
    """The web that hears the letters, and the simulated provider."""
    with serving("gateway.wsgi:application", environment) as web:
        told = {**environment, **sandbox_environment(provider, port, web.port)}
        with running(told, "-m", "gateway.sandbox") as sandbox:
            yield {"web": [web.pid], "simulated provider": [sandbox.pid]}


@contextlib.contextmanager
def _workers(environment: Mapping[str, str], senders: int, askers: int) -> Iterator[dict[str, list[int]]]:
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        beat = ("-m", "celery", "-q", "-A", "gateway.celery", "beat", "-s", str(directory / "beat"), "--pidfile=")
        sending = stack.enter_context(running(environment, *worker("payouts", "money-out", senders)))
        asking = stack.enter_context(running(environment, *worker("money", "money-in,pulls", askers)))
        stack.enter_context(running(environment, *beat))
        yield {"sending": [sending.pid], "asking and settling": [asking.pid]}
