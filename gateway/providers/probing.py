"""Asking whether a paused account may go on: one safe read, by one worker, at growing gaps."""

import uuid

from django.utils import timezone

from gateway.after_commit import ring
from gateway.providers import calls, health
from gateway.providers.actions import OWN_LABEL, served_currencies
from gateway.providers.models import ProviderAccount


def ring_for_due() -> None:
    """Ring for every paused account whose probe is due. Safe to run twice."""
    due = ProviderAccount.objects.filter(is_active=True, pause_kind__in=health.PROBED, paused_until__lte=timezone.now())
    for account_id in due.values_list("pk", flat=True):
        ring("gateway.providers.tasks.probe_account", str(account_id))


def probe_account(account_id: uuid.UUID) -> None:
    """Make the probe of a paused account that is due; nothing where it is not."""
    account = ProviderAccount.objects.filter(pk=account_id, is_active=True, pause_kind__in=health.PROBED).first()
    if account is None or not health.begin_probe(account, lease_seconds=calls.LEASE_SECONDS):
        return
    # The list of systems: it needs the secret, changes nothing, and is the one read that every account answers hourly
    # anyway. It has a pace of its own, so it needs no place in the line that it is there to open.
    answer = calls.call(
        account,
        "available",
        lambda client: client.available(currencies=served_currencies(), label=OWN_LABEL),
        request={"probe": True},
        has_place=True,
    )
    health.end_probe(account, answer)
