"""What the stack says: one line a fact, each with the name of its service, none with a secret in it."""

import contextlib
import queue
import threading
from collections.abc import Iterable
from typing import Final, TextIO

#: Lines that wait for a slow reader: a burst of tracebacks from every service.
_WAITING_LINES: Final = 5_000
#: How long the last lines are waited for when the reader does not read.
_CLOSE_SECONDS: Final = 2.0
#: Wide enough for the longest name in ``services``.
_NAME_WIDTH: Final = 8
#: Shorter values are words that may occur in any line; no key of ours is as short.
_LEAST_SECRET_CHARACTERS: Final = 8


class Console:
    """Writes from a thread of its own, so that a reader who stopped reading cannot stop the services.

    Args:
        stream: Where to.
        secrets: Values that are replaced wherever a service prints them.
    """

    def __init__(self, stream: TextIO, secrets: Iterable[str]) -> None:
        self._stream = stream
        self._secrets: list[str] = []
        for secret in secrets:
            self.hide(secret)
        self._lines: queue.Queue[str | None] = queue.Queue(_WAITING_LINES)
        self._missed = 0
        self._counting = threading.Lock()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def hide(self, secret: str) -> None:
        """Replace this value too from now on."""
        if len(secret) >= _LEAST_SECRET_CHARACTERS:
            # The longest first: a secret may be part of another.
            self._secrets = sorted({*self._secrets, secret}, key=len, reverse=True)

    def without_secrets(self, text: str) -> str:
        """The text with every known secret replaced."""
        for secret in self._secrets:
            text = text.replace(secret, "[hidden]")
        return text

    def line(self, name: str, text: str) -> None:
        """Say what a service printed."""
        self._put(f"{name:<{_NAME_WIDTH}} | {self.without_secrets(text)}")

    def say(self, text: str) -> None:
        """Say something of our own, as it is."""
        self._put(text)

    def close(self) -> None:
        """Write what waits, for as long as that takes no longer than a moment."""
        if self._writer.is_alive():
            with contextlib.suppress(queue.Full):
                self._lines.put(None, timeout=_CLOSE_SECONDS)
            self._writer.join(timeout=_CLOSE_SECONDS)

    def _put(self, text: str) -> None:
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            with self._counting:
                self._missed += 1

    def _write(self) -> None:
        while (text := self._lines.get()) is not None:
            with self._counting:
                missed, self._missed = self._missed, 0
            if missed:
                text = f"({missed} lines were not shown: nobody read them)\n{text}"
            try:
                self._stream.write(f"{text}\n")
                self._stream.flush()
            except (OSError, ValueError):
                return  # the reader is gone; the services are not
