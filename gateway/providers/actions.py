"""What can happen to accounts and systems: chosen, observed, and stopped or let go on by a person."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from gateway import due_work
from gateway.api.problems import Problem
from gateway.paykassma.answers import Outcome
from gateway.paykassma.messages import parse_available
from gateway.providers import calls, discovery, health, media, media_copies, pace, recently
from gateway.providers.models import PauseKind, PaymentSystem, ProviderAccount, SystemObservation, not_paused

log = structlog.get_logger(__name__)

#: How often the list of systems is fetched without anyone asking; it changes a few times a year.
OBSERVE_SECONDS: Final = 3600
#: After a failed fetch.
_OBSERVE_RETRY_SECONDS: Final = 60
#: How long the provider's answer for one customer serves the next question.
_CACHE_SECONDS: Final = 60
#: The column is a 32-bit integer; a provider that writes more than that means nothing by it.
_MAX_POSITION: Final = 2**31 - 1
#: How long the provider's word on the activation endpoint is good for new orders: an operator who switches a system
#: to manual expects the next order to follow, and a busy system is not asked about more than this.
_FRESH_SECONDS: Final = 300
#: Asked on the way to something else, under the lease of that: the row's own word serves as well.
_BESIDE_SECONDS: Final = 10.0
#: ``label`` of a question that no customer asked (C§1.1 requires one).
OWN_LABEL: Final = "gateway"


def account_for(mode: str) -> ProviderAccount:
    """The account that serves new orders of a mode.

    Raises:
        Problem: 409 where none is set up.
    """
    account = ProviderAccount.objects.filter(mode=mode, is_active=True).first()
    if account is None:
        raise Problem(
            status=409,
            code="mode_not_configured",
            detail=f"No provider account serves {mode} orders yet; set the PAYKASSMA_… variables and restart.",
        )
    return account


@transaction.atomic(durable=True)
def pause_account(account: ProviderAccount, *, by: AbstractBaseUser, reason: str) -> None:
    """Send nothing more through the account until a person resumes it. What is owed stays due and waits."""
    health.pause_by_hand(account, reason)
    _sign(account, by, f"Paused: {reason}")
    log.error("provider_account_paused", account=str(account.pk), name=account.name, kind=PauseKind.PERSON, by=by.pk)


@transaction.atomic(durable=True)
def resume_account(account: ProviderAccount, *, by: AbstractBaseUser, reason: str) -> None:
    """Let calls of the account go on; where the cause is still there, they stop again by themselves."""
    health.resume_by_hand(account)
    pace.forget(account)
    _sign(account, by, f"Resumed: {reason}")
    log.warning("provider_account_resumed", account=str(account.pk), name=account.name, by=by.pk)


def _sign(account: ProviderAccount, by: AbstractBaseUser, what: str) -> None:
    LogEntry.objects.log_actions(by.pk, [account], CHANGE, what, single_object=True)


def observe(
    account: ProviderAccount,
    *,
    currencies: Sequence[str],
    label: str,
    read_seconds: float = calls.READ_SECONDS,
    patience_seconds: float = pace.WAIT_SECONDS,
) -> list[SystemObservation] | None:
    """Ask the provider which systems it offers and keep what it says; None where it did not say.

    A system that has no row gets one that waits for a person (see ``discovery.py``).
    """
    answer = calls.call(
        account,
        "available",
        lambda client: client.available(currencies=currencies, label=label),
        request={"currency_code": list(currencies), "label": label},
        read_seconds=read_seconds,
        patience_seconds=patience_seconds,
    )
    if answer.outcome is not Outcome.ACCEPTED:
        return None
    listed = parse_available(answer.payload)[: discovery.LISTED_MAX]
    with_row = discovery.meet(listed)
    now = timezone.now()
    seen = {
        (system.wallet_type, system.currency): SystemObservation(
            account=account,
            code=system.wallet_type,
            currency=system.currency,
            name=system.name[:190],
            logo=system.logo[:500],
            position=min(max(system.order, 0), _MAX_POSITION),
            is_manual=system.is_manual,
            wants_screenshot=system.uploading_payment_bill,
            seen_at=now,
        )
        for system in listed
        if system.wallet_type in with_row
    }
    SystemObservation.objects.bulk_create(
        # In one order, so that two workers that observe at once do not deadlock.
        [seen[key] for key in sorted(seen)],
        update_conflicts=True,
        unique_fields=["account", "code", "currency"],
        update_fields=["name", "logo", "position", "is_manual", "wants_screenshot", "seen_at"],
    )
    return list(seen.values())


def observe_for_customer(
    account: ProviderAccount, *, currencies: Sequence[str], label: str
) -> set[tuple[str, str]] | None:
    """Which (system, currency) pairs the provider offers this customer; None where it cannot be asked now."""
    key = f"available:{account.pk}:{label}:{'+'.join(sorted(currencies))}"
    cached = recently.recall(key)
    if cached is not None:
        return {(code, currency) for code, currency in cached}
    if recently.was_silent(account, "available"):
        return None
    # Whoever waits for a page does not stand in line: where the next place is not free, the catalogue serves as well.
    seen = observe(
        account,
        currencies=currencies,
        label=label,
        read_seconds=recently.INTERACTIVE_SECONDS,
        patience_seconds=0,
    )
    if seen is None:
        recently.note_silence(account, "available")
        return None
    pairs = {(row.code, row.currency) for row in seen}
    recently.remember(key, sorted(pairs), _CACHE_SECONDS)
    return pairs


def served_currencies() -> list[str]:
    """Every currency of the catalogue."""
    return sorted({code for row in PaymentSystem.objects.all() for code in row.currencies})


def observe_due_accounts() -> None:
    """Fetch the list of systems, and what shows how to pay, for every account whose last look is old."""
    due = ProviderAccount.objects.filter(not_paused(""), is_active=True)
    for account in due_work.claim(due, limit=10, lease_seconds=calls.LEASE_SECONDS):
        seen = observe(account, currencies=served_currencies(), label=OWN_LABEL)
        if seen is not None:
            media.observe(account)
            media_copies.follow_words()
        _schedule(account, _OBSERVE_RETRY_SECONDS if seen is None else OBSERVE_SECONDS)


@transaction.atomic(durable=True)
def _schedule(account: ProviderAccount, seconds: int) -> None:
    locked = due_work.lock(ProviderAccount.objects.all(), account.pk)
    if locked.holds(account.token):
        locked.next_at, locked.token = timezone.now() + timedelta(seconds=seconds), None
        locked.save(update_fields=["next_at", "token"])


def is_manual(account: ProviderAccount, system: PaymentSystem, *, currency: str, label: str) -> bool:
    """Which activation endpoint serves this system: the provider's word where it has been heard, else the row's.

    Asks the provider where nobody did lately. Makes a provider call: no transaction may be open.
    """
    heard = SystemObservation.objects.filter(account=account, code=system.code, currency=currency)
    if not heard.filter(seen_at__gt=timezone.now() - timedelta(seconds=_FRESH_SECONDS)).exists():
        observe(account, currencies=[currency], label=label, read_seconds=_BESIDE_SECONDS)
    word = heard.values_list("is_manual", flat=True).first()
    return system.is_manual if word is None else word
