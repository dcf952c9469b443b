"""Rows that hardly ever change, remembered from one request to the next, and never taken on trust.

To look up whose key it is, which payment system and whose letter took longer than everything that was written for it.
So a process remembers such a row together with its *version*, which every write changes, and a request that only
writes may begin with it (`perhaps`). Its one statement compares the version as it writes, and writes nothing where the
row is another by now. Then, and wherever the request is not simply granted, all of it is done again with rows that are
read afresh: no answer depends on what a row was, but for those to bodies that break off.
(docs/adr/remembered-rows-are-compared-as-they-are-used.md)
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db import InterfaceError, OperationalError, models

from gateway import prepared_sql

_Row = TypeVar("_Row", bound=models.Model)
_Answer = TypeVar("_Answer")

#: Rows of one kind that a process remembers; forgotten all at once beyond that, which costs one look-up each.
_ROWS_MAX: Final = 1_000


class Doubtful(Exception):  # noqa: N818 - reads as the fact it reports
    """What was done so far rests on a remembered row, and is not to be answered with."""


@dataclass(slots=True)
class _Trial:
    """A request's first try. True once it has used a remembered row."""

    rests_on_memory: bool = False


_trial: ContextVar[_Trial | None] = ContextVar("trial", default=None)


def perhaps(work: Callable[[], _Answer]) -> _Answer:
    """Do the work with remembered rows; where that is doubtful, once more with rows that are read afresh.

    Args:
        work: calls `doubt` before it acts upon anything but a version that was compared as it was written; and may be
            done twice where it did so.
    """
    token = _trial.set(_Trial())
    try:
        return work()
    except Doubtful:
        pass
    except (OperationalError, InterfaceError):
        forget_everything()  # it may be another server from now on, that knows nothing of our versions
        raise
    finally:
        _trial.reset(token)
    return work()


def doubt() -> None:
    """Before a refusal, or anything else that a remembered row must not decide.

    Raises:
        Doubtful: a remembered row was used. Otherwise nothing happens.
    """
    if rests_on_memory():
        raise Doubtful


def rests_on_memory() -> bool:
    """True while what is being done has used a remembered row."""
    trial = _trial.get()
    return trial is not None and trial.rests_on_memory


class Lookup(Generic[_Row]):
    """Finds a row by its name; remembers it for whoever may use that.

    Args:
        statement: selects the version of the row (`version_sql`), then what `read` wants; ``%(name)s`` is the name.
        read: makes the row from the values behind its version.
    """

    def __init__(self, statement: str, read: Callable[[tuple[Any, ...]], _Row]) -> None:
        self.statement = statement
        self._read = read
        self._rows: dict[str, _Row] = {}
        _lookups.append(self)

    def find(self, name: str) -> _Row | None:
        """The row, with its version in ``version``: shared by all requests, so nobody may change it."""
        trial = _trial.get()
        if trial is not None and (known := self._rows.get(name)) is not None:
            trial.rests_on_memory = True
            return known
        rows = prepared_sql.run(self.statement, {"name": name})
        if not rows:
            self._rows.pop(name, None)
            return None
        version, *values = rows[0]
        row = self._read(tuple(values))
        row.version = version  # type: ignore[attr-defined]  # the models that are looked up declare it
        if name not in self._rows and len(self._rows) >= _ROWS_MAX:
            self._rows.clear()
        self._rows[name] = row
        return row

    def forget(self) -> None:
        """Remember nothing any more."""
        self._rows.clear()


_lookups: Final[list[Lookup[Any]]] = []


def forget_everything() -> None:
    """As if the process had just started."""
    for lookup in _lookups:
        lookup.forget()


def to_compare(version: str) -> str | None:
    """The version for the statement that writes; None where all rows were read for this very try."""
    return version if rests_on_memory() else None


def version_sql(*aliases: str) -> str:
    """SQL for the version of rows: which transaction wrote them and where they lie, which no two writes share.

    ``xmin`` alone would be the same for two writes of one transaction, and ``ctid`` alone is used again after VACUUM.
    """
    return f"concat({', '.join(f'{alias}.xmin, {alias}.ctid' for alias in aliases)})"
