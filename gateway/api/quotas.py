"""How many requests somebody may make in a minute, counted in Redis for all processes together.

One round trip for each count; of a large limit a process takes some at once, and then counts them off by itself.
Without Redis nothing is counted and everybody passes: a limit protects the service from a caller gone mad, and must not
become the reason why a deposit is refused.
"""

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final

import structlog
from django.conf import settings
from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

WINDOW_SECONDS: Final = 60
#: Redis beside us answers in a tenth of a millisecond. Longer than this it is as good as gone.
_TIMEOUT_SECONDS: Final = 0.1
#: After a failure Redis is left alone this long, so that only one request of many pays for its absence.
_SILENCE_SECONDS: Final = 5.0
#: A process takes one thousandth of a limit at once. What it has not used when the window ends is lost, so a caller
#: may be held up that much too early for each process, and never too late. A limit below 2,000 is counted one by one.
_BLOCKS: Final = 1_000
#: Blocks that one process remembers; forgotten all at once beyond that, which loses what was left of them.
_REMEMBERED_MAX: Final = 10_000
#: What is left of the blocks taken, by name of their counter: the next numbers.
_taken: dict[str, Iterator[int]] = {}
_taking = threading.Lock()

_silent_until = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What somebody has used of a minute.

    Attributes:
        policy: its name in the headers.
        limit: how much there is in each window.
        used: how much of it was asked for; it may exceed the limit.
        resets_in_seconds: when the next window begins.
    """

    policy: str
    limit: int
    used: int
    resets_in_seconds: int

    @property
    def is_exceeded(self) -> bool:
        """True for the first request beyond the limit and all after it."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """By draft-ietf-httpapi-ratelimit-headers-10, as structured fields."""
        left = max(self.limit - self.used, 0)
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.policy}";r={left};t={self.resets_in_seconds}',
        }


def count(policy: str, who: str, limit: int) -> Quota:
    """Count one request of somebody.

    Windows begin with the minute of the clock, so their end is known without asking: at worst two windows' worth is
    let through around it.
    """
    now = time.time()
    window = math.floor(now / WINDOW_SECONDS)
    ends_in = max(1, math.ceil((window + 1) * WINDOW_SECONDS - now))
    used = _next(f"{policy}:{who}:{window}", limit // _BLOCKS)
    return Quota(policy=policy, limit=limit, used=used, resets_in_seconds=ends_in)


def _next(key: str, block: int) -> int:
    """The next number of a counter, of the block that was taken last."""
    if block <= 1:
        return _increment(key, 1)
    # Two threads at once take two numbers, or two blocks, which are used up one after the other.
    with _taking:
        number = next(_taken.get(key, iter(())), 0)
    if number:
        return number
    last = _increment(key, block)
    if last:
        number = last - block + 1
        with _taking:
            if len(_taken) >= _REMEMBERED_MAX:
                _taken.clear()
            _taken[key] = chain(_taken.get(key, ()), range(number + 1, last + 1))
    return number


def _increment(key: str, amount: int) -> int:
    global _silent_until  # noqa: PLW0603 - one Redis a process
    if time.monotonic() < _silent_until:
        return 0
    try:
        return _storage().incr(key, WINDOW_SECONDS, amount)
    except (RedisError, OSError) as error:
        _silent_until = time.monotonic() + _SILENCE_SECONDS
        log.warning("quotas_not_counted", error=type(error).__name__)
        return 0


@cache
def _storage() -> RedisStorage:
    return RedisStorage(
        settings.REDIS_URL,
        key_prefix="quota",
        socket_connect_timeout=_TIMEOUT_SECONDS,
        socket_timeout=_TIMEOUT_SECONDS,
        # A connection that Redis closed meanwhile is opened anew, once; what timed out is not tried again.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),  # type: ignore[arg-type]
    )
