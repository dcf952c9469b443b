"""Starts everything in order, keeps it running, stops it in order."""

import os
import secrets
import select
import signal
import time
from collections.abc import Callable
from typing import Final, NoReturn
from urllib.parse import urlsplit

from gateway.stack.console import Console
from gateway.stack.credentials import Credentials
from gateway.stack.leftovers import end_leftovers
from gateway.stack.manage import keep_environment
from gateway.stack.parts import Part, ServicePart, Watched
from gateway.stack.postgres import EmbeddedPostgres
from gateway.stack.postgres_roles import OWNER
from gateway.stack.processes import Child, describe_exit, reap_adopted
from gateway.stack.refusal import CannotStartError
from gateway.stack.services import GRACE_SECONDS, Check, Facts, Plan, Step, base_environment
from gateway.stack.settings import Settings
from gateway.stack.summary import describe, greeting, remove_info, write_info
from gateway.stack.valkey import EmbeddedValkey

#: How often a waiting supervisor looks around: quick enough to feel immediate, nothing for the machine.
_LOOK_AROUND_SECONDS: Final = 0.1
#: A first start imports everything and migrates, on a machine that may be busy with other work.
_PATIENCE_SECONDS: Final = 180.0
#: Before the n-th restart in a row: at once after a mishap, rarely for what keeps failing.
_RESTART_DELAYS_SECONDS: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
#: A service that lived this long did not fail at its start: the delays begin anew.
_STEADY_SECONDS: Final = 60.0
#: A migration or seed that is interrupted rolls back its transaction.
_STEP_GRACE_SECONDS: Final = 5.0
_LEASH_BYTES: Final = 16

#: What the leash carries.
STOP: Final = b"s"
HURRY: Final = b"h"
#: Makes each printed request a new order.
_REFERENCE_BYTES: Final = 4


class _StopRequestedError(Exception):
    """Whoever started the stack wants it stopped, or is gone."""


class Supervisor:
    """One run of the stack; start its processes from the main thread only (``Child`` says why).

    Args:
        settings: What the user set.
        credentials: This data directory's secrets.
        sandbox_port: Where the simulated provider will listen.
        make_plan: What to run once the databases' addresses are known.
        console: Where everything is said.
        leash: Read end of a pipe: ``STOP`` there, or its end, asks to stop; ``HURRY``, not to wait for work
            in hand.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        credentials: Credentials,
        sandbox_port: int,
        make_plan: Callable[[Facts], Plan],
        console: Console,
        leash: int,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._sandbox_port = sandbox_port
        self._make_plan = make_plan
        self._console = console
        self._leash = leash
        self._asked_to_stop = False
        self._asked_to_hurry = False
        self._databases: list[Watched] = []
        self._services: list[Watched] = []

    def run(self) -> int:
        """Start, watch until asked to stop, stop.

        Returns:
            The exit code: 0 if it ended because it was asked to.
        """
        try:
            self._start_and_watch()
        except _StopRequestedError:
            self._console.say("Stopping ...")
            return 0
        except CannotStartError as error:
            self._console.say(f"\n{error}\n\nStopping ...")
            return 1
        finally:
            self._stop()
            self._console.say("Everything has stopped.")

    def ask_to_stop(self) -> None:
        """Ask from within this process; a signal handler may call it."""
        self._asked_to_stop = True

    def _start_and_watch(self) -> NoReturn:
        settings = self._settings
        database_url, migration_database_url = settings.database_url, settings.migration_database_url
        if database_url is None:
            database_url, migration_database_url = self._start_postgres()
        facts = Facts(
            settings=settings,
            credentials=self._credentials,
            sandbox_port=self._sandbox_port,
            database_url=database_url,
            migration_database_url=migration_database_url,
            redis_url=settings.redis_url or self._start_valkey(),
        )
        for url in (facts.database_url, facts.migration_database_url, facts.redis_url):
            self._console.hide(urlsplit(url or "").password or "")
        plan = self._make_plan(facts)
        for step in plan.steps:
            self._finish(step)
        for service in plan.services:
            part = ServicePart(service, self._hear(service.name))
            self._services.append(Watched(name=service.name, part=part))
        self._wait_for_answers(plan)
        keep_environment(settings.directory, plan.for_people)
        info = self._write_info(facts)
        reference = f"order-{secrets.token_hex(_REFERENCE_BYTES)}"
        self._console.say(greeting(info, settings.directory, reference))
        self._watch(facts)

    def _start_postgres(self) -> tuple[str, str]:
        """The addresses of the application and of the owner."""
        server = EmbeddedPostgres(
            self._settings.directory / "postgres",
            self._settings.postgres_binaries,
            hear=self._hear("postgres"),
        )
        return self._start_database("postgres", server), server.url(OWNER)

    def _start_valkey(self) -> str:
        return self._start_database(
            "valkey",
            EmbeddedValkey(
                self._settings.directory / "valkey",
                hear=self._hear("valkey"),
                environment=base_environment(self._credentials),
            ),
        )

    def _start_database(self, name: str, part: Part) -> str:
        self._pause(0)
        # Listed before it starts: an interrupted start has to be stopped as well.
        watched = Watched(name=name, part=part)
        self._databases.append(watched)
        watched.address = part.start()
        return watched.address

    def _finish(self, step: Step) -> None:
        child = Child(step.command, self._hear(step.name))
        try:
            while (code := child.poll()) is None:
                self._pause(_LOOK_AROUND_SECONDS)
        finally:
            child.stop((signal.SIGTERM, _STEP_GRACE_SECONDS))
        if code != 0:
            raise CannotStartError(
                f"The step {step.name!r} failed ({describe_exit(code)}). Its last lines:\n{self._clean(child)}",
            )

    def _wait_for_answers(self, plan: Plan) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for service in plan.services:
            while service.answers is not None and not service.answers():
                self._require_all_alive()
                self._require_patience(service.name, deadline)
        while plan.last_check is not None and not self._passes(plan.last_check):
            self._require_patience("the last check", deadline)
        self._require_all_alive()

    def _passes(self, check: Check) -> bool:
        lines: list[str] = []
        child = Child(check.command, lines.append)
        try:
            while child.poll() is None:
                self._require_all_alive()
                self._pause(_LOOK_AROUND_SECONDS)
        finally:
            child.stop()
        child.last_words()  # waits for the last line
        return check.satisfied("\n".join(lines))

    def _require_patience(self, name: str, deadline: float) -> None:
        self._pause(_LOOK_AROUND_SECONDS)
        if time.monotonic() > deadline:
            words = next((self._clean(w.part) for w in self._services if w.name == name), "")
            raise CannotStartError(f"{name} did not answer within {_PATIENCE_SECONDS:.0f} s.\n{words}")

    def _require_all_alive(self) -> None:
        """A service that dies before everything answers would die again: say so at once."""
        for watched in [*self._databases, *self._services]:
            if (code := watched.part.poll()) is not None:
                raise CannotStartError(
                    f"{watched.name} ended while starting ({describe_exit(code)}). "
                    f"Its last lines:\n{self._clean(watched.part)}",
                )

    def _watch(self, facts: Facts) -> NoReturn:
        while True:
            self._pause(_LOOK_AROUND_SECONDS)
            for watched in [*self._databases, *self._services]:
                if watched.due_at is None:
                    self._note_death(watched)
                elif time.monotonic() >= watched.due_at:
                    self._start_again(watched)
                    self._write_info(facts)

    def _note_death(self, watched: Watched) -> None:
        code = watched.part.poll()
        if code is None:
            return
        now = time.monotonic()
        if now - watched.started_at > _STEADY_SECONDS:
            watched.deaths = 0
        delay = _RESTART_DELAYS_SECONDS[min(watched.deaths, len(_RESTART_DELAYS_SECONDS) - 1)]
        watched.deaths += 1
        watched.due_at = now + delay
        self._console.line(watched.name, f"-- ended ({describe_exit(code)}); starting it again in {delay:.0f} s")

    def _start_again(self, watched: Watched) -> None:
        address = watched.part.start()
        if address != watched.address:
            raise CannotStartError(f"{watched.name} lost its port to another program; the stack has to start anew.")
        watched.started_at = time.monotonic()
        watched.due_at = None

    def _write_info(self, facts: Facts) -> dict[str, object]:
        running = [*self._databases, *self._services]
        info = describe(facts, {w.name: pid for w in running if (pid := w.part.pid) is not None})
        write_info(self._settings.directory, info)
        return info

    def _stop(self) -> None:
        remove_info(self._settings.directory)
        parts = [w.part for w in self._services if isinstance(w.part, ServicePart)]
        for part in reversed(parts):
            part.ask_to_stop()
        # Together, then for as long as the slowest may take; the databases outlive everything that uses them.
        deadline = time.monotonic() + GRACE_SECONDS
        while any(p.poll() is None for p in parts) and time.monotonic() < deadline and not self._hurried():
            time.sleep(_LOOK_AROUND_SECONDS)
        for part in parts:
            part.stop()
        for database in reversed(self._databases):
            database.part.stop()
        end_leftovers(self._credentials.stack_mark)
        reap_adopted()

    def _hear(self, name: str) -> Callable[[str], None]:
        return lambda text: self._console.line(name, text)

    def _clean(self, speaker: Part | Child) -> str:
        return self._console.without_secrets(speaker.last_words())

    def _hurried(self) -> bool:
        self._read_leash(0)
        return self._asked_to_hurry

    def _pause(self, seconds: float) -> None:
        self._read_leash(seconds)
        if self._asked_to_stop:
            raise _StopRequestedError

    def _read_leash(self, seconds: float) -> None:
        ready, _, _ = select.select([self._leash], [], [], seconds)
        if ready:
            words = os.read(self._leash, _LEASH_BYTES)  # nothing: the launcher is gone
            self._asked_to_stop = True
            self._asked_to_hurry |= HURRY in words
