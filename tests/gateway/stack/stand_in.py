"""The launcher with small stand-ins for the gateway's own processes: ``python -m tests.gateway.stack.stand_in``.

``web`` answers on PORT. ``worker`` starts a child that ignores every polite request, and one in a session of its own,
as Celery's and granian's children may. When the file ``broken`` stands in STACK_DIR, ``worker`` dies at once each time,
and ``web`` never answers: else all might be up before the worker has died.
"""

import os
import sys
from pathlib import Path

from gateway.stack import services
from gateway.stack.launcher import launch
from gateway.stack.processes import Command
from gateway.stack.services import Facts, Plan, Service, Step, answers_ok, base_environment

_WEB = """
import http.server, pathlib, sys, time
if pathlib.Path(sys.argv[2], "broken").exists():
    time.sleep(600)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

_WORKER = """
import os, pathlib, signal, subprocess, sys, time
if pathlib.Path(sys.argv[1], "broken").exists():
    sys.exit("the worker is broken: " + os.environ["SECRET_KEY"])
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", deaf])
subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True)
print("environment:", sorted(n for n in os.environ if n.startswith(("PAYKASSMA_", "MAKE"))), flush=True)
print("key:", os.environ["SECRET_KEY"], flush=True)
time.sleep(600)
"""

_STEP = """
import pathlib, sys
pathlib.Path(sys.argv[1], "seeded.json").write_text(sys.stdin.read())
"""


def make_plan(facts: Facts) -> Plan:
    directory = str(facts.settings.directory)
    environment = base_environment(facts.credentials) | {"SECRET_KEY": facts.credentials.django_secret_key}

    def run(code: str, *arguments: str, given: bytes | None = None) -> Command:
        return Command(
            arguments=[sys.executable, "-c", code, *arguments],
            environment=environment,
            directory=Path("/"),
            standard_input=given,
        )

    settings = facts.settings
    live = settings.live.api_secret if settings.live else "none"
    return Plan(
        steps=(Step(name="seed", command=run(_STEP, directory, given=live.encode())),),
        services=(
            Service(
                name="web",
                command=run(_WEB, str(settings.port), directory),
                answers=lambda: answers_ok(f"{settings.public_url}/health/"),
            ),
            Service(name="worker", command=run(_WORKER, directory)),
        ),
        for_people=services.make_plan(facts).for_people,
    )


if __name__ == "__main__":
    sys.exit(launch(os.environ, Path.cwd(), make_plan))
