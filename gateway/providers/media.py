"""Pictures and films that show how to pay (C§1.2): observed with the list of systems, shown beside the details."""

from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.utils import timezone

from gateway.paykassma.answers import Outcome
from gateway.paykassma.messages import parse_media_hints
from gateway.providers import calls
from gateway.providers.models import SYSTEM_CODE_MAX_LENGTH, Flow, MediaHint, PaymentSystem, ProviderAccount

#: Hints are decoration: the account's lease has to outlive this call and the one for the list of systems before it.
_READ_SECONDS: Final = 10.0


def observe(account: ProviderAccount) -> None:
    """Ask for the hints and keep them; where the provider does not say, those that are known stay."""
    answer = calls.call(
        account, "media-hints", lambda client: client.media_hints(), read_seconds=_READ_SECONDS, optional=True
    )
    if answer.outcome is Outcome.ACCEPTED:
        said = parse_media_hints(answer.payload)
        _keep(account, {code: url for code, url in said.items() if 0 < len(code) <= SYSTEM_CODE_MAX_LENGTH})


@transaction.atomic(durable=True)
def _keep(account: ProviderAccount, said: Mapping[str, str]) -> None:
    now = timezone.now()
    MediaHint.objects.filter(account=account).exclude(code__in=said).delete()
    MediaHint.objects.bulk_create(
        # In one order, so that two workers that observe at once do not deadlock.
        [MediaHint(account=account, code=code, url=said[code], seen_at=now) for code in sorted(said)],
        update_conflicts=True,
        unique_fields=["account", "code"],
        update_fields=["url", "seen_at"],
    )


def hints_of(account: ProviderAccount) -> dict[str, str]:
    """Every hint of the account, by the name under which the provider gives it."""
    return dict(MediaHint.objects.filter(account=account).values_list("code", "url"))


def shown(system: PaymentSystem, hints: Mapping[str, str]) -> list[dict[str, str]] | None:
    """The hints of a system as callers see them; None where the provider has none.

    The provider names some by family ("upi", "imps" in C§1.2): such a one serves every system of the family that is
    paid by hand, since a payment page or a telephone is not what it shows.
    """
    family = system.code.partition("_")[0] if system.flow == Flow.ACTIVATION else system.code
    url = hints.get(system.code) or hints.get(family)
    return [{"url": url}] if url else None
