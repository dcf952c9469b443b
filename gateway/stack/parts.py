"""What the supervisor watches: a database or a service of the plan, each started, asked and stopped alike."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.stack.processes import Child
from gateway.stack.services import Service


class Part(Protocol):
    """What is supervised: a service of the plan or a database."""

    @property
    def pid(self) -> int | None: ...  # noqa: D102 - EmbeddedPostgres and ServicePart say what each does
    def start(self) -> str: ...  # noqa: D102
    def poll(self) -> int | None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102
    def last_words(self) -> str: ...  # noqa: D102


class ServicePart:
    """A service of the plan, as a part."""

    def __init__(self, service: Service, hear: Callable[[str], None]) -> None:
        self._service = service
        self._hear = hear
        self._child = Child(service.command, hear)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child.poll() is None else None

    def start(self) -> str:
        """Start it, or start it again; its address, if it has one others need."""
        self._child = Child(self._service.command, self._hear)
        return ""

    def poll(self) -> int | None:
        """The exit code once it is dead, or None."""
        return self._child.poll()

    def ask_to_stop(self) -> None:
        """Ask politely; ``stop`` enforces it."""
        self._child.send(signal.SIGTERM)

    def stop(self) -> None:
        """End it now, with everything in its group."""
        self._child.stop()

    def last_words(self) -> str:
        """The last lines of its output."""
        return self._child.last_words()


@dataclass(slots=True, kw_only=True)
class Watched:
    """A part and how it has fared."""

    name: str
    part: Part
    address: str = field(default="", repr=False)
    started_at: float = field(default_factory=time.monotonic)
    deaths: int = 0
    due_at: float | None = None  # while it is down: when it is started again
