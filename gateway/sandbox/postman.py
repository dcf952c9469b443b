"""Posts letters until they are answered as the contract wants: HTTP 200 and `{"status":"ok"}` (C§2)."""

from __future__ import annotations

import http.client
import json
import logging
import queue
import threading
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.sandbox.book import Book
from gateway.sandbox.clock import Clock
from gateway.sandbox.rows import Letter
from gateway.sandbox.timetable import Timetable

# The contract leaves interval and number of tries open: growing gaps, then for ever at the last one.
RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)

# An acknowledgement takes milliseconds; a receiver that hangs must not keep a sender for long.
POST_TIMEOUT_SECONDS: Final = 10.0

# One slow letter must not hold up the others; more would only queue up at a local receiver.
SENDERS: Final = 8

# An answer is a few bytes; the rest of a longer one is not looked at.
ANSWER_MAX_BYTES: Final = 65_536

_log = logging.getLogger("gateway.sandbox.postman")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """How the receiver answered: a word for it, and HTTP status and text if there was an answer."""

    outcome: str
    http_status: int | None = None
    answer: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether the letter need not be sent again."""
        return self.outcome == "delivered"


class Postman:
    """Owns the threads that post letters."""

    def __init__(self, url: str, book: Book, clock: Clock, timetable: Timetable) -> None:
        self._url = url
        self._book = book
        self._clock = clock
        self._timetable = timetable
        self._due: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"postman-{number}", daemon=True) for number in range(SENDERS)
        ]

    def start(self) -> None:
        """Begin posting."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Post no more; a letter that is on its way is not waited for and goes out again after a restart."""
        for _ in self._threads:
            self._due.put(None)

    def owe(self, letter: Letter) -> None:
        """See to it that a stored letter is posted at its `next_at`."""
        if letter.next_at is not None:
            self._timetable.at(letter.next_at, lambda: self._due.put(letter.letter_id))

    def resume(self, letter: Letter) -> None:
        """See to it that a restored letter is posted, also one that was on its way when the sandbox ended."""
        if letter.is_posted and letter.next_at is None and letter.delivered_at is None:
            letter = replace(letter, next_at=self._clock.now())
            self._book.put_letter(letter)
        self.owe(letter)

    def _run(self) -> None:
        while (letter_id := self._due.get()) is not None:
            letter = self._claim(letter_id, only_due=True)
            if letter is not None:
                self._post_once(letter)

    def deliver(self, letter_id: int) -> Reception:
        """Post a stored letter once, now, and owe the next attempt if it was not taken.

        Raises:
            KeyError: there is no such letter.
        """
        letter = self._claim(letter_id, only_due=False)
        if letter is None:
            raise KeyError(letter_id)
        return self._post_once(letter)

    def _claim(self, letter_id: int, *, only_due: bool) -> Letter | None:
        with self._book.changing():
            letter = self._book.letters.get(letter_id)
            if letter is None:
                return None
            # A resend may have posted it between the reminder and now.
            if only_due and (letter.next_at is None or letter.next_at > self._clock.now()):
                return None
            # Whoever posts it takes it off the list first, or a slow answer would have it posted twice.
            self._book.put_letter(replace(letter, is_posted=True, next_at=None))
            return letter

    def _post_once(self, letter: Letter) -> Reception:
        reception = self.post(letter.posted_body)
        with self._book.changing():
            current = self._book.letters.get(letter.letter_id)
            if current is None or current.body != letter.body:
                return reception
            now = self._clock.now()
            gap = RETRY_SECONDS[min(current.attempts, len(RETRY_SECONDS) - 1)]
            after = replace(
                current,
                attempts=current.attempts + 1,
                delivered_at=current.delivered_at or (now if reception.is_delivered else None),
                next_at=None if reception.is_delivered else now + gap,
                last_outcome=reception.outcome,
            )
            self._book.put_letter(after)
        self.owe(after)
        _log.info("letter %d about %s: %s", letter.letter_id, " ".join(after.order_ids), reception.outcome)
        return reception

    def post(self, body: str) -> Reception:
        """Post any text to the receiver, once. Its address appears in no log: part of it is a token."""
        parts = urlsplit(self._url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=POST_TIMEOUT_SECONDS)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", target, body.encode(), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read(ANSWER_MAX_BYTES).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            return Reception(outcome="unreachable")
        finally:
            connection.close()
        return Reception(outcome=_outcome(response.status, text), http_status=response.status, answer=text)


def _outcome(http_status: int, text: str) -> str:
    if http_status != http.client.OK:
        return f"http {http_status}"
    try:
        answer: Any = json.loads(text)
    except ValueError:
        return "wrong answer"
    return "delivered" if isinstance(answer, dict) and answer.get("status") == "ok" else "wrong answer"
