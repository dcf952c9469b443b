"""Bodies that arrive slowly, or never: a few threads may wait for them, the others go on answering.

The server has no time limit for bodies, and a thread that reads one waits for as long as its sender likes. So no more
than a quarter of the threads may be waiting at one time; whoever comes on top is refused after a moment. Letters of the
provider have places of their own, and no API key has more than half of the others: one product with a bad line holds
up neither the letters nor the other products.

Customers send pictures from telephones, over lines that carry some kilobytes a second. They have an eighth of the
threads besides, which nobody else has, and no payment page has more than half of these.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from django.conf import settings

_WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]

#: A body that is already here is read in microseconds, so a place is free again at once unless all of them are stuck.
_PATIENCE_SECONDS: Final = 0.5


#: Where letters come in (postbacks/urls.py).
_LETTERS: Final = "/postbacks/"
#: Where customers pay (payments/checkout/page_urls.py); the token follows.
_PAGES: Final = "/pay/"


class _Places:
    """Threads that may wait for bodies of one kind."""

    def __init__(self, number: int, most_for_one: int) -> None:
        self._number, self._most_for_one = number, most_for_one
        self._held: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def one_for(self, sender: str) -> Iterator[None]:
        """A place while the block lasts.

        Raises:
            NoPlaceError: there is none, or the sender has its share.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_free(sender), timeout=_PATIENCE_SECONDS):
                raise NoPlaceError("too many bodies arrive slowly")
            self._held[sender] += 1
        try:
            yield
        finally:
            with self._changed:
                self._held[sender] -= 1
                if not self._held[sender]:
                    del self._held[sender]
                self._changed.notify_all()

    def _is_free(self, sender: str) -> bool:
        return self._held.total() < self._number and self._held[sender] < self._most_for_one


@cache
def _places(door: str) -> _Places:
    # With the half that may wait for news (`gateway.api.waiting`) an eighth of the threads is always left.
    quarter = max(2, settings.BLOCKING_THREADS // 4)
    of_letters = max(1, quarter // 4)
    if door == _LETTERS:
        return _Places(of_letters, of_letters)
    if door == _PAGES:
        of_pages = max(2, settings.BLOCKING_THREADS // 8)
        return _Places(of_pages, of_pages // 2)
    others = quarter - of_letters
    return _Places(others, max(1, others // 2))


class NoPlaceError(OSError):
    """Too many threads wait for bodies; Django makes an `UnreadablePostError` of it."""


def with_places(application: _WsgiApplication) -> _WsgiApplication:
    """The application, whose requests read their bodies one place each."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING"):
            path = str(environ.get("PATH_INFO", ""))
            door = next((one for one in (_LETTERS, _PAGES) if path.startswith(one)), "")
            token = path.removeprefix(_PAGES).partition("/")[0] if door == _PAGES else ""
            sender = token or str(environ.get("HTTP_AUTHORIZATION", ""))
            environ["wsgi.input"] = _Input(environ["wsgi.input"], _places(door), sender)
        return application(environ, start_response)

    return call


class _Input:
    """The input of a request (PEP 3333); each of its reads needs a place."""

    __slots__ = ("_inner", "_places", "_sender")

    def __init__(self, inner: Any, places: _Places, sender: str) -> None:
        self._inner, self._places, self._sender = inner, places, sender

    def read(self, *size: int) -> bytes:
        found: bytes = self._in_a_place(self._inner.read, *size)
        return found

    def readline(self, *size: int) -> bytes:
        found: bytes = self._in_a_place(self._inner.readline, *size)
        return found

    def readlines(self, *hint: int) -> list[bytes]:
        found: list[bytes] = self._in_a_place(self._inner.readlines, *hint)
        return found

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _in_a_place(self, read: Callable[..., Any], *arguments: int) -> Any:
        with self._places.one_for(self._sender):
            return read(*arguments)
