"""What the provider said, or failed to say, a moment ago: a cache that may be lost at any time, and its patience."""

from typing import Any, Final

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

from gateway.providers.models import ProviderAccount

log = structlog.get_logger(__name__)

#: A product that waits for the provider waits so long, then gets what there is.
INTERACTIVE_SECONDS: Final = 3.0
#: After no answer, nobody who waits asks again for so long: a provider that hangs must not take every web thread for
#: `INTERACTIVE_SECONDS` at each request.
SILENT_SECONDS: Final = 10


def recall(key: str) -> Any:
    """What was remembered; None where nothing was, or the cache cannot be asked."""
    try:
        return cache.get(key)
    except (RedisError, OSError):
        return None


def remember(key: str, value: Any, seconds: int) -> None:
    """Keep a value for some seconds, if the cache can."""
    try:
        cache.set(key, value, seconds)
    except (RedisError, OSError):
        log.warning("cache_unavailable")


def was_silent(account: ProviderAccount, operation: str) -> bool:
    """True where nobody who waits should ask this now: the account is paused, or gave no answer a moment ago."""
    return account.is_paused() or recall(_silence(account, operation)) is not None


def note_silence(account: ProviderAccount, operation: str) -> None:
    """The provider gave no answer to this question."""
    remember(_silence(account, operation), [], SILENT_SECONDS)


def _silence(account: ProviderAccount, operation: str) -> str:
    return f"{operation}:{account.pk}:silent"
