"""Appointments by the sandbox's clock."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from gateway.sandbox.clock import Clock


class Timetable:
    """One thread that keeps appointments in the order of their time.

    An appointment is only a reminder: what it calls looks at the memory again and may do nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="timetable", daemon=True)

    def start(self) -> None:
        """Begin keeping appointments."""
        self._thread.start()

    def stop(self) -> None:
        """Keep no more of them, and wait for the one that is being kept."""
        self._is_stopped = True
        self._clock.tell()
        self._thread.join()

    def at(self, due: float, appointment: Callable[[], None]) -> None:
        """Call `appointment` when the clock reads `due` (Unix time), soon if that has passed."""
        with self._clock.changed:
            heapq.heappush(self._heap, (due, next(self._numbers), appointment))
            self._clock.changed.notify_all()

    def clear(self) -> None:
        """Forget all appointments."""
        with self._clock.changed:
            self._heap.clear()

    def _next_due(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def _run(self) -> None:
        while True:
            self._clock.wait(self._next_due, lambda: self._is_stopped)
            if self._is_stopped:
                return
            with self._clock.changed:
                if not self._heap or self._heap[0][0] > self._clock.now():
                    continue
                appointment = heapq.heappop(self._heap)[2]
            appointment()
