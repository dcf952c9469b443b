"""Keeps the memory in a JSON file, so that a restart of the stack forgets no order."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import types
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from gateway.sandbox.book import Book
from gateway.sandbox.rows import Deposit, Entry, HashedUrl, Letter, RegisteredPayment, Withdrawal

FORMAT_VERSION: Final = 1

# What a `kill -9` may cost. Each write is of the whole memory, so it cannot follow every change.
SAVE_GAP_SECONDS: Final = 0.5

# A large memory is written less often: at most a tenth of the time goes into writing.
SAVE_COST_FACTOR: Final = 10

# Orders carry account numbers.
FILE_MODE: Final = 0o600

_Row = TypeVar("_Row")

_log = logging.getLogger("gateway.sandbox.snapshot")


class BrokenSnapshotError(Exception):
    """The state file cannot be read; better to stop than to forget orders."""


def plain_row(row: Any) -> dict[str, Any]:
    """Turn a row into JSON values: amounts become strings, enums their values."""
    return {field.name: _plain(getattr(row, field.name)) for field in fields(row)}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return str(value)
        case Enum():
            return value.value
        case tuple():
            return list(value)
        case _:
            return value


def _row(kind: type[_Row], data: Mapping[str, Any]) -> _Row:
    hints = get_type_hints(kind)
    return kind(**{name: _typed(hints[name], value) for name, value in data.items()})


def _typed(hint: Any, value: Any) -> Any:
    if get_origin(hint) is types.UnionType:
        if value is None:
            return None
        hint = next(member for member in get_args(hint) if member is not types.NoneType)
    if get_origin(hint) is tuple:
        return tuple(value)
    if isinstance(hint, type) and issubclass(hint, (Decimal, Enum)):
        return hint(value)
    return value


class Keeper:
    """Owns the state file."""

    def __init__(self, path: Path, book: Book) -> None:
        self._path = path
        self._book = book
        self._saved_version = book.version
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    def start(self) -> None:
        """Begin saving changes."""
        self._thread.start()

    def stop(self) -> None:
        """Save a last time, and let nothing change any more."""
        self._stop.set()
        self._thread.join()
        # Never released: a call that is still being answered must not accept an order that no file knows of.
        self._book.lock.acquire()
        self._save_changes()

    def _run(self) -> None:
        gap = SAVE_GAP_SECONDS
        while not self._stop.wait(gap):
            started = time.monotonic()
            self._save_changes()
            gap = max(SAVE_GAP_SECONDS, SAVE_COST_FACTOR * (time.monotonic() - started))

    def _save_changes(self) -> None:
        try:
            self.save()
        except OSError as error:
            # A full disk must not end the sandbox; the next round tries again.
            _log.error("state not saved: %s", error.strerror)

    def save(self) -> None:
        """Write the file if anything changed; a reader sees the old or the new one, never half of it."""
        with self._book.lock:
            version = self._book.version
            if version == self._saved_version:
                return
            # Rows are values: only these lists are copied under the lock, the writing happens outside of it.
            rows: dict[str, list[Any]] = {
                "deposits": list(self._book.deposits.values()),
                "withdrawals": list(self._book.withdrawals.values()),
                "letters": list(self._book.letters.values()),
                "entries": list(self._book.entries),
                "registered": list(self._book.registered.values()),
                "hashed_urls": list(self._book.hashed_urls.values()),
            }
            state: dict[str, Any] = {
                "format": FORMAT_VERSION,
                "purses": {code: str(amount) for code, amount in self._book.purses.items()},
                "handed_out": self._book.handed_out,
                "stockpilings": self._book.stockpilings,
            }
        state |= {name: [plain_row(row) for row in found] for name, found in rows.items()}
        beside = self._path.with_name(f"{self._path.name}.new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self._saved_version = version

    def restore(self) -> None:
        """Read the file into an empty memory, if it exists.

        Raises:
            BrokenSnapshotError: it is not one of ours.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        try:
            state = json.loads(text)
            if state["format"] != FORMAT_VERSION:
                raise BrokenSnapshotError("the state file has another format")
            self._fill(state)
        except (ValueError, KeyError, TypeError, ArithmeticError):
            # The cause would carry rows of the file.
            raise BrokenSnapshotError("the state file cannot be read") from None
        self._saved_version = self._book.version

    def _fill(self, state: Mapping[str, Any]) -> None:
        with self._book.changing():
            for data in state["deposits"]:
                self._book.put_deposit(_row(Deposit, data))
            for data in state["withdrawals"]:
                self._book.put_withdrawal(_row(Withdrawal, data))
            for data in state["letters"]:
                self._book.put_letter(_row(Letter, data))
            for data in state["entries"]:
                self._book.enter(_row(Entry, data))
            for data in state["registered"]:
                self._book.register(_row(RegisteredPayment, data))
            for data in state.get("hashed_urls", []):  # a file from before there was a widget has none
                self._book.put_hashed_url(_row(HashedUrl, data))
            self._book.purses.update({code: Decimal(amount) for code, amount in state["purses"].items()})
            self._book.handed_out = int(state["handed_out"])
            self._book.stockpilings = int(state["stockpilings"])
