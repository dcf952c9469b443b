"""The sandbox's own clock, which tests may advance."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

# The provider's default zone (C§0): +08:00, no daylight saving.
MANILA: Final = timezone(timedelta(hours=8))


class Clock:
    """Unix time in seconds, plus whatever it was advanced by.

    Attributes:
        changed: notified whenever a waiter should look again; its lock guards nothing but the waiting.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._advanced_seconds = 0.0

    def now(self) -> float:
        """Unix time, in seconds."""
        return time.time() + self._advanced_seconds

    def advance(self, seconds: float) -> None:
        """Move forward; what became due happens at once."""
        with self.changed:
            self._advanced_seconds += seconds
            self.changed.notify_all()

    def reset(self) -> None:
        """Go back to real time."""
        with self.changed:
            self._advanced_seconds = 0.0
            self.changed.notify_all()

    def wait(self, until: Callable[[], float | None], stopped: Callable[[], bool]) -> None:
        """Sleep until the clock reads what `until` says (None: for ever) or `stopped` is true.

        Both are asked again after each change, so a waiter follows the clock, new appointments and the end.
        """
        with self.changed:
            while not stopped():
                due = until()
                left = None if due is None else due - self.now()
                if left is not None and left <= 0:
                    return
                self.changed.wait(left)

    def tell(self) -> None:
        """Make every waiter look again."""
        with self.changed:
            self.changed.notify_all()


def provider_text(at: float) -> str:
    """Write a moment as the provider does: `YYYY-MM-DD HH:MM:SS`, no zone, Manila (C§0)."""
    return datetime.fromtimestamp(at, tz=UTC).astimezone(MANILA).strftime("%Y-%m-%d %H:%M:%S")
