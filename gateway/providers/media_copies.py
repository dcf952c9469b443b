"""Who keeps our copies: which files there are to fetch, what came of each try, and how much all of them may be.

Rows are the queue (`gateway.due_work`). The provider's words name the files; a copy that nobody names any more goes.
"""

import hashlib
from datetime import datetime
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from gateway import due_work, turns
from gateway.after_commit import ring
from gateway.providers import media_fetching
from gateway.providers.media_files import digest_of
from gateway.providers.models import MediaFailure, MediaFile, MediaHint, MediaKind, MediaType, SystemObservation
from gateway.public_addresses import Resolver, system_resolver

log = structlog.get_logger(__name__)

#: Name of the task that fetches what is due; named here because this lies below the tasks.
FETCH: Final = "gateway.providers.tasks.fetch_media"
#: Of all copies together: fifty films of full size, which is more systems than the contract names (C§4).
ALL_MAX_BYTES: Final = 256 * 1024 * 1024
#: Rows. Twenty-nine systems in a currency or two, in as many accounts as anybody has, need a tenth of it; more are a
#: mistake of whoever lists them, and the newest words count.
FILES_MAX: Final = 2000
#: A provider changes its pictures a few times a year, behind the same address.
REFRESH_SECONDS: Final = 24 * 60 * 60
#: After a failure: a server that restarts is back in a minute, one that is gone is asked twice a day.
RETRY_DELAYS_SECONDS: Final = (60, 300, 1800, 2 * 3600, 6 * 3600, 12 * 3600)
#: Longer than one try can take, for one is claimed at a time.
_LEASE_SECONDS: Final = 2 * int(media_fetching.FETCH_MAX_SECONDS)
#: Of whoever writes several rows, or counts the room that all of them have.
_TURN: Final = ("media_files",)


def follow_words() -> None:
    """Have a row for each file that the provider names, and none for any other; ring where one is due."""
    _follow_words()
    if MediaFile.objects.filter(next_at__lte=timezone.now()).exists():
        ring(FETCH)


@transaction.atomic(durable=True)
def _follow_words() -> None:
    # Before anything is read: two that follow at once would write the same rows, and lock them in any order.
    turns.take(_TURN)
    named = _named()
    known = {(one.kind, one.url_digest): one for one in MediaFile.objects.defer("content")}
    gone = [row.pk for key, row in known.items() if key not in named]
    MediaFile.objects.filter(pk__in=gone).delete()
    now = timezone.now()
    MediaFile.objects.bulk_create(
        MediaFile(kind=kind, url=url, url_digest=digest, named_at=at, next_at=now)
        for (kind, digest), (url, at) in named.items()
        if (kind, digest) not in known
    )
    for key, (_, at) in named.items():
        if key in known and known[key].named_at != at:
            MediaFile.objects.filter(pk=known[key].pk).update(named_at=at)


def _named() -> dict[tuple[str, str], tuple[str, datetime]]:
    """Each file's URL and when it was last named, newest first, by its kind and the digest of its URL."""
    logos = SystemObservation.objects.exclude(logo="").values_list("logo").annotate(at=Max("seen_at"))
    hints = MediaHint.objects.values_list("url").annotate(at=Max("seen_at"))
    found = [(kind, url, at) for kind, words in ((MediaKind.LOGO, logos), (MediaKind.HINT, hints)) for url, at in words]
    newest = sorted(found, key=lambda one: (one[2], one[1]), reverse=True)[:FILES_MAX]
    return {(kind.value, digest_of(url)): (url, at) for kind, url, at in newest}


def fetch_due(resolver: Resolver = system_resolver) -> None:
    """Fetch what is due, one file after the other."""
    due = MediaFile.objects.defer("content")
    for claimed in due_work.batches(due, limit=1, lease_seconds=_LEASE_SECONDS):
        for file in claimed:
            got = media_fetching.fetched(file.url, MediaKind(file.kind), resolver)
            if isinstance(got, MediaFailure):
                with transaction.atomic(durable=True):
                    _put_off(file, got)
            else:
                _keep(file, *got)


def _put_off(mine: MediaFile, failure: MediaFailure) -> None:
    """Note the failure; the former copy, where there is one, is still better than nothing."""
    next_at = due_work.after(RETRY_DELAYS_SECONDS, mine.attempts)
    still_mine = MediaFile.objects.filter(pk=mine.pk, token=mine.token)
    still_mine.update(failure=failure, next_at=next_at, token=None)
    log.warning("media_not_fetched", kind=mine.kind, file=str(mine.pk), failure=failure.value, attempt=mine.attempts)


@transaction.atomic(durable=True)
def _keep(mine: MediaFile, content: bytes, media_type: MediaType) -> None:
    # One after the other: two that count the room at once would each see it without the other's.
    turns.take(_TURN)
    if not _has_room(mine, len(content)):
        _put_off(mine, MediaFailure.NO_ROOM)
        return
    now = timezone.now()
    MediaFile.objects.filter(pk=mine.pk, token=mine.token).update(
        content=content,
        content_digest=hashlib.sha256(content).hexdigest(),
        content_type=media_type,
        size=len(content),
        fetched_at=now,
        failure="",
        next_at=due_work.after([REFRESH_SECONDS], 1),
        attempts=0,
        token=None,
    )
    log.info("media_fetched", kind=mine.kind, file=str(mine.pk), type=media_type.value, size=len(content))


def _has_room(mine: MediaFile, size: int) -> bool:
    """True where the file fits beside the others, once copies that are needed less have gone for it."""
    left = ALL_MAX_BYTES - size
    others = MediaFile.objects.exclude(pk=mine.pk).filter(size__gt=0).order_by("-named_at", "pk")
    dropped = []
    for pk, named_at, taken in others.values_list("pk", "named_at", "size"):
        left -= taken
        if left < 0:
            if named_at >= mine.named_at:
                return False
            dropped.append(pk)
            left += taken
    MediaFile.objects.filter(pk__in=dropped).update(
        content=b"", content_digest="", content_type="", size=0, failure=MediaFailure.NO_ROOM
    )
    return True
