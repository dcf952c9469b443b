import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.dispatch.crew import new_provider, running, sandbox_environment, worker
from benchmarks.doors import _others
from benchmarks.servers import PROJECT, serving
from gateway.stack.ports import any_free


def measure_dispatch(parts: Mapping[str, str], *, rounds: int, withdrawals: int, payouts: int, pulls: int) -> Any:
    environment = {name: value for name, value in {**os.environ, **parts}.items() if name != "DJANGO_SETTINGS_MODULE"}
    port = any_free("127.0.0.1")
    provider = new_provider(port)
    environment["PYTHONUNBUFFERED"] = "1"
    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.dispatch.stage"],
                env=environment,
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

        def ask(document: Any) -> Any:
            stage.stdin.write(json.dumps(document) + "\n")
            stage.stdin.flush()
            return json.loads(stage.stdout.readline())

        from dataclasses import asdict

        ask(asdict(provider))
        web = stack.enter_context(serving("gateway.wsgi:application", environment))
        sandbox = stack.enter_context(
            running(environment | sandbox_environment(provider, port, web.port), "-m", "gateway.sandbox")
        )
        w = stack.enter_context(running(environment, *worker("payouts", "money-out", payouts)))
        m = stack.enter_context(running(environment, *worker("money", "money-in,pulls", pulls)))
        beat = stack.enter_context(
            running(
                environment,
                "-m",
                "celery",
                "-q",
                "-A",
                "gateway.celery",
                "beat",
                "-s",
                "/work/tmp/storm/beat",
                "--pidfile=",
            )
        )
        time.sleep(8)
        others = _others(parts)
        fam = {
            "web": [web.pid],
            "sandbox": [sandbox.pid],
            "payouts": [w.pid],
            "money": [m.pid],
            "beat": [beat.pid],
            "postgres": [others[0]],
            "valkey": [others[1]],
        }
        for n in range(rounds):
            r = ask({"withdrawals": withdrawals, "families": fam})
            print(
                f"{withdrawals / r['seconds']:.1f}/s",
                {k: round(v / withdrawals * 1000, 2) for k, v in r["cpu"].items()},
                "sum",
                round(sum(r["cpu"].values()) / withdrawals * 1000, 2),
                flush=True,
            )
        stage.stdin.close()


if __name__ == "__main__":
    from gateway.stack.throwaway import throwaway_parts

    with throwaway_parts({}) as parts:
        measure_dispatch(
            parts,
            rounds=int(sys.argv[1]),
            withdrawals=int(sys.argv[2]),
            payouts=int(sys.argv[3]),
            pulls=int(sys.argv[4]),
        )
