"""Return addresses as the widget takes them: hashes that live a day at the provider (C§1.7).

Whoever needs one needs it now, so this is the one provider call that an API request makes itself; it is bounded, made
with no transaction open, and only for addresses without a fresh hash. A sweep renews those in use before their day
is over, so that the usual request finds a row and calls nobody.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from gateway import due_work
from gateway.paykassma.answers import Outcome
from gateway.paykassma.messages import RedirectHashes, parse_redirect_hashes
from gateway.products.models import Product
from gateway.providers import calls, recently
from gateway.providers.models import ProviderAccount, RedirectHash, RedirectKind

log = structlog.get_logger(__name__)

#: How long the provider keeps a hash; counted from before the call, so that ours never outlives its.
LIFE: Final = timedelta(days=1)
#: Renewed with so much of the day left: an outage of some hours is outlived by the old hash.
_RENEW_BEFORE: Final = timedelta(hours=6)
#: What nobody asked for in so long is left to end; the next request makes it anew.
_IN_USE: Final = timedelta(days=7)
#: After a failed renewal; by the end of the day it was tried some ten times.
_RENEW_DELAYS_SECONDS: Final = (60, 300, 900, 1800, 3600)
#: Renewed in one call: at the longest addresses some 25 KB, which every server takes.
_BATCH: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class WayBack:
    """A return address and the end of a payment that leads to it."""

    kind: RedirectKind
    url: str


class Trouble(StrEnum):
    """Why there is no hash."""

    SILENT = "silent"
    """The provider gave no answer, or is not asked just now."""
    REFUSED = "refused"
    """The provider does not take these addresses."""
    UNUSABLE = "unusable"
    """It answered with other hashes than were asked for; which is whose cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """The hashes that are there, and why others are not."""

    rows: Mapping[WayBack, RedirectHash]
    trouble: Trouble | None = None


def hashes_of(
    account: ProviderAccount,
    product: Product,
    ways: Iterable[WayBack],
    *,
    at_least: timedelta,
    read_seconds: float = recently.INTERACTIVE_SECONDS,
) -> Hashed:
    """The hash of each way back, asked of the provider where none is fresh. No transaction may be open.

    Args:
        account: whose widget they are for.
        product: whose addresses they are; products share no rows.
        ways: what to hash.
        at_least: how much of its day a hash must have left.
        read_seconds: how long the provider may take.
    """
    wanted = sorted(set(ways))
    known = _fresh(account, product, wanted, timezone.now() + at_least)
    missing = [way for way in wanted if way not in known]
    if not missing:
        return Hashed(rows=known)
    if recently.was_silent(account, "hash-url"):
        return Hashed(rows=known, trouble=Trouble.SILENT)
    began = timezone.now()
    answered = _ask(account, missing, read_seconds=read_seconds)
    if isinstance(answered, Trouble):
        if answered is Trouble.SILENT:
            recently.note_silence(account, "hash-url")
        return Hashed(rows=known, trouble=answered)
    return Hashed(rows={**known, **_keep(account, product, answered, began)})


@transaction.atomic(durable=True)
def _fresh(
    account: ProviderAccount, product: Product, wanted: Sequence[WayBack], until: datetime
) -> dict[WayBack, RedirectHash]:
    asked = Q(pk__in=[])
    for way in wanted:
        asked |= Q(kind=way.kind, url=way.url)
    rows = RedirectHash.objects.filter(asked, account=account, product=product, expires_at__gte=until)
    found = {WayBack(kind=RedirectKind(row.kind), url=row.url): row for row in rows}
    RedirectHash.objects.filter(pk__in=_not_locked(pk__in=[row.pk for row in found.values()])).update(
        used_at=timezone.now(), next_at=Coalesce(F("next_at"), F("expires_at") - _RENEW_BEFORE)
    )
    return found


def _not_locked(**wanted: Any) -> list[uuid.UUID]:
    """Rows that nobody else is writing, locked: who is, notes a use or a new day, too, and waiting could deadlock."""
    rows = RedirectHash.objects.filter(**wanted).select_for_update(skip_locked=True, of=("self",))
    return list(rows.values_list("pk", flat=True))


def _ask(account: ProviderAccount, ways: Sequence[WayBack], *, read_seconds: float) -> dict[WayBack, str] | Trouble:
    by_kind = {kind: [way for way in ways if way.kind == kind] for kind in RedirectKind}
    urls = {kind.value: [way.url for way in of_kind] for kind, of_kind in by_kind.items()}
    answer = calls.call(
        account,
        "hash-url",
        lambda client: client.hash_redirects(success=urls["success"], fail=urls["failure"], pending=urls["pending"]),
        request=urls,
        read_seconds=read_seconds,
        optional=True,
    )
    if answer.outcome is Outcome.REFUSED:
        return Trouble.REFUSED
    if answer.outcome is not Outcome.ACCEPTED:
        return Trouble.SILENT
    said = parse_redirect_hashes(answer.payload)
    if not isinstance(said, RedirectHashes):
        log.error("redirect_hashes_unusable", account=str(account.pk), why=f"{said.reason} is no list of hashes")
        return Trouble.UNUSABLE
    hashes = {RedirectKind.SUCCESS: said.success, RedirectKind.FAILURE: said.fail, RedirectKind.PENDING: said.pending}
    if any(len(hashes[kind]) != len(of_kind) for kind, of_kind in by_kind.items()):
        # Positions are all that ties a hash to its address (C§1.7): one too few, and every one may be another's.
        log.error("redirect_hashes_unusable", account=str(account.pk), why="another number of hashes than addresses")
        return Trouble.UNUSABLE
    return {way: text for kind in RedirectKind for way, text in zip(by_kind[kind], hashes[kind], strict=True)}


@transaction.atomic(durable=True)
def _keep(
    account: ProviderAccount, product: Product, answered: Mapping[WayBack, str], began: datetime
) -> dict[WayBack, RedirectHash]:
    made = {
        way: RedirectHash(
            account=account,
            product=product,
            kind=way.kind,
            url=way.url,
            hash=answered[way],
            expires_at=began + LIFE,
            used_at=timezone.now(),
            next_at=began + LIFE - _RENEW_BEFORE,
        )
        for way in sorted(answered)  # in one order, so that two requests for the same addresses do not deadlock
    }
    RedirectHash.objects.bulk_create(
        made.values(),
        update_conflicts=True,
        unique_fields=["account", "product", "kind", "url"],
        # The token, too: a renewal that is under way finds that it lost the row, and leaves the newer hash alone.
        update_fields=["hash", "expires_at", "used_at", "next_at", "attempts", "token"],
    )
    return made


def renew_due_hashes() -> None:
    """Renew every hash in use whose day is nearly over."""
    _let_unused_end()
    for account in ProviderAccount.objects.filter(is_active=True):
        if not account.is_paused():
            _renew(account)


@transaction.atomic(durable=True)
def _let_unused_end() -> None:
    now = timezone.now()
    unused = _not_locked(next_at__lte=now, used_at__lt=now - _IN_USE)
    RedirectHash.objects.filter(pk__in=unused).update(next_at=None)


def _renew(account: ProviderAccount) -> None:
    due = RedirectHash.objects.filter(account=account)
    claimed = due_work.claim(due, limit=_BATCH, lease_seconds=calls.LEASE_SECONDS)
    # One address that the provider refuses must not keep the others from being renewed: after a failure, each alone.
    first_timers = [row for row in claimed if row.attempts == 1]
    groups = [first_timers, *([row] for row in claimed if row.attempts > 1)]
    silent = False
    for group in filter(None, groups):
        # The same address of two products is asked about once.
        ways = sorted({WayBack(kind=RedirectKind(row.kind), url=row.url) for row in group})
        began = timezone.now()
        # A provider that is down is down for the others, too.
        answered = Trouble.SILENT if silent else _ask(account, ways, read_seconds=calls.READ_SECONDS)
        silent = answered is Trouble.SILENT
        for row in sorted(group, key=lambda one: one.pk):
            _write_renewed(row, None if isinstance(answered, Trouble) else answered, began)


@transaction.atomic(durable=True)
def _write_renewed(claimed: RedirectHash, answered: Mapping[WayBack, str] | None, began: datetime) -> None:
    row: RedirectHash = due_work.lock(RedirectHash.objects.all(), claimed.pk)
    if not row.holds(claimed.token):
        return
    if answered is None:
        row.next_at = due_work.after(_RENEW_DELAYS_SECONDS, row.attempts)
    else:
        row.hash = answered[WayBack(kind=RedirectKind(row.kind), url=row.url)]
        row.expires_at, row.attempts = began + LIFE, 0
        row.next_at = row.expires_at - _RENEW_BEFORE
    row.token = None
    row.save(update_fields=["hash", "expires_at", "next_at", "attempts", "token"])
