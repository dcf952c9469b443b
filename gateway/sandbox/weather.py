"""Troubles that hang over all calls at once, and answers that hang until they are released."""

from __future__ import annotations

from enum import StrEnum

from gateway.sandbox.clock import Clock
from gateway.sandbox.faults import HANG_SECONDS
from gateway.sandbox.storm import Storm


class Outage(StrEnum):
    """What happens to every call of the provider's API."""

    NONE = "none"
    DOWN = "down"
    """HTTP 503 and nothing is done."""
    REVOKED = "revoked"
    """HTTP 404, as if the secret were unknown; withdrawals get "Wrong signature"."""
    SLOW = "slow"
    """Everything works, after a pause."""


class Weather:
    """The present outage and the present length of hangs.

    Attributes:
        outage: see `Outage`.
        pause_seconds: length of the pause while `SLOW`.
        hang_seconds: how long 9011 keeps an answer, unless released.
        storm: the one that goes on, or that was the last; None before the first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._releases = 0
        self._hanging = 0
        self._set_fair()

    def _set_fair(self) -> None:
        self.outage = Outage.NONE
        self.pause_seconds = 0.0
        self.hang_seconds = HANG_SECONDS
        self.storm: Storm | None = None

    def reset(self) -> None:
        """Return to normal and release whatever hangs."""
        self._set_fair()
        self.release()

    def release(self) -> int:
        """Let all hanging answers go.

        Returns:
            How many were hanging.
        """
        with self._clock.changed:
            released = self._hanging
            self._releases += 1
            self._clock.changed.notify_all()
        return released

    def hang(self, seconds: float) -> None:
        """Keep an answer until the clock has moved on by `seconds` or it is released."""
        with self._clock.changed:
            release, due = self._releases, self._clock.now() + seconds
            self._hanging += 1
        try:
            self._clock.wait(lambda: due, lambda: self._releases != release)
        finally:
            with self._clock.changed:
                self._hanging -= 1
