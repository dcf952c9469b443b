"""What the provider lists and we did not know: a new system waits for a person, a new currency is shown as news."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from django.utils import timezone

from gateway.api.fields import is_plain
from gateway.paykassma.messages import AvailableSystem
from gateway.providers.catalogue import SYSTEMS
from gateway.providers.models import Flow, PaymentSystem, ScreenshotWish, SystemObservation
from gateway.providers.system_rules import SYSTEM_CODE

log = structlog.get_logger(__name__)

#: Rows that wait for a person at one time. The contract names 29 systems altogether: who lists a hundred more has made
#: a mistake, and nobody would read them. Completing one makes room.
WAITING_MAX: Final = 100
#: Entries of one answer that are looked at: every system that may have a row, in several currencies each.
LISTED_MAX: Final = 1000
_BUILT_IN: Final = frozenset(system.code for system in SYSTEMS)
_NAME_MAX_CHARS: Final = 80
#: How long a word of the provider is news: it is asked every hour, and what it has not said for a week is gone.
_NEWS_DAYS: Final = 7


def meet(listed: Sequence[AvailableSystem]) -> set[str]:
    """Give a row to each system that has none, offered to nobody until a person completes it; others stay as they are.

    Returns:
        The codes among them that have a row now.
    """
    codes = {system.wallet_type for system in listed}
    known = set(PaymentSystem.objects.filter(code__in=codes).values_list("code", flat=True))
    # A name outside of the field's vocabulary is no system: it would stand in addresses and, signed, beside colons.
    # What the built-in catalogue knows is for `seed` to write, whole; a waiting row would stand in its way for ever.
    unknown = sorted(code for code in codes - known - _BUILT_IN if SYSTEM_CODE.fullmatch(code))
    if not unknown:
        return known
    room = max(WAITING_MAX - PaymentSystem.objects.filter(is_complete=False).count(), 0)
    met = unknown[:room]
    # Another worker may meet them at the same moment; whoever comes second changes nothing.
    PaymentSystem.objects.bulk_create([_waiting_row(code, listed) for code in met], ignore_conflicts=True)
    log.warning("payment_systems_unknown", met=met, left_out=len(unknown) - len(met))
    return known | set(met)


def _waiting_row(code: str, listed: Sequence[AvailableSystem]) -> PaymentSystem:
    said = [system for system in listed if system.wallet_type == code]
    name = said[0].name[:_NAME_MAX_CHARS].strip()
    return PaymentSystem(
        code=code,
        name=name if name and is_plain(name) else code[:_NAME_MAX_CHARS],
        is_enabled=False,
        is_complete=False,
        flow=Flow.NONE,  # not told (C§1.1), so it takes nothing even where somebody enables it by other means
        currencies=sorted({system.currency for system in said}),
        is_manual=said[0].is_manual is True,
        wants_amount=True,  # as in the catalogue: one too many is ignored, one missing is a refusal
        screenshot=ScreenshotWish.OPTIONAL if said[0].uploading_payment_bill else ScreenshotWish.NEVER,
    )


def recent_words(codes: Sequence[str]) -> dict[str, list[SystemObservation]]:
    """What the provider's active accounts lately said of systems, by code."""
    found: dict[str, list[SystemObservation]] = {code: [] for code in codes}
    since = timezone.now() - timedelta(days=_NEWS_DAYS)
    for word in (
        SystemObservation.objects.filter(code__in=codes, account__is_active=True, seen_at__gt=since)
        .select_related("account")
        .order_by("code", "account__name", "currency")
    ):
        found[word.code].append(word)
    return found


def differences(system: PaymentSystem, words: Sequence[SystemObservation]) -> list[str]:
    """How the provider's words differ from a row; it is a person who decides what to make of it."""
    more = sorted({word.currency for word in words} - set(system.currencies))
    found = [f"also offered in {', '.join(more)}"] if more else []
    if any(word.is_manual is not None and word.is_manual != system.is_manual for word in words):
        found.append("not manual, says the provider" if system.is_manual else "manual, says the provider")
    return found
