"""Bodies that arrive slowly, or never: a few threads may wait for them, the others go on answering.

The server has no time limit for bodies, and a thread that reads one waits for as long as its sender likes. So no more
than a quarter of the threads may be waiting at one time; whoever comes on top is refused after a moment.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final, TypeVar

from django.conf import settings

_WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]
_Read = TypeVar("_Read")

#: A body that is already here is read in microseconds, so a place is free again at once unless all of them are stuck.
_PATIENCE_SECONDS: Final = 0.5


@cache
def _places() -> threading.BoundedSemaphore:
    # With the half that may wait for news (`gateway.api.waiting`) a quarter of the threads is always left.
    return threading.BoundedSemaphore(max(1, settings.BLOCKING_THREADS // 4))


class NoPlaceError(OSError):
    """Too many threads wait for bodies; Django makes an `UnreadablePostError` of it."""


def with_places(application: _WsgiApplication) -> _WsgiApplication:
    """The application, whose requests read their bodies one place each."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING"):
            environ["wsgi.input"] = _Input(environ["wsgi.input"])
        return application(environ, start_response)

    return call


class _Input:
    """The input of a request (PEP 3333); each of its reads needs a place."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, *size: int) -> bytes:
        return self._in_a_place(self._inner.read, *size)

    def readline(self, *size: int) -> bytes:
        return self._in_a_place(self._inner.readline, *size)

    def readlines(self, *hint: int) -> list[bytes]:
        return self._in_a_place(self._inner.readlines, *hint)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    @staticmethod
    def _in_a_place(read: Callable[..., _Read], *arguments: int) -> _Read:
        if not _places().acquire(timeout=_PATIENCE_SECONDS):
            raise NoPlaceError("too many bodies arrive slowly")
        try:
            return read(*arguments)
        finally:
            _places().release()
