"""The parts of one simulated provider, put together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from gateway.sandbox import snapshot
from gateway.sandbox.book import Book
from gateway.sandbox.clock import Clock
from gateway.sandbox.postman import Postman
from gateway.sandbox.rows import OrderRef
from gateway.sandbox.settings import Settings
from gateway.sandbox.settlement import Settlement
from gateway.sandbox.timetable import Timetable
from gateway.sandbox.weather import Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One simulated provider; every endpoint gets it."""

    settings: Settings
    clock: Clock
    book: Book
    weather: Weather
    timetable: Timetable
    postman: Postman
    settlement: Settlement
    keeper: snapshot.Keeper | None

    @classmethod
    def build(cls, settings: Settings) -> Provider:
        """Put the parts together and restore the memory; nothing runs yet.

        Raises:
            snapshot.BrokenSnapshotError: the state file is not one of ours.
        """
        clock, book = Clock(), Book()
        timetable = Timetable(clock)
        postman = Postman(settings.postback_url, book, clock, timetable)
        keeper = None if settings.state_file is None else snapshot.Keeper(settings.state_file, book)
        if keeper is not None:
            keeper.restore()
        return cls(
            settings=settings,
            clock=clock,
            book=book,
            weather=Weather(clock),
            timetable=timetable,
            postman=postman,
            settlement=Settlement(settings, clock, book, timetable, postman),
            keeper=keeper,
        )

    def start(self) -> None:
        """Let time run: expect what is owed and post letters."""
        self.settlement.resume()
        self.postman.start()
        self.timetable.start()
        if self.keeper is not None:
            self.keeper.start()

    def stop(self) -> None:
        """Stop the threads and keep the memory; the sandbox cannot be used afterwards."""
        self.timetable.stop()
        self.postman.stop()
        if self.keeper is not None:
            self.keeper.stop()

    def reset(self) -> None:
        """Forget everything and return to real time and fair weather."""
        with self.book.lock:
            self.timetable.clear()
            self.book.reset()
            self.weather.reset()
            self.clock.reset()

    def find(self, order_id: str) -> OrderRef | None:
        """Name the order with this id, whichever kind it is."""
        with self.book.lock:
            if order_id in self.book.deposits:
                return self.book.deposits[order_id].ref
            if order_id in self.book.withdrawals:
                return self.book.withdrawals[order_id].ref
            return None


def new_order_id() -> str:
    """An unguessable id like those of the provider: 16 hex digits (C§1.5)."""
    return secrets.token_hex(8)
